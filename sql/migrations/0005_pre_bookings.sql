-- Bookings: the order, who travels, and its timeline.

-- An order and where it stands. `lifecycle` is the whole of bookingd.domain.booking.state.Booking as JSON,
-- and the only place that decisions read; the columns beside it are copies for searching. No personal data
-- is in it, so that erasing a person never touches the order.
CREATE TABLE bookings (
    id uuid PRIMARY KEY,
    reference text NOT NULL UNIQUE CHECK (reference ~ '^[2-9A-HJ-KM-NP-Z]{6}$'),
    owner text NOT NULL,                 -- the principal that made it
    state text NOT NULL,
    sequence integer NOT NULL,           -- events in its timeline
    hold_until timestamptz,              -- when the hold ends, while there is one
    currency text NOT NULL,
    total bigint NOT NULL,               -- minor units, as agreed
    lifecycle json NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX bookings_owner ON bookings (owner, created_at DESC);
CREATE INDEX bookings_holds ON bookings (hold_until) WHERE hold_until IS NOT NULL;

-- Whom to tell. Apart from the order, since it is personal and erasable.
CREATE TABLE booking_contacts (
    booking_id uuid PRIMARY KEY REFERENCES bookings (id),
    email text NOT NULL,
    phone text,
    locale text NOT NULL                 -- BCP 47, the language of our mails
);

-- Who travels, in the order of their tickets; personal and erasable too.
CREATE TABLE booking_passengers (
    booking_id uuid NOT NULL REFERENCES bookings (id),
    number integer NOT NULL CHECK (number >= 1),
    type text NOT NULL CHECK (type IN ('adult', 'child', 'infant')),
    given_name text NOT NULL,            -- as in the passport's Latin spelling
    surname text NOT NULL,
    born date NOT NULL,
    PRIMARY KEY (booking_id, number)
);

-- The timeline: one row a transition, numbered without gaps a booking (the booking's row is locked while
-- it moves). Clients show it, the WebSocket resumes from it.
CREATE TABLE booking_events (
    booking_id uuid NOT NULL,
    sequence integer NOT NULL,
    at timestamptz NOT NULL,
    name text NOT NULL,                  -- the message that moved the booking: payment.captured
    state text NOT NULL,                 -- the booking's state after it
    details json NOT NULL,               -- ids, reasons and amounts; nothing personal
    PRIMARY KEY (booking_id, sequence, at)
) PARTITION BY RANGE (at);
SELECT keep_partitions('booking_events', 'month', 2);

-- Ticket numbers of own inventory: ten digits behind the carrier-neutral prefix.
CREATE SEQUENCE own_ticket_numbers MINVALUE 1000000000 MAXVALUE 9999999999 CACHE 1;
