-- Messages that could not be handled.

-- name: bury
-- Message $1 of actor $2, named $3, with envelope $4, reason $5, trace $6, attempts $7, at $8.
INSERT INTO dead_letters (id, actor, message_name, envelope, reason, trace, attempts, died_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: bury_unreadable
-- Bytes $3 that came to actor $2 and are no message, as letter $1 with reason $4, at $5; once an id.
INSERT INTO dead_letters (id, actor, payload, reason, trace, died_at)
VALUES ($1, $2, $3, $4, '', $5)
ON CONFLICT (id) DO NOTHING
RETURNING true;

-- name: list
-- The $3 newest, of actor $1 and message $2 only where these are not null.
SELECT id, actor, message_name, envelope, payload, reason, trace, attempts, died_at
  FROM dead_letters
 WHERE ($1::text IS NULL OR actor = $1) AND ($2::text IS NULL OR message_name = $2)
 ORDER BY died_at DESC, id DESC
 LIMIT $3;

-- name: load
-- Letter $1.
SELECT id, actor, message_name, envelope, payload, reason, trace, attempts, died_at
  FROM dead_letters WHERE id = $1;

-- name: ids
-- All letters, the oldest first, of actor $1 and message $2 only where these are not null.
SELECT id FROM dead_letters
 WHERE ($1::text IS NULL OR actor = $1) AND ($2::text IS NULL OR message_name = $2)
 ORDER BY died_at, id;

-- name: take_out
-- Remove letter $1. Who comes second waits for the first, and gets no row.
DELETE FROM dead_letters WHERE id = $1
RETURNING id, actor, message_name, envelope, payload, reason, trace, attempts, died_at;

-- name: counts
-- How many letters lie with each actor, and since when the oldest.
SELECT actor, count(*) AS letters, min(died_at) AS oldest FROM dead_letters GROUP BY actor ORDER BY actor;
