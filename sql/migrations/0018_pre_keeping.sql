-- What is kept of people, and for how long.

-- Documents are sealed apart from the rest of a traveller, so that they can be erased by whoever keeps the tables
-- tidy without opening anything, and also where the key is lost.
ALTER TABLE travellers ADD documents bytea;  -- sealed; null: none, or erased after the last trip they were used for
COMMENT ON COLUMN travellers.sealed IS 'birth date and loyalty numbers';
CREATE INDEX travellers_documents ON travellers (documents_until) WHERE documents IS NOT NULL;

-- Birth dates are erased some time after the trip, so each says when that ends: a copy of what follows from the
-- booking's lifecycle, for searching. Only what is still to be erased is in the index.
ALTER TABLE booking_passengers ADD travels_until date;  -- the local day of the last arrival
UPDATE booking_passengers AS p
   SET travels_until = (
       SELECT max(((segment ->> 'arrives_at')::timestamptz AT TIME ZONE (segment ->> 'destination_zone'))::date)
         FROM bookings AS b,
              json_array_elements(b.lifecycle -> 'items') AS item,
              json_array_elements(item #> '{offer,itinerary,slices}') AS slice,
              json_array_elements(slice -> 'segments') AS segment
        WHERE b.id = p.booking_id);
CREATE INDEX booking_passengers_births ON booking_passengers (travels_until) WHERE born IS NOT NULL;
