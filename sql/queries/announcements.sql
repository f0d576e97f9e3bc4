-- What may kill whoever handles it.

-- name: meet
-- What is known of message $2 of actor $1, from now on at least since $3; nobody else changes it meanwhile.
INSERT INTO announcements AS known (actor, message_id, deaths, lapses_at) VALUES ($1, $2, 0, $3)
ON CONFLICT (actor, message_id) DO UPDATE SET deaths = known.deaths
RETURNING process, deaths, lapses_at;

-- name: write
-- Message $2 of actor $1: process $3, deaths $4, lapses at $5.
UPDATE announcements SET process = $3, deaths = $4, lapses_at = $5 WHERE actor = $1 AND message_id = $2;

-- name: forget
-- Message $2 of actor $1 is dealt with.
DELETE FROM announcements WHERE actor = $1 AND message_id = $2;

-- name: let_go
-- Process $3 has not tried message $2 of actor $1 and does not handle it any more, as of $4.
UPDATE announcements SET process = NULL, lapses_at = $4 WHERE actor = $1 AND message_id = $2 AND process = $3;

-- name: deaths
-- The messages of actor $1 that something is known of, and how many processes died of each.
SELECT message_id, deaths FROM announcements WHERE actor = $1;

-- name: lapse_all
-- Whoever handles something is gone; for a start that knows no other process is there.
UPDATE announcements SET lapses_at = to_timestamp(0) WHERE process IS NOT NULL;
