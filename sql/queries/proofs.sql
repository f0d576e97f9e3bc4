-- The rights that links and codes in mails stand for.

-- name: add
-- Proofs $1 of kinds $2 for $3, sent to $4, with what they need besides ($5), made at $6, good until $7.
INSERT INTO proofs (id, purpose, subject, address, details, created_at, expires_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::json[], $6::timestamptz[],
                     $7::timestamptz[]);

-- name: find
-- Proof $1 as it is.
SELECT id, purpose, subject, address, details, created_at, expires_at, tries, used_at FROM proofs WHERE id = $1;

-- name: lock
-- Those of the proofs $1 that are there, locked, by id.
SELECT id, purpose, subject, address, details, created_at, expires_at, tries, used_at FROM proofs
 WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE;

-- name: have
-- Those of $1 that have a proof of kind $2, whatever became of it.
SELECT DISTINCT subject FROM proofs WHERE subject = ANY ($1::uuid[]) AND purpose = $2;

-- name: settle
-- Proofs $1 open $2, and their links or codes go to $3.
UPDATE proofs SET subject = settled.subject, address = settled.address
  FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS settled (id, subject, address)
 WHERE proofs.id = settled.id;

-- name: drop
-- Proofs $1 open nothing.
DELETE FROM proofs WHERE id = ANY ($1::uuid[]);

-- name: use
-- Use proof $1 of kind $2 at $3, once. One that opens nothing yet names itself.
UPDATE proofs SET used_at = $3
 WHERE id = $1 AND purpose = $2 AND subject <> id AND used_at IS NULL AND expires_at > $3
RETURNING id, purpose, subject, address, details, created_at, expires_at, tries, used_at;

-- name: try
-- Count a try at the code of proof $1 of kind $2 at $3; no row once there were $4.
UPDATE proofs SET tries = tries + 1
 WHERE id = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3 AND tries < $4
RETURNING id, purpose, subject, address, details, created_at, expires_at, tries, used_at;

-- name: end_all
-- None of $1's proofs of kind $2 can be used from $3 on.
UPDATE proofs SET expires_at = $3 WHERE subject = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3;

-- name: end_asked
-- None of what was asked for in the name of account $1 can be used from $2 on: links that set its password, halves of
-- sign-ins, other addresses for it. The ways back to former addresses stay, but those made after $3 (null: none).
UPDATE proofs SET expires_at = $2
 WHERE subject = $1 AND purpose IN ('reset', 'sign_in', 'email_change') AND used_at IS NULL AND expires_at > $2
   AND (details ->> 'way_back' IS NULL OR created_at > $3);

-- name: forget
-- Drop up to $2 proofs that were over before $1.
DELETE FROM proofs
 WHERE id IN (SELECT id FROM proofs WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING id;
