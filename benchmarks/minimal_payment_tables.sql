-- The least that a payment must leave behind from its beginning to its capture, and nothing of how we do it.
CREATE TABLE floor_bookings (id bigserial PRIMARY KEY, state text, total bigint);
INSERT INTO floor_bookings (state, total) SELECT 'held', 12345 FROM generate_series(1, 100000);
CREATE TABLE floor_payments (id bigserial PRIMARY KEY, booking_id bigint NOT NULL, amount bigint, state text);
CREATE TABLE floor_effects (id bigserial PRIMARY KEY, payment_id bigint NOT NULL, step text, state text);
CREATE TABLE floor_ledger (id bigserial PRIMARY KEY, booking_id bigint NOT NULL, debit text, credit text, amount bigint);
CREATE TABLE floor_outbox (id bigserial PRIMARY KEY, body text NOT NULL);
CREATE TABLE floor_audit (id bigserial PRIMARY KEY, body text NOT NULL);
ANALYZE;
