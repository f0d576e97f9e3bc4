-- Keys of partners' programs.

-- name: add
-- Key $1 of account $2: name $3, hash of its secret $4, scopes $5, made at $6, good until $7.
INSERT INTO api_keys (id, account_id, name, hash, scopes, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: kept
-- The keys $1, whose they are, and why one is good no longer at $2 (null: it is good). Staff's keys reach as far
-- as a second factor of their account lets them.
SELECT key.id, key.account_id, key.hash, key.scopes, key.expires_at, key.used_at, account.roles,
       EXISTS (SELECT FROM authenticators AS app WHERE app.account_id = key.account_id AND app.sealed IS NOT NULL)
       OR EXISTS (SELECT FROM passkeys AS passkey WHERE passkey.account_id = key.account_id) AS second_factor,
       CASE WHEN key.revoked_at IS NOT NULL THEN 'revoked'
            WHEN key.expires_at <= $2 THEN 'expired'
            WHEN account.state <> 'open' THEN account.state
       END AS over
  FROM api_keys AS key JOIN accounts AS account ON account.id = key.account_id
 WHERE key.id = ANY ($1::uuid[]);

-- name: used
-- The keys $1 were used in the hour $2.
UPDATE api_keys SET used_at = $2 WHERE id = ANY ($1::uuid[]) AND (used_at IS NULL OR used_at < $2);

-- name: listed
-- The keys of account $1 that were not revoked, the newest first.
SELECT id, name, scopes, created_at, expires_at, used_at
  FROM api_keys WHERE account_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id DESC;

-- name: revoke
-- Key $2 of account $1 is good no longer, from $3 on. No row: it is not there, or was revoked before.
UPDATE api_keys SET revoked_at = $3 WHERE account_id = $1 AND id = $2 AND revoked_at IS NULL RETURNING id;

-- name: revoke_all
-- All keys of account $1 are good no longer, from $2 on; a row for each that was until then.
UPDATE api_keys SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL AND expires_at > $2 RETURNING id;

-- name: forget
-- Drop up to $2 keys that were over before $1.
DELETE FROM api_keys WHERE id IN (
    SELECT id FROM api_keys WHERE least(revoked_at, expires_at) < $1 LIMIT $2)
RETURNING id;
