-- What the ground that all components stand on asks of PostgreSQL.

-- name: clock
-- The server's clock, to be compared with ours at start. The only statement that may read it.
SELECT clock_timestamp();

-- name: analyze
-- Fresh statistics for the planner, after migrations and after seeding: of tables that hold anything. Of an
-- empty one PostgreSQL believes that it stays so and reads it from end to end in plans that it keeps; without
-- any statistics it reckons with ten pages.
-- role: owner
DO $$
DECLARE
    filled regclass;
BEGIN
    FOR filled IN
        SELECT c.oid FROM pg_class AS c
         WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
           AND EXISTS (SELECT FROM pg_partition_tree(c.oid) AS part WHERE pg_relation_size(part.relid) > 0
                       UNION ALL SELECT WHERE pg_relation_size(c.oid) > 0)
    LOOP
        EXECUTE format('ANALYZE %s', filled);
    END LOOP;
END $$;

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
