-- What the ground that all components stand on asks of PostgreSQL.

-- name: clock
-- The server's clock, to be compared with ours at start. The only statement that may read it.
SELECT clock_timestamp();

-- name: analyze
-- Fresh statistics for the planner, after migrations and after seeding.
-- role: owner
ANALYZE;

-- name: ensure_partitions
-- The partitions that tables registered with keep_partitions need at time $1 and some steps ahead; how
-- many were made.
SELECT ensure_partitions($1);

-- name: take_turn
-- Whether lock $1 was free; if so it is held until the transaction ends.
SELECT pg_try_advisory_xact_lock($1);

-- name: drop_old_partitions
-- Away with the partitions that their tables no longer keep at time $1; how many were dropped.
SELECT drop_old_partitions($1);
