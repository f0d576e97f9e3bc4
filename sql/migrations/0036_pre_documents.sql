-- Receipts, invoices, credit notes; the tax rules that they apply; whom they are for.

-- How products are taxed: every version that a rule ever had. A rule is corrected by another version, and ends by one
-- that says until when it counted; no row is changed or deleted, since documents name the versions that counted.
CREATE TABLE tax_rules (
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),   -- the agency's
    product text NOT NULL CHECK (product IN ('flight', 'hotel', 'package', 'service_fee')),
    customer text NOT NULL CHECK (customer IN ('anybody', 'eu_company')),
    valid_from date NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    valid_until date,                                       -- the last day; before valid_from: withdrawn
    treatment text NOT NULL CHECK (treatment IN
        ('standard', 'zero_rated', 'exempt', 'reverse_charge', 'margin_scheme')),
    percent numeric(7, 4) CHECK (percent > 0 AND percent <= 100),
    note text NOT NULL,                                     -- the law, or where it was read
    written_at timestamptz NOT NULL,
    PRIMARY KEY (country, product, customer, valid_from, version),
    CHECK ((percent IS NOT NULL) = (treatment = 'standard'))
);
REVOKE UPDATE, DELETE, TRUNCATE ON tax_rules FROM bookingd;

-- The last number of each series. A number is taken by changing this row in the transaction that stores the document:
-- whoever comes next waits for the commit, and a transaction that fails gives its numbers back. No sequence does that.
CREATE TABLE document_series (
    name text PRIMARY KEY,                                  -- INV-2026
    last bigint NOT NULL CHECK (last >= 0)
) WITH (fillfactor = 10);
REVOKE DELETE, TRUNCATE ON document_series FROM bookingd;

-- A document for ever. `content` is bookingd.domain.documents.document.Document as canonical JSON (RFC 8785); the columns
-- beside it are for finding it. Whom it is for stands in it as a commitment, and in the next table as words.
CREATE TABLE documents (
    id uuid PRIMARY KEY,                                    -- UUIDv7
    series text NOT NULL REFERENCES document_series (name),
    number bigint NOT NULL CHECK (number > 0),              -- 1, 2, 3 … in its series
    name text NOT NULL UNIQUE,                              -- INV-2026-000123
    kind text NOT NULL CHECK (kind IN ('receipt', 'invoice', 'credit_note')),
    booking_id uuid NOT NULL REFERENCES bookings (id),
    subject uuid NOT NULL,                                  -- the payment, refund, booking or document that it is about
    occasion text NOT NULL,                                 -- which one about that
    corrects text,                                          -- the name of the document that a credit note corrects
    issued_on date NOT NULL,                                -- by the agency's clock
    total bigint NOT NULL,                                  -- minor units; below zero in credit notes
    currency text NOT NULL,
    content bytea NOT NULL,
    hash bytea NOT NULL CHECK (hash = sha256(content)),
    at timestamptz NOT NULL,
    UNIQUE (series, number),
    UNIQUE (kind, subject, occasion)                        -- one document an event, however often that is told
);
CREATE INDEX documents_booking ON documents (booking_id, at);
REVOKE UPDATE, DELETE, TRUNCATE ON documents FROM bookingd;

-- Whom documents are for: name, address, tax number. The law wants them to be kept with the document for years, also where
-- an account is erased; then they go by themselves ([retention] invoices_years), and the document shows "erased".
CREATE TABLE document_addressees (
    document_id uuid PRIMARY KEY REFERENCES documents (id),
    salt bytea NOT NULL CHECK (octet_length(salt) >= 32),
    addressee bytea NOT NULL,                               -- canonical JSON; with the salt it fits the commitment
    issued_on date NOT NULL                                 -- the years count from the end of that year
);
CREATE INDEX document_addressees_age ON document_addressees (issued_on);
REVOKE UPDATE, TRUNCATE ON document_addressees FROM bookingd;

-- To whom a booking is to be invoiced, where somebody said so. Personal, and erased with its account.
CREATE TABLE booking_billing (
    booking_id uuid PRIMARY KEY REFERENCES bookings (id),
    name text NOT NULL,
    lines text[] NOT NULL,
    postcode text NOT NULL,
    city text NOT NULL,
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    tax_number text NOT NULL,                               -- found to be well made; empty: none was given
    changed_at timestamptz NOT NULL
);
