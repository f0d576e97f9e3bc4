-- What people call places, so that they are found by it, and how it is noticed that the places have changed.

-- How many people live in a city, and where its middle is; null: not known, then it is where its busiest airport is.
ALTER TABLE cities
    ADD COLUMN population integer CHECK (population > 0),
    ADD COLUMN latitude double precision CHECK (latitude BETWEEN -90 AND 90),
    ADD COLUMN longitude double precision CHECK (longitude BETWEEN -180 AND 180),
    ADD CONSTRAINT city_is_somewhere CHECK ((latitude IS NULL) = (longitude IS NULL));

-- Further names of a city: in other languages and scripts, former ones, nicknames.
CREATE TABLE place_names (
    city_code text NOT NULL REFERENCES cities,
    name text NOT NULL CHECK (name <> ''),
    language text COLLATE "C" NOT NULL CHECK (language ~ '^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$'),  -- BCP 47: shown to whoever
                                                        -- reads that language; empty: any, found but not shown
    PRIMARY KEY (city_code, language, name)
);
-- A language has one name for a city.
CREATE UNIQUE INDEX place_names_language ON place_names (city_code, language) WHERE language <> '';

-- Counts the changes of airports, cities, their names, airlines and hotels: processes that hold these in memory look at
-- it now and then, and read them again when it has moved. One row, taken by whoever changes a place until the end of
-- the transaction: places change seldom.
CREATE TABLE gazetteer_version (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    version bigint NOT NULL
);
INSERT INTO gazetteer_version (version) VALUES (1);

CREATE FUNCTION count_gazetteer_change_v1() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE gazetteer_version SET version = version + 1;
    RETURN NULL;
END
$$;
CREATE TRIGGER airports_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON airports
    FOR EACH STATEMENT EXECUTE FUNCTION count_gazetteer_change_v1();
CREATE TRIGGER cities_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cities
    FOR EACH STATEMENT EXECUTE FUNCTION count_gazetteer_change_v1();
CREATE TRIGGER place_names_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON place_names
    FOR EACH STATEMENT EXECUTE FUNCTION count_gazetteer_change_v1();
CREATE TRIGGER airlines_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON airlines
    FOR EACH STATEMENT EXECUTE FUNCTION count_gazetteer_change_v1();
CREATE TRIGGER hotels_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON hotels
    FOR EACH STATEMENT EXECUTE FUNCTION count_gazetteer_change_v1();
