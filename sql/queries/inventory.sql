-- Own inventory: where one can fly, what there is to sell, and the made-up world of `bookingd seed`.

-- name: known_places
-- Which of the codes $1 are an airport or a city.
SELECT code FROM airports WHERE code = ANY ($1::text[])
 UNION
SELECT code FROM cities WHERE code = ANY ($1::text[]);

-- name: journeys
-- Every way to go, direct or with one connection, for searches ($1 a number each, from $2 to $3 airports or
-- cities, on local day $4), in cabin $5 with $6 seats, leaving after $7, with at most $8 stops. Connections
-- wait for $9 at most and fly no more than $10 (factor) and $11 (km) beyond the great circle; they are on
-- one ticket: one airline or one alliance. Fares are in currency $12. The cheapest $13 of each search, by
-- the sum of their bases. A code that is an airport and a city means the city.
WITH searched AS (
    SELECT search.number, search.day, origin.code AS origin, origin.country AS origin_country,
           origin.city_code AS origin_city, destination.code AS destination,
           destination.country AS destination_country, destination.city_code AS destination_city,
           great_circle_km_v1(origin.latitude, origin.longitude, destination.latitude, destination.longitude)
               AS distance_km
      FROM unnest($1::integer[], $2::text[], $3::text[], $4::date[]) AS search (number, origin, destination, day)
      JOIN airports AS origin ON origin.code = search.origin OR origin.city_code = search.origin
      JOIN airports AS destination
        ON destination.code = search.destination OR destination.city_code = search.destination
     WHERE origin.city_code <> destination.city_code
), ways AS (
    SELECT searched.number, one.id AS first_id, NULL::bigint AS second_id
      FROM searched
      JOIN departures AS one
        ON one.origin = searched.origin AND one.service_date = searched.day
           AND one.destination = searched.destination
     WHERE one.departs_at > $7 AND NOT one.cancelled
    UNION ALL
    SELECT searched.number, one.id, two.id
      FROM searched
      JOIN departures AS one ON one.origin = searched.origin AND one.service_date = searched.day
      JOIN airports AS via ON via.code = one.destination
      JOIN departures AS two
        ON two.origin = one.destination AND two.destination = searched.destination
           AND two.departs_at >= one.arrives_at + make_interval(mins =>
                   CASE WHEN via.country = searched.origin_country AND via.country = searched.destination_country
                        THEN via.domestic_connection ELSE via.international_connection END)
           AND two.departs_at <= one.arrives_at + $9::interval
      JOIN flights AS first_flight ON first_flight.id = one.flight_id
      JOIN flights AS second_flight ON second_flight.id = two.flight_id
      JOIN airlines AS first_airline ON first_airline.code = one.airline
      JOIN airlines AS second_airline ON second_airline.code = two.airline
     WHERE $8::integer >= 1 AND one.departs_at > $7 AND NOT one.cancelled AND NOT two.cancelled
       AND via.city_code <> searched.origin_city AND via.city_code <> searched.destination_city
       AND (first_airline.code = second_airline.code OR first_airline.alliance = second_airline.alliance)
       AND first_flight.distance_km + second_flight.distance_km
           <= $10::double precision * searched.distance_km + $11::double precision
), open AS (
    SELECT ways.number, ways.first_id, ways.second_id,
           first_fare.base + coalesce(second_fare.base, 0) AS base,
           row_number() OVER (
               PARTITION BY ways.number
               ORDER BY first_fare.base + coalesce(second_fare.base, 0), ways.first_id, ways.second_id) AS place
      FROM ways
      JOIN cabin_stock AS first_stock
        ON first_stock.departure_id = ways.first_id AND first_stock.cabin = $5
           AND first_stock.capacity - first_stock.taken >= $6::integer
      JOIN departure_fares AS first_fare
        ON first_fare.departure_id = ways.first_id AND first_fare.cabin = $5 AND first_fare.currency = $12
      LEFT JOIN cabin_stock AS second_stock
        ON second_stock.departure_id = ways.second_id AND second_stock.cabin = $5
      LEFT JOIN departure_fares AS second_fare
        ON second_fare.departure_id = ways.second_id AND second_fare.cabin = $5
     WHERE ways.second_id IS NULL
        OR (second_stock.capacity - second_stock.taken >= $6::integer AND second_fare.currency = $12)
)
SELECT number, first_id, second_id FROM open WHERE place <= $13::integer ORDER BY number, place;

-- name: legs
-- What departures $1 are like in cabins $2 (one by one), with seats left and base fare, as they are now.
SELECT departure.id, stock.cabin, departure.airline, flight.number, departure.origin, departure.destination,
       departure.departs_at, departure.arrives_at, departure.cancelled, flight.aircraft,
       origin.zone AS origin_zone, origin.city_code AS origin_city, origin.country AS origin_country,
       destination.zone AS destination_zone, destination.city_code AS destination_city,
       destination.country AS destination_country,
       stock.capacity - stock.taken AS seats_left, fare.base, fare.currency
  FROM unnest($1::bigint[], $2::text[]) AS key (departure_id, cabin)
  JOIN departures AS departure ON departure.id = key.departure_id
  JOIN flights AS flight ON flight.id = departure.flight_id
  JOIN airports AS origin ON origin.code = departure.origin
  JOIN airports AS destination ON destination.code = departure.destination
  JOIN cabin_stock AS stock ON stock.departure_id = key.departure_id AND stock.cabin = key.cabin
  JOIN departure_fares AS fare ON fare.departure_id = key.departure_id AND fare.cabin = key.cabin;

-- name: tariffs
-- The fare families of airlines $1 in cabins $2 with fees in currency $3, each with the airline's passenger
-- factors beside it.
SELECT family.airline, family.cabin, family.rank, family.name, family.factor, family.carry_on_bags,
       family.checked_bags, family.change_fee, family.cancel_fee, family.minors_alone,
       (SELECT factor FROM passenger_factors WHERE airline = family.airline AND passenger = 'adult') AS adult,
       (SELECT factor FROM passenger_factors WHERE airline = family.airline AND passenger = 'child') AS child,
       (SELECT factor FROM passenger_factors WHERE airline = family.airline AND passenger = 'infant') AS infant
  FROM fare_families AS family
 WHERE family.airline = ANY ($1::text[]) AND family.cabin = ANY ($2::text[]) AND family.currency = $3
 ORDER BY family.airline, family.cabin, family.rank;

-- name: taxes
-- What leaving from airports $1 costs, in currency $2.
SELECT airport, code, label, adult, child, infant
  FROM airport_taxes WHERE airport = ANY ($1::text[]) AND currency = $2 ORDER BY airport, code;

-- name: demo
-- What the made-up inventory is, if there is one.
SELECT seed, first_day, last_day, departures, seeded_at FROM demo_inventory;

-- name: mark_demo
-- Remember that the inventory is made up: seed $1, days $2 to $3, $4 departures, made at $5.
INSERT INTO demo_inventory (seed, first_day, last_day, departures, seeded_at) VALUES ($1, $2, $3, $4, $5);

-- name: anything
-- Whether there is any inventory, made up or not.
SELECT EXISTS (SELECT FROM airports) OR EXISTS (SELECT FROM airlines) OR EXISTS (SELECT FROM departures);

-- name: lock_claims
-- Keep sales out until the end of the transaction; reading goes on.
-- role: owner
LOCK TABLE stock_claims IN EXCLUSIVE MODE;

-- name: claimed
-- What stands on the inventory: how many items have seats, and the first departure of which they do.
SELECT count(DISTINCT claim.item_id) AS items, min(departure.departs_at) AS departs_at,
       min(flight.airline || ' ' || flight.number) AS flight
  FROM stock_claims AS claim
  LEFT JOIN departures AS departure ON departure.id = claim.departure_id
  LEFT JOIN flights AS flight ON flight.id = departure.flight_id
 WHERE claim.state <> 'released';

-- name: remove
-- Empty the inventory and everything that was made of it.
-- role: owner
TRUNCATE demo_inventory, offer_sets, stock_claims, departure_fares, cabin_stock, departures, flights,
         fare_families, passenger_factors, airport_taxes, airlines, airports, cities;

-- name: number_on
-- Give new flights and departures ids behind those that were loaded with theirs.
-- role: owner
SELECT setval(pg_get_serial_sequence('flights', 'id'), (SELECT coalesce(max(id), 1) FROM flights)),
       setval(pg_get_serial_sequence('departures', 'id'), (SELECT coalesce(max(id), 1) FROM departures));
