-- How airports, cities and airlines are called.

-- name: known
-- Those of the codes $1 that are an airport or a city, with the city, the zone and the position that they are
-- in, and the airports that the code means. A code that is both has the airport's name, and means all of them.
SELECT place.code, place.name, place.city_code, place.zone, place.latitude, place.longitude,
       ARRAY(SELECT airport.code FROM airports AS airport
              WHERE airport.code = place.code OR airport.city_code = place.code
              ORDER BY airport.traffic_rank NULLS LAST, airport.code) AS airports
  FROM (SELECT code, name, city_code, zone, latitude, longitude FROM airports WHERE code = ANY ($1::text[])
         UNION ALL
        SELECT cities.code, cities.name, cities.code, first.zone, first.latitude, first.longitude
          FROM cities
         CROSS JOIN LATERAL (SELECT zone, latitude, longitude FROM airports WHERE city_code = cities.code
                              ORDER BY traffic_rank NULLS LAST, code LIMIT 1) AS first
         WHERE cities.code = ANY ($1::text[])
               AND NOT EXISTS (SELECT FROM airports WHERE code = cities.code)) AS place;

-- name: names
-- The airports $1 and the airlines $2; an airline has no city.
SELECT code, name, city, country FROM airports WHERE code = ANY ($1::text[])
 UNION ALL
SELECT code, name, NULL, country FROM airlines WHERE code = ANY ($2::text[]);

-- name: nearby
-- The airports within $2 km of the airport or city $1 that are not in it, the nearest first, $3 at most, with how
-- far they are from its nearest airport. Only such that have traffic: ranked, or with departures of ours from day
-- $4 on. The latitude comes first: a degree of it is 111.19 km everywhere, so that few distances are computed.
SELECT airport.code, min(great_circle_km_v1(here.latitude, here.longitude, airport.latitude, airport.longitude)) AS km
  FROM airports AS here
  JOIN airports AS airport
    ON airport.latitude BETWEEN here.latitude - $2::double precision / 111.0
                            AND here.latitude + $2::double precision / 111.0
       AND great_circle_km_v1(here.latitude, here.longitude, airport.latitude, airport.longitude)
           <= $2::double precision
 WHERE (here.code = $1 OR here.city_code = $1) AND airport.code <> $1 AND airport.city_code <> $1
   AND (airport.traffic_rank IS NOT NULL
        OR EXISTS (SELECT FROM departures WHERE origin = airport.code AND service_date >= $4))
 GROUP BY airport.code
 ORDER BY km, airport.code LIMIT $3;

-- name: endpoints
-- Of the airports $1 the city and the country, as price rules look at them.
SELECT code, city_code, country FROM airports WHERE code = ANY ($1::text[]);
