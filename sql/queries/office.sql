-- Transfers and cash, received and paid out by staff.

-- name: ask
-- Await a transfer for payment $1 of the booking called $2: $3 of $4, at $5. Asked once.
INSERT INTO awaited_transfers (payment_id, reference, amount, currency, asked_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING;

-- name: call_off
-- No transfer is awaited any more for payment $1, at $2.
UPDATE awaited_transfers SET called_off_at = $2 WHERE payment_id = $1 AND called_off_at IS NULL;

-- name: receive
-- Payment $1 of booking $2 by $3: $4 of $5, on $6, with the proof $7, recorded by $8 at $9. No row where that proof
-- was recorded before.
INSERT INTO received_money (payment_id, booking_id, means, amount, currency, received_on, proof, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT DO NOTHING
RETURNING payment_id;

-- name: payment
-- What is known of payment $1.
SELECT w.reference, w.called_off_at IS NOT NULL AS called_off,
       coalesce(r.amount, w.amount) AS amount, coalesce(r.currency, w.currency) AS currency,
       r.means, coalesce(r.amount, 0) AS received,
       coalesce((SELECT sum(p.amount) FROM payouts AS p WHERE p.payment_id = $1), 0)::bigint AS back
  FROM (SELECT $1::uuid AS id) AS asked
  LEFT JOIN awaited_transfers AS w ON w.payment_id = asked.id
  LEFT JOIN received_money AS r ON r.payment_id = asked.id
 WHERE w.payment_id IS NOT NULL OR r.payment_id IS NOT NULL;

-- name: lock
-- Whoever gives of payment $1 back waits for whoever does already; what came is never changed, and so cannot be locked.
SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text, 0));

-- name: owe
-- $3 of $4 of payment $2 are to go back, asked for by $1 at $5; asked once.
INSERT INTO payouts (id, payment_id, amount, currency, asked_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING;

-- name: payout
-- What is to go back by the name $1, and of which booking.
SELECT p.id, p.payment_id, p.amount, p.currency, p.asked_at, p.paid_on, p.proof, b.reference
  FROM payouts AS p
  LEFT JOIN payments AS m ON m.id = p.payment_id
  LEFT JOIN bookings AS b ON b.id = m.booking_id
 WHERE p.id = $1;

-- name: pay
-- Payout $1 was made on $2 with the proof $3, recorded by $4 at $5. No row where it was recorded before.
UPDATE payouts SET paid_on = $2, proof = $3, recorded_by = $4, recorded_at = $5
 WHERE id = $1 AND paid_on IS NULL
RETURNING payment_id, amount, currency;

-- name: open
-- Up to $1 payouts that are still to be made, the oldest first.
SELECT p.id, p.payment_id, p.amount, p.currency, p.asked_at, p.paid_on, p.proof, b.reference
  FROM payouts AS p
  LEFT JOIN payments AS m ON m.id = p.payment_id
  LEFT JOIN bookings AS b ON b.id = m.booking_id
 WHERE p.paid_on IS NULL ORDER BY p.asked_at, p.id LIMIT $1;

-- name: movements
-- What came by $1 and went back from $2 until $3.
SELECT 'capture' AS kind, payment_id, payment_id AS own, amount, currency, recorded_at AS at
  FROM received_money WHERE means = $1 AND recorded_at >= $2 AND recorded_at < $3
 UNION ALL
SELECT 'refund', p.payment_id, p.id, p.amount, p.currency, p.recorded_at
  FROM payouts AS p JOIN received_money AS r ON r.payment_id = p.payment_id
 WHERE r.means = $1 AND p.recorded_at >= $2 AND p.recorded_at < $3
 ORDER BY at, own;
