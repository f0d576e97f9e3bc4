-- Accounts, and registrations whose address is not shown to be theirs yet.

-- name: register
-- Somebody wants an account: id $1, address as written $2 and its key $3, password $4 (Argon2id), name $5, locale
-- $6, at $7, good until $8.
INSERT INTO registrations (id, address, address_key, password, name, locale, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: registration
-- Registration $1, if it is still good at $2.
SELECT id, address, address_key, password, name, locale, created_at, expires_at FROM registrations
 WHERE id = $1 AND expires_at > $2;

-- name: lock_registrations
-- Those of the registrations $1 that are still good at $2, locked, by id.
SELECT id, address, address_key, password, name, locale, created_at, expires_at FROM registrations
 WHERE id = ANY ($1::uuid[]) AND expires_at > $2 ORDER BY id FOR UPDATE;

-- name: drop_registrations
-- Nothing comes of the registrations $1.
DELETE FROM registrations WHERE id = ANY ($1::uuid[]);

-- name: forget_registrations
-- Drop up to $2 registrations that were over before $1.
DELETE FROM registrations WHERE id IN (SELECT id FROM registrations WHERE expires_at < $1 LIMIT $2) RETURNING id;

-- name: open
-- Account $1: address as written $2, key $3, password $4, name $5, locale $6, currency $7, roles $8, at $9. No row:
-- the address has an account.
INSERT INTO accounts (id, state, address, address_key, password, name, locale, currency, roles, created_at,
                      password_changed_at)
VALUES ($1, 'open', $2, $3, $4, $5, $6, $7, $8, $9, $9)
ON CONFLICT (address_key) DO NOTHING
RETURNING id, state, address, address_key, password, name, locale, currency, roles, created_at, password_changed_at;

-- name: by_key
-- The account whose address has the key $1.
SELECT id, state, address, address_key, password, name, locale, currency, roles, created_at, password_changed_at
  FROM accounts WHERE address_key = $1;

-- name: by_keys
-- The accounts whose addresses have the keys $1.
SELECT id, state, address, address_key, password, name, locale, currency, roles, created_at, password_changed_at
  FROM accounts WHERE address_key = ANY ($1::text[]);

-- name: by_ids
-- Those of the accounts $1 that exist.
SELECT id, state, address, address_key, password, name, locale, currency, roles, created_at, password_changed_at
  FROM accounts WHERE id = ANY ($1::uuid[]);

-- name: by_id
-- Account $1.
SELECT id, state, address, address_key, password, name, locale, currency, roles, created_at, password_changed_at
  FROM accounts WHERE id = $1;

-- name: lock
-- Account $1, locked.
SELECT id, state, address, address_key, password, name, locale, currency, roles, created_at, password_changed_at
  FROM accounts WHERE id = $1 FOR UPDATE;

-- name: set_password
-- Account $1 has the password $2 (Argon2id; null: none) from $3 on.
UPDATE accounts SET password = $2, password_changed_at = $3 WHERE id = $1 AND state <> 'erased';

-- name: rehash
-- The same password of account $1, hashed anew ($3), unless it was changed since it was $2.
UPDATE accounts SET password = $3 WHERE id = $1 AND password = $2;

-- name: set_address
-- Account $1 has the address $2 with the key $3. No row: another one has it.
UPDATE accounts SET address = $2, address_key = $3
 WHERE id = $1 AND state <> 'erased'
   AND NOT EXISTS (SELECT FROM accounts WHERE address_key = $3 AND id <> $1)
RETURNING id;

-- name: set_roles
-- Account $1 has the roles $2.
UPDATE accounts SET roles = $2 WHERE id = $1;

-- name: set_state
-- Account $1 is open, or suspended ($2).
UPDATE accounts SET state = $2 WHERE id = $1 AND state <> 'erased';

-- name: search
-- Up to $2 accounts whose address has a key that begins with $1, by that; erased ones are not found.
SELECT id, state, address, address_key, password, name, locale, currency, roles, created_at, password_changed_at
  FROM accounts WHERE starts_with(address_key, $1) ORDER BY address_key LIMIT $2;
