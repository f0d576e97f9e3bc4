-- Notifications: what travellers were told, when, and how often it had to be said.

-- One message to one person about one change of state. The id follows from the booking, the kind and the
-- occasion, so that an event which is delivered twice finds the row of the first time (P5). The text is not
-- kept: it can be written again from the booking. No foreign key: it would have every mail lock the row
-- that the booking's next decision is waiting for.
CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    booking_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('confirmed', 'failed', 'expired', 'called_off', 'price_changed',
                                       'payment_declined', 'payment_needed')),
    occasion text NOT NULL,              -- tells two changes of one kind apart; empty where there is one only
    channel text NOT NULL CHECK (channel IN ('email')),
    recipient text NOT NULL,             -- the address it went to; personal, emptied by an erasure
    state text NOT NULL CHECK (state IN ('due', 'sending', 'sent', 'failed')),
    message_id text NOT NULL,            -- Message-ID with its brackets, the same at every attempt
    attempts integer NOT NULL DEFAULT 0,  -- how often it was handed to the provider
    repeats integer NOT NULL DEFAULT 0,  -- how many of these while an earlier one may have arrived
    receipt text,                        -- the provider's words when it took the message, or why it never will
    made_at timestamptz NOT NULL,
    sent_at timestamptz,                 -- when the provider said yes
    UNIQUE (booking_id, kind, occasion),
    CHECK (repeats BETWEEN 0 AND attempts),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX notifications_unsettled ON notifications (made_at) WHERE state IN ('due', 'sending');
