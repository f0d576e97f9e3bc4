-- Who may do what, and partitions without the right to make tables.
--
-- Two roles: the owner (who runs this) has the tables; the daemon reads and writes rows and changes no
-- table. The daemon's role is named `bookingd`, the owner's may have any name. Roles belong to the
-- server, not to a database, so an administrator makes them (docs/), and the embedded server has them
-- from its first start.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bookingd') THEN
        RAISE EXCEPTION 'the daemon''s role does not exist'
            USING HINT = 'As an administrator run: CREATE ROLE bookingd LOGIN PASSWORD ''...''; then migrate again.';
    END IF;
    IF current_user = 'bookingd' THEN
        RAISE EXCEPTION 'migrations may not run as the daemon''s role'
            USING HINT = 'Make another role the owner of the database and migrate as that one.';
    END IF;
END
$$;

-- Tables made later are the daemon's to use at once. One that must not be changed (audit) takes the
-- right back in its own migration.
GRANT USAGE ON SCHEMA public TO bookingd;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO bookingd;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO bookingd;

-- The daemon checks at its start that the schema is the one it was written for.
GRANT SELECT ON applied_migrations TO bookingd;

-- Tables split by time, each row one: how long a part is and how many parts are kept ready ahead of time.
-- A migration registers its table with keep_partitions; the daemon's clock then drives ensure_partitions.
CREATE TABLE partitioned_tables (
    parent text PRIMARY KEY,                                    -- the table's name in schema public
    step text NOT NULL CHECK (step IN ('day', 'month')),        -- a part's length, in UTC
    ahead integer NOT NULL CHECK (ahead BETWEEN 1 AND 100),     -- whole steps ready beyond the present one
    kept interval CHECK (kept > '0')                            -- how long a part is kept; null: for ever
);
REVOKE INSERT, UPDATE, DELETE ON partitioned_tables FROM bookingd;

-- Register table `parent`, made with PARTITION BY RANGE (a timestamptz column), and give it a DEFAULT
-- partition: a row whose part is missing is kept there instead of being refused. For migrations:
--     SELECT keep_partitions('inbox', 'day', 7, '30 days');
CREATE FUNCTION keep_partitions(parent text, step text, ahead integer, kept interval DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.partitioned_tables VALUES (parent, step, ahead, kept);
    EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I DEFAULT', parent || '_default', parent);
    -- Parts are reached through their parent only, or a right taken back there would be left here.
    EXECUTE format('REVOKE ALL ON public.%I FROM bookingd', parent || '_default');
END
$$;
REVOKE ALL ON FUNCTION keep_partitions(text, text, integer, interval) FROM PUBLIC;

-- Make one part of `parent`, from `first` up to `beyond`, and move there what the DEFAULT partition holds
-- of that time. It is filled before it is attached, so that readers and writers of other parts go on.
CREATE FUNCTION make_partition(parent text, part text, first timestamptz, beyond timestamptz) RETURNS void
LANGUAGE plpgsql
SET timezone TO 'UTC'
AS $$
DECLARE
    key_column text;
    column_list text;
    default_part text := parent || '_default';
BEGIN
    SELECT attname INTO STRICT key_column
      FROM pg_partitioned_table
      JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]
     WHERE partrelid = format('public.%I', parent)::regclass AND partstrat = 'r' AND partnatts = 1
       AND atttypid = 'timestamptz'::regtype;
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO column_list
      FROM pg_attribute
     WHERE attrelid = format('public.%I', parent)::regclass AND attnum > 0
       AND NOT attisdropped AND attgenerated = '';
    EXECUTE format('LOCK TABLE ONLY public.%I IN ACCESS EXCLUSIVE MODE', default_part);
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL EXCLUDING IDENTITY)', part, parent);
    EXECUTE format('REVOKE ALL ON public.%I FROM bookingd', part);
    EXECUTE format(
        'WITH moved AS (DELETE FROM public.%1$I WHERE %2$I >= $1 AND %2$I < $2 RETURNING %3$s)'
        ' INSERT INTO public.%4$I (%3$s) SELECT %3$s FROM moved',
        default_part, key_column, column_list, part) USING first, beyond;
    EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                   parent, part, first, beyond);
END
$$;
REVOKE ALL ON FUNCTION make_partition(text, text, timestamptz, timestamptz) FROM PUBLIC;

-- Make the parts that registered table `parent` lacks for the time from `first` up to `until`; how many
-- were made. The daemon may call it, though it may make no table: it runs as the owner. Parts are named
-- parent_p20261122 or parent_p202611. It waits no longer than 3 s for a lock and then fails, so that
-- nothing queues up behind it; the next call tries again.
CREATE FUNCTION ensure_partitions(parent text, first timestamptz, until timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path TO pg_catalog, pg_temp
SET timezone TO 'UTC'
SET lock_timeout TO '3s'
AS $$
DECLARE
    unit text;
    lower_bound timestamptz;
    upper_bound timestamptz;
    part text;
    made integer := 0;
BEGIN
    SELECT step INTO unit FROM public.partitioned_tables AS t WHERE t.parent = ensure_partitions.parent;
    IF unit IS NULL THEN
        RAISE EXCEPTION 'table % is not registered with keep_partitions', parent;
    END IF;
    IF until > first + 200 * ('1 ' || unit)::interval THEN
        RAISE EXCEPTION 'more than 200 partitions of % at once', parent;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('bookingd.partitions'), hashtext(parent));
    lower_bound := date_trunc(unit, first);
    WHILE lower_bound < until LOOP
        upper_bound := lower_bound + ('1 ' || unit)::interval;
        part := parent || to_char(lower_bound, CASE unit WHEN 'day' THEN '"_p"YYYYMMDD' ELSE '"_p"YYYYMM' END);
        IF to_regclass(format('public.%I', part)) IS NULL THEN
            PERFORM public.make_partition(parent, part, lower_bound, upper_bound);
            made := made + 1;
        END IF;
        lower_bound := upper_bound;
    END LOOP;
    RETURN made;
END
$$;
REVOKE ALL ON FUNCTION ensure_partitions(text, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_partitions(text, timestamptz, timestamptz) TO bookingd;

-- The same for every registered table: the present part and those ahead of `at`, which is the caller's
-- time. To be called at start and some times a day.
CREATE FUNCTION ensure_partitions(at timestamptz) RETURNS integer
LANGUAGE sql SECURITY DEFINER
SET search_path TO pg_catalog, pg_temp
SET timezone TO 'UTC'
AS $$
    SELECT coalesce(sum(public.ensure_partitions(
               parent, at, date_trunc(step, at) + (ahead + 1) * ('1 ' || step)::interval)), 0)::integer
      FROM public.partitioned_tables
$$;
REVOKE ALL ON FUNCTION ensure_partitions(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_partitions(timestamptz) TO bookingd;

-- Drop the parts that no registered table keeps at `at`, the caller's time; how many were dropped. What a
-- table keeps for ever, and its DEFAULT partition, is left alone. A part's time is read from its name.
CREATE FUNCTION drop_old_partitions(at timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path TO pg_catalog, pg_temp
SET timezone TO 'UTC'
SET lock_timeout TO '3s'
AS $$
DECLARE
    part record;
    dropped integer := 0;
BEGIN
    FOR part IN
        SELECT child.relname AS name
          FROM public.partitioned_tables AS kept_table
          JOIN pg_inherits ON inhparent = format('public.%I', kept_table.parent)::regclass
          JOIN pg_class AS child ON child.oid = inhrelid
         CROSS JOIN LATERAL (SELECT substring(child.relname FROM '_p(\d{6,8})$') AS digits) AS named
         WHERE kept_table.kept IS NOT NULL AND named.digits IS NOT NULL
           AND to_timestamp(rpad(named.digits, 8, '01'), 'YYYYMMDD') + ('1 ' || kept_table.step)::interval
               <= at - kept_table.kept
    LOOP
        EXECUTE format('DROP TABLE public.%I', part.name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;
REVOKE ALL ON FUNCTION drop_old_partitions(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_old_partitions(timestamptz) TO bookingd;
