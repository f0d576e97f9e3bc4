-- Who may use a database beside whom.

-- name: take_alone
-- Hold lock $1 until this session ends, as soon as nobody else does; fails after the session's lock_timeout.
SELECT pg_advisory_lock($1);

-- name: take_together
-- The same beside others who hold it together, as soon as nobody holds it alone.
SELECT pg_advisory_lock_shared($1);

-- name: take_berth
-- Hold berth $2 among those of class $1 until this session ends; a former session of ours may still have it.
SELECT pg_advisory_lock_shared($1::integer, $2::integer);

-- name: berths
-- The berths of class $1 that some session of this database holds.
SELECT objid::bigint AS berth FROM pg_locks
 WHERE locktype = 'advisory' AND objsubid = 2 AND granted AND classid::bigint = $1
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database());

-- name: anybody_together
-- Whether some hold lock $1 of this database together (a bigint key is shown in two halves).
SELECT EXISTS (
    SELECT FROM pg_locks
     WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND mode = 'ShareLock'
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (classid::bigint << 32 | objid::bigint) = $1
);
