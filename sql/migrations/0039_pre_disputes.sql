-- Disputes: payers who want money back through their bank, or through PayPal.

CREATE TABLE disputes (
    id uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments (id),
    booking_id uuid NOT NULL REFERENCES bookings (id),
    gateway text NOT NULL,
    gateway_reference text NOT NULL,     -- the gateway's id: dp_...
    amount bigint NOT NULL CHECK (amount > 0),   -- minor units
    currency text NOT NULL,
    reason text NOT NULL,                -- the gateway's code: fraudulent
    status text NOT NULL CHECK (status IN ('needs_response', 'under_review', 'won', 'lost')),
    respond_by timestamptz,              -- until when evidence counts
    opened_at timestamptz NOT NULL,      -- when we heard of it
    changed_at timestamptz NOT NULL,
    UNIQUE (gateway, gateway_reference)
);
CREATE INDEX disputes_payment ON disputes (payment_id);
CREATE INDEX disputes_open ON disputes (respond_by) WHERE status IN ('needs_response', 'under_review');
REVOKE DELETE, TRUNCATE ON disputes FROM bookingd;

-- What each of them was, from when on: a row for each change.
CREATE TABLE dispute_changes (
    dispute_id uuid NOT NULL REFERENCES disputes (id),
    number integer NOT NULL,             -- 1, 2, 3 ... of its dispute
    status text NOT NULL,
    amount bigint NOT NULL,
    respond_by timestamptz,
    at timestamptz NOT NULL,
    PRIMARY KEY (dispute_id, number)
);
REVOKE UPDATE, DELETE, TRUNCATE ON dispute_changes FROM bookingd;

-- What of ours can be sent as evidence, as it was when the dispute was heard of: references, and no text.
CREATE TABLE dispute_evidence (
    dispute_id uuid NOT NULL REFERENCES disputes (id),
    kind text NOT NULL,                  -- timeline, ticket, mail, document, deed
    reference text NOT NULL,             -- what finds it: a ticket's number, a Message-ID, a document's name
    at timestamptz,                      -- when that happened, where it has a time
    PRIMARY KEY (dispute_id, kind, reference)
);
REVOKE UPDATE, TRUNCATE ON dispute_evidence FROM bookingd;
