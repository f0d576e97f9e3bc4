-- What an account was told, as a list.

-- name: page
-- Up to $5 messages about account $1 itself, but for those of kinds $6, and about the bookings of owner $2, the newest
-- first, behind the one made at $3 with id $4 (nulls: from the newest on).
SELECT id, kind, channel, recipient, state, made_at, sent_at, reference
  FROM (
    (SELECT n.id, n.kind, n.channel, n.recipient, n.state, n.made_at, n.sent_at, NULL AS reference
       FROM notifications AS n
      WHERE n.account_id = $1 AND n.kind <> ALL ($6::text[])
        AND ($3::timestamptz IS NULL OR (n.made_at, n.id) < ($3, $4::uuid))
      ORDER BY n.made_at DESC, n.id DESC
      LIMIT $5)
    UNION ALL
    (SELECT n.id, n.kind, n.channel, n.recipient, n.state, n.made_at, n.sent_at, b.reference
       FROM bookings AS b
       JOIN notifications AS n ON n.booking_id = b.id
      WHERE b.owner = $2 AND ($3::timestamptz IS NULL OR (n.made_at, n.id) < ($3, $4::uuid))
      ORDER BY n.made_at DESC, n.id DESC
      LIMIT $5)
  ) AS told
 ORDER BY made_at DESC, id DESC
 LIMIT $5;
