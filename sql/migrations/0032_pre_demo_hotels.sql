-- That a made-up inventory has hotels too, and until when they are on sale: longer than flights are.
ALTER TABLE demo_inventory
    ADD hotels integer NOT NULL DEFAULT 0 CHECK (hotels >= 0),
    ADD last_night date,
    ADD CHECK ((hotels = 0) = (last_night IS NULL));
