-- Bookings that an account takes over from the guest who made them.

-- name: give
-- Booking $1, which is locked, belongs to $2, and so says its lifecycle $3.
UPDATE bookings SET owner = $2, lifecycle = $3::json WHERE id = $1;

-- name: page
-- Up to $4 bookings of guests whose contact has an address with the key $1, the newest first, behind the one made at
-- $2 with id $3 (nulls: from the newest on).
SELECT b.id, b.reference, b.state, b.sequence, b.total, b.currency, b.hold_until, b.created_at, b.changed_at
  FROM booking_contacts AS c
  JOIN bookings AS b ON b.id = c.booking_id
 WHERE c.address_key = $1 AND b.owner LIKE 'guest:%'
   AND ($2::timestamptz IS NULL OR (b.created_at, b.id) < ($2, $3::uuid))
 ORDER BY b.created_at DESC, b.id DESC
 LIMIT $4;
