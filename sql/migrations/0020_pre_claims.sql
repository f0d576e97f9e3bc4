-- Accounts take over the bookings that were made with their address, and see which those are.

-- A contact's address in the form that is the same for all ways to write it (bookingd/security/addresses.py): null where
-- no account can have the address.
ALTER TABLE booking_contacts ADD address_key text;
-- Of what is all ASCII that is the address in small letters. Others were made before this; their bookings are taken over by
-- their reference, and are not in the list of those that can be.
UPDATE booking_contacts SET address_key = lower(btrim(email) COLLATE "C") WHERE octet_length(email) = length(email);
CREATE INDEX booking_contacts_address ON booking_contacts (address_key) WHERE address_key IS NOT NULL;
