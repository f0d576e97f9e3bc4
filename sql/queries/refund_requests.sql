-- Refunds that staff have asked for.

-- name: of_payment
-- Those of payment $1, the first asked for first.
SELECT payment_id, round, amount, currency, reason, asked_by, asked_at
  FROM refund_requests WHERE payment_id = $1 ORDER BY round;

-- name: ask
-- Refund $2 of payment $1 of booking $3: $4 of currency $5 for reason $6, asked for by $7 at $8.
INSERT INTO refund_requests (payment_id, round, booking_id, amount, currency, reason, asked_by, asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
