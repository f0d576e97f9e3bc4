-- Money that no outside gateway brings: transfers and cash that staff receive, and what clients on account owe.

-- A transfer that a payer was asked for. It ends when it is called off; what comes is in received_money.
CREATE TABLE awaited_transfers (
    payment_id uuid PRIMARY KEY,
    reference text NOT NULL,             -- the booking's, which the payer is asked to name
    amount bigint NOT NULL CHECK (amount > 0),   -- minor units
    currency text NOT NULL,
    asked_at timestamptz NOT NULL,
    called_off_at timestamptz
);

-- What staff have received, each with its proof. Never changed: a mistake is given back.
CREATE TABLE received_money (
    payment_id uuid PRIMARY KEY,         -- of the payment that it makes
    booking_id uuid NOT NULL REFERENCES bookings (id),
    means text NOT NULL CHECK (means IN ('transfer', 'cash')),
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    received_on date NOT NULL,
    proof text NOT NULL CHECK (proof <> ''),     -- the bank's reference, or the number of the receipt
    recorded_by text NOT NULL,           -- a principal
    recorded_at timestamptz NOT NULL,
    UNIQUE (means, proof)                -- so that one transfer is not recorded twice
);
CREATE INDEX received_money_booking ON received_money (booking_id);
CREATE INDEX received_money_age ON received_money (recorded_at);
REVOKE UPDATE, DELETE, TRUNCATE ON received_money FROM bookingd;

-- What is to go back by hand: asked for by a refund, done when staff say how.
CREATE TABLE payouts (
    id uuid PRIMARY KEY,                 -- the intent's id that asked for it
    payment_id uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    asked_at timestamptz NOT NULL,
    paid_on date,                        -- null: still to be paid
    proof text,
    recorded_by text,
    recorded_at timestamptz,
    CHECK ((paid_on IS NULL) = (proof IS NULL) AND (paid_on IS NULL) = (recorded_by IS NULL)
           AND (paid_on IS NULL) = (recorded_at IS NULL))
);
CREATE INDEX payouts_payment ON payouts (payment_id);
CREATE INDEX payouts_open ON payouts (asked_at) WHERE paid_on IS NULL;
REVOKE DELETE, TRUNCATE ON payouts FROM bookingd;

-- Up to how much a client may owe us. What uses it is decided under the lock of this row.
CREATE TABLE credit_lines (
    owner text PRIMARY KEY,              -- a principal: account:<uuid>
    most bigint NOT NULL CHECK (most >= 0),      -- minor units
    currency text NOT NULL,
    days integer NOT NULL CHECK (days BETWEEN 0 AND 365),    -- until what was used is due
    version integer NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);

-- What clients have used of it: held first, owed when it is captured, less what was given back.
CREATE TABLE credit_uses (
    payment_id uuid PRIMARY KEY,
    owner text NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    state text NOT NULL CHECK (state IN ('declined', 'held', 'owed', 'released')),
    reason text,                         -- why it was declined, a stable code
    owed bigint NOT NULL DEFAULT 0,      -- what was captured
    asked_at timestamptz NOT NULL,
    owed_at timestamptz,
    CHECK (owed BETWEEN 0 AND amount)
) WITH (fillfactor = 80);
CREATE INDEX credit_uses_owner ON credit_uses (owner) WHERE state IN ('held', 'owed');

-- What was taken off a client's debt again.
CREATE TABLE credit_returns (
    id uuid PRIMARY KEY,                 -- the intent's id that asked for it
    payment_id uuid NOT NULL REFERENCES credit_uses (payment_id),
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX credit_returns_payment ON credit_returns (payment_id);
REVOKE UPDATE, DELETE, TRUNCATE ON credit_returns FROM bookingd;

-- What clients paid of what they owe.
CREATE TABLE credit_settlements (
    id uuid PRIMARY KEY,
    owner text NOT NULL REFERENCES credit_lines (owner),
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    received_on date NOT NULL,
    proof text NOT NULL UNIQUE CHECK (proof <> ''),
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX credit_settlements_owner ON credit_settlements (owner);
REVOKE UPDATE, DELETE, TRUNCATE ON credit_settlements FROM bookingd;
