-- What gateways sent us.

-- name: receive
-- Events ($1 gateways, $2 ids, $3 kinds, $4 payments, $5 the gateway's own references of them), received at $6.
-- Each that is new, with the payment that it is about, where we have it, and the steps that somebody is calling the
-- gateway for. A refund's event names the gateway's object only, by how its name began.
WITH told AS (
    SELECT e.gateway, e.event_id, e.kind,
           coalesce(e.payment_id,
                    (SELECT p.id FROM payments AS p
                      WHERE p.gateway = e.gateway
                        AND split_part(p.gateway_reference, '/', 1) = split_part(e.reference, '/', 1)
                      ORDER BY p.id DESC LIMIT 1)) AS payment_id
      FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[])
           AS e (gateway, event_id, kind, payment_id, reference)
     ORDER BY e.gateway, e.event_id
), new AS (
    INSERT INTO webhook_events (gateway, event_id, kind, payment_id, received_at)
    SELECT gateway, event_id, kind, payment_id, $6 FROM told
    ON CONFLICT DO NOTHING
    RETURNING gateway, event_id, payment_id
)
SELECT new.gateway, new.event_id, p.id, p.booking_id, p.state,
       ARRAY (SELECT i.step FROM intents AS i
               WHERE i.subject = p.booking_id AND i.object = p.id AND i.state = 'calling' AND i.leased_until > $6)
       AS under_way
  FROM new LEFT JOIN payments AS p ON p.id = new.payment_id AND p.gateway = new.gateway;

-- name: told_of
-- The payment that an event of gateway $1 is about which names ours ($2), or its own ($3).
SELECT id, booking_id, state FROM payments
 WHERE gateway = $1
   AND (id = $2 OR ($2::uuid IS NULL AND split_part(gateway_reference, '/', 1) = split_part($3, '/', 1)))
 ORDER BY id DESC LIMIT 1;

-- name: forget
-- Up to $2 webhooks from before $1 go: no gateway repeats one for so long. Gives a row for each.
DELETE FROM webhook_events
 WHERE (gateway, event_id) IN
       (SELECT gateway, event_id FROM webhook_events WHERE received_at < $1 LIMIT $2)
RETURNING true;
