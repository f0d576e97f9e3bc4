-- The bookings that somebody made, as a list.

-- name: page
-- Up to $4 bookings of owner $1, the newest first, behind the one made at $2 with id $3 (nulls: from the
-- newest on).
SELECT id, reference, state, sequence, total, currency, hold_until, created_at, changed_at
  FROM bookings
 WHERE owner = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
 ORDER BY created_at DESC, id DESC
 LIMIT $4;
