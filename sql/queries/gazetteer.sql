-- The places that can be found by what somebody types: all of them at once, to be kept in memory.

-- name: version
-- It moves whenever a place changes.
SELECT version FROM gazetteer_version;

-- name: airports
-- Every airport.
SELECT code, icao, name, city_code, latitude, longitude, traffic_rank FROM airports ORDER BY code;

-- name: cities
-- Every city with its other names, and those of them that belong to a language with its tag beside (empty: none).
SELECT city.code, city.name, city.country, city.population, city.latitude, city.longitude,
       coalesce(other.names, '{}') AS names, coalesce(other.languages, '{}') AS languages
  FROM cities AS city
  LEFT JOIN (SELECT city_code, array_agg(name ORDER BY language, name) AS names,
                    array_agg(language ORDER BY language, name) AS languages
               FROM place_names GROUP BY city_code) AS other ON other.city_code = city.code
 ORDER BY city.code;

-- name: hotels
-- Every hotel that is sold.
SELECT hotel.id, hotel.name, hotel.city_code, city.country, hotel.latitude, hotel.longitude, hotel.reviews
  FROM hotels AS hotel JOIN cities AS city ON city.code = hotel.city_code
 WHERE hotel.on_sale ORDER BY hotel.id;

-- name: airlines
-- Every airline.
SELECT code, name, country, alliance FROM airlines ORDER BY code;
