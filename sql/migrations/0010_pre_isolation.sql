-- What is known of messages that may have killed the process that handled them.

-- In memory the outbox is the queue, and nobody else counts how often a bundle was given out in vain.
ALTER TABLE outbox ADD freed integer NOT NULL DEFAULT 0;  -- how many starts found it in a dead process's hands

-- What comes back again and again is announced before it is handled, and taken back after that. A row that
-- stays tells what its process was handling when it died.
CREATE TABLE announcements (
    actor text NOT NULL,
    message_id uuid NOT NULL,
    process uuid NOT NULL,           -- who handles it; an id of that actor's runtime, made at its start
    announced_at timestamptz NOT NULL,
    lapses_at timestamptz NOT NULL,  -- from then on whoever announced it is gone
    PRIMARY KEY (actor, message_id)
);
