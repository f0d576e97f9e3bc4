-- All that is kept of one account, for its owner to take along.

-- name: sessions
-- Where account $1 is or was signed in, the latest first.
SELECT created_at, seen_at, expires_at, second_factor, device, client_address, ended_at, ended_because
  FROM sessions WHERE account_id = $1 ORDER BY created_at DESC, id DESC;

-- name: authenticator
-- Since when an app's codes count for account $1; no row: they never did.
SELECT confirmed_at FROM authenticators WHERE account_id = $1 AND sealed IS NOT NULL;

-- name: api_keys
-- All keys of account $1, also those that are good no longer, the latest first.
SELECT name, scopes, created_at, expires_at, used_at, revoked_at
  FROM api_keys WHERE account_id = $1 ORDER BY created_at DESC, id DESC;

-- name: proofs
-- What links and codes account $1 was sent that are still on record, the latest first.
SELECT purpose, address, created_at, expires_at, used_at
  FROM proofs WHERE subject = $1 ORDER BY created_at DESC, id DESC;

-- name: bookings
-- The bookings of owner $1, the oldest first.
SELECT id FROM bookings WHERE owner = $1 ORDER BY created_at, id;

-- name: deeds
-- What the audit trail says about account $1 and bookings $2, but for actions $3 and messages of kinds $4, with the
-- personal values that are kept apart; the oldest first.
SELECT e.at, e.action, e.principal, e.subject_kind, e.subject_id, (e.canonical -> 'details')::text AS details,
       (SELECT json_object_agg(p.field, convert_from(p.value, 'UTF8')::json) FROM audit_personal AS p
         WHERE p.entry_id = e.id AND p.entry_at = e.at)::text AS personal
  FROM audit_entries AS e
 WHERE ((e.subject_kind = 'account' AND e.subject_id = $1::text)
     OR (e.subject_kind = 'booking' AND e.subject_id = ANY ($2::text[])))
   AND e.action <> ALL ($3::text[])
   AND coalesce(e.canonical -> 'details' ->> 'kind', '') <> ALL ($4::text[])
 ORDER BY e.at, e.id;
