-- Own inventory: where one can fly, what there is to sell, and the made-up world of `bookingd seed`.

-- name: journeys
-- The ways to go along paths, whose columns are texts of lines, empty where nothing is: each path is of a search ($1 a
-- number), from $2 over $3 and $4 to $5 with airlines of carriage $6, with $7 and $8 minutes to change and at most $9 km, leaving
-- on days $10 to $11; in cabin $12 with $13 seats, leaving after $14, with waits of $15 at most, fares in currency $16; $17 of
-- each number of connections at most, two of them only where there are fewer than $18 other ways of the search. The
-- function is told in its migration.
SELECT search_number, first_departure, second_departure, third_departure, begins_at AS origin, ends_at AS destination,
       leaves AS departs_at, lands AS arrives_at, base_fares AS base
  FROM journeys_v3(
           string_to_array($1, E'\n')::integer[], string_to_array($2, E'\n'), string_to_array($3, E'\n', ''),
           string_to_array($4, E'\n', ''), string_to_array($5, E'\n'), string_to_array($6, E'\n', ''),
           string_to_array($7, E'\n', '')::integer[], string_to_array($8, E'\n', '')::integer[],
           string_to_array($9, E'\n')::double precision[], string_to_array($10, E'\n')::date[],
           string_to_array($11, E'\n')::date[], $12, $13, $14, $15, $16, $17, $18);

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
       of_airline.adult, of_airline.child, of_airline.infant
  FROM fare_families AS family
  LEFT JOIN (SELECT airline,
                    max(factor) FILTER (WHERE passenger = 'adult') AS adult,
                    max(factor) FILTER (WHERE passenger = 'child') AS child,
                    max(factor) FILTER (WHERE passenger = 'infant') AS infant
               FROM passenger_factors
              WHERE airline = ANY ($1::text[])
              GROUP BY airline) AS of_airline ON of_airline.airline = family.airline
 WHERE family.airline = ANY ($1::text[]) AND family.cabin = ANY ($2::text[]) AND family.currency = $3
 ORDER BY family.airline, family.cabin, family.rank;

-- name: taxes
-- What leaving from airports $1 costs, in currency $2.
SELECT airport, code, label, adult, child, infant
  FROM airport_taxes WHERE airport = ANY ($1::text[]) AND currency = $2 ORDER BY airport, code;

-- name: demo
-- What the made-up inventory is, if there is one.
SELECT seed, first_day, last_day, departures, hotels, last_night, seeded_at FROM demo_inventory;

-- name: mark_demo
-- Remember that the inventory is made up: seed $1, days $2 to $3, $4 departures, made at $5.
INSERT INTO demo_inventory (seed, first_day, last_day, departures, seeded_at) VALUES ($1, $2, $3, $4, $5);

-- name: mark_demo_hotels
-- Remember that $1 hotels are made up too, on sale until night $2.
UPDATE demo_inventory SET hotels = $1, last_night = $2;

-- name: anything
-- Whether there is any inventory, made up or not.
SELECT EXISTS (SELECT FROM airports) OR EXISTS (SELECT FROM airlines) OR EXISTS (SELECT FROM departures)
       OR EXISTS (SELECT FROM hotels);

-- name: lock
-- Let only one at a time fill the inventory.
-- role: owner
LOCK TABLE demo_inventory IN EXCLUSIVE MODE;

-- name: lock_claims
-- Keep sales out until the end of the transaction; reading goes on.
-- role: owner
LOCK TABLE stock_claims, room_nights IN EXCLUSIVE MODE;

-- name: claimed
-- What stands on the inventory: how many items have seats, and the first departure of which they do.
SELECT count(DISTINCT claim.item_id) AS items, min(departure.departs_at) AS departs_at,
       min(flight.airline || ' ' || flight.number) AS flight
  FROM stock_claims AS claim
  LEFT JOIN departures AS departure ON departure.id = claim.departure_id
  LEFT JOIN flights AS flight ON flight.id = departure.flight_id
 WHERE claim.state <> 'released';

-- name: rooms_taken
-- On how many nights rooms are held or booked, and the first of them.
SELECT count(*) AS nights, min(night) AS night FROM room_nights WHERE taken > 0;

-- name: remove_pictures
-- Drop the pictures of our own hotels; suppliers' stay.
-- role: owner
DELETE FROM pictures WHERE hotel_id IS NOT NULL;

-- name: remove
-- Empty the inventory and everything that was made of it.
-- role: owner
TRUNCATE demo_inventory, offer_sets, stock_claims, departure_fares, cabin_stock, departures, flights, routes,
         fare_families, passenger_factors, airport_taxes, airlines, airports, place_names, cities,
         room_nights, hotel_charges, rate_days, rates, rate_plan_deadlines, rate_plans, room_types, hotel_age_bands,
         hotels, amenities;

-- name: number_on
-- Give new flights and departures ids behind those that were loaded with theirs.
-- role: owner
SELECT setval(pg_get_serial_sequence('flights', 'id'), (SELECT coalesce(max(id), 1) FROM flights)),
       setval(pg_get_serial_sequence('departures', 'id'), (SELECT coalesce(max(id), 1) FROM departures));

-- name: schedule
-- The flights of the schedule: when they leave by the wall clock, and where that clock hangs.
SELECT flight.id, flight.departs_local, place.zone
  FROM flights AS flight JOIN airports AS place ON place.code = flight.origin ORDER BY flight.id;

-- name: prolong
-- Fly the made-up schedule on more days: flights $1 on days $2 leaving at $3, the last day is $4; with the seats
-- and fares of each flight's last day so far. How many departures that makes.
-- role: owner
WITH model AS (
    SELECT DISTINCT ON (flight_id) id, flight_id FROM departures ORDER BY flight_id, service_date DESC
), added AS (
    INSERT INTO departures (flight_id, airline, origin, destination, service_date, departs_at, arrives_at)
    SELECT flight.id, flight.airline, flight.origin, flight.destination, one.day, one.leaves,
           one.leaves + flight.block_minutes * interval '1 minute'
      FROM unnest($1::bigint[], $2::date[], $3::timestamptz[]) AS one (flight_id, day, leaves)
      JOIN flights AS flight ON flight.id = one.flight_id
    RETURNING id, flight_id
), seats AS (
    INSERT INTO cabin_stock (departure_id, cabin, capacity)
    SELECT added.id, stock.cabin, stock.capacity
      FROM added JOIN model USING (flight_id) JOIN cabin_stock AS stock ON stock.departure_id = model.id
), fares AS (
    INSERT INTO departure_fares (departure_id, cabin, base, currency)
    SELECT added.id, fare.cabin, fare.base, fare.currency
      FROM added JOIN model USING (flight_id) JOIN departure_fares AS fare ON fare.departure_id = model.id
), schedule AS (
    UPDATE flights SET valid_until = $4
), mark AS (
    UPDATE demo_inventory SET last_day = $4, departures = departures + (SELECT count(*) FROM added)
)
SELECT count(*) FROM added;
