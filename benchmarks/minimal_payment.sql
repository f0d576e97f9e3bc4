-- The least that a payment writes: an effect outside is written down before it begins and after it has ended, so that
-- authorising and capturing are two transactions each.
\set booking random(1, 100000)
BEGIN;
INSERT INTO floor_payments (booking_id, amount, state) VALUES (:booking, 12345, 'created') RETURNING id \gset
INSERT INTO floor_effects (payment_id, step, state) VALUES (:id, 'authorise', 'calling') RETURNING id AS effect \gset
INSERT INTO floor_audit (body) VALUES (repeat('x', 300));
COMMIT;
BEGIN;
UPDATE floor_payments SET state = 'authorised' WHERE id = :id;
UPDATE floor_effects SET state = 'done' WHERE id = :effect;
INSERT INTO floor_outbox (body) VALUES (repeat('x', 400));
INSERT INTO floor_audit (body) VALUES (repeat('x', 300));
COMMIT;
BEGIN;
INSERT INTO floor_effects (payment_id, step, state) VALUES (:id, 'capture', 'calling') RETURNING id AS effect \gset
COMMIT;
BEGIN;
UPDATE floor_payments SET state = 'captured' WHERE id = :id;
UPDATE floor_effects SET state = 'done' WHERE id = :effect;
UPDATE floor_bookings SET state = 'confirmed' WHERE id = :booking;
INSERT INTO floor_ledger (booking_id, debit, credit, amount) VALUES (:booking, 'gateway', 'customers', 12345), (:booking, 'customers', 'supplier', 12345);
INSERT INTO floor_outbox (body) VALUES (repeat('x', 400));
INSERT INTO floor_audit (body) VALUES (repeat('x', 300));
COMMIT;
