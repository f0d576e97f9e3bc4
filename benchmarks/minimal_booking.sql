-- The least that a booking writes, in one transaction of single statements, as a client would send them.
\set seat random(1, 10000)
BEGIN;
UPDATE floor_stock SET taken = taken + 1 WHERE id = :seat AND taken < capacity;
INSERT INTO floor_bookings (reference, state, total) VALUES (md5(random()::text), 'confirmed', 12345) RETURNING id \gset
INSERT INTO floor_items (booking_id, departure_id, seats) VALUES (:id, :seat, 3);
INSERT INTO floor_payments (booking_id, amount, state) VALUES (:id, 12345, 'captured');
INSERT INTO floor_outbox (body) VALUES (repeat('x', 400)), (repeat('x', 400));
INSERT INTO floor_audit (body) VALUES (repeat('x', 300));
COMMIT;
