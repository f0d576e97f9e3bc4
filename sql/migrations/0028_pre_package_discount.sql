-- Rules for packages: what a flight and a hotel cost less together.

ALTER TABLE price_rules
    DROP CONSTRAINT price_rules_kind_check,
    ADD CONSTRAINT price_rules_kind_check CHECK (kind IN ('markup', 'service_fee', 'commission', 'discount'));
COMMENT ON COLUMN price_rules.label IS 'read by operators; that of a service fee or a discount by travellers too';
