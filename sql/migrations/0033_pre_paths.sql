-- Where flights lead at all is kept in memory by those who search (bookingd/storage/networks.py), and they say along
-- which airports to look: only departures are looked for here.

DROP FUNCTION journeys_v2;
DROP TYPE journey_pair_v1, journey_way_v1;
DROP FUNCTION connection_time_v1, searched_days_v1;

-- Who carries passengers on is seen in airlines, flight by flight; routes only say where it is worth looking.
ALTER TABLE routes DROP airlines;

-- How often the network has changed: what is kept in memory under another version is read anew.
CREATE TABLE network_versions (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    version bigint NOT NULL
);
INSERT INTO network_versions (version) VALUES (1);
REVOKE INSERT, UPDATE, DELETE ON network_versions FROM bookingd;

CREATE FUNCTION change_network_v1() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path TO public, pg_temp
AS $$
BEGIN
    UPDATE network_versions SET version = version + 1;
    RETURN NULL;
END
$$;
CREATE TRIGGER network_changes AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON airports
    FOR EACH STATEMENT EXECUTE FUNCTION change_network_v1();
CREATE TRIGGER network_ends AFTER TRUNCATE ON routes
    FOR EACH STATEMENT EXECUTE FUNCTION change_network_v1();

CREATE OR REPLACE FUNCTION add_routes_v1() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path TO public, pg_temp
AS $$
BEGIN
    INSERT INTO routes AS known (origin, carriage, destination, shortest_km)
    SELECT flight.origin, airline.carriage, flight.destination, min(flight.distance_km)
      FROM made AS flight JOIN airlines AS airline ON airline.code = flight.airline
     GROUP BY flight.origin, airline.carriage, flight.destination
     ORDER BY flight.origin, airline.carriage, flight.destination  -- locked in one order, whoever adds what
        ON CONFLICT (origin, carriage, destination) DO UPDATE
       SET shortest_km = excluded.shortest_km
     WHERE known.shortest_km > excluded.shortest_km;
    IF FOUND THEN
        UPDATE network_versions SET version = version + 1;
    END IF;
    RETURN NULL;
END
$$;

-- Airports along which a way is looked for in a search.
CREATE TYPE journey_path_v1 AS (
    number integer,                                     -- of the search
    origin text,
    one_via text,                                       -- null: directly
    two_via text,                                       -- null: with one connection at most
    destination text,
    carriage text,                                      -- of all flights; null: whoever flies directly
    one_change interval,                                -- the least time to change there
    two_change interval,
    most_km double precision,
    first_day date,                                     -- local days at the origin, both included
    last_day date
);

-- A way that was found, direct or with one connection.
CREATE TYPE journey_way_v2 AS (
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

-- The days of a search, each with the instants between which it lies wherever on earth (UTC+14 to UTC-12).
CREATE FUNCTION searched_days_v2(path journey_path_v1)
RETURNS TABLE (day date, begins timestamptz, ends timestamptz)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT one.day, one.midnight - interval '14 hours', one.midnight + interval '36 hours'
      FROM (SELECT path.first_day + shift AS day,
                   (path.first_day + shift)::timestamp AT TIME ZONE 'UTC' AS midnight
              FROM generate_series(0, path.last_day - path.first_day) AS shift) AS one
$$;

-- The ways to go along paths, for several searches at once (a number each).
--
-- Enough seats are left on each way and it leaves after a given instant. At each connection there is time enough to change
-- and no longer a wait than given; all flights with connections are of airlines of the path's carriage, and the way is no
-- longer than the path allows.
--
-- Of each search come, cheapest first by the sum of base fares, `most` direct ways and `most` with one connection. Where these
-- are fewer than `enough` together, ways with two connections are looked for too: `most` of those to which no other way between the
-- same airports is preferable, one that leaves no earlier, arrives no later, has fewer connections and costs no more.
--
-- Every table is reached by an index, so that the cost follows what is found and not what there is; the settings see
-- to it, that one plan is kept (to plan this anew takes longer than to do it), and OFFSET 0, that all columns of a
-- look into an index are used whatever statistics say of so few rows. Flights of a day are asked for by its instants
-- too: whichever index is taken, a day or two of a pair are read, never all of them.
CREATE FUNCTION journeys_v3(
    numbers integer[], origins text[], one_vias text[], two_vias text[], destinations text[], carriages text[],
    one_changes integer[], two_changes integer[], most_kms double precision[], first_days date[], last_days date[],
    wanted_cabin text, seats integer, leaving_after timestamptz, longest_wait interval, wanted_currency text,
    most integer, enough integer)
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
    paths journey_path_v1[];
    found journey_way_v2[];
BEGIN
    paths := ARRAY(
        SELECT ROW(path.number, path.origin, path.one_via, path.two_via, path.destination, path.carriage,
                   make_interval(mins => path.one_change), make_interval(mins => path.two_change),
                   path.most_km, path.first_day, path.last_day)::journey_path_v1
          FROM unnest(numbers, origins, one_vias, two_vias, destinations, carriages, one_changes, two_changes, most_kms,
                      first_days, last_days)
               AS path (number, origin, one_via, two_via, destination, carriage, one_change, two_change, most_km,
                        first_day, last_day));
    found := ARRAY(
        WITH ways AS (
            SELECT path.number, one.id AS first_id, NULL::bigint AS second_id, path.origin, path.destination,
                   one.departs_at, one.arrives_at
              FROM unnest(paths) AS path
             CROSS JOIN searched_days_v2(path) AS searched
             CROSS JOIN LATERAL (
                   SELECT departure.id, departure.departs_at, departure.arrives_at, departure.cancelled
                     FROM departures AS departure
                    WHERE departure.origin = path.origin AND departure.service_date = searched.day
                      AND departure.departs_at BETWEEN searched.begins AND searched.ends
                      AND departure.destination = path.destination
                   OFFSET 0) AS one
             WHERE path.one_via IS NULL AND one.departs_at > leaving_after AND NOT one.cancelled
            UNION ALL
            SELECT path.number, one.id, two.id, path.origin, path.destination, one.departs_at, two.arrives_at
              FROM unnest(paths) AS path
             CROSS JOIN searched_days_v2(path) AS searched
             CROSS JOIN LATERAL (
                   SELECT departure.id, departure.flight_id, departure.airline, departure.departs_at,
                          departure.arrives_at, departure.cancelled
                     FROM departures AS departure
                    WHERE departure.origin = path.origin AND departure.service_date = searched.day
                      AND departure.departs_at BETWEEN searched.begins AND searched.ends
                      AND departure.destination = path.one_via
                   OFFSET 0) AS one
              JOIN airlines AS one_airline ON one_airline.code = one.airline AND one_airline.carriage = path.carriage
             CROSS JOIN LATERAL (
                   SELECT departure.id, departure.flight_id, departure.airline, departure.arrives_at, departure.cancelled
                     FROM departures AS departure
                    WHERE departure.origin = path.one_via AND departure.destination = path.destination
                      AND departure.departs_at >= one.arrives_at + path.one_change
                      AND departure.departs_at <= one.arrives_at + longest_wait
                   OFFSET 0) AS two
              JOIN airlines AS two_airline ON two_airline.code = two.airline AND two_airline.carriage = path.carriage
              JOIN flights AS one_flight ON one_flight.id = one.flight_id
              JOIN flights AS two_flight ON two_flight.id = two.flight_id
             WHERE path.one_via IS NOT NULL AND path.two_via IS NULL
               AND one.departs_at > leaving_after AND NOT one.cancelled AND NOT two.cancelled
               AND one_flight.distance_km + two_flight.distance_km <= path.most_km
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
        SELECT ROW(ranked.*)::journey_way_v2 FROM ranked WHERE ranked.place <= most
    );
    RETURN QUERY
    SELECT way.number, way.first_departure, way.second_departure, NULL::bigint,
           way.origin, way.destination, way.departs_at, way.arrives_at, way.base
      FROM unnest(found) AS way;

    paths := ARRAY(
        SELECT path::journey_path_v1
          FROM unnest(paths) AS path
          LEFT JOIN (SELECT way.number, count(*) AS ways FROM unnest(found) AS way GROUP BY way.number) AS simple
            ON simple.number = path.number
         WHERE path.two_via IS NOT NULL AND coalesce(simple.ways, 0) < enough);
    RETURN QUERY
    WITH ways AS (
        SELECT path.number, one.id AS first_id, two.id AS second_id, three.id AS third_id,
               path.origin, path.destination, one.departs_at, three.arrives_at
          FROM unnest(paths) AS path
         CROSS JOIN searched_days_v2(path) AS searched
         CROSS JOIN LATERAL (
               SELECT departure.id, departure.flight_id, departure.airline, departure.departs_at, departure.arrives_at,
                      departure.cancelled
                 FROM departures AS departure
                WHERE departure.origin = path.origin AND departure.service_date = searched.day
                  AND departure.departs_at BETWEEN searched.begins AND searched.ends
                  AND departure.destination = path.one_via
               OFFSET 0) AS one
          JOIN airlines AS one_airline ON one_airline.code = one.airline AND one_airline.carriage = path.carriage
         CROSS JOIN LATERAL (
               SELECT departure.id, departure.flight_id, departure.airline, departure.arrives_at, departure.cancelled
                 FROM departures AS departure
                WHERE departure.origin = path.one_via AND departure.destination = path.two_via
                  AND departure.departs_at >= one.arrives_at + path.one_change
                  AND departure.departs_at <= one.arrives_at + longest_wait
               OFFSET 0) AS two
          JOIN airlines AS two_airline ON two_airline.code = two.airline AND two_airline.carriage = path.carriage
         CROSS JOIN LATERAL (
               SELECT departure.id, departure.flight_id, departure.airline, departure.arrives_at, departure.cancelled
                 FROM departures AS departure
                WHERE departure.origin = path.two_via AND departure.destination = path.destination
                  AND departure.departs_at >= two.arrives_at + path.two_change
                  AND departure.departs_at <= two.arrives_at + longest_wait
               OFFSET 0) AS three
          JOIN airlines AS three_airline
            ON three_airline.code = three.airline AND three_airline.carriage = path.carriage
          JOIN flights AS one_flight ON one_flight.id = one.flight_id
          JOIN flights AS two_flight ON two_flight.id = two.flight_id
          JOIN flights AS three_flight ON three_flight.id = three.flight_id
         WHERE one.departs_at > leaving_after AND NOT one.cancelled AND NOT two.cancelled AND NOT three.cancelled
           AND one_flight.distance_km + two_flight.distance_km + three_flight.distance_km <= path.most_km
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
