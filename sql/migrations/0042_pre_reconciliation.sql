-- Comparing our books with those of the gateways.

-- Whose turn it is to compare, and what it came to the last time.
CREATE TABLE reconciliation (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    leased_until timestamptz,            -- somebody is at it
    finished_at timestamptz,             -- when the last one came to its end
    since timestamptz,                   -- what it compared
    until timestamptz,
    findings jsonb NOT NULL DEFAULT '{}',    -- how many of each kind
    unasked jsonb NOT NULL DEFAULT '{}'      -- gateways that could not be asked, and why
);
INSERT INTO reconciliation DEFAULT VALUES;
REVOKE INSERT, DELETE, TRUNCATE ON reconciliation FROM bookingd;

-- What gateways took for their work and stands in our books, by the gateway's own id of it: once each.
CREATE TABLE gateway_fees (
    gateway text NOT NULL,
    own_reference text NOT NULL,
    payment_id uuid NOT NULL REFERENCES payments (id),
    PRIMARY KEY (gateway, own_reference)
);
REVOKE UPDATE, DELETE, TRUNCATE ON gateway_fees FROM bookingd;

-- Entries come in the order of time and never change: a few kilobytes find a day's.
CREATE INDEX ledger_entries_age ON ledger_entries USING brin (at);
