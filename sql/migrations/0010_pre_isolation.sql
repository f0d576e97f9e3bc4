-- What is known of messages that may have killed the process that handled them.

-- In memory the outbox is the queue, and nobody else counts how often a bundle was given out in vain.
ALTER TABLE outbox ADD freed integer NOT NULL DEFAULT 0;  -- how many starts found it in a dead process's hands

-- What comes back again and again is announced before it is handled. A row goes when its message was survived
-- or buried; one that stays with its process tells what that was handling when it died.
CREATE TABLE announcements (
    actor text NOT NULL,
    message_id uuid NOT NULL,
    process uuid,                    -- who handles it, by an id of that actor's runtime; null: nobody now
    deaths integer NOT NULL,         -- processes that died while they handled it
    lapses_at timestamptz NOT NULL,  -- from then on `process` is gone; or, if that is null, it may be tried again
    PRIMARY KEY (actor, message_id)
);
