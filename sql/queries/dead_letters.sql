-- Messages that could not be handled.

-- name: bury
-- Message $1 of actor $2, named $3, with envelope $4, reason $5, trace $6, attempts $7, at $8.
INSERT INTO dead_letters (id, actor, message_name, envelope, reason, trace, attempts, died_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: list
-- The $1 newest.
SELECT id, actor, message_name, envelope, reason, trace, attempts, died_at
  FROM dead_letters ORDER BY died_at DESC LIMIT $1;
