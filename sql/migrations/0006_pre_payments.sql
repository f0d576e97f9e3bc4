-- Payments as the gateways tell them, what the gateways sent us, and the books.

-- One attempt to pay. The booking's own view of it is in its lifecycle; this is the gateway's side.
CREATE TABLE payments (
    id uuid PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings (id),
    gateway text NOT NULL,
    gateway_reference text,              -- the gateway's id, once it has told us
    state text NOT NULL CHECK (state IN
        ('created', 'requires_action', 'authorised', 'captured', 'voided', 'failed', 'refunded')),
    amount bigint NOT NULL CHECK (amount > 0),   -- minor units
    currency text NOT NULL,
    captured bigint NOT NULL DEFAULT 0,
    refunded bigint NOT NULL DEFAULT 0,
    action_url text,                     -- where the payer must act, while that is so
    failure text,                        -- a stable code: insufficient_funds
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    UNIQUE (gateway, gateway_reference),
    CHECK (captured BETWEEN 0 AND amount),
    CHECK (refunded BETWEEN 0 AND captured)
) WITH (fillfactor = 80);
CREATE INDEX payments_booking ON payments (booking_id);

-- What was given back of a payment, or is on its way: a refund is pending or done at first and may fail weeks
-- after either. The payment's `refunded` counts those that have not failed.
CREATE TABLE refunds (
    id uuid PRIMARY KEY,                 -- the intent's id, which the gateway was given as key
    payment_id uuid NOT NULL REFERENCES payments (id),
    gateway_reference text NOT NULL,     -- the gateway's id: re_...
    amount bigint NOT NULL CHECK (amount > 0),   -- minor units
    currency text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'done', 'failed')),
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX refunds_payment ON refunds (payment_id);

-- Every webhook that was verified, once by the sender's id: stored first, acknowledged after.
CREATE TABLE webhook_events (
    gateway text NOT NULL,
    event_id text NOT NULL,
    kind text NOT NULL,
    payment_id uuid,                     -- ours, where the object is one of ours
    received_at timestamptz NOT NULL,
    PRIMARY KEY (gateway, event_id)
);
CREATE INDEX webhook_events_age ON webhook_events (received_at);

-- The books, double entry by construction: every row debits one account and credits another by the same
-- amount, so they balance whatever is written. Rows of one business transaction share a journal number.
-- Accounts: gateway:<name> (what the gateway owes us), customers (what we owe customers), supplier:<name>,
-- taxes, revenue:markup, revenue:service_fee, revenue:commission.
CREATE TABLE ledger_entries (
    id uuid PRIMARY KEY,
    journal uuid NOT NULL,
    at timestamptz NOT NULL,
    booking_id uuid NOT NULL,
    payment_id uuid,
    reason text NOT NULL,                -- capture, refund, refund_failed, sale
    debit text NOT NULL,
    credit text NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    CHECK (debit <> credit)
);
CREATE INDEX ledger_entries_booking ON ledger_entries (booking_id);
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_entries FROM bookingd;
