-- Effects outside PostgreSQL, from before they begin until they are known.

-- name: open
-- Of messages ($1 ids, $2 sent at) those that actor $3 has handled; and of the effects ($4 ids, $5 subjects, $6 objects,
-- $7 steps, $8 rounds) that the others ask for (messages $9) those that were not recorded before: they are now,
-- at $10, as process $12's until $11. One that this same statement recorded before, when its answer was lost, counts
-- as new.
WITH handled AS (
    SELECT message_id FROM inbox WHERE actor = $3 AND message_id = ANY ($1::uuid[]) AND sent_at = ANY ($2::timestamptz[])
), opened AS (
    INSERT INTO intents AS t (id, subject, object, step, round, state, leased_until, opened_at, calls, process)
    SELECT i.id, i.subject, i.object, i.step, i.round, 'calling', $11, $10, 1, $12
      FROM unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::integer[], $9::uuid[])
           AS i (id, subject, object, step, round, message_id)
     WHERE i.message_id NOT IN (SELECT message_id FROM handled)
     ORDER BY i.subject, i.object, i.step, i.round
    ON CONFLICT (subject, object, step, round) DO UPDATE SET leased_until = excluded.leased_until
     WHERE t.id = excluded.id AND t.state = 'calling' AND t.calls = 1
    RETURNING t.id
)
SELECT message_id AS handled, NULL::uuid AS opened FROM handled
 UNION ALL
SELECT NULL, id FROM opened;

-- name: lease
-- Take the intents ($1 subjects, $2 objects, $3 steps, $4 rounds) until $6 for process $7, those that nobody
-- calls for at $5. `found` is the state in which each was met; done, refused or leased ones are left as they are.
WITH wanted AS (
    SELECT t.id, t.state AS found, t.opened_at, t.leased_until
      FROM intents AS t
      JOIN unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[]) AS w (subject, object, step, round)
        ON (t.subject, t.object, t.step, t.round) = (w.subject, w.object, w.step, w.round)
     ORDER BY t.id
       FOR UPDATE OF t
), taken AS (
    UPDATE intents SET state = 'calling', leased_until = $6, calls = calls + 1, process = $7
     WHERE id IN (SELECT id FROM wanted
                   WHERE found IN ('idle', 'unknown') OR (found = 'calling' AND leased_until <= $5))
    RETURNING id, calls
)
SELECT t.id, t.subject, t.object, t.step, t.round, w.found, w.opened_at,
       taken.id IS NOT NULL AS leased, coalesce(taken.calls, t.calls) AS calls
  FROM wanted AS w JOIN intents AS t USING (id) LEFT JOIN taken USING (id);

-- name: finish
-- The intents $1 ended in the states $2 with the notes $3 at $4, and actor $5 has handled the messages ($6 ids, $7 sent
-- at); those intents that had not ended before, and those messages that were not handled before.
WITH ended AS (
    UPDATE intents AS t SET state = f.state, note = f.note, finished_at = $4, leased_until = NULL
      FROM unnest($1::uuid[], $2::text[], $3::text[]) AS f (id, state, note)
     WHERE t.id = f.id AND t.state NOT IN ('done', 'refused')
    RETURNING t.id
), taken AS (
    INSERT INTO inbox (actor, message_id, sent_at)
    SELECT $5, m.id, m.sent_at FROM unnest($6::uuid[], $7::timestamptz[]) AS m (id, sent_at)
     ORDER BY m.id
    ON CONFLICT DO NOTHING
    RETURNING message_id
)
SELECT id FROM ended UNION ALL SELECT message_id FROM taken;

-- name: leave
-- The intents $1 are open again, in the states $2 (idle: not begun, unknown: to be looked up), notes $3;
-- only where the calls $4 are still the last ones: a later caller's lease is not ours to end.
UPDATE intents AS t SET state = f.state, note = f.note, leased_until = NULL
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[]) AS f (id, state, note, calls)
 WHERE t.id = f.id AND t.state = 'calling' AND t.calls = f.calls;

-- name: release_all
-- What was being called for is unknown now; for a start that knows no other process is calling.
UPDATE intents SET state = 'unknown', leased_until = NULL WHERE state = 'calling';

-- name: begun
-- Of what is done for subject $1 to object $2, the steps among $3 that somebody has begun, and where the last
-- round of each stands.
SELECT DISTINCT ON (step) step, state FROM intents
 WHERE subject = $1 AND object = $2 AND step = ANY ($3::text[]) ORDER BY step, round DESC;
