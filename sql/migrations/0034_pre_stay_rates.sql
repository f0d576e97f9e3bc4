-- Rooms of hotels are found by reading no more than the nights that are asked for, also where a hotel has a price of its own
-- for every night and plan.

-- The nights of a room and plan lie together.
ALTER TABLE rate_days
    DROP CONSTRAINT rate_days_pkey,
    ADD PRIMARY KEY (hotel_id, rate_plan_id, room_type_id, night);

DROP FUNCTION stay_rates_v1(bigint[], date, date, integer[], integer[], integer[], integer[], timestamptz, text);

-- For hotels, and rooms with their guests (numbers and adults, one by one; the children's ages with the number of the
-- room that each of them sleeps in): every room type and rate plan under which such a room can be booked at an instant,
-- for the nights from `arrival` until the morning of `departure`.
--
-- A room fits when the hotel's age bands leave no more adults than its adults_max, no more children in beds than its
-- children_max, and no more of both than its occupancy; as many children of bands with cots sleep in those as the room has.
-- A rate holds when a season has each of the nights, none of them is closed, the price names so many adults, the night of
-- arrival is not closed to arrival nor the day of leaving closed to departure, the stay is neither shorter nor longer than
-- the night of arrival allows, and in the hotel's zone it is not later than its release days before arrival.
--
-- nights: what each night costs us, in parts of a minor unit of which there are 10000 * 10000, so that nothing is rounded.
-- rooms_left: of the night that has the fewest; at least one. release: the release days that hold.
--
-- Every table is reached by an index, hotel by hotel, so that the cost follows the hotels and nights that are asked for; the
-- settings see to it, and that one plan is kept. OFFSET 0 keeps the planner from reading a whole table first.
CREATE FUNCTION stay_rates_v2(
    hotel_ids bigint[], arrival date, departure date, numbers integer[], adults integer[],
    child_numbers integer[], child_ages integer[], sold_at timestamptz, wanted_currency text)
RETURNS TABLE (
    hotel_id bigint, room_number integer, rate_plan_id bigint, room_type_id bigint, rooms_left integer,
    release integer, nights bigint[])
LANGUAGE plpgsql STABLE
SET plan_cache_mode TO force_generic_plan
SET enable_seqscan TO off
SET enable_hashjoin TO off
SET enable_mergejoin TO off
AS $$
DECLARE
    length constant integer := departure - arrival;
BEGIN
    RETURN QUERY
    SELECT hotel.id, wanted.number, plan.id, kind.id, kind.rooms_left, rate.release, rate.nights
      FROM unnest(hotel_ids) AS asked (id)
     CROSS JOIN LATERAL (
           SELECT one.id, one.zone
             FROM hotels AS one WHERE one.id = asked.id AND one.on_sale AND one.currency = wanted_currency
           OFFSET 0) AS hotel
     CROSS JOIN LATERAL (SELECT arrival - (sold_at AT TIME ZONE hotel.zone)::date AS days_ahead) AS sale
     CROSS JOIN unnest(numbers, adults) AS wanted (number, adults)
     CROSS JOIN LATERAL (
           SELECT (wanted.adults + count(child.age) FILTER (WHERE band.age_to IS NULL))::integer AS adults,
                  count(band.age_to) AS children,
                  count(band.age_to) FILTER (WHERE band.cot) AS babies,
                  coalesce(sum(band.share), 0) AS shares,
                  coalesce(sum(band.fixed), 0) AS fixed
             FROM unnest(child_numbers, child_ages) AS child (number, age)
             LEFT JOIN LATERAL (
                   SELECT one.age_to, one.share, one.fixed, one.cot
                     FROM hotel_age_bands AS one
                    WHERE one.hotel_id = hotel.id AND one.age_to >= child.age
                    ORDER BY one.age_to LIMIT 1) AS band ON true
            WHERE child.number = wanted.number) AS guests
     CROSS JOIN LATERAL (
           SELECT type.id, stock.rooms_left
             FROM room_types AS type
            CROSS JOIN LATERAL (
                  SELECT least(CASE WHEN count(*) < length THEN type.allotment END, min(night.capacity - night.taken))
                         AS rooms_left
                    FROM room_nights AS night
                   WHERE night.room_type_id = type.id AND night.night >= arrival AND night.night < departure) AS stock
            WHERE type.hotel_id = hotel.id AND type.adults_max >= guests.adults
              AND type.children_max >= guests.children - least(guests.babies, type.cots)
              AND type.occupancy >= guests.adults + guests.children - least(guests.babies, type.cots)
              AND stock.rooms_left >= 1
           OFFSET 0) AS kind
     CROSS JOIN LATERAL (SELECT one.id FROM rate_plans AS one WHERE one.hotel_id = hotel.id OFFSET 0) AS plan
     CROSS JOIN LATERAL (
           SELECT count(*) AS nights_sold,
                  bool_and(guests.adults <= cardinality(coalesce(day.nightly, season.nightly))) AS priced,
                  min(coalesce(day.min_stay, season.min_stay)) FILTER (WHERE number = 0) AS min_stay,
                  min(coalesce(day.max_stay, season.max_stay)) FILTER (WHERE number = 0) AS max_stay,
                  min(coalesce(day.release_days, season.release_days)) FILTER (WHERE number = 0)::integer AS release,
                  array_agg(
                      CASE WHEN day.nightly IS NULL
                           THEN (season.nightly[guests.adults]::bigint * 10000 + season.per_adult * guests.shares)
                                * season.weekdays[extract(isodow FROM arrival + number)::integer]
                           ELSE (day.nightly[guests.adults]::bigint * 10000 + day.per_adult * guests.shares) * 10000
                      END + guests.fixed * 100000000
                      ORDER BY number) AS nights
             FROM generate_series(0, length - 1) AS number
            CROSS JOIN LATERAL (
                  SELECT one.*
                    FROM rates AS one
                   WHERE one.hotel_id = hotel.id AND one.rate_plan_id = plan.id AND one.room_type_id = kind.id
                     AND one.last_night >= arrival + number AND one.first_night <= arrival + number
                   ORDER BY one.last_night LIMIT 1) AS season
             LEFT JOIN LATERAL (
                  SELECT one.*
                    FROM rate_days AS one
                   WHERE one.hotel_id = hotel.id AND one.rate_plan_id = plan.id AND one.room_type_id = kind.id
                     AND one.night = arrival + number
                  OFFSET 0) AS day ON true
            WHERE day.closed IS NOT TRUE AND (number > 0 OR day.closed_to_arrival IS NOT TRUE)) AS rate
     WHERE rate.nights_sold = length AND rate.priced
       AND length BETWEEN rate.min_stay AND rate.max_stay
       AND sale.days_ahead >= rate.release
       AND NOT EXISTS (
           SELECT FROM rate_days AS leaving
            WHERE leaving.hotel_id = hotel.id AND leaving.night = departure AND leaving.rate_plan_id = plan.id
              AND leaving.room_type_id = kind.id AND leaving.closed_to_departure
           OFFSET 0)
     ORDER BY hotel.id, wanted.number, plan.id, kind.id;
END
$$;
