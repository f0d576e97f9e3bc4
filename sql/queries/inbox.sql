-- What each actor has handled. Ids and times are compared as lists, not as pairs (an id has one time): joined with the
-- pairs, the whole of an actor's inbox would be read while statistics are young. What acts is looked up and counted as
-- handled together with its intents: see intents.sql.

-- name: take
-- Of the messages ($2 ids, $3 sent at) those that actor $1 has not handled yet; now they count as handled.
INSERT INTO inbox (actor, message_id, sent_at)
SELECT $1, m.id, m.sent_at FROM unnest($2::uuid[], $3::timestamptz[]) AS m (id, sent_at)
 ORDER BY m.id
ON CONFLICT DO NOTHING
RETURNING message_id;

-- name: put_back
-- Messages ($2 ids, $3 sent at) that actor $1 could not handle yet count as not handled again.
DELETE FROM inbox WHERE actor = $1 AND message_id = ANY ($2::uuid[]) AND sent_at = ANY ($3::timestamptz[]);
