-- Accounts: who has one, how they prove it, and what is kept for them.
--
-- Nothing here opens a door by itself: passwords are Argon2id hashes, tokens and recovery codes are hashes of
-- unguessable values, links and short codes are derived from a proof's id by the signing key, and what is
-- personal beyond a name is sealed with the field key (`sealed`).

-- Somebody wants an account and has not shown yet that the address is theirs. Apart from the accounts, so
-- that whoever registers with a foreign address leaves nothing there; kept for two days.
CREATE TABLE registrations (
    id uuid PRIMARY KEY,
    address text NOT NULL,               -- as it was written
    address_key text NOT NULL,           -- the same for all ways to write it (bookingd.domain.accounts.addresses)
    password text NOT NULL,              -- Argon2id
    name text NOT NULL,
    locale text NOT NULL,                -- BCP 47
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX registrations_expiry ON registrations (expires_at);

CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('open', 'suspended', 'erased')),
    address text,                        -- as it was written, and verified; null: erased
    address_key text UNIQUE,
    password text,                       -- Argon2id; null: signs in by passkey only, or is erased
    name text NOT NULL,                  -- how we call them; empty: erased
    locale text NOT NULL,                -- BCP 47
    currency text NOT NULL,              -- ISO 4217, in which prices are shown
    home_airport text,                   -- IATA
    roles text[] NOT NULL,               -- bookingd.domain.accounts.permissions.Role
    version integer NOT NULL DEFAULT 1,  -- of the profile, for If-Match
    created_at timestamptz NOT NULL,
    password_changed_at timestamptz,
    CHECK ((state = 'erased') = (address IS NULL)),
    CHECK ((address IS NULL) = (address_key IS NULL))
) WITH (fillfactor = 80);

-- A short-lived right that a link or a code in a mail stands for. Single use, and few tries.
CREATE TABLE proofs (
    id uuid PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('verify', 'reset', 'email_change', 'access', 'sign_in', 'passkey')),
    subject uuid NOT NULL,               -- the registration, account or booking that it opens
    address text,                        -- where it was sent, and for a change of address the new one
    details json NOT NULL DEFAULT '{}',  -- what its purpose needs besides
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,    -- wrong codes so far
    used_at timestamptz
);
CREATE INDEX proofs_subject ON proofs (subject, purpose);
CREATE INDEX proofs_expiry ON proofs (expires_at);

-- Somebody is signed in on some device. Its family of refresh tokens ends with it.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,        -- the last refresh
    expires_at timestamptz NOT NULL,     -- however often it is refreshed
    proved_at timestamptz NOT NULL,      -- when a password, passkey or code was last shown
    second_factor boolean NOT NULL,      -- whether more than one factor was shown
    device text NOT NULL,                -- "Firefox on Linux": from User-Agent, for the list of sessions
    client_address text NOT NULL,        -- the same; emptied when it ended
    ended_at timestamptz,
    ended_because text CHECK (ended_because IN ('signed_out', 'revoked', 'password_changed', 'replayed',
                                                'suspended', 'erased', 'expired', 'factor_reset')),
    CHECK ((ended_at IS NULL) = (ended_because IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX sessions_account ON sessions (account_id, created_at DESC);

CREATE TABLE refresh_tokens (
    hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),  -- SHA-256 of the token
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number integer NOT NULL,             -- 1, 2, 3 … within the session
    issued_at timestamptz NOT NULL,
    used_at timestamptz,                 -- when its successor was given out
    UNIQUE (session_id, number)
);

-- The second factor.
CREATE TABLE authenticators (
    account_id uuid PRIMARY KEY REFERENCES accounts (id),
    sealed bytea,                        -- the TOTP secret; null: none counts yet
    pending bytea,                       -- one that was set up and takes its place at its first code; sealed
    confirmed_at timestamptz,            -- when the first code of the one that counts was shown
    last_step bigint NOT NULL DEFAULT 0, -- of the last code that was taken: it is taken once
    CHECK ((sealed IS NULL) = (confirmed_at IS NULL)),
    CHECK (sealed IS NOT NULL OR pending IS NOT NULL)
);

CREATE TABLE recovery_codes (
    account_id uuid NOT NULL REFERENCES accounts (id),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    used_at timestamptz,
    PRIMARY KEY (account_id, hash)
);

CREATE TABLE passkeys (
    id bytea PRIMARY KEY,                -- the credential's
    account_id uuid NOT NULL REFERENCES accounts (id),
    public_key bytea NOT NULL,           -- COSE
    sign_count bigint NOT NULL,
    name text NOT NULL,                  -- what its owner calls it
    transports text[] NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX passkeys_account ON passkeys (account_id);

-- People whom an account books for.
CREATE TABLE travellers (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    name text NOT NULL,                  -- in the script of its owner
    given_name text NOT NULL,            -- the passport's Latin spelling
    surname text NOT NULL,
    sealed bytea NOT NULL,               -- birth date, documents, loyalty numbers
    documents_until date,                -- the last trip they were used for; null: none yet
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX travellers_account ON travellers (account_id, created_at);

-- What an account wants to hear of, and how: bookingd.domain.accounts.preferences.Preferences as JSON.
CREATE TABLE notification_preferences (
    account_id uuid PRIMARY KEY REFERENCES accounts (id),
    chosen json NOT NULL,
    version integer NOT NULL DEFAULT 1
);

-- Programs of partners.
CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    name text NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    scopes text[] NOT NULL,              -- bookingd.domain.accounts.permissions.Permission
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,                 -- to the hour
    revoked_at timestamptz
);
CREATE INDEX api_keys_account ON api_keys (account_id);

-- Birth dates of past trips are erased after a while.
ALTER TABLE booking_passengers ALTER born DROP NOT NULL;
