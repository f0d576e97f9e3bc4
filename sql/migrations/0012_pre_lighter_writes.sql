-- Rows that are written again and again, made lighter: where no index names what changes, and the page has room for
-- it, the second writing touches no index (a HOT update). These indexes named a state, and no query used them.

-- An intent is written when it is leased and when it ends.
DROP INDEX intents_open;
ALTER TABLE intents SET (fillfactor = 60);

-- A booking is written four times from its placing to its confirmation.
DROP INDEX bookings_holds;
ALTER TABLE bookings SET (fillfactor = 50);

-- A notification is written when it is begun and when it has been sent.
DROP INDEX notifications_unsettled;
ALTER TABLE notifications SET (fillfactor = 60);
