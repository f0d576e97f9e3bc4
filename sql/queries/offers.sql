-- Offers by their sets, so that they can be booked without a cache.

-- name: save
-- Keep set $1 of kind $2, made at $3, good until $4, with its criteria $5 and offers $6.
INSERT INTO offer_sets (id, kind, made_at, expires_at, criteria, offers) VALUES ($1, $2, $3, $4, $5, $6);

-- name: load
-- The offers of set $1 of kind $2.
SELECT offers FROM offer_sets WHERE id = $1 AND kind = $2;

-- name: criteria
-- What was searched for when set $1 of kind $2 was made.
SELECT criteria FROM offer_sets WHERE id = $1 AND kind = $2;
