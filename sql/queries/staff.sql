-- Accounts as those see them who look after them.

-- name: with_roles
-- The ids of up to $3 accounts behind id $2 (null: from the first) that have any of the roles $1, in order.
SELECT id FROM accounts
 WHERE state <> 'erased' AND roles && $1::text[] AND ($2::uuid IS NULL OR id > $2)
 ORDER BY id LIMIT $3;

-- name: with_second_factor
-- Those of the accounts $1 that have a second factor.
SELECT id FROM unnest($1::uuid[]) AS wanted (id)
 WHERE EXISTS (SELECT FROM authenticators WHERE account_id = wanted.id AND sealed IS NOT NULL)
    OR EXISTS (SELECT FROM passkeys WHERE account_id = wanted.id);

-- name: lock
-- Account $1 and all administrators, locked in one order whoever asks: which of them can administer.
SELECT id, state = 'open' AND 'administrator' = ANY (roles) AS administers FROM accounts
 WHERE id = $1 OR (state = 'open' AND 'administrator' = ANY (roles))
 ORDER BY id FOR UPDATE;
