-- What travellers were told.

-- name: begin
-- Record that message $1 (booking $2, kind $3, occasion $4, channel $5, recipient $6, Message-ID $7) is
-- being handed over at $8; a repeat ($9) is one whose earlier attempt may have arrived. One that is sent or
-- failed, or is being sent under another Message-ID, is left alone and gives no row.
INSERT INTO notifications AS n
       (id, booking_id, kind, occasion, channel, recipient, state, message_id, attempts, repeats, made_at)
VALUES ($1, $2, $3, $4, $5, $6, 'sending', $7, 1, $9::boolean::integer, $8)
ON CONFLICT (id) DO UPDATE
   SET state = 'sending', recipient = excluded.recipient,
       attempts = n.attempts + 1, repeats = n.repeats + excluded.repeats
 WHERE n.state IN ('due', 'sending') AND n.message_id = excluded.message_id
RETURNING id, booking_id, kind, occasion, channel, recipient, state, message_id, attempts, repeats, receipt,
          made_at, sent_at;

-- name: put_off
-- Nothing of $1 was taken: it is due again.
UPDATE notifications SET state = 'due' WHERE id = $1 AND state = 'sending';

-- name: sent
-- The provider took $1 at $2 with the words $3.
UPDATE notifications SET state = 'sent', sent_at = $2, receipt = $3
 WHERE id = $1 AND state IN ('due', 'sending');

-- name: failed
-- The provider will never take $1; $2 says why.
UPDATE notifications SET state = 'failed', receipt = $2
 WHERE id = $1 AND state IN ('due', 'sending');

-- name: overtaken
-- What $1 was to say under Message-ID $2 is no longer so: forgotten where nothing of it was taken, given up
-- with the words $3 where it may have arrived.
WITH forgotten AS (
    DELETE FROM notifications WHERE id = $1 AND message_id = $2 AND state = 'due'
)
UPDATE notifications SET state = 'failed', receipt = $3
 WHERE id = $1 AND message_id = $2 AND state = 'sending';

-- name: of_booking
-- Everything that was said about booking $1, oldest first.
SELECT id, booking_id, kind, occasion, channel, recipient, state, message_id, attempts, repeats, receipt,
       made_at, sent_at
  FROM notifications
 WHERE booking_id = $1
 ORDER BY made_at, id;
