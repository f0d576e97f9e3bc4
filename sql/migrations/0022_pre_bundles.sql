-- A bundle lies in the outbox for a moment and is read once or never: compressing it took a thirtieth of PostgreSQL's
-- time for a booking, and saved nothing that lasts.
ALTER TABLE outbox ALTER COLUMN bundle SET STORAGE EXTERNAL;
