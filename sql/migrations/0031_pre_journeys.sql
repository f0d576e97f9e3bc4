-- Ways to go with up to two connections, found along the routes that there are.

-- Airlines that carry each other's passengers on under one ticket have the same word here: the alliance, or where there
-- is none the airline's own code.
ALTER TABLE airlines
    ADD CHECK (length(alliance) > 2),                   -- a code has two characters, so no alliance is taken for one
    ADD carriage text NOT NULL GENERATED ALWAYS AS (coalesce(alliance, code)) STORED;

-- Where one can fly at all, so that only such connections are looked for in departures. A few thousand rows, however
-- many days are flown. It is made by the triggers below and only grows: what it says too much costs a look, what it said too
-- little would cost a journey.
CREATE TABLE routes (
    origin text NOT NULL,
    carriage text NOT NULL,                             -- of its airlines
    destination text NOT NULL,
    airlines text[] NOT NULL,                           -- that fly it, or did
    shortest_km integer NOT NULL,                       -- of its flights
    PRIMARY KEY (origin, carriage, destination)
);
REVOKE UPDATE, DELETE ON routes FROM bookingd;

CREATE FUNCTION add_routes_v1() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path TO public, pg_temp
AS $$
BEGIN
    INSERT INTO routes AS known (origin, carriage, destination, airlines, shortest_km)
    SELECT flight.origin, airline.carriage, flight.destination, array_agg(DISTINCT airline.code), min(flight.distance_km)
      FROM made AS flight JOIN airlines AS airline ON airline.code = flight.airline
     GROUP BY flight.origin, airline.carriage, flight.destination
     ORDER BY flight.origin, airline.carriage, flight.destination  -- locked in one order, whoever adds what
        ON CONFLICT (origin, carriage, destination) DO UPDATE
       SET airlines = ARRAY(SELECT DISTINCT unnest(known.airlines || excluded.airlines) ORDER BY 1),
           shortest_km = least(known.shortest_km, excluded.shortest_km)
     WHERE NOT known.airlines @> excluded.airlines OR known.shortest_km > excluded.shortest_km;
    RETURN NULL;
END
$$;
CREATE TRIGGER routes_of_new_flights AFTER INSERT ON flights
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION add_routes_v1();
CREATE TRIGGER routes_of_changed_flights AFTER UPDATE ON flights
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION add_routes_v1();

-- An airline that changes alliances carries others' passengers on: its routes are written under the other word too.
CREATE FUNCTION add_routes_of_allies_v1() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path TO public, pg_temp
AS $$
BEGIN
    UPDATE flights SET airline = airline WHERE airline IN (SELECT code FROM moved);  -- for the trigger above
    RETURN NULL;
END
$$;
CREATE TRIGGER routes_of_allies AFTER UPDATE ON airlines
    REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION add_routes_of_allies_v1();

UPDATE flights SET airline = airline;  -- for the trigger above

-- Least minutes to change planes at an airport in country `here`, coming from one in `before`, going on to one in `after`.
CREATE FUNCTION connection_time_v1(airport airports, before text, after text) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT make_interval(mins =>
        CASE WHEN before = airport.country
             THEN CASE WHEN after = airport.country
                       THEN airport.domestic_to_domestic ELSE airport.domestic_to_international END
             ELSE CASE WHEN after = airport.country
                       THEN airport.international_to_domestic ELSE airport.international_to_international END
        END)
$$;

-- The days of a search, each with the instants between which it lies wherever on earth (UTC+14 to UTC-12).
CREATE FUNCTION searched_days_v1(first_day date, last_day date)
RETURNS TABLE (day date, begins timestamptz, ends timestamptz)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT one.day, one.midnight - interval '14 hours', one.midnight + interval '36 hours'
      FROM (SELECT first_day + shift AS day, (first_day + shift)::timestamp AT TIME ZONE 'UTC' AS midnight
              FROM generate_series(0, last_day - first_day) AS shift) AS one
$$;

-- From where to where one may travel in a search: its days, and how far round a connection may lead.
CREATE TYPE journey_pair_v1 AS (
    number integer,                                     -- of the search
    first_day date,
    last_day date,
    origin text,
    origin_country text,
    destination text,
    destination_country text,
    most_km double precision,
    closed text[]                                       -- cities in which nobody changes planes: those of the search's ends
);

-- A way that was found, direct or with one connection.
CREATE TYPE journey_way_v1 AS (
    number integer,
    first_departure bigint,
    second_departure bigint,
    origin text,
    destination text,
    departs_at timestamptz,
    arrives_at timestamptz,
    base integer,                                       -- sum of the base fares
    place bigint                                        -- among those of its search with as many connections
);

-- The ways to go, for several searches at once. A search has a number, days at the origin, and ends: places with whether
-- the way begins there (else it ends there), and whether the code means all airports of its city too.
--
-- Enough seats are left on each way, it leaves after a given instant, and its connections are one ticket: airlines
-- that carry each other's passengers on, time enough to change (connection_time_v1), no longer a wait and no more of a way
-- round than given, never between two airports, never in a city of the search's ends, nor twice in one city.
--
-- Of each search come, cheapest first by the sum of base fares, `most` direct ways and `most` with one connection. Where these
-- are fewer than `enough` together, ways with two connections are looked for too: `most` of those to which no other way between the
-- same airports is preferable, one that leaves no earlier, arrives no later, has fewer connections and costs no more.
--
-- Every table is reached by an index, so that the cost follows what is found and not what there is; the settings see
-- to it, that one plan is kept (to plan this anew takes longer than to do it), and OFFSET 0, that all columns of a
-- look into an index are used whatever statistics say of so few rows. Flights of a day are asked for by its instants
-- too: whichever index is taken, a day or two of a pair are read, never all of them.
CREATE FUNCTION journeys_v2(
    numbers integer[], first_days date[], last_days date[],
    end_numbers integer[], end_places text[], end_begins boolean[], end_whole boolean[],
    wanted_cabin text, seats integer, leaving_after timestamptz, most_stops integer, longest_wait interval,
    detour_factor double precision, detour_km double precision, wanted_currency text, most integer, enough integer)
RETURNS TABLE (
    search_number integer, first_departure bigint, second_departure bigint, third_departure bigint,
    begins_at text, ends_at text, leaves timestamptz, lands timestamptz, base_fares integer)
LANGUAGE plpgsql STABLE
SET plan_cache_mode TO force_generic_plan
SET enable_seqscan TO off
SET enable_hashjoin TO off
SET enable_mergejoin TO off
SET enable_memoize TO off
SET enable_material TO off
SET join_collapse_limit TO 1  -- joins are made as they are written
SET jit TO off
AS $$
DECLARE
    pairs journey_pair_v1[];
    found journey_way_v1[];
BEGIN
    pairs := ARRAY(
        WITH ends AS MATERIALIZED (
            SELECT DISTINCT ON (wanted.number, wanted.begins, airport.code)
                   wanted.number, wanted.begins, airport.code, airport.city_code, airport.country,
                   airport.latitude, airport.longitude
              FROM unnest(end_numbers, end_places, end_begins, end_whole) AS wanted (number, place, begins, whole)
              JOIN airports AS airport
                ON airport.code = wanted.place OR (wanted.whole AND airport.city_code = wanted.place)
        )
        SELECT ROW(
                   search.number, search.first_day, search.last_day,
                   origin.code, origin.country, destination.code, destination.country,
                   detour_km + detour_factor * great_circle_km_v1(
                       origin.latitude, origin.longitude, destination.latitude, destination.longitude),
                   (SELECT array_agg(DISTINCT one.city_code) FROM ends AS one WHERE one.number = search.number)
               )::journey_pair_v1
          FROM unnest(numbers, first_days, last_days) AS search (number, first_day, last_day)
          JOIN ends AS origin ON origin.number = search.number AND origin.begins
          JOIN ends AS destination ON destination.number = search.number AND NOT destination.begins
         WHERE origin.city_code <> destination.city_code
    );

    found := ARRAY(
        WITH paths AS MATERIALIZED (
            SELECT pair.*, via.code AS via, out.carriage, out.airlines AS out_airlines, onward.airlines AS onward_airlines,
                   connection_time_v1(via, pair.origin_country, pair.destination_country) AS change
              FROM unnest(pairs) AS pair
              JOIN routes AS out ON out.origin = pair.origin
             CROSS JOIN LATERAL (
                   SELECT route.airlines, route.shortest_km FROM routes AS route
                    WHERE route.origin = out.destination AND route.carriage = out.carriage
                      AND route.destination = pair.destination
                   OFFSET 0) AS onward
              JOIN airports AS via ON via.code = out.destination
             WHERE most_stops >= 1 AND out.shortest_km + onward.shortest_km <= pair.most_km
               AND via.city_code <> ALL (pair.closed)
        ), ways AS (
            SELECT pair.number, one.id AS first_id, NULL::bigint AS second_id, pair.origin, pair.destination,
                   one.departs_at, one.arrives_at
              FROM unnest(pairs) AS pair
             CROSS JOIN searched_days_v1(pair.first_day, pair.last_day) AS searched
             CROSS JOIN LATERAL (
                   SELECT departure.id, departure.departs_at, departure.arrives_at, departure.cancelled
                     FROM departures AS departure
                    WHERE departure.origin = pair.origin AND departure.service_date = searched.day
                      AND departure.departs_at BETWEEN searched.begins AND searched.ends
                      AND departure.destination = pair.destination
                   OFFSET 0) AS one
             WHERE one.departs_at > leaving_after AND NOT one.cancelled
            UNION ALL
            SELECT path.number, one.id, two.id, path.origin, path.destination, one.departs_at, two.arrives_at
              FROM paths AS path
             CROSS JOIN searched_days_v1(path.first_day, path.last_day) AS searched
             CROSS JOIN LATERAL (
                   SELECT departure.id, departure.flight_id, departure.departs_at, departure.arrives_at, departure.cancelled
                     FROM departures AS departure
                    WHERE departure.origin = path.origin AND departure.service_date = searched.day
                      AND departure.departs_at BETWEEN searched.begins AND searched.ends
                      AND departure.destination = path.via AND departure.airline = ANY (path.out_airlines)
                   OFFSET 0) AS one
             CROSS JOIN LATERAL (
                   SELECT departure.id, departure.flight_id, departure.airline, departure.arrives_at
                     FROM departures AS departure
                    WHERE departure.origin = path.via AND departure.destination = path.destination
                      AND departure.departs_at >= one.arrives_at + path.change
                      AND departure.departs_at <= one.arrives_at + longest_wait
                      AND departure.airline = ANY (path.onward_airlines) AND NOT departure.cancelled
                   OFFSET 0) AS two
              JOIN flights AS first_flight ON first_flight.id = one.flight_id
              JOIN airlines AS first_airline ON first_airline.code = first_flight.airline
              JOIN flights AS second_flight ON second_flight.id = two.flight_id
              JOIN airlines AS second_airline ON second_airline.code = second_flight.airline
             WHERE one.departs_at > leaving_after AND NOT one.cancelled
               AND first_airline.carriage = second_airline.carriage
               AND first_flight.distance_km + second_flight.distance_km <= path.most_km
        ), open AS (
            SELECT way.number, way.first_id, way.second_id, way.origin, way.destination, way.departs_at, way.arrives_at,
                   first_fare.base + coalesce(second_fare.base, 0) AS base
              FROM ways AS way
              JOIN cabin_stock AS first_stock
                ON first_stock.departure_id = way.first_id AND first_stock.cabin = wanted_cabin
                   AND first_stock.capacity - first_stock.taken >= seats
              JOIN departure_fares AS first_fare
                ON first_fare.departure_id = way.first_id AND first_fare.cabin = wanted_cabin
                   AND first_fare.currency = wanted_currency
              LEFT JOIN cabin_stock AS second_stock
                ON second_stock.departure_id = way.second_id AND second_stock.cabin = wanted_cabin
              LEFT JOIN departure_fares AS second_fare
                ON second_fare.departure_id = way.second_id AND second_fare.cabin = wanted_cabin
             WHERE way.second_id IS NULL
                OR (second_stock.capacity - second_stock.taken >= seats AND second_fare.currency = wanted_currency)
        ), ranked AS (
            SELECT open.*, row_number() OVER (
                       PARTITION BY open.number, open.second_id IS NULL
                       ORDER BY open.base, open.first_id, open.second_id) AS place
              FROM open
        )
        SELECT ROW(ranked.*)::journey_way_v1 FROM ranked WHERE ranked.place <= most
    );
    RETURN QUERY
    SELECT way.number, way.first_departure, way.second_departure, NULL::bigint,
           way.origin, way.destination, way.departs_at, way.arrives_at, way.base
      FROM unnest(found) AS way;

    IF most_stops < 2 THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH sought AS MATERIALIZED (
        SELECT pair.number, pair.first_day, pair.last_day, pair.origin, pair.origin_country, pair.closed,
               array_agg(pair.destination) AS destinations, max(pair.most_km) AS most_km
          FROM unnest(pairs) AS pair
         WHERE (SELECT count(*) FROM unnest(found) AS way WHERE way.number = pair.number) < enough
         GROUP BY pair.number, pair.first_day, pair.last_day, pair.origin, pair.origin_country, pair.closed
    ), paths AS MATERIALIZED (
        SELECT pair.*, one_via.code AS one_via, two_via.code AS two_via,
               one.airlines AS one_airlines, two.airlines AS two_airlines, three.airlines AS three_airlines,
               connection_time_v1(one_via, pair.origin_country, two_via.country) AS one_change,
               connection_time_v1(two_via, one_via.country, pair.destination_country) AS two_change
          FROM sought
          JOIN routes AS one ON one.origin = sought.origin
          JOIN airports AS one_via ON one_via.code = one.destination
         CROSS JOIN LATERAL (
               SELECT route.destination, route.airlines, route.shortest_km FROM routes AS route
                WHERE route.origin = one.destination AND route.carriage = one.carriage
               OFFSET 0) AS two
         CROSS JOIN LATERAL (
               SELECT route.destination, route.airlines, route.shortest_km FROM routes AS route
                WHERE route.origin = two.destination AND route.carriage = one.carriage
                  AND route.destination = ANY (sought.destinations)
               OFFSET 0) AS three
          JOIN airports AS two_via ON two_via.code = two.destination
          JOIN unnest(pairs) AS pair
            ON pair.number = sought.number AND pair.origin = sought.origin AND pair.destination = three.destination
         WHERE one_via.city_code <> ALL (sought.closed)
           AND one.shortest_km + two.shortest_km <= sought.most_km
           AND one.shortest_km + two.shortest_km + three.shortest_km <= pair.most_km
           AND two_via.city_code <> ALL (sought.closed) AND two_via.city_code <> one_via.city_code
    ), ways AS (
        SELECT path.number, one.id AS first_id, two.id AS second_id, three.id AS third_id,
               path.origin, path.destination, one.departs_at, three.arrives_at
          FROM paths AS path
         CROSS JOIN searched_days_v1(path.first_day, path.last_day) AS searched
         CROSS JOIN LATERAL (
               SELECT departure.id, departure.flight_id, departure.departs_at, departure.arrives_at, departure.cancelled
                 FROM departures AS departure
                WHERE departure.origin = path.origin AND departure.service_date = searched.day
                  AND departure.departs_at BETWEEN searched.begins AND searched.ends
                  AND departure.destination = path.one_via AND departure.airline = ANY (path.one_airlines)
               OFFSET 0) AS one
         CROSS JOIN LATERAL (
               SELECT departure.id, departure.flight_id, departure.arrives_at
                 FROM departures AS departure
                WHERE departure.origin = path.one_via AND departure.destination = path.two_via
                  AND departure.departs_at >= one.arrives_at + path.one_change
                  AND departure.departs_at <= one.arrives_at + longest_wait
                  AND departure.airline = ANY (path.two_airlines) AND NOT departure.cancelled
               OFFSET 0) AS two
         CROSS JOIN LATERAL (
               SELECT departure.id, departure.flight_id, departure.arrives_at
                 FROM departures AS departure
                WHERE departure.origin = path.two_via AND departure.destination = path.destination
                  AND departure.departs_at >= two.arrives_at + path.two_change
                  AND departure.departs_at <= two.arrives_at + longest_wait
                  AND departure.airline = ANY (path.three_airlines) AND NOT departure.cancelled
               OFFSET 0) AS three
          JOIN flights AS first_flight ON first_flight.id = one.flight_id
          JOIN airlines AS first_airline ON first_airline.code = first_flight.airline
          JOIN flights AS second_flight ON second_flight.id = two.flight_id
          JOIN airlines AS second_airline ON second_airline.code = second_flight.airline
          JOIN flights AS third_flight ON third_flight.id = three.flight_id
          JOIN airlines AS third_airline ON third_airline.code = third_flight.airline
         WHERE one.departs_at > leaving_after AND NOT one.cancelled
           AND first_airline.carriage = second_airline.carriage AND second_airline.carriage = third_airline.carriage
           AND first_flight.distance_km + second_flight.distance_km + third_flight.distance_km <= path.most_km
    ), open AS (
        SELECT way.*, first_fare.base + second_fare.base + third_fare.base AS base
          FROM ways AS way
          JOIN cabin_stock AS first_stock ON first_stock.departure_id = way.first_id AND first_stock.cabin = wanted_cabin
          JOIN cabin_stock AS second_stock ON second_stock.departure_id = way.second_id AND second_stock.cabin = wanted_cabin
          JOIN cabin_stock AS third_stock ON third_stock.departure_id = way.third_id AND third_stock.cabin = wanted_cabin
          JOIN departure_fares AS first_fare ON first_fare.departure_id = way.first_id AND first_fare.cabin = wanted_cabin
          JOIN departure_fares AS second_fare
            ON second_fare.departure_id = way.second_id AND second_fare.cabin = wanted_cabin
          JOIN departure_fares AS third_fare ON third_fare.departure_id = way.third_id AND third_fare.cabin = wanted_cabin
         WHERE first_stock.capacity - first_stock.taken >= seats
           AND second_stock.capacity - second_stock.taken >= seats
           AND third_stock.capacity - third_stock.taken >= seats
           AND first_fare.currency = wanted_currency AND second_fare.currency = wanted_currency
           AND third_fare.currency = wanted_currency
    ), ranked AS (
        SELECT open.*, row_number() OVER (
                   PARTITION BY open.number ORDER BY open.base, open.first_id, open.second_id, open.third_id) AS place
          FROM open
         WHERE NOT EXISTS (
                   SELECT FROM unnest(found) AS better
                    WHERE better.number = open.number
                      AND better.origin = open.origin AND better.destination = open.destination
                      AND better.departs_at >= open.departs_at AND better.arrives_at <= open.arrives_at
                      AND better.base <= open.base)
    )
    SELECT ranked.number, ranked.first_id, ranked.second_id, ranked.third_id,
           ranked.origin, ranked.destination, ranked.departs_at, ranked.arrives_at, ranked.base
      FROM ranked WHERE ranked.place <= most;
END
$$;

DROP FUNCTION journeys_v1;
ALTER TABLE airports DROP domestic_connection, DROP international_connection;
