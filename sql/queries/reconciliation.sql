-- What our books say, to compare it with others', and the turns of whoever compares.

-- name: movements
-- What gateways moved of payments by our books from $1 until before $2: captures, refunds, and refunds that came back, with how
-- the payment and its booking stand.
SELECT e.payment_id, e.reason, e.amount, e.currency, e.at, p.gateway, p.gateway_reference, p.booking_id, b.reference
  FROM ledger_entries AS e
  JOIN payments AS p ON p.id = e.payment_id
  JOIN bookings AS b ON b.id = p.booking_id
 WHERE e.at >= $1 AND e.at < $2 AND e.reason IN ('capture', 'refund', 'refund_failed');

-- name: payments
-- Payments $1 with their bookings.
SELECT p.id, p.booking_id, b.reference, p.gateway FROM payments AS p JOIN bookings AS b ON b.id = p.booking_id
 WHERE p.id = ANY ($1::uuid[]);

-- name: disputes
-- Which of gateway $1's disputes $2 we know.
SELECT gateway_reference FROM disputes WHERE gateway = $1 AND gateway_reference = ANY ($2::text[]);

-- name: out_of_books
-- Payments that changed from $1 until before $2 and of which our books say another sum than the payment's row.
SELECT p.id, p.booking_id, b.reference, p.gateway, p.currency, p.captured, p.refunded, books.captured AS booked,
       books.refunded AS booked_back
  FROM payments AS p
  JOIN bookings AS b ON b.id = p.booking_id
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(e.amount) FILTER (WHERE e.reason = 'capture'), 0)::bigint AS captured,
              (coalesce(sum(e.amount) FILTER (WHERE e.reason IN ('refund', 'settlement')), 0)
               - coalesce(sum(e.amount) FILTER (WHERE e.reason = 'refund_failed'), 0))::bigint AS refunded
         FROM ledger_entries AS e WHERE e.booking_id = p.booking_id AND e.payment_id = p.id) AS books
 WHERE p.changed_at >= $1 AND p.changed_at < $2 AND (p.captured, p.refunded) <> (books.captured, books.refunded);

-- name: changed_bookings
-- Up to $4 bookings after $3 of which a payment changed from $1 until before $2.
SELECT DISTINCT booking_id FROM payments
 WHERE changed_at >= $1 AND changed_at < $2 AND booking_id > $3 ORDER BY booking_id LIMIT $4;

-- name: open_for_long
-- Payments that wait since before $1, are held beyond $2, or have refunds that are pending since before $3.
SELECT p.id, p.booking_id, b.reference, p.gateway, p.state, p.amount, p.currency, p.changed_at AS since
  FROM payments AS p JOIN bookings AS b ON b.id = p.booking_id
 WHERE (p.state IN ('created', 'requires_action', 'approved', 'in_review') AND p.changed_at < $1)
    OR (p.state = 'authorised' AND (p.authorised_until < $2 OR (p.authorised_until IS NULL AND p.changed_at < $1)))
 UNION ALL
SELECT p.id, p.booking_id, b.reference, p.gateway, 'refund_' || r.state, r.amount, r.currency, r.created_at
  FROM refunds AS r JOIN payments AS p ON p.id = r.payment_id JOIN bookings AS b ON b.id = p.booking_id
 WHERE r.state = 'pending' AND r.created_at < $3;

-- name: known
-- Which of subjects $1, reasons $2 and objects $3 were on the operators' list before, dealt with or not.
SELECT a.subject, a.reason, a.object FROM attention AS a
  JOIN unnest($1::uuid[], $2::text[], $3::uuid[]) AS w (subject, reason, object)
    ON (a.subject, a.reason, a.object) = (w.subject, w.reason, w.object);

-- name: new_fees
-- Of fees ($1 gateways, $2 the gateways' own ids, $3 payments) those that were not noted before: they are now.
INSERT INTO gateway_fees (gateway, own_reference, payment_id)
SELECT DISTINCT ON (f.gateway, f.own_reference) f.gateway, f.own_reference, f.payment_id
  FROM unnest($1::text[], $2::text[], $3::uuid[]) AS f (gateway, own_reference, payment_id)
 ORDER BY f.gateway, f.own_reference
ON CONFLICT DO NOTHING
RETURNING gateway, own_reference;

-- name: take_turn
-- It is ours until $2, if nobody has it at $1 and the last one ended before $3. Gives a row then.
UPDATE reconciliation SET leased_until = $2
 WHERE (leased_until IS NULL OR leased_until <= $1) AND (finished_at IS NULL OR finished_at < $3)
RETURNING true;

-- name: finish
-- It came to its end at $1: compared from $2 until before $3, found $4, could not ask $5.
UPDATE reconciliation SET leased_until = NULL, finished_at = $1, since = $2, until = $3, findings = $4, unasked = $5;

-- name: last
-- What the last one came to.
SELECT finished_at, findings, unasked FROM reconciliation;
