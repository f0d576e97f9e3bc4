-- The audit trail: who did what, in an order and a wording that nobody can change unseen.
--
-- Entries are inserted by whoever changes something, in the transaction of the change. One process at a
-- time (the audit actor, under an advisory lock) gives them their number and hash in audit_chain. The
-- daemon may add rows and read them; it may change and delete none, except personal values.
-- How it is verified: docs/audit.md.

DO $$
BEGIN
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'the database is encoded in %, and audit entries are hashed in UTF-8',
            current_setting('server_encoding')
            USING HINT = 'Make the database again: CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0;';
    END IF;
END
$$;

-- One row an action or change of state. What is hashed is the text of `canonical`, byte for byte: type
-- json keeps the text as it was given (jsonb would not). Every searchable column is generated from it or
-- checked against it, so that no column can say anything else than what was hashed.
CREATE TABLE audit_entries (
    id uuid NOT NULL,                                   -- UUIDv7, made by the writer
    at timestamptz NOT NULL,                            -- when it happened, by the writer's clock
    canonical json NOT NULL,                            -- RFC 8785; personal values as salted commitments
    principal text GENERATED ALWAYS AS (canonical ->> 'principal') STORED,          -- who acted
    action text GENERATED ALWAYS AS (canonical ->> 'action') STORED,                -- thing.deed
    subject_kind text GENERATED ALWAYS AS (canonical #>> '{subject,kind}') STORED,  -- about what kind of thing
    subject_id text GENERATED ALWAYS AS (canonical #>> '{subject,id}') STORED,      -- and which one
    correlation_id uuid GENERATED ALWAYS AS ((canonical ->> 'correlation_id')::uuid) STORED, -- in which user action
    -- The inserting transaction. Transactions older than the oldest running one are all visible, whatever
    -- the order they committed in: that is how the chainer knows that it has missed none. The daemon may
    -- not set it (see the grants below).
    written_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (id, at),
    CONSTRAINT id_is_the_hashed_one CHECK (id = (canonical ->> 'id')::uuid),
    CONSTRAINT at_is_the_hashed_one CHECK (at = (canonical ->> 'at')::timestamptz),
    CONSTRAINT names_are_complete CHECK (principal <> '' AND action <> '' AND subject_kind <> ''
        AND subject_id <> '' AND correlation_id IS NOT NULL)
) PARTITION BY RANGE (at);
CREATE INDEX ON audit_entries (written_by);
CREATE INDEX ON audit_entries (subject_kind, subject_id, at);
CREATE INDEX ON audit_entries (correlation_id);
CREATE INDEX ON audit_entries (principal, at);
SELECT keep_partitions('audit_entries', 'month', 2);

-- The place of each entry: number 1, 2, 3 … without a gap, and SHA-256 of the hash before it and the
-- entry's bytes. Split by the entry's time, so that an entry and its place are dropped together.
CREATE TABLE audit_chain (
    number bigint NOT NULL CHECK (number > 0),
    entry_id uuid NOT NULL,
    entry_at timestamptz NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    -- When this row was made, every entry written by an older transaction than this had its place. The
    -- newest row's value is where the search for unchained entries begins. Not part of what is hashed:
    -- a wrong value can only delay an entry, which is seen (oldest unchained entry).
    settled_before xid8 NOT NULL,
    PRIMARY KEY (entry_id, entry_at),
    UNIQUE (number, entry_at)
) PARTITION BY RANGE (entry_at);
SELECT keep_partitions('audit_chain', 'month', 2);

-- What a commitment in an entry stands for. Deleting a row erases the value for good: the salt is gone
-- with it, and the commitment left in the entry says nothing. The chain stays whole.
CREATE TABLE audit_personal (
    entry_id uuid NOT NULL,
    entry_at timestamptz NOT NULL,
    field text NOT NULL,                                -- the name under which the entry commits to it
    subject_kind text NOT NULL,                         -- the entry's subject, by which values are erased
    subject_id text NOT NULL,
    salt bytea NOT NULL CHECK (octet_length(salt) >= 32),
    value bytea NOT NULL,                               -- canonical JSON in UTF-8
    PRIMARY KEY (entry_id, entry_at, field)
) PARTITION BY RANGE (entry_at);
CREATE INDEX ON audit_personal (subject_kind, subject_id);
SELECT keep_partitions('audit_personal', 'month', 2);

-- Signed statements about the chain, each one line of text exactly as in the file outside the database.
-- Kept for ever: a few hundred bytes, one a minute at most.
CREATE TABLE audit_checkpoints (
    sequence bigint PRIMARY KEY CHECK (sequence > 0),   -- 1, 2, 3 … without a gap
    line json NOT NULL,                                 -- what was signed, and the signature
    number bigint NOT NULL GENERATED ALWAYS AS ((line ->> 'number')::bigint) STORED,  -- the entry it vouches for
    kind text NOT NULL GENERATED ALWAYS AS (line ->> 'kind') STORED,                  -- seal or boundary
    CONSTRAINT sequence_is_the_signed_one CHECK (sequence = (line ->> 'sequence')::bigint),
    CONSTRAINT kind_is_known CHECK (kind IN ('seal', 'boundary'))
);

-- Drop all entries from before `before`, the start of a month, with their places and personal values; how
-- many tables went. For the owner, after the boundary that covers them was signed (close_partition in
-- bookingd/storage/audit_retention.py).
CREATE FUNCTION drop_audit_before(before timestamptz) RETURNS integer
LANGUAGE plpgsql
SET search_path TO pg_catalog, pg_temp
SET timezone TO 'UTC'
SET lock_timeout TO '3s'
AS $$
DECLARE
    part regclass;
    dropped integer := 0;
BEGIN
    IF before <> date_trunc('month', before) THEN
        RAISE EXCEPTION 'audit entries are dropped by whole months, and % starts none', before;
    END IF;
    FOR part IN
        SELECT child.oid::regclass
          FROM pg_inherits
          JOIN pg_class AS child ON child.oid = inhrelid
         WHERE inhparent IN ('public.audit_entries'::regclass, 'public.audit_chain'::regclass,
                             'public.audit_personal'::regclass)
           AND child.relname ~ '_p[0-9]{6}$'
           AND (to_date(right(child.relname, 6), 'YYYYMM') + interval '1 month') AT TIME ZONE 'UTC' <= before
    LOOP
        EXECUTE format('DROP TABLE %s', part);
        dropped := dropped + 1;
    END LOOP;
    -- What is left of that time stands in the default partitions.
    DELETE FROM public.audit_personal WHERE entry_at < before;
    DELETE FROM public.audit_chain WHERE entry_at < before;
    DELETE FROM public.audit_entries WHERE at < before;
    RETURN dropped;
END
$$;
REVOKE ALL ON FUNCTION drop_audit_before(timestamptz) FROM PUBLIC;

-- Rows are added and read. What may be set is named, so that nobody forges the transaction.
REVOKE ALL ON audit_entries, audit_chain, audit_personal, audit_checkpoints FROM bookingd;
GRANT SELECT ON audit_entries, audit_chain, audit_personal, audit_checkpoints TO bookingd;
GRANT INSERT (id, at, canonical) ON audit_entries TO bookingd;
GRANT INSERT (number, entry_id, entry_at, hash, settled_before) ON audit_chain TO bookingd;
GRANT INSERT, DELETE ON audit_personal TO bookingd;
GRANT INSERT (sequence, line) ON audit_checkpoints TO bookingd;
