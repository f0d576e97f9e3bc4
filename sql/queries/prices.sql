-- The rules by which prices are made.

-- name: version
-- The version of the book in effect at $1: how many rows have come into effect.
SELECT count(*)::integer FROM price_rules WHERE valid_from <= $1;

-- name: in_effect
-- Every row that had come into effect by $1, in the order in which they did.
SELECT id, version, valid_from, withdrawn, kind, label, supplier, origin, destination, place, product, airline,
       cabin, channel, party_from, party_to, sold_from, sold_to, travel_from, travel_to, hotel, stars_from,
       stars_to, percent, currency, fixed, minimum, maximum, per, priority, adds
  FROM price_rules WHERE valid_from <= $1 ORDER BY valid_from, entry;

-- name: first
-- The first $1 rows in the order in which they come into effect.
SELECT id, version, valid_from, withdrawn, kind, label, supplier, origin, destination, place, product, airline,
       cabin, channel, party_from, party_to, sold_from, sold_to, travel_from, travel_to, hotel, stars_from,
       stars_to, percent, currency, fixed, minimum, maximum, per, priority, adds
  FROM price_rules ORDER BY valid_from, entry LIMIT $1;

-- name: versions
-- The rows of ids $1 and versions $2 (arrays of the same length).
SELECT id, version, valid_from, withdrawn, kind, label, supplier, origin, destination, place, product, airline,
       cabin, channel, party_from, party_to, sold_from, sold_to, travel_from, travel_to, hotel, stars_from,
       stars_to, percent, currency, fixed, minimum, maximum, per, priority, adds
  FROM price_rules JOIN unnest($1::text[], $2::integer[]) AS wanted (id, version) USING (id, version);

-- name: add
-- Row $1 version $2, in effect from $3, written at $4; true unless that version was there already.
INSERT INTO price_rules (
       id, version, valid_from, written_at, withdrawn, kind, label, supplier, origin, destination, place, product,
       airline, cabin, channel, party_from, party_to, sold_from, sold_to, travel_from, travel_to, hotel,
       stars_from, stars_to, percent, currency, fixed, minimum, maximum, per, priority, adds)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
        $24, $25, $26, $27, $28, $29, $30, $31, $32)
ON CONFLICT (id, version) DO NOTHING
RETURNING true;
