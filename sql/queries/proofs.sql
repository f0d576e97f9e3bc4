-- The rights that links and codes in mails stand for.

-- name: add
-- Proof $1 of kind $2 for $3, sent to $4, with what it needs besides ($5), made at $6, good until $7.
INSERT INTO proofs (id, purpose, subject, address, details, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: find
-- Proof $1 as it is.
SELECT id, purpose, subject, address, details, created_at, expires_at, tries, used_at FROM proofs WHERE id = $1;

-- name: settle
-- Proof $1 opens $2, and its link or code goes to $3.
UPDATE proofs SET subject = $2, address = $3 WHERE id = $1;

-- name: drop
-- Proof $1 opens nothing.
DELETE FROM proofs WHERE id = $1;

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

-- name: forget
-- Drop up to $2 proofs that were over before $1.
DELETE FROM proofs
 WHERE id IN (SELECT id FROM proofs WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING id;
