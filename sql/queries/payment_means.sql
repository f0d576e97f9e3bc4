-- Means of payment that are kept, and who holds them.

-- name: keep
-- Of payments $1 that were begun with consent: $2 the holders' ids at the gateway, $3 tokens, $4 kinds, $5 labels,
-- $6 fingerprints, $7 expiries. One whose consent was taken back stays so.
INSERT INTO payment_means AS known (payment_id, booking_id, owner, gateway, customer, token, kind, label, fingerprint, expires,
                                    consent_at, consent_version)
SELECT p.id, p.booking_id, p.owner, p.gateway, m.customer, m.token, m.kind, m.label, m.fingerprint, m.expires, p.created_at,
       p.consent
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
       AS m (payment_id, customer, token, kind, label, fingerprint, expires)
  JOIN payments AS p ON p.id = m.payment_id
 WHERE p.consent IS NOT NULL
ON CONFLICT (payment_id) DO UPDATE
   SET customer = excluded.customer, token = excluded.token, kind = excluded.kind, label = excluded.label,
       fingerprint = excluded.fingerprint, expires = excluded.expires
 WHERE known.revoked_at IS NULL AND known.token <> '';

-- name: note_customers
-- The owners of payments $1 are called $2 at the gateways of those. Who has a name there keeps it.
INSERT INTO gateway_customers (owner, gateway, customer)
SELECT DISTINCT ON (p.owner, p.gateway) p.owner, p.gateway, m.customer
  FROM unnest($1::uuid[], $2::text[]) AS m (payment_id, customer) JOIN payments AS p ON p.id = m.payment_id
 WHERE m.customer IS NOT NULL AND p.owner <> '' AND p.consent IS NOT NULL
 ORDER BY p.owner, p.gateway, p.id
ON CONFLICT DO NOTHING;

-- name: usable
-- What was kept with payment $1, if its consent stands, it was not erased, and it is owner $2's, or was kept for booking $3.
SELECT payment_id, gateway, customer, token, kind, label, expires, consent_at, consent_version
  FROM payment_means
 WHERE payment_id = $1 AND revoked_at IS NULL AND token <> '' AND (owner = $2 OR booking_id = $3);

-- name: of_owner
-- What owner $1 may be charged by and was not erased, the last kept first.
SELECT payment_id, gateway, customer, token, kind, label, expires, consent_at, consent_version
  FROM payment_means WHERE owner = $1 AND revoked_at IS NULL AND token <> '' ORDER BY consent_at DESC, payment_id;

-- name: revoke
-- The consents of owner $1 are taken back at $2, those of payments $3, or all where that is null, and the tokens forgotten. Gives
-- what stood, for the gateways to forget.
WITH kept AS (
    SELECT payment_id, booking_id, gateway FROM payment_means
     WHERE owner = $1 AND revoked_at IS NULL AND ($3::uuid[] IS NULL OR payment_id = ANY ($3::uuid[]))
     ORDER BY payment_id FOR UPDATE
)
UPDATE payment_means AS m SET revoked_at = $2, token = '', customer = NULL, fingerprint = NULL
  FROM kept WHERE m.payment_id = kept.payment_id
RETURNING kept.payment_id, kept.booking_id, kept.gateway;

-- name: customer
-- What gateway $2 calls owner $1.
SELECT customer FROM gateway_customers WHERE owner = $1 AND gateway = $2;
