-- What is about to be handled and may kill whoever handles it.

-- name: announce
-- Actor $1 is about to handle message $2 in process $3, at $4, and is gone if it still stands at $5. An
-- announcement that stands already stays as it is; the one that stands now.
INSERT INTO announcements AS standing (actor, message_id, process, announced_at, lapses_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (actor, message_id) DO UPDATE SET process = standing.process
RETURNING process, lapses_at;

-- name: take_back
-- Process $3's announcement of message $2 of actor $1 is over.
DELETE FROM announcements WHERE actor = $1 AND message_id = $2 AND process = $3;

-- name: lapse_all
-- Whoever announced something is gone; for a start that knows no other process is there.
UPDATE announcements SET lapses_at = announced_at;
