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

-- name: save_refund
-- Refund $1 of payment $2 as it is now: $3 reference, $4 amount, $5 currency, $6 state, $7 round, $8 trace, $9 when it is
-- expected, $10 failure; settled by $11 through $12 with proof $13 at $14; at $15.
INSERT INTO refunds (id, payment_id, gateway_reference, amount, currency, state, round, trace, expected_by, failure,
                     settled_by, settled_how, settled_proof, settled_at, created_at, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, trace = excluded.trace, expected_by = excluded.expected_by,
    failure = excluded.failure, settled_by = excluded.settled_by, settled_how = excluded.settled_how,
    settled_proof = excluded.settled_proof, settled_at = excluded.settled_at, changed_at = excluded.changed_at;

-- name: receive_webhooks
-- Events ($1 gateways, $2 ids, $3 kinds, $4 payments, $5 the gateway's own references of them), received at $6.
-- Each that is new, with the payment that it is about, where we have it, and the steps that somebody is calling the
-- gateway for. A refund's event names the gateway's object only, by how its name began.
WITH told AS (
    SELECT e.gateway, e.event_id, e.kind,
           coalesce(e.payment_id,
                    (SELECT p.id FROM payments AS p
                      WHERE p.gateway = e.gateway
                        AND split_part(p.gateway_reference, '/', 1) = split_part(e.reference, '/', 1)
                      ORDER BY p.id DESC LIMIT 1)) AS payment_id
      FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[])
           AS e (gateway, event_id, kind, payment_id, reference)
     ORDER BY e.gateway, e.event_id
), new AS (
    INSERT INTO webhook_events (gateway, event_id, kind, payment_id, received_at)
    SELECT gateway, event_id, kind, payment_id, $6 FROM told
    ON CONFLICT DO NOTHING
    RETURNING gateway, event_id, payment_id
)
SELECT new.gateway, new.event_id, p.id, p.booking_id, p.state,
       ARRAY (SELECT i.step FROM intents AS i
               WHERE i.subject = p.booking_id AND i.object = p.id AND i.state = 'calling' AND i.leased_until > $6)
       AS under_way
  FROM new LEFT JOIN payments AS p ON p.id = new.payment_id AND p.gateway = new.gateway;

-- name: told_of
-- The payment that an event of gateway $1 is about which names ours ($2), or its own ($3).
SELECT id, booking_id FROM payments
 WHERE gateway = $1
   AND (id = $2 OR ($2::uuid IS NULL AND split_part(gateway_reference, '/', 1) = split_part($3, '/', 1)))
 ORDER BY id DESC LIMIT 1;

-- name: forget_webhooks
-- Up to $2 webhooks from before $1 go: no gateway repeats one for so long. Gives a row for each.
DELETE FROM webhook_events
 WHERE (gateway, event_id) IN
       (SELECT gateway, event_id FROM webhook_events WHERE received_at < $1 LIMIT $2)
RETURNING true;
