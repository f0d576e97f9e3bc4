-- Effects outside PostgreSQL, from before they begin until they are known.

-- name: open
-- Record the intents ($1 ids, $2 subjects, $3 objects, $4 steps, $5 rounds) at $6, process $8's until $7; the ids
-- of those that were not recorded before.
INSERT INTO intents (id, subject, object, step, round, state, leased_until, opened_at, calls, process)
SELECT i.id, i.subject, i.object, i.step, i.round, 'calling', $7, $6, 1, $8
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::integer[]) AS i (id, subject, object, step, round)
 ORDER BY i.subject, i.object, i.step, i.round
ON CONFLICT (subject, object, step, round) DO NOTHING
RETURNING id;

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
-- The intents $1 ended in the states $2 with the notes $3 at $4; those that had not ended before.
UPDATE intents AS t SET state = f.state, note = f.note, finished_at = $4, leased_until = NULL
  FROM unnest($1::uuid[], $2::text[], $3::text[]) AS f (id, state, note)
 WHERE t.id = f.id AND t.state NOT IN ('done', 'refused')
RETURNING t.id;

-- name: leave
-- The intents $1 are open again, in the states $2 (idle: not begun, unknown: to be looked up), notes $3;
-- only where the calls $4 are still the last ones: a later caller's lease is not ours to end.
UPDATE intents AS t SET state = f.state, note = f.note, leased_until = NULL
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::integer[]) AS f (id, state, note, calls)
 WHERE t.id = f.id AND t.state = 'calling' AND t.calls = f.calls;

-- name: release_all
-- What was being called for is unknown now; for a start that knows no other process is calling.
UPDATE intents SET state = 'unknown', leased_until = NULL WHERE state = 'calling';
