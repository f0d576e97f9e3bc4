-- What each actor has handled.

-- name: take
-- Of the messages ($2 ids, $3 sent at) those that actor $1 has not handled yet; now they count as handled.
INSERT INTO inbox (actor, message_id, sent_at)
SELECT $1, m.id, m.sent_at FROM unnest($2::uuid[], $3::timestamptz[]) AS m (id, sent_at)
 ORDER BY m.id
ON CONFLICT DO NOTHING
RETURNING message_id;

-- name: handled
-- Of the messages ($2 ids, $3 sent at) those that actor $1 has handled.
SELECT i.message_id
  FROM unnest($2::uuid[], $3::timestamptz[]) AS m (id, sent_at)
  JOIN inbox AS i ON i.actor = $1 AND i.message_id = m.id AND i.sent_at = m.sent_at;

-- name: put_back
-- Messages ($2 ids, $3 sent at) that actor $1 could not handle yet count as not handled again.
DELETE FROM inbox
 WHERE actor = $1 AND (message_id, sent_at) IN (SELECT * FROM unnest($2::uuid[], $3::timestamptz[]));
