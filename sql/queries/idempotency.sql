-- Answers to unsafe requests, kept to be given again.

-- name: load
-- Those of the records (scopes $1, keys $2) that there are.
SELECT r.scope, r.key, r.fingerprint, r.answer
  FROM unnest($1::text[], $2::text[]) AS wanted (scope, key)
  JOIN idempotency_records AS r ON r.scope = wanted.scope AND r.key = wanted.key;

-- name: insert
-- Records ($1 scopes, $2 keys, $3 fingerprints, $4 statuses, $5 locations, $6 answers) at $7, in one order
-- whoever inserts them; one that is there already gives no row.
INSERT INTO idempotency_records (scope, key, fingerprint, status, location, answer, recorded_at)
SELECT n.*, $7
  FROM unnest($1::text[], $2::text[], $3::bytea[], $4::smallint[], $5::text[], $6::bytea[])
       AS n (scope, key, fingerprint, status, location, answer)
 ORDER BY n.scope, n.key
    ON CONFLICT (scope, key) DO NOTHING
RETURNING scope, key;

-- name: forget
-- Up to $2 records from before $1 go; gives a row for each.
DELETE FROM idempotency_records
 WHERE (scope, key) IN (SELECT scope, key FROM idempotency_records WHERE recorded_at < $1 LIMIT $2)
RETURNING true;
