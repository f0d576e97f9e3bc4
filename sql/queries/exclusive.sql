-- Being the only process of a database.

-- name: take
-- Hold lock $1 until this session ends, as soon as nobody else does; fails after the session's lock_timeout.
SELECT pg_advisory_lock($1);
