-- Forgetting an account: everything goes but what the tax office may ask for.

-- name: open_owners
-- Those of accounts $1 that are open, and are erased by nobody until the end of the transaction.
SELECT id FROM accounts WHERE id = ANY ($1::uuid[]) AND state = 'open' ORDER BY id FOR KEY SHARE;

-- name: bookings
-- The bookings of owner $1.
SELECT id FROM bookings WHERE owner = $1 ORDER BY id;

-- name: pending_refunds
-- Those of bookings $1 of which something is on its way back.
SELECT DISTINCT p.booking_id FROM refunds AS r JOIN payments AS p ON p.id = r.payment_id
 WHERE p.booking_id = ANY ($1::uuid[]) AND r.state = 'pending';

-- name: registrations
-- What was wanted under the address with the key $1: an account that is not open yet.
SELECT id FROM registrations WHERE address_key = $1;

-- name: payers
-- Who paid for those of bookings $1 that money was taken for: $2.
INSERT INTO booking_payers (booking_id, name, paid_on)
SELECT booking_id, $2, max(changed_at)::date FROM payments
 WHERE booking_id = ANY ($1::uuid[]) AND captured > 0
 GROUP BY booking_id
ON CONFLICT (booking_id) DO NOTHING;

-- name: people
-- Nobody travels on bookings $1 by name any more, nor can anybody be told of them.
WITH contacts AS (
    DELETE FROM booking_contacts WHERE booking_id = ANY ($1::uuid[])
), billing AS (
    DELETE FROM booking_billing WHERE booking_id = ANY ($1::uuid[])
), means AS (
    UPDATE payment_means SET token = '', customer = NULL, label = '', fingerprint = NULL, expires = NULL
     WHERE booking_id = ANY ($1::uuid[])
), reasons AS (
    UPDATE refund_requests SET reason = '' WHERE booking_id = ANY ($1::uuid[])
), paid_with AS (
    UPDATE payments SET means_label = NULL, means_fingerprint = NULL
     WHERE booking_id = ANY ($1::uuid[]) AND (means_label IS NOT NULL OR means_fingerprint IS NOT NULL)
)
UPDATE booking_passengers SET given_name = '', surname = '', born = NULL WHERE booking_id = ANY ($1::uuid[]);

-- name: messages
-- Where messages about bookings $1, accounts and registrations $2 and to address $3 went.
UPDATE notifications SET recipient = '', receipt = NULL
 WHERE booking_id = ANY ($1::uuid[]) OR account_id = ANY ($2::uuid[]) OR lower(recipient) = lower($3);

-- name: proofs
-- The rights that were sent to the address $3 with the key $4, or are about accounts, registrations and bookings $1 and
-- $2.
DELETE FROM proofs
 WHERE subject = ANY ($1::uuid[]) OR subject = ANY ($2::uuid[]) OR lower(address) = lower($3)
    OR details ->> 'address_key' = $4 OR details ->> 'account' = ANY ($2::uuid[]::text[]);

-- name: words
-- What was written down by machines about bookings $1 and accounts $2, where it names the address $3: answers of mail
-- servers, errors.
WITH notes AS (
    UPDATE intents SET note = NULL WHERE note IS NOT NULL AND (subject = ANY ($1::uuid[]) OR subject = ANY ($2::uuid[]))
), details AS (
    UPDATE attention SET detail = regexp_replace(detail, $4, '(erased)', 'gi')
     WHERE (subject = ANY ($1::uuid[]) OR subject = ANY ($2::uuid[])) AND detail ~* $4
)
UPDATE dead_letters
   SET reason = regexp_replace(reason, $4, '(erased)', 'gi'), trace = regexp_replace(trace, $4, '(erased)', 'gi')
 WHERE position(lower($3) IN lower(reason || trace)) > 0;

-- name: belongings
-- What account $1 had: travellers, choices, factors, keys, tokens, answers to requests of $2, registrations $3.
WITH gone_travellers AS (
    DELETE FROM travellers WHERE account_id = $1
), gone_preferences AS (
    DELETE FROM notification_preferences WHERE account_id = $1
), gone_apps AS (
    DELETE FROM authenticators WHERE account_id = $1
), gone_codes AS (
    DELETE FROM recovery_codes WHERE account_id = $1
), gone_passkeys AS (
    DELETE FROM passkeys WHERE account_id = $1
), gone_keys AS (
    DELETE FROM api_keys WHERE account_id = $1
), gone_tokens AS (
    DELETE FROM refresh_tokens WHERE session_id IN (SELECT id FROM sessions WHERE account_id = $1)
), gone_devices AS (
    UPDATE sessions SET device = '', client_address = '' WHERE account_id = $1
), gone_customers AS (
    DELETE FROM gateway_customers WHERE owner = $2
), gone_answers AS (
    DELETE FROM idempotency_records WHERE scope = $2
)
DELETE FROM registrations WHERE id = ANY ($3::uuid[]);

-- name: account
-- Account $1 is nobody's any more.
UPDATE accounts
   SET state = 'erased', address = NULL, address_key = NULL, password = NULL, name = '', locale = 'en',
       home_airport = NULL, roles = '{}', password_changed_at = NULL, version = version + 1
 WHERE id = $1;

-- name: due_payers
-- How many payers paid before day $1.
SELECT count(*) FROM booking_payers WHERE paid_on < $1;

-- name: forget_payers
-- Up to $2 payers go who paid before day $1; a row each.
DELETE FROM booking_payers
 WHERE booking_id IN (SELECT booking_id FROM booking_payers WHERE paid_on < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING booking_id;
