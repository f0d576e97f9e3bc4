-- Payments that are approved first and held after, reviewed, held for longer, given back in parts, and made with a means
-- that its holder agreed to have kept.

ALTER TABLE payments
    DROP CONSTRAINT payments_state_check,
    ADD CONSTRAINT payments_state_check CHECK (state IN
        ('created', 'requires_action', 'approved', 'in_review', 'authorised', 'captured', 'voided', 'failed',
         'refunded')),
    ADD COLUMN owner text NOT NULL DEFAULT '',          -- whose booking it was when it was begun
    ADD COLUMN consent text,                            -- version of the text by which its payer has the means kept
    ADD COLUMN approvals integer NOT NULL DEFAULT 0,    -- how often its payer has approved it at the gateway
    ADD COLUMN authorised_until timestamptz,            -- when the gateway lets go of what it holds
    ADD COLUMN instructions jsonb,                      -- what its payer is to do outside of any page
    ADD COLUMN means_kind text,                         -- card, paypal, wallet, transfer, cash, credit
    ADD COLUMN means_label text,                        -- as a person reads it: Visa ending in 4242
    ADD COLUMN means_fingerprint text;                  -- the same for the same card, whoever uses it

ALTER TABLE refunds
    ALTER COLUMN gateway_reference DROP NOT NULL,       -- none where the gateway never took it on
    DROP CONSTRAINT refunds_state_check,
    ADD CONSTRAINT refunds_state_check CHECK (state IN ('pending', 'done', 'failed', 'settled')),
    ADD COLUMN round integer NOT NULL DEFAULT 1,        -- which refund of its payment, from 1
    ADD COLUMN trace text,                              -- by what the payer's bank finds it
    ADD COLUMN expected_by timestamptz,                 -- when the payer should have it
    ADD COLUMN failure text,                            -- a stable code
    ADD COLUMN settled_by text,                         -- who paid it in another way: the principal
    ADD COLUMN settled_how text,                        -- the gateway of its own that it was paid by: transfer, cash
    ADD COLUMN settled_proof text,                      -- what proves that: the bank's reference, a receipt's number
    ADD COLUMN settled_at timestamptz,
    ADD CONSTRAINT refunds_settled CHECK
        ((state = 'settled') = (settled_by IS NOT NULL AND settled_how IS NOT NULL AND settled_proof <> ''
                                AND settled_at IS NOT NULL)),
    ADD CONSTRAINT refunds_round UNIQUE (payment_id, round);
DROP INDEX refunds_payment;

-- What gateways call those who pay, so that their means are kept at one place.
CREATE TABLE gateway_customers (
    owner text NOT NULL,
    gateway text NOT NULL,
    customer text NOT NULL,
    PRIMARY KEY (owner, gateway)
);

-- Means that their holders agreed to have kept and charged later without them. The gateway has the number, we its token.
CREATE TABLE payment_means (
    payment_id uuid PRIMARY KEY REFERENCES payments (id),   -- the payment with which it was kept
    booking_id uuid NOT NULL REFERENCES bookings (id),
    owner text NOT NULL,
    gateway text NOT NULL,
    customer text,                       -- the gateway's id of the holder, where it has one
    token text NOT NULL,
    kind text NOT NULL,
    label text NOT NULL,
    fingerprint text,
    expires text,                        -- 2027-04
    consent_at timestamptz NOT NULL,
    consent_version text NOT NULL,       -- of the text that was agreed to
    revoked_at timestamptz
);
CREATE INDEX payment_means_owner ON payment_means (owner);
REVOKE DELETE ON payment_means FROM bookingd;

-- What is authorised stands in the books from now on, as a pair beside what is owed and owned: what is held already too.
INSERT INTO ledger_entries (id, journal, at, booking_id, payment_id, reason, debit, credit, amount, currency)
SELECT id, id, changed_at, booking_id, id, 'authorised', 'authorised:' || gateway, 'authorisations', amount, currency
  FROM payments WHERE state = 'authorised';
