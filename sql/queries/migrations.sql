-- The record of the migrations that were applied.

-- name: create_record
-- The record itself; it has to be there before the first migration. One row a migration file: its number,
-- its phase (pre: before the new code starts, post: after the old code has gone), its name, the SHA-256
-- of its bytes, when it was applied and by which version of bookingd.
-- role: owner
CREATE TABLE IF NOT EXISTS applied_migrations (
    number integer PRIMARY KEY CHECK (number > 0),
    phase text NOT NULL CHECK (phase IN ('pre', 'post')),
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL,
    applied_by text NOT NULL
);

-- name: record_exists
-- Whether any migration was ever applied here.
SELECT to_regclass('applied_migrations') IS NOT NULL;

-- name: applied
-- All that were applied, in their order, and by which release.
SELECT number, phase, name, checksum, applied_by FROM applied_migrations ORDER BY number;

-- name: record
-- Migration $1 number, $2 phase, $3 name, $4 checksum applied at $5 by version $6.
-- role: owner
INSERT INTO applied_migrations (number, phase, name, checksum, applied_at, applied_by)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: lock
-- One migration run at a time, whoever else tries; $1 is bookingd's number for it.
-- role: owner
SELECT pg_advisory_lock($1);

-- name: unlock
-- Let the next one in.
-- role: owner
SELECT pg_advisory_unlock($1);
