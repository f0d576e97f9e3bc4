-- Refunds that staff have asked for, before the booking takes them up.

-- The round is given here, so that two requests at once are two refunds, and together no more than was taken.
CREATE TABLE refund_requests (
    payment_id uuid NOT NULL,
    round integer NOT NULL,              -- which refund of its payment, from 1
    booking_id uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),   -- minor units
    currency text NOT NULL,
    reason text NOT NULL,                -- as staff gave it
    asked_by text NOT NULL,              -- a principal
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (payment_id, round)
);
CREATE INDEX refund_requests_booking ON refund_requests (booking_id);
