-- Offers by their sets, so that they can be booked without a cache.

-- name: save
-- Keep set $1, made at $2, good until $3, with its criteria $4 and offers $5.
INSERT INTO offer_sets (id, made_at, expires_at, criteria, offers) VALUES ($1, $2, $3, $4, $5);

-- name: load
-- The offers of set $1.
SELECT offers FROM offer_sets WHERE id = $1;

-- name: criteria
-- What was searched for when set $1 was made.
SELECT criteria FROM offer_sets WHERE id = $1;
