-- Where accounts are signed in. A session's refresh tokens are numbered; the latest is the one that is good.

-- name: open
-- Session $1 of account $2, opened at $3, good until $4 at the longest, with a second factor or not ($5), on
-- device $6 at address $7; its first refresh token has the hash $8. Of the others the $9 that were seen last stay, and
-- how many there were besides is told: they end.
WITH opened AS (
    INSERT INTO sessions (id, account_id, created_at, seen_at, expires_at, proved_at, second_factor, device,
                          client_address)
    VALUES ($1, $2, $3, $3, $4, $3, $5, $6, $7)
), token AS (
    INSERT INTO refresh_tokens (hash, session_id, number, issued_at) VALUES ($8, $1, 1, $3)
), ended AS (
    UPDATE sessions SET ended_at = $3, ended_because = 'revoked', client_address = ''
     WHERE id IN (SELECT id FROM sessions WHERE account_id = $2 AND ended_at IS NULL
                   ORDER BY seen_at DESC, id DESC OFFSET $9)
    RETURNING id
)
SELECT count(*) FROM ended;

-- name: who
-- Of the sessions $1 those that are open at $2: whose, with which roles, when and with what they were proved.
SELECT session.id, session.account_id, session.expires_at, session.proved_at, session.second_factor, account.roles
  FROM sessions AS session JOIN accounts AS account ON account.id = session.account_id
 WHERE session.id = ANY ($1::uuid[]) AND session.ended_at IS NULL AND session.expires_at > $2
   AND account.state = 'open';

-- name: lock_by_token
-- The session that the refresh token with the hash $1 is of, locked.
SELECT session.id, session.account_id, session.expires_at, session.ended_at, session.second_factor, session.device,
       account.state AS account_state
  FROM refresh_tokens AS token
  JOIN sessions AS session ON session.id = token.session_id
  JOIN accounts AS account ON account.id = session.account_id
 WHERE token.hash = $1
   FOR UPDATE OF session;

-- name: tokens
-- Of the refresh token with the hash $1: its number, and when it was used (null: never); and beside it the latest of
-- session $2. In a statement of its own, once the session is locked: what was read while waiting for the lock is from
-- before whoever held it.
SELECT shown.number, shown.used_at, latest.number AS latest_number, latest.hash AS latest_hash,
       latest.used_at IS NOT NULL AS latest_used
  FROM refresh_tokens AS shown,
       (SELECT number, hash, used_at FROM refresh_tokens WHERE session_id = $2 ORDER BY number DESC LIMIT 1) AS latest
 WHERE shown.hash = $1;

-- name: rotate
-- At $3 the refresh tokens of session $1 up to number $2 are used, and the next has the hash $4.
WITH used AS (
    UPDATE refresh_tokens SET used_at = $3 WHERE session_id = $1 AND number <= $2 AND used_at IS NULL
), seen AS (
    UPDATE sessions SET seen_at = $3 WHERE id = $1
)
INSERT INTO refresh_tokens (hash, session_id, number, issued_at) VALUES ($4, $1, $2 + 1, $3);

-- name: prove
-- Session $1 was proved again at $2, with a second factor or not ($3); what it had shown before it keeps.
UPDATE sessions SET proved_at = $2, second_factor = second_factor OR $3 WHERE id = $1 AND ended_at IS NULL;

-- name: end
-- Those of sessions $2 that are account $1's end at $3, because of $4; which did.
UPDATE sessions SET ended_at = $3, ended_because = $4, client_address = ''
 WHERE account_id = $1 AND id = ANY ($2::uuid[]) AND ended_at IS NULL
RETURNING id;

-- name: end_by_token
-- The session that the refresh token with the hash $1 is of ends at $2, because of $3; which did, and whose.
UPDATE sessions AS session SET ended_at = $2, ended_because = $3, client_address = ''
  FROM refresh_tokens AS token
 WHERE token.hash = $1 AND session.id = token.session_id AND session.ended_at IS NULL
RETURNING session.id, session.account_id;

-- name: end_all
-- All sessions of account $1 but $2 (null: none excepted) end at $3, because of $4; which did.
UPDATE sessions SET ended_at = $3, ended_because = $4, client_address = ''
 WHERE account_id = $1 AND id IS DISTINCT FROM $2::uuid AND ended_at IS NULL
RETURNING id;

-- name: listed
-- The sessions of account $1 that are open at $2, the one that was seen last first.
SELECT id, created_at, seen_at, expires_at, second_factor, device, client_address
  FROM sessions WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $2
 ORDER BY seen_at DESC, id;

-- name: knows_device
-- Whether account $1 was signed in on a device $2 before; null where it never was anywhere.
SELECT bool_or(device = $2) FROM sessions WHERE account_id = $1;

-- name: expire
-- Up to $2 sessions whose time was over before $1 end when it was; where they were used from is told no longer.
UPDATE sessions SET ended_at = expires_at, ended_because = 'expired', client_address = ''
 WHERE id IN (SELECT id FROM sessions WHERE ended_at IS NULL AND expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING id;

-- name: forget
-- Drop up to $2 sessions that were over before $1, with their refresh tokens.
DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE coalesce(ended_at, expires_at) < $1 LIMIT $2)
RETURNING id;
