-- Price rules of hotel stays: what they match of a hotel, and amounts for a room or a night of one.

ALTER TABLE price_rules
    ADD hotel text,                                -- the supplier's own key of it, like the next two of stays only
    ADD stars_from smallint,
    ADD stars_to smallint,
    DROP CONSTRAINT price_rules_per_check,
    ADD CONSTRAINT price_rules_per_check CHECK (per IN ('passenger', 'room', 'night', 'booking'));
COMMENT ON COLUMN price_rules.product IS 'flight, stay or package';
COMMENT ON COLUMN price_rules.place IS 'the journey begins or ends there, or the stay is there';
COMMENT ON COLUMN price_rules.travel_from IS 'first day of travel at the origin, or first night';
