-- What accounts want to hear of, and how.

-- name: of_accounts
-- What those of the accounts $1 chose that have chosen something.
SELECT account_id, chosen, version FROM notification_preferences WHERE account_id = ANY ($1::uuid[]);

-- name: choose
-- Account $1, which was at version $2 (0: had chosen nothing), chose $3.
INSERT INTO notification_preferences AS known (account_id, chosen, version)
SELECT $1, $3::json, 1 WHERE $2::integer = 0 OR EXISTS (SELECT FROM notification_preferences WHERE account_id = $1)
ON CONFLICT (account_id) DO UPDATE SET chosen = excluded.chosen, version = known.version + 1
 WHERE known.version = $2
RETURNING version;
