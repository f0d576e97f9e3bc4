-- What the agency adds to net fares, and what it earns beside them: rules are data.

-- Every version that a rule ever had. A change is a new row, in effect from an instant on, never before it
-- was written; no row is changed or deleted, since the lines of every price name the versions that made
-- them. The rules in effect at an instant are, of each id, the row that came into effect last and is not
-- withdrawn. The number of rows in effect so far is the version of the whole book: it grows by each change.
CREATE TABLE price_rules (
    id text NOT NULL CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),  -- a speaking name, the same in all versions
    version integer NOT NULL CHECK (version > 0),
    entry bigint GENERATED ALWAYS AS IDENTITY,    -- the order of writing, between rows of the same instant
    valid_from timestamptz NOT NULL,
    written_at timestamptz NOT NULL,
    withdrawn boolean NOT NULL DEFAULT false,     -- from then on the rule is none
    kind text NOT NULL CHECK (kind IN ('markup', 'service_fee', 'commission')),
    label text NOT NULL,                          -- read by operators; that of a service fee by travellers too
    -- What it matches: null matches everything. Dates and counts include both ends.
    supplier text,                                -- the adapter's name in the configuration
    origin text CHECK (origin ~ '^(airport|city|country):[A-Z]{2,3}$'),       -- where the journey begins
    destination text CHECK (destination ~ '^(airport|city|country):[A-Z]{2,3}$'),
    place text CHECK (place ~ '^(airport|city|country):[A-Z]{2,3}$'),         -- it begins or ends there
    product text,                                 -- flight
    airline text,                                 -- IATA code of the first flight's marketing airline
    cabin text,
    channel text,                                 -- web
    party_from integer,                           -- heads, infants too
    party_to integer,
    sold_from date,                               -- UTC day of the offer
    sold_to date,
    travel_from date,                             -- first day of travel, at the origin
    travel_to date,
    -- What it makes: a share of the net fare or a fixed amount.
    percent numeric(8, 4) CHECK (percent BETWEEN 0 AND 1000),
    currency text CHECK (currency ~ '^[A-Z]{3}$'),  -- of the amounts; the rule is for prices in it alone
    fixed bigint CHECK (fixed >= 0),              -- minor units, like the next two
    minimum bigint CHECK (minimum >= 0),          -- bounds of what a percentage gives
    maximum bigint CHECK (maximum >= minimum),
    per text NOT NULL CHECK (per IN ('passenger', 'booking')),
    priority integer NOT NULL DEFAULT 0,          -- of the rules of a kind that match, the highest counts
    adds boolean NOT NULL DEFAULT false,          -- comes on top of the one that counts
    PRIMARY KEY (id, version),
    CHECK (valid_from >= written_at),
    CHECK (num_nonnulls(percent, fixed) = 1),
    CHECK (fixed IS NULL OR num_nonnulls(minimum, maximum) = 0),
    CHECK ((currency IS NULL) = (num_nonnulls(fixed, minimum, maximum) = 0))
);
CREATE UNIQUE INDEX price_rules_order ON price_rules (valid_from, entry);
REVOKE UPDATE, DELETE ON price_rules FROM bookingd;
