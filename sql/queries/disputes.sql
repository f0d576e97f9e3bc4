-- Disputes of payments.

-- name: of_payment
-- The disputes of payment $1, the first heard of first.
SELECT id, payment_id, booking_id, gateway, gateway_reference, amount, currency, reason, status, respond_by, opened_at
  FROM disputes WHERE payment_id = $1 ORDER BY id;

-- name: save
-- Dispute $1 of payment $2 and booking $3 at gateway $4, called $5 there, of $6 $7 for reason $8, is $9 and to be answered by $10,
-- at $11: and that in its history.
WITH saved AS (
    INSERT INTO disputes (id, payment_id, booking_id, gateway, gateway_reference, amount, currency, reason, status,
                          respond_by, opened_at, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
    ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, status = excluded.status, reason = excluded.reason,
        respond_by = excluded.respond_by, changed_at = excluded.changed_at
    RETURNING id, status, amount, respond_by
)
INSERT INTO dispute_changes (dispute_id, number, status, amount, respond_by, at)
SELECT saved.id, (SELECT count(*) + 1 FROM dispute_changes AS c WHERE c.dispute_id = saved.id), saved.status, saved.amount,
       saved.respond_by, $11
  FROM saved;

-- name: history
-- What dispute $1 was, the first first.
SELECT status, amount, respond_by, at FROM dispute_changes WHERE dispute_id = $1 ORDER BY number;

-- name: find_evidence
-- What speaks for booking $1, and is noted with dispute $2: tickets $3; how far its timeline goes; what was sent to its
-- traveller; documents; and who did what, by the audit trail, which knows from where.
INSERT INTO dispute_evidence (dispute_id, kind, reference, at)
SELECT $2, found.kind, found.reference, found.at
  FROM (SELECT 'ticket' AS kind, ticket AS reference, NULL::timestamptz AS at FROM unnest($3::text[]) AS ticket
         UNION ALL
        SELECT 'timeline', name || ' ' || sequence, at FROM booking_events WHERE booking_id = $1
         UNION ALL
        SELECT 'mail', kind || ' ' || message_id, sent_at FROM notifications WHERE booking_id = $1 AND state = 'sent'
         UNION ALL
        SELECT 'document', name, at FROM documents WHERE booking_id = $1
         UNION ALL
        SELECT 'deed', action || ' ' || id, at FROM audit_entries
         WHERE subject_kind = 'booking' AND subject_id = $1::uuid::text) AS found
ON CONFLICT DO NOTHING
RETURNING kind;

-- name: evidence
-- What is noted with dispute $1.
SELECT kind, reference, at FROM dispute_evidence WHERE dispute_id = $1 ORDER BY at NULLS FIRST, kind, reference;

-- name: open
-- How many disputes are open, and until when evidence counts for the most urgent one of which the gateway waits for any.
SELECT count(*) AS disputes, min(respond_by) FILTER (WHERE status IN ('inquiry', 'needs_response')) AS respond_by
  FROM disputes WHERE status IN ('inquiry', 'needs_response', 'under_review');
