-- What a euro costs in other currencies, day by day, as files of the European Central Bank say it.

-- A sheet is what one import said of one business day. Sheets are added and never changed: an amount that was
-- converted names the version of the sheet that it was converted by. Of a day the sheet with the highest version
-- counts from its import on; an import that says what that one says already adds nothing.
CREATE TABLE rate_sheets (
    version integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day date NOT NULL,                            -- the ECB's business day, as the file says
    source text NOT NULL CHECK (source <> ''),    -- who published it, as the file says
    made_up boolean NOT NULL,                     -- for demonstrations; production does not see it
    digest bytea NOT NULL CHECK (length(digest) = 32),  -- SHA-256 of its rates, to compare it with another
    imported_at timestamptz NOT NULL,
    imported_by text NOT NULL                     -- the principal, as in the audit trail
);
CREATE UNIQUE INDEX rate_sheets_newest ON rate_sheets (day DESC, version DESC);

-- The rates of a sheet: units of a currency for one euro, exactly as written in the file.
CREATE TABLE exchange_rates (
    version integer NOT NULL REFERENCES rate_sheets,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$' AND currency <> 'EUR'),  -- ISO 4217
    per_euro numeric NOT NULL CHECK (per_euro > 0),
    PRIMARY KEY (version, currency)
);

REVOKE UPDATE, DELETE ON rate_sheets, exchange_rates FROM bookingd;
