-- Payments, webhooks and the books.

-- name: lock
-- The payments $1, locked in the order of their ids.
SELECT id, booking_id, gateway, gateway_reference, state, amount, currency, captured, refunded, action_url,
       failure, owner, consent, approvals, authorised_until, instructions, means_kind, means_label, means_fingerprint
  FROM payments WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE;

-- name: load
-- Payment $1.
SELECT id, booking_id, gateway, gateway_reference, state, amount, currency, captured, refunded, action_url,
       failure, owner, consent, approvals, authorised_until, instructions, means_kind, means_label, means_fingerprint
  FROM payments WHERE id = $1;

-- name: of_booking
-- The payments of booking $1 in the order in which they were begun.
SELECT id, booking_id, gateway, gateway_reference, state, amount, currency, captured, refunded, action_url,
       failure, owner, consent, approvals, authorised_until, instructions, means_kind, means_label, means_fingerprint
  FROM payments WHERE booking_id = $1 ORDER BY id;

-- name: of_bookings
-- The payments of bookings $1, of those of which no payment has changed at or after $2, in the order in which they were begun.
SELECT id, booking_id, gateway, gateway_reference, state, amount, currency, captured, refunded, action_url,
       failure, owner, consent, approvals, authorised_until, instructions, means_kind, means_label, means_fingerprint
  FROM payments AS p
 WHERE booking_id = ANY ($1::uuid[])
   AND NOT EXISTS (SELECT FROM payments AS o WHERE o.booking_id = p.booking_id AND o.changed_at >= $2)
 ORDER BY id;

-- name: newest
-- The $2 payments begun last, of those in state $1 if that is given, with their bookings' references.
SELECT b.reference, p.created_at, p.id, p.booking_id, p.gateway, p.gateway_reference, p.state, p.amount, p.currency, p.captured,
       p.refunded, p.action_url, p.failure, p.owner, p.consent, p.approvals, p.authorised_until, p.instructions,
       p.means_kind, p.means_label, p.means_fingerprint
  FROM payments AS p JOIN bookings AS b ON b.id = p.booking_id
 WHERE $1::text IS NULL OR p.state = $1
 ORDER BY p.id DESC LIMIT $2;

-- name: save
-- Payments ($1 ids, $2 bookings, $3 gateways) as they are now: $4 references, $5 states, $6 amounts,
-- $7 currencies, $8 captured, $9 refunded, $10 actions, $11 failures, $12 owners, $13 consents, $14 approvals, $15 until
-- when they are held, $16 instructions, $17 kinds, $18 labels and $19 fingerprints of the means, at $20.
INSERT INTO payments (id, booking_id, gateway, gateway_reference, state, amount, currency, captured, refunded,
                      action_url, failure, owner, consent, approvals, authorised_until, instructions, means_kind,
                      means_label, means_fingerprint, created_at, changed_at)
SELECT p.*, $20, $20
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[],
              $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[], $14::integer[],
              $15::timestamptz[], $16::jsonb[], $17::text[], $18::text[], $19::text[])
       AS p (id, booking_id, gateway, gateway_reference, state, amount, currency, captured, refunded,
             action_url, failure, owner, consent, approvals, authorised_until, instructions, means_kind, means_label,
             means_fingerprint)
 ORDER BY p.id
ON CONFLICT (id) DO UPDATE SET
    gateway_reference = coalesce(excluded.gateway_reference, payments.gateway_reference),
    state = excluded.state, captured = excluded.captured, refunded = excluded.refunded,
    action_url = excluded.action_url, failure = excluded.failure, approvals = excluded.approvals,
    authorised_until = excluded.authorised_until, instructions = excluded.instructions,
    means_kind = excluded.means_kind, means_label = excluded.means_label,
    means_fingerprint = excluded.means_fingerprint, changed_at = excluded.changed_at;

-- name: refunds
-- What was given back of payment $1, or is on its way, in the order in which it was begun.
SELECT id, payment_id, round, gateway_reference, amount, currency, state, trace, expected_by, failure, settled_by,
       settled_how, settled_proof, settled_at
  FROM refunds WHERE payment_id = $1 ORDER BY id;

-- name: refund
-- Refund $1, with the booking of its payment.
SELECT r.id, r.payment_id, r.round, r.gateway_reference, r.amount, r.currency, r.state, r.trace, r.expected_by, r.failure,
       r.settled_by, r.settled_how, r.settled_proof, r.settled_at, p.booking_id
  FROM refunds AS r JOIN payments AS p ON p.id = r.payment_id WHERE r.id = $1;

-- name: save_refund
-- Refund $1 of payment $2 as it is now: $3 reference, $4 amount, $5 currency, $6 state, $7 round, $8 trace, $9 when it is
-- expected, $10 failure; settled by $11 through $12 with proof $13 at $14; at $15.
INSERT INTO refunds (id, payment_id, gateway_reference, amount, currency, state, round, trace, expected_by, failure,
                     settled_by, settled_how, settled_proof, settled_at, created_at, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, trace = excluded.trace, expected_by = excluded.expected_by,
    failure = excluded.failure, settled_by = excluded.settled_by, settled_how = excluded.settled_how,
    settled_proof = excluded.settled_proof, settled_at = excluded.settled_at, changed_at = excluded.changed_at;
