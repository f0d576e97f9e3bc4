-- The spine: how messages leave a transaction, are taken in once, and what was begun outside.

-- What transactions send. A row is one bundle for one destination; it is written by the transaction that
-- causes it and deleted when it has been delivered. A row with a due time is a timer. In-memory transport:
-- the row goes when every subscriber has settled it. RabbitMQ: when the broker has confirmed it.
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('command', 'event')),  -- a command has one mailbox, an event subscribers
    destination text NOT NULL,       -- the actor's name of a command, the message name of an event
    lane text NOT NULL CHECK (lane IN ('finishing', 'normal', 'bulk')),
    bundle bytea NOT NULL,           -- JSON array of 1..64 envelopes
    due_at timestamptz NOT NULL,     -- not before this
    claimed_until timestamptz,       -- a process is delivering it; lapsed or null: free to be claimed
    ready_at timestamptz NOT NULL GENERATED ALWAYS AS (GREATEST(due_at, claimed_until)) STORED
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX outbox_ready ON outbox (ready_at);

-- What each actor has handled: a message takes effect once, however often it is delivered (P5).
CREATE TABLE inbox (
    actor text NOT NULL,
    message_id uuid NOT NULL,
    sent_at timestamptz NOT NULL,    -- from the envelope, the same in every delivery
    PRIMARY KEY (actor, message_id, sent_at)
) PARTITION BY RANGE (sent_at);
SELECT keep_partitions('inbox', 'day', 3, '30 days');

-- Every effect outside PostgreSQL, recorded before it is begun (P9). The id is the idempotency key given
-- along. Whoever meets a live lease comes back later; whoever meets a lapsed one looks the outcome up.
CREATE TABLE intents (
    id uuid PRIMARY KEY,
    subject uuid NOT NULL,           -- the booking, or what else it is done for
    object uuid NOT NULL,            -- the item, payment or notification
    step text NOT NULL,              -- authorise, capture, void, refund, hold, ticket, release, mail
    round integer NOT NULL,          -- grows by a decision, never by a retry
    state text NOT NULL CHECK (state IN ('idle', 'calling', 'unknown', 'done', 'refused')),
    leased_until timestamptz,        -- while calling; lapsed means that the caller is gone
    opened_at timestamptz NOT NULL,
    finished_at timestamptz,
    calls integer NOT NULL,          -- how often the other side was called for it
    note text,                       -- the last error in a sentence, without secrets
    UNIQUE (subject, object, step, round)
);
CREATE INDEX intents_open ON intents (opened_at) WHERE state IN ('idle', 'calling', 'unknown');

-- Messages that could not be handled, for operators to look at, replay or drop.
CREATE TABLE dead_letters (
    id uuid PRIMARY KEY,
    actor text NOT NULL,             -- whose mailbox it lay in
    message_name text NOT NULL,
    envelope json NOT NULL,          -- whole, to be replayed as it is
    reason text NOT NULL,            -- the error in a line
    trace text NOT NULL,             -- where in the code
    attempts integer NOT NULL,
    died_at timestamptz NOT NULL
);
CREATE INDEX dead_letters_died ON dead_letters (died_at);

-- Answers to unsafe requests, so that the same request gives the same answer again.
CREATE TABLE idempotency_records (
    scope text NOT NULL,             -- the principal: keys of two callers never meet
    key text NOT NULL,
    fingerprint bytea NOT NULL,      -- SHA-256 of method, path and body
    status smallint NOT NULL,
    location text,
    answer bytea NOT NULL,           -- the body as it was answered
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_records_age ON idempotency_records (recorded_at);

-- What waits for a person: a list with a reason and an owner, not a state of the booking (P6).
CREATE TABLE attention (
    id uuid PRIMARY KEY,
    subject_kind text NOT NULL,      -- booking, dead_letter
    subject uuid NOT NULL,
    object uuid NOT NULL,            -- which of its payments, refunds, items; the subject where it is about all
    reason text NOT NULL,            -- a stable code
    detail text NOT NULL,            -- a sentence for an operator
    owner text NOT NULL CHECK (owner IN ('operator', 'traveller')),
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    UNIQUE (subject, reason, object)
);
CREATE INDEX attention_open ON attention (opened_at) WHERE closed_at IS NULL;
