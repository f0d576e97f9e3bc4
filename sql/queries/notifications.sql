-- What people were told.

-- name: begin
-- Record that messages ($1 ids, $2 bookings, $10 accounts, $3 kinds, $4 occasions, $5 recipients, $6 Message-IDs) are being handed
-- over by channel $8 at $9; a repeat ($7) is one whose earlier attempt may have arrived. Those that are sent or
-- failed, or are being sent under another Message-ID, are left alone and not in the answer.
INSERT INTO notifications AS n
       (id, booking_id, account_id, kind, occasion, channel, recipient, state, message_id, attempts, repeats,
        made_at)
SELECT m.id, m.booking_id, m.account_id, m.kind, m.occasion, $8, m.recipient, 'sending', m.message_id, 1,
       m.again::integer, $9
  FROM unnest($1::uuid[], $2::uuid[], $10::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[])
       AS m (id, booking_id, account_id, kind, occasion, recipient, message_id, again)
 ORDER BY m.id
ON CONFLICT (id) DO UPDATE
   SET state = 'sending', recipient = excluded.recipient,
       attempts = n.attempts + 1, repeats = n.repeats + excluded.repeats
 WHERE n.state IN ('due', 'sending') AND n.message_id = excluded.message_id
RETURNING id, message_id;

-- name: put_off
-- Nothing of $1 was taken: it is due again.
UPDATE notifications SET state = 'due' WHERE id = $1 AND state = 'sending';

-- name: sent
-- The provider took messages $1 at $3 with the words $2.
UPDATE notifications AS n SET state = 'sent', sent_at = $3, receipt = m.receipt
  FROM unnest($1::uuid[], $2::text[]) AS m (id, receipt)
 WHERE n.id = m.id AND n.state IN ('due', 'sending');

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
SELECT id, booking_id, account_id, kind, occasion, channel, recipient, state, message_id, attempts, repeats, receipt,
       made_at, sent_at
  FROM notifications
 WHERE booking_id = $1
 ORDER BY made_at, id;

-- name: of_account
-- The last $2 messages about account $1 itself, the newest first.
SELECT id, booking_id, account_id, kind, occasion, channel, recipient, state, message_id, attempts, repeats, receipt,
       made_at, sent_at
  FROM notifications
 WHERE account_id = $1
 ORDER BY made_at DESC, id DESC
 LIMIT $2;
