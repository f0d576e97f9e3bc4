-- What operators look at: the processes of the house, and dead letters that cannot even be read.

-- The processes of this installation, each in its own words: written every five seconds, removed at a clean
-- stop. A row that grows old is a process that was killed, stands still, or has lost this database. Nothing
-- decides by this table; it is there to be looked at.
CREATE TABLE processes (
    id uuid PRIMARY KEY,             -- made at the start of the process
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,           -- of bookingd
    actors text[] NOT NULL,          -- which run there
    http_address text,               -- where it serves HTTP; null: it serves none
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,    -- its last word
    report json NOT NULL             -- bookingd.storage.processes.Report: ready or why not, what is in flight
) WITH (fillfactor = 50);

-- A transport may bring bytes that are no message of ours. They are kept as they came: an operator sees them
-- and may drop them; they cannot be replayed.
ALTER TABLE dead_letters
    ADD payload bytea,               -- the bytes, where they are no message; null where `envelope` holds one
    ALTER message_name DROP NOT NULL,
    ALTER envelope DROP NOT NULL,
    ALTER attempts DROP NOT NULL,
    ADD CHECK ((payload IS NULL) = (envelope IS NOT NULL AND message_name IS NOT NULL AND attempts IS NOT NULL));
