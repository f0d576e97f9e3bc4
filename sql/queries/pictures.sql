-- Pictures of hotels.

-- name: by_ids
-- Those of the ids $1 that there are.
SELECT * FROM pictures WHERE id = ANY ($1::text[]);

-- name: of_hotel
-- Those of our own hotel $1, the first one first.
SELECT * FROM pictures WHERE hotel_id = $1 ORDER BY position, id;

-- name: is_hotel
-- Whether there is a hotel $1 of our own.
SELECT EXISTS (SELECT FROM hotels WHERE id = $1);

-- name: lock_hotel
-- Whether there is a hotel $1 of our own; until the transaction ends its pictures are this one's to change.
SELECT id FROM hotels WHERE id = $1 FOR NO KEY UPDATE;

-- name: add
-- Picture $1 of hotel $2 behind all others: caption $3, width $4, height $5, hash $6, at $7.
INSERT INTO pictures (id, hotel_id, position, caption, kind, state, width, height, hash, created_at)
SELECT $1, $2, coalesce(max(position) + 1, 0), $3, 'uploaded', 'ready', $4, $5, $6, $7
  FROM pictures WHERE hotel_id = $2
RETURNING *;

-- name: keep_original
-- Of picture $1: media type $2, bytes $3.
INSERT INTO picture_originals (picture_id, media_type, bytes) VALUES ($1, $2, $3);

-- name: original
-- Of the uploaded picture $1.
SELECT bytes FROM picture_originals WHERE picture_id = $1;

-- name: want
-- Pictures to be fetched: ids $1, suppliers $2, their hotels $3, positions $4, captions $5, addresses $6, at $7. Those
-- that are there already keep what is known of them, and get the place and the caption.
INSERT INTO pictures (id, supplier, supplier_hotel, position, caption, kind, url, state, created_at)
SELECT id, supplier, hotel, position, caption, 'fetched', url, 'wanted', $7
  FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::text[])
       AS one (id, supplier, hotel, position, caption, url)
    ON CONFLICT (id) DO UPDATE SET position = excluded.position, caption = excluded.caption
 WHERE (pictures.position, pictures.caption) IS DISTINCT FROM (excluded.position, excluded.caption);

-- name: ready
-- The fetched picture $1 was had: width $2, height $3, hash $4.
UPDATE pictures SET state = 'ready', reason = NULL, failures = 0, try_after = NULL, width = $2, height = $3, hash = $4
 WHERE id = $1;

-- name: failed
-- The fetched picture $1 could not be had, for reason $2: not before $3 again.
UPDATE pictures SET failures = failures + 1, reason = $2, try_after = $3 WHERE id = $1;

-- name: refused
-- The fetched picture $1 is never to be had, for reason $2.
UPDATE pictures SET state = 'refused', reason = $2, try_after = NULL WHERE id = $1;

-- name: describe
-- Picture $1 at version $2 gets caption $3.
UPDATE pictures SET caption = $3, version = version + 1 WHERE id = $1 AND version = $2 RETURNING *;

-- name: arrange
-- The pictures of hotel $1 in the order of the ids $2.
UPDATE pictures SET position = place.number - 1
  FROM unnest($2::text[]) WITH ORDINALITY AS place (id, number)
 WHERE pictures.id = place.id AND pictures.hotel_id = $1 AND pictures.position <> place.number - 1;

-- name: remove
-- Picture $1 at version $2, with its original.
DELETE FROM pictures WHERE id = $1 AND version = $2 RETURNING id;
