-- Own hotels: what they are like, what is sold of them, and what is left.

-- name: number_on
-- Give new rows ids behind those that were loaded with theirs.
-- role: owner
SELECT setval(pg_get_serial_sequence('hotels', 'id'), (SELECT coalesce(max(id), 1) FROM hotels)),
       setval(pg_get_serial_sequence('room_types', 'id'), (SELECT coalesce(max(id), 1) FROM room_types)),
       setval(pg_get_serial_sequence('rate_plans', 'id'), (SELECT coalesce(max(id), 1) FROM rate_plans));
