-- How airports, cities and airlines are called.

-- name: known
-- Those of the codes $1 that are an airport or a city, with the city and the zone that they are in; a code
-- that is both is the airport's.
SELECT code, name, city_code, zone FROM airports WHERE code = ANY ($1::text[])
 UNION ALL
SELECT cities.code, cities.name, cities.code, first.zone
  FROM cities
 CROSS JOIN LATERAL (SELECT zone FROM airports WHERE city_code = cities.code
                      ORDER BY traffic_rank NULLS LAST, code LIMIT 1) AS first
 WHERE cities.code = ANY ($1::text[]) AND NOT EXISTS (SELECT FROM airports WHERE code = cities.code);

-- name: names
-- The airports $1 and the airlines $2; an airline has no city.
SELECT code, name, city, country FROM airports WHERE code = ANY ($1::text[])
 UNION ALL
SELECT code, name, NULL, country FROM airlines WHERE code = ANY ($2::text[]);
