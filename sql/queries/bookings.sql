-- Bookings.

-- name: insert
-- Bookings ($1 ids, $2 references, $3 owners, $4 states, $5 currencies, $6 totals, $7 lifecycles) at $8; a
-- reference that is taken is left out of the answer, which holds the ids inserted.
INSERT INTO bookings (id, reference, owner, state, sequence, currency, total, lifecycle, created_at, changed_at)
SELECT b.id, b.reference, b.owner, b.state, 0, b.currency, b.total, b.lifecycle::json, $8, $8
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[])
       AS b (id, reference, owner, state, currency, total, lifecycle)
ON CONFLICT (reference) DO NOTHING
RETURNING id;

-- name: insert_people
-- Contacts ($1 bookings, $2 e-mails, $3 phones, $4 locales) and passengers ($5 bookings, $6 numbers,
-- $7 types, $8 given names, $9 surnames, $10 birth dates, $11 the last days of their trips); $12 are the keys of the
-- contacts' addresses.
WITH contacts AS (
    INSERT INTO booking_contacts (booking_id, email, phone, locale, address_key)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $12::text[])
)
INSERT INTO booking_passengers (booking_id, number, type, given_name, surname, born, travels_until)
SELECT * FROM unnest($5::uuid[], $6::integer[], $7::text[], $8::text[], $9::text[], $10::date[], $11::date[]);

-- name: lock
-- The bookings $1, locked in the order of their ids. NO KEY: what refers to a booking (a payment is recorded) takes
-- a share of its key in no order at all, and must neither wait for a decision nor make a circle with one.
SELECT id, lifecycle FROM bookings WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE;

-- name: save
-- Bookings ($1 ids, $2 states, $3 sequences, $4 hold deadlines, $5 totals, $6 lifecycles) as they are at $7,
-- with the events that brought them there ($8 bookings, $9 sequences, $10 names, $11 states, $12 details).
WITH moved AS (
    UPDATE bookings AS b
       SET state = n.state, sequence = n.sequence, hold_until = n.hold_until, total = n.total,
           lifecycle = n.lifecycle::json, changed_at = $7
      FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::timestamptz[], $5::bigint[], $6::text[])
           AS n (id, state, sequence, hold_until, total, lifecycle)
     WHERE b.id = n.id AND b.id = ANY ($1::uuid[])
)
INSERT INTO booking_events (booking_id, sequence, at, name, state, details)
SELECT e.booking_id, e.sequence, $7, e.name, e.state, e.details::json
  FROM unnest($8::uuid[], $9::integer[], $10::text[], $11::text[], $12::text[])
       AS e (booking_id, sequence, name, state, details);

-- name: by_references
-- Those of the bookings with references $1 that exist, and whom to tell.
SELECT b.reference, b.lifecycle, b.created_at, b.changed_at, c.email, c.phone, c.locale
  FROM bookings AS b
  LEFT JOIN booking_contacts AS c ON c.booking_id = b.id
 WHERE b.reference = ANY ($1::text[]);

-- name: by_ids
-- Those of the bookings $1 that exist, and whom to tell. Contacts are looked for by the same list: while statistics are
-- young, a mere join reads all of them.
SELECT b.id, b.lifecycle, b.created_at, b.changed_at, c.email, c.phone, c.locale
  FROM bookings AS b
  LEFT JOIN booking_contacts AS c ON c.booking_id = b.id AND c.booking_id = ANY ($1::uuid[])
 WHERE b.id = ANY ($1::uuid[]);

-- name: passengers
-- Who travels on the bookings $1.
SELECT booking_id, number, type, given_name, surname, born
  FROM booking_passengers WHERE booking_id = ANY ($1::uuid[]) ORDER BY booking_id, number;

-- name: due_births
-- How many passengers have a birth date whose trip ended before day $1.
SELECT count(*) FROM booking_passengers WHERE born IS NOT NULL AND travels_until < $1;

-- name: erase_births
-- Up to $2 passengers whose trip ended before day $1 lose their birth dates; a row each.
UPDATE booking_passengers SET born = NULL
 WHERE (booking_id, number) IN (
       SELECT booking_id, number FROM booking_passengers WHERE born IS NOT NULL AND travels_until < $1
        ORDER BY travels_until LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING true;

-- name: events_after
-- The timeline of booking $1 after sequence number $2, $3 events at most.
SELECT sequence, at, name, state, details FROM booking_events
 WHERE booking_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3;

-- name: ticket_numbers
-- $1 new ticket numbers of own inventory.
SELECT nextval('own_ticket_numbers') FROM generate_series(1, $1::integer);
