-- Who may use a database beside whom.

-- name: take_alone
-- Hold lock $1 until this session ends, as soon as nobody else does; fails after the session's lock_timeout.
SELECT pg_advisory_lock($1);

-- name: take_together
-- The same beside others who hold it together, as soon as nobody holds it alone.
SELECT pg_advisory_lock_shared($1);

-- name: anybody_together
-- Whether some hold lock $1 of this database together (a bigint key is shown in two halves).
SELECT EXISTS (
    SELECT FROM pg_locks
     WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND mode = 'ShareLock'
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (classid::bigint << 32 | objid::bigint) = $1
);
