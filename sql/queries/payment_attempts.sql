-- Attempts to pay, as card testing is recognised by them.

-- name: take
-- Attempt $1 is made at $2 by network $4 at booking $5 of account $6, or is refused: attempts and declines since $3 may be so
-- many by network ($7, $8), at the booking ($9, $10) and of the account ($11, $12). Gives the gates that are closed.
SELECT gate, counted_from
  FROM take_payment_attempt($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: give_back
-- Attempts $1 were none, or have succeeded.
DELETE FROM payment_attempts WHERE payment_id = ANY ($1::uuid[]);

-- name: decline
-- Attempts $1, at bookings $2, were declined at $4, made with cards $3 where those are known.
INSERT INTO payment_attempts (payment_id, at, booking_id, declined_at, card)
SELECT d.payment_id, $4, d.booking_id, $4, d.card
  FROM unnest($1::uuid[], $2::uuid[], $3::bytea[]) AS d (payment_id, booking_id, card)
 ORDER BY d.payment_id
ON CONFLICT (payment_id) DO UPDATE SET declined_at = excluded.declined_at, card = excluded.card;

-- name: declines_of_card
-- How often card $1 was declined since $2.
SELECT count(*) FROM payment_attempts WHERE card = $1 AND declined_at > $2;

-- name: forget
-- Up to $2 attempts from before $1 go. Gives a row for each.
DELETE FROM payment_attempts WHERE payment_id IN (SELECT payment_id FROM payment_attempts WHERE at < $1 LIMIT $2)
RETURNING true;
