-- What hotels can have.

-- name: all
-- Every amenity, in the order in which they are listed.
SELECT code, label, category FROM amenities ORDER BY rank, code;
