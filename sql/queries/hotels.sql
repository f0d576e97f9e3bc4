-- Own hotels: what they are like, what is sold of them, and what is left.

-- name: number_on
-- Give new rows ids behind those that were loaded with theirs.
-- role: owner
SELECT setval(pg_get_serial_sequence('hotels', 'id'), (SELECT coalesce(max(id), 1) FROM hotels)),
       setval(pg_get_serial_sequence('room_types', 'id'), (SELECT coalesce(max(id), 1) FROM room_types)),
       setval(pg_get_serial_sequence('rate_plans', 'id'), (SELECT coalesce(max(id), 1) FROM rate_plans));

-- name: centre
-- Where the place of code $1 is: a city with hotels (its middle, or theirs where that is not known), or an airport, with the
-- code of its city. A code that is both is the city's, unless that has no hotels.
WITH city AS (
    SELECT city.code, coalesce(city.latitude, middle.latitude) AS latitude,
           coalesce(city.longitude, middle.longitude) AS longitude
      FROM cities AS city
     CROSS JOIN LATERAL (
           SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY hotel.latitude) AS latitude,
                  percentile_cont(0.5) WITHIN GROUP (ORDER BY hotel.longitude) AS longitude
             FROM hotels AS hotel WHERE hotel.city_code = city.code AND hotel.on_sale) AS middle
     WHERE city.code = $1 AND middle.latitude IS NOT NULL
)
SELECT false AS is_airport, code AS city_code, latitude, longitude FROM city
 UNION ALL
SELECT true, airport.city_code, airport.latitude, airport.longitude
  FROM airports AS airport WHERE airport.code = $1 AND NOT EXISTS (SELECT FROM city);

-- name: found
-- The hotels of city $1 (null: of none), and those within $4 km of the position ($2, $3) in degrees, in the boxes ($5 to $8:
-- south, west, north, east) around that; the nearest first, $9 at most.
SELECT hotel.id
  FROM (SELECT one.id, one.latitude, one.longitude FROM hotels AS one WHERE one.city_code = $1 AND one.on_sale
         UNION
        SELECT one.id, one.latitude, one.longitude
          FROM unnest($5::float8[], $6::float8[], $7::float8[], $8::float8[]) AS edge (south, west, north, east)
          JOIN hotels AS one
            ON point(one.longitude, one.latitude) <@ box(point(edge.west, edge.south), point(edge.east, edge.north))
         WHERE one.on_sale AND great_circle_km_v1($2, $3, one.latitude, one.longitude) <= $4) AS hotel
 ORDER BY great_circle_km_v1($2, $3, hotel.latitude, hotel.longitude), hotel.id
 LIMIT $9;

-- name: rates
-- What rooms of hotels $1 cost from $2 to the morning of $3, for rooms ($4 a number each, $5 adults) with children ($6 the
-- number of the room, $7 the age), sold at $8 in currency $9. The function is told in its migration.
SELECT hotel_id, room_number, rate_plan_id, room_type_id, rooms_left, release, nights
  FROM stay_rates_v2($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: facts
-- What hotels $1 are like, as offers show it; $2 pictures at most of each, the best one first.
SELECT hotel.id, hotel.name, hotel.kind, hotel.stars, hotel.rating, hotel.reviews, hotel.city_code, city.name AS city,
       city.country, hotel.district, hotel.address, hotel.latitude, hotel.longitude, hotel.zone, hotel.amenities,
       ARRAY (SELECT picture.id FROM pictures AS picture
               WHERE picture.hotel_id = hotel.id AND picture.state = 'ready'
               ORDER BY picture.position, picture.id LIMIT $2) AS pictures
  FROM hotels AS hotel JOIN cities AS city ON city.code = hotel.city_code WHERE hotel.id = ANY ($1::bigint[]);

-- name: page
-- What else is to be told of hotel $1, if it is on sale.
SELECT description, phone, check_in_from, check_in_until, check_out_until, currency
  FROM hotels WHERE id = $1 AND on_sale;

-- name: on_sale
-- Whether there is a hotel $1 that is on sale.
SELECT EXISTS (SELECT FROM hotels WHERE id = $1 AND on_sale);

-- name: age_bands
-- What hotel $1 takes for children, the youngest first.
SELECT age_to, share, fixed, cot FROM hotel_age_bands WHERE hotel_id = $1 ORDER BY age_to;

-- name: rooms_of
-- The room types of hotel $1, in the order in which they were agreed.
SELECT id, name, description, beds, size_m2, adults_max, children_max, occupancy, cots, allotment
  FROM room_types WHERE hotel_id = $1 ORDER BY id;

-- name: plans_of
-- The rate plans of hotel $1.
SELECT id FROM rate_plans WHERE hotel_id = $1 ORDER BY id;

-- name: plans
-- The rate plans $1, each with its deadlines as arrays, the earliest first.
SELECT plan.id, plan.name, plan.board, plan.paid_at, plan.fee_share, plan.fee_nights, deadline.days_before,
       deadline.until, deadline.shares, deadline.nights
  FROM rate_plans AS plan
 CROSS JOIN LATERAL (
       SELECT array_agg(one.days_before) AS days_before, array_agg(one.until) AS until,
              array_agg(one.fee_share) AS shares, array_agg(one.fee_nights) AS nights
         FROM (SELECT * FROM rate_plan_deadlines WHERE rate_plan_id = plan.id
                ORDER BY days_before DESC, until) AS one) AS deadline
 WHERE plan.id = ANY ($1::bigint[]);

-- name: rooms
-- The room types $1.
SELECT id, name, description, beds, size_m2, adults_max, children_max, occupancy, cots, allotment
  FROM room_types WHERE id = ANY ($1::bigint[]);

-- name: charges
-- What hotels $1 take besides, or within their rates, in the order in which it was agreed.
SELECT hotel_id, code, label, per, amount, share, age_from, nights_max, included, paid_at
  FROM hotel_charges WHERE hotel_id = ANY ($1::bigint[]) ORDER BY hotel_id, id;

-- name: stock
-- How many rooms of the types $1 are left from $2 to the morning of $3, on the night that has the fewest.
SELECT kind.id, least(CASE WHEN nights.rows < $3::date - $2::date THEN kind.allotment END, nights.fewest) AS rooms_left
  FROM room_types AS kind
 CROSS JOIN LATERAL (
       SELECT count(*) AS rows, min(night.capacity - night.taken) AS fewest
         FROM room_nights AS night
        WHERE night.room_type_id = kind.id AND night.night >= $2::date AND night.night < $3::date) AS nights
 WHERE kind.id = ANY ($1::bigint[]);

-- name: prolong_rates
-- Sell made-up rooms until night $1: on each night at the price that the night 52 weeks before it had, again and again
-- if it has been longer. How many seasons that makes; they neither overlap nor leave a gap, since the old ones do not.
-- role: owner
WITH demo AS (
    SELECT last_night FROM demo_inventory WHERE last_night < $1::date
), added AS (
    INSERT INTO rates (hotel_id, rate_plan_id, room_type_id, first_night, last_night, nightly, per_adult, weekdays,
                       min_stay, max_stay, release_days)
    SELECT rate.hotel_id, rate.rate_plan_id, rate.room_type_id,
           greatest(rate.first_night, demo.last_night - 363) + 364 * lap,
           least(least(rate.last_night, demo.last_night) + 364 * lap, $1::date),
           rate.nightly, rate.per_adult, rate.weekdays, rate.min_stay, rate.max_stay, rate.release_days
      FROM demo
      CROSS JOIN generate_series(1, ($1::date - demo.last_night + 363) / 364) AS lap
      JOIN rates AS rate ON rate.last_night > demo.last_night - 364 AND rate.first_night <= demo.last_night
     WHERE greatest(rate.first_night, demo.last_night - 363) + 364 * lap <= $1::date
    RETURNING 1
), mark AS (
    UPDATE demo_inventory SET last_night = $1::date FROM demo
)
SELECT count(*) FROM added;
