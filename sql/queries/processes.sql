-- The processes of the house, each in its own words.

-- name: beat
-- Process $1 on host $2 with pid $3, version $4, actors $5, HTTP address $6, started at $7, says $9 at $8; those
-- that nobody has seen since $10 are forgotten.
WITH forgotten AS (
    DELETE FROM processes WHERE seen_at < $10 AND id <> $1
)
INSERT INTO processes (id, host, pid, version, actors, http_address, started_at, seen_at, report)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, report = excluded.report;

-- name: leave
-- The processes $1 have stopped, or are dead.
DELETE FROM processes WHERE id = ANY($1::uuid[]);

-- name: release_intents
-- What the processes $1 were calling for is free as of $2.
UPDATE intents SET leased_until = $2 WHERE state = 'calling' AND leased_until > $2 AND process = ANY($1::uuid[]);

-- name: release_announcements
-- What the processes $1 were handling alone they handle no more, as of $2.
UPDATE announcements SET lapses_at = $2 WHERE lapses_at > $2 AND process = ANY($1::uuid[]);

-- name: at_work
-- The ids of all processes that have a row, or hold something at $1.
SELECT id FROM processes
 UNION
SELECT process FROM intents WHERE state = 'calling' AND leased_until > $1 AND process IS NOT NULL
 UNION
SELECT process FROM announcements WHERE lapses_at > $1 AND process IS NOT NULL;

-- name: all
-- Every process, the longest running first.
SELECT id, host, pid, version, actors, http_address, started_at, seen_at, report
  FROM processes ORDER BY started_at, id;
