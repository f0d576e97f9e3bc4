-- What accounts say of themselves.

-- name: load
-- The profile of account $1.
SELECT id, address, name, locale, currency, home_airport, roles, version, created_at FROM accounts
 WHERE id = $1 AND state <> 'erased';

-- name: change
-- Account $1, if it is still at version $2: name $3, locale $4, currency $5, home airport $6.
UPDATE accounts SET name = $3, locale = $4, currency = $5, home_airport = $6, version = version + 1
 WHERE id = $1 AND version = $2 AND state = 'open'
RETURNING version;
