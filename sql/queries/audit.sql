-- The audit trail: recording, chaining, signing, erasing and reading it again.

-- name: record
-- Entries with ids $1, times $2 and canonical texts $3, and the personal values that they commit to: of
-- entries $4 at $5, fields $6, subjects $7 and $8, salts $9, values $10.
WITH recorded AS (
    INSERT INTO audit_entries (id, at, canonical)
    SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::json[])
)
INSERT INTO audit_personal (entry_id, entry_at, field, subject_kind, subject_id, salt, value)
SELECT * FROM unnest($4::uuid[], $5::timestamptz[], $6::text[], $7::text[], $8::text[], $9::bytea[], $10::bytea[]);

-- name: erase
-- Erase the personal values in all entries about subject $1 $2; one row each.
DELETE FROM audit_personal WHERE subject_kind = $1 AND subject_id = $2 RETURNING 1;

-- name: try_lock
-- Become the only one that extends the chain, until the end of the transaction; false if another is.
SELECT pg_try_advisory_xact_lock($1);

-- name: lock
-- The same, waiting for the other to end.
SELECT pg_advisory_xact_lock($1);

-- name: tip
-- The end of the chain, and what this moment knows about running transactions. Where the newest part was
-- dropped the last checkpoint knows the end.
SELECT ending.number, ending.hash,
       coalesce(link.settled_before, '0'::xid8) AS settled_before,
       pg_snapshot_xmin(moment) AS oldest_running,
       pg_snapshot_xmax(moment) AS next_transaction
  FROM pg_current_snapshot() AS moment
  LEFT JOIN LATERAL (
        SELECT number, hash, settled_before FROM audit_chain ORDER BY number DESC LIMIT 1) AS link ON true
  LEFT JOIN LATERAL (
        SELECT number, decode(line ->> 'hash', 'hex') AS hash
          FROM audit_checkpoints ORDER BY sequence DESC LIMIT 1) AS signed ON true
  CROSS JOIN LATERAL (
        SELECT number, hash
          FROM (VALUES (link.number, link.hash), (signed.number, signed.hash), (0, '')) AS known (number, hash)
         WHERE number IS NOT NULL
         ORDER BY number DESC LIMIT 1) AS ending;

-- name: unchained
-- At most $3 entries without a place, written by transactions from $1 to $2 (not included), oldest first.
SELECT id, at, canonical::text AS canonical, written_by
  FROM audit_entries AS entry
 WHERE written_by >= $1 AND written_by < $2
   AND NOT EXISTS (SELECT FROM audit_chain WHERE entry_id = entry.id AND entry_at = entry.at)
 ORDER BY written_by, id
 LIMIT $3;

-- name: oldest_unchained
-- The time of the oldest entry without a place, written by transactions from $1 to $2 (not included).
SELECT min(at)
  FROM audit_entries AS entry
 WHERE written_by >= $1 AND written_by < $2
   AND NOT EXISTS (SELECT FROM audit_chain WHERE entry_id = entry.id AND entry_at = entry.at);

-- name: append
-- Give entries $2 at $3 with hashes $4 the numbers from $1 on; all older transactions than $5 are settled.
INSERT INTO audit_chain (number, entry_id, entry_at, hash, settled_before)
SELECT $1::bigint + place - 1, id, at, hash, $5
  FROM unnest($2::uuid[], $3::timestamptz[], $4::bytea[]) WITH ORDINALITY AS link (id, at, hash, place);

-- name: ends
-- The end of the chain and the newest checkpoint, null where there is none.
SELECT link.number, link.hash, signed.line::text AS line
  FROM (SELECT) AS one
  LEFT JOIN LATERAL (SELECT number, hash FROM audit_chain ORDER BY number DESC LIMIT 1) AS link ON true
  LEFT JOIN LATERAL (SELECT line FROM audit_checkpoints ORDER BY sequence DESC LIMIT 1) AS signed ON true;

-- name: checkpoints
-- At most $2 checkpoints after sequence $1, in order.
SELECT sequence, line::text AS line FROM audit_checkpoints WHERE sequence > $1 ORDER BY sequence LIMIT $2;

-- name: named_checkpoints
-- The checkpoints with sequences $1.
SELECT sequence, line::text AS line FROM audit_checkpoints WHERE sequence = ANY($1::bigint[]);

-- name: sign
-- Keep checkpoint $1 with its line $2.
INSERT INTO audit_checkpoints (sequence, line) VALUES ($1, $2);

-- name: last_number
-- The number of the last entry in the chain, 0 when it is empty.
SELECT coalesce((SELECT number FROM audit_chain ORDER BY number DESC LIMIT 1), 0);

-- name: links
-- At most $4 places after number $1 of an entry at $2, up to number $3, with their entries, in order.
SELECT link.number, link.entry_id, link.entry_at, link.hash, entry.canonical::text AS canonical,
       entry.principal, entry.action, entry.subject_kind, entry.subject_id, entry.correlation_id
  FROM (SELECT number, entry_id, entry_at, hash
          FROM audit_chain
         WHERE (number, entry_at) > ($1, $2) AND number <= $3
         ORDER BY number, entry_at
         LIMIT $4) AS link
  LEFT JOIN audit_entries AS entry ON entry.id = link.entry_id AND entry.at = link.entry_at
 ORDER BY link.number, link.entry_at;

-- name: personal
-- The personal values kept for entries $1 at $2.
SELECT entry_id, field, salt, value
  FROM unnest($1::uuid[], $2::timestamptz[]) AS wanted (id, at)
  JOIN audit_personal ON entry_id = id AND entry_at = at;

-- name: forgotten
-- How many entries from before $1 have no place in the chain, and the oldest of their times.
SELECT count(*) AS entries, min(at) AS oldest
  FROM audit_entries AS entry
 WHERE at < $1
   AND NOT EXISTS (SELECT FROM audit_chain WHERE entry_id = entry.id AND entry_at = entry.at);

-- name: last_number_before
-- The last number among entries from before $1, with its hash.
SELECT number, hash FROM audit_chain WHERE entry_at < $1 ORDER BY number DESC LIMIT 1;

-- name: stragglers
-- Entries from $1 on that have a number below $2, with their hash and the one before it (which an earlier
-- boundary may hold).
SELECT link.number, link.hash,
       coalesce(former.hash, (SELECT decode(line ->> 'hash', 'hex') FROM audit_checkpoints
                               WHERE kind = 'boundary' AND number = link.number - 1 LIMIT 1)) AS previous
  FROM audit_chain AS link
  LEFT JOIN audit_chain AS former ON former.number = link.number - 1
 WHERE link.entry_at >= $1 AND link.number < $2
 ORDER BY link.number;

-- name: drop_before
-- Drop the parts of the trail that lie before $1; how many tables went.
-- role: owner
SELECT drop_audit_before($1);
