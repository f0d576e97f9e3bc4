-- Where own flights lead at all, for those who keep it in memory.

-- name: version
-- How often the network has changed.
SELECT version FROM network_versions;

-- name: airports
-- The airports that have routes, with the least minutes to change planes there.
SELECT code, city_code AS city, country, latitude, longitude, domestic_to_domestic, domestic_to_international,
       international_to_domestic, international_to_international
  FROM airports
 WHERE code IN (SELECT origin FROM routes UNION SELECT destination FROM routes);

-- name: routes
-- From where to where airlines of a carriage fly, and how far.
SELECT origin, carriage, destination, shortest_km FROM routes;
