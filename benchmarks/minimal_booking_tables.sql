-- The least that a booking must leave behind, and nothing of how we do it: the floor under every design.
CREATE TABLE floor_stock (id integer PRIMARY KEY, capacity integer NOT NULL, taken integer NOT NULL);
INSERT INTO floor_stock SELECT n, 1000000000, 0 FROM generate_series(1, 10000) AS n;
CREATE TABLE floor_bookings (id bigserial PRIMARY KEY, reference text NOT NULL UNIQUE, state text, total bigint);
CREATE TABLE floor_items (id bigserial PRIMARY KEY, booking_id bigint NOT NULL, departure_id integer, seats integer);
CREATE TABLE floor_payments (id bigserial PRIMARY KEY, booking_id bigint NOT NULL, amount bigint, state text);
CREATE TABLE floor_outbox (id bigserial PRIMARY KEY, body text NOT NULL);
CREATE TABLE floor_audit (id bigserial PRIMARY KEY, body text NOT NULL);
ANALYZE;
