-- What an account proves itself with besides its password.

-- name: lock
-- The roles of account $1, if it is open; nobody else changes its factors until the end of the transaction.
SELECT roles FROM accounts WHERE id = $1 AND state = 'open' FOR UPDATE;

-- name: address
-- The mail address of account $1.
SELECT address FROM accounts WHERE id = $1;

-- name: held
-- What account $1 has: whether codes of an app count, how many passkeys, how many recovery codes are left.
SELECT EXISTS (SELECT FROM authenticators WHERE account_id = $1 AND sealed IS NOT NULL) AS totp,
       (SELECT count(*) FROM passkeys WHERE account_id = $1) AS passkeys,
       (SELECT count(*) FROM recovery_codes WHERE account_id = $1 AND used_at IS NULL) AS recovery_codes;

-- name: set_up_totp
-- Account $1 set up an app with the sealed secret $2, which does not count yet.
INSERT INTO authenticators (account_id, pending) VALUES ($1, $2)
ON CONFLICT (account_id) DO UPDATE SET pending = excluded.pending;

-- name: totp
-- The sealed secrets of account $1 and the step of the last code that was taken.
SELECT sealed, pending, last_step FROM authenticators WHERE account_id = $1;

-- name: confirm_totp
-- A code of step $3, of the app that account $1 set up with $2, was shown at $4: from now on its codes count.
UPDATE authenticators SET sealed = pending, pending = NULL, confirmed_at = $4, last_step = $3
 WHERE account_id = $1 AND pending = $2
RETURNING true;

-- name: take_step
-- Take account $1's code of step $2, once, and none before it.
UPDATE authenticators SET last_step = $2
 WHERE account_id = $1 AND sealed IS NOT NULL AND last_step < $2
RETURNING true;

-- name: remove_totp
-- Account $1's app counts no longer; whether it did.
DELETE FROM authenticators WHERE account_id = $1 RETURNING sealed IS NOT NULL AS counted;

-- name: replace_recovery_codes
-- The hashes $2 are account $1's recovery codes; those before are none any more.
WITH gone AS (
    DELETE FROM recovery_codes WHERE account_id = $1
)
INSERT INTO recovery_codes (account_id, hash) SELECT $1, hash FROM unnest($2::bytea[]) AS made (hash);

-- name: use_recovery_code
-- Use account $1's recovery code with hash $2 at $3, once.
UPDATE recovery_codes SET used_at = $3
 WHERE account_id = $1 AND hash = $2 AND used_at IS NULL
RETURNING true;

-- name: remove_recovery_codes
-- Account $1 has no recovery codes any more.
DELETE FROM recovery_codes WHERE account_id = $1;

-- name: add_passkey
-- Passkey $1 is account $2's: key $3, count $4, name $5, transports $6, made at $7. No row: somebody has it.
INSERT INTO passkeys (id, account_id, public_key, sign_count, name, transports, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO NOTHING
RETURNING true;

-- name: passkey
-- Passkey $1, if its account is open.
SELECT p.id, p.account_id, p.public_key, p.sign_count, p.name, p.transports, p.created_at, p.used_at
  FROM passkeys p JOIN accounts a ON a.id = p.account_id
 WHERE p.id = $1 AND a.state = 'open';

-- name: passkeys
-- The passkeys of account $1, the oldest first.
SELECT id, account_id, public_key, sign_count, name, transports, created_at, used_at
  FROM passkeys WHERE account_id = $1 ORDER BY created_at, id;

-- name: use_passkey
-- Passkey $1 signed with count $2 at $3. No row: a later signature was seen before. 0 is that of a passkey
-- that does not count.
UPDATE passkeys SET sign_count = $2, used_at = $3
 WHERE id = $1 AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0))
RETURNING true;

-- name: remove_passkey
-- Passkey $2 is account $1's no longer.
DELETE FROM passkeys WHERE account_id = $1 AND id = $2 RETURNING name;

-- name: take_challenge
-- Challenge $1, which ends at $4, was answered for account $2 at $3. No row: it was answered before.
INSERT INTO proofs (id, purpose, subject, created_at, expires_at, used_at)
VALUES ($1, 'passkey', $2, $3, $4, $3)
ON CONFLICT (id) DO NOTHING
RETURNING true;

-- name: reset
-- Account $1 has no second factor any more.
WITH apps AS (
    DELETE FROM authenticators WHERE account_id = $1
), codes AS (
    DELETE FROM recovery_codes WHERE account_id = $1
)
DELETE FROM passkeys WHERE account_id = $1;
