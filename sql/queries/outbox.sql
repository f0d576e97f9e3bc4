-- Bundles on their way out.

-- name: insert
-- Bundles: ids $1, kinds $2, destinations $3, lanes $4, bundles $5, due times $6, claimed until $7.
INSERT INTO outbox (id, kind, destination, lane, bundle, due_at, claimed_until)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::timestamptz[], $7::timestamptz[]);

-- name: insert_and_record
-- The same, and audit entries: ids $8, times $9, canonical texts $10; personal values of entries $11 at $12, fields $13, subjects
-- $14 and $15, salts $16, values $17. As `audit.record`.
WITH recorded AS (
    INSERT INTO audit_entries (id, at, canonical)
    SELECT * FROM unnest($8::uuid[], $9::timestamptz[], $10::json[])
), told AS (
    INSERT INTO audit_personal (entry_id, entry_at, field, subject_kind, subject_id, salt, value)
    SELECT * FROM unnest($11::uuid[], $12::timestamptz[], $13::text[], $14::text[], $15::text[], $16::bytea[], $17::bytea[])
)
INSERT INTO outbox (id, kind, destination, lane, bundle, due_at, claimed_until)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::timestamptz[], $7::timestamptz[]);

-- name: claim
-- Up to $3 bundles that are ready at $1, the longest ready first, claimed until $2.
UPDATE outbox SET claimed_until = $2
 WHERE id IN (SELECT id FROM outbox WHERE ready_at <= $1 ORDER BY ready_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id, kind, destination, lane, bundle, due_at, freed;

-- name: delete
-- The bundles $1: they are delivered.
DELETE FROM outbox WHERE id = ANY($1::uuid[]);

-- name: release_all
-- Free every claim and count that; for a start that knows no other process is delivering.
UPDATE outbox SET claimed_until = NULL, freed = freed + 1 WHERE claimed_until IS NOT NULL;

-- name: lag
-- How many bundles are due at $1 and not delivered, and since when the oldest has been.
SELECT count(*) AS waiting, min(due_at) AS oldest FROM outbox WHERE due_at <= $1;

-- name: timers
-- How many bundles are to be sent later than $1, and when the next of them.
SELECT count(*) AS waiting, min(due_at) AS next FROM outbox WHERE due_at > $1;
