-- Sets of offers of more than flights.

ALTER TABLE offer_sets
    ADD COLUMN kind text NOT NULL DEFAULT 'flights' CHECK (kind IN ('flights', 'stays', 'packages'));
COMMENT ON COLUMN offer_sets.criteria IS 'JSON of what was searched for: FlightCriteria, StayCriteria';
