-- The least time to change planes, by airport and by where the two flights lead: staying in the country takes
-- less than crossing its border, and coming in takes longest, with passports, baggage and customs.

ALTER TABLE airports
    -- Minutes from scheduled arrival to scheduled departure. A flight is domestic where both of its airports are
    -- in one country.
    ADD domestic_to_domestic integer NOT NULL DEFAULT 45 CHECK (domestic_to_domestic >= 0),
    ADD domestic_to_international integer NOT NULL DEFAULT 75 CHECK (domestic_to_international >= 0),
    ADD international_to_domestic integer NOT NULL DEFAULT 90 CHECK (international_to_domestic >= 0),
    ADD international_to_international integer NOT NULL DEFAULT 75 CHECK (international_to_international >= 0);
