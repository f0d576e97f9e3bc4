-- What clients on account may owe us, and do.

-- name: lock
-- The line of $1, locked: whoever uses it waits.
SELECT most, currency, days, version FROM credit_lines WHERE owner = $1 FOR UPDATE;

-- name: line
-- The line of $1.
SELECT most, currency, days, version FROM credit_lines WHERE owner = $1;

-- name: used
-- What $1 has used of their line: held and owed, less what was given back and what was paid.
SELECT (coalesce((SELECT sum(CASE u.state WHEN 'held' THEN u.amount ELSE u.owed END)
                    FROM credit_uses AS u WHERE u.owner = $1 AND u.state IN ('held', 'owed')), 0)
      - coalesce((SELECT sum(r.amount) FROM credit_returns AS r
                    JOIN credit_uses AS u USING (payment_id) WHERE u.owner = $1 AND u.state = 'owed'), 0)
      - coalesce((SELECT sum(s.amount) FROM credit_settlements AS s WHERE s.owner = $1), 0))::bigint AS used;

-- name: ask
-- Payment $1 of $2: $3 of $4 are $5 (held or declined) for the reason $6, at $7. Decided once.
INSERT INTO credit_uses (payment_id, owner, amount, currency, state, reason, asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING;

-- name: use
-- What payment $1 uses, and what of it was given back.
SELECT u.owner, u.amount, u.currency, u.state, u.reason, u.owed, u.asked_at, u.owed_at,
       coalesce((SELECT sum(r.amount) FROM credit_returns AS r WHERE r.payment_id = $1), 0)::bigint AS back
  FROM credit_uses AS u WHERE u.payment_id = $1;

-- name: lock_use
-- The same row for whoever changes it.
SELECT owner FROM credit_uses WHERE payment_id = $1 FOR UPDATE;

-- name: owe
-- $2 of what payment $1 holds are owed from $3 on; the rest is free again.
UPDATE credit_uses SET state = 'owed', owed = $2, owed_at = $3 WHERE payment_id = $1 AND state = 'held' AND amount >= $2
RETURNING payment_id;

-- name: release
-- What payment $1 holds is free again.
UPDATE credit_uses SET state = 'released' WHERE payment_id = $1 AND state IN ('held', 'declined') RETURNING payment_id;

-- name: give_back
-- $3 of $4 of payment $2 are not owed any more, asked for by $1 at $5; once.
INSERT INTO credit_returns (id, payment_id, amount, currency, at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING;

-- name: given_back
-- What was given back by the name $1.
SELECT id, payment_id, amount, currency, at FROM credit_returns WHERE id = $1;

-- name: open_line
-- A line for $1, who had none: $2 of $3, due after $4 days, by $5 at $6. No row where there was one.
INSERT INTO credit_lines (owner, most, currency, days, version, changed_by, changed_at)
VALUES ($1, $2, $3, $4, 1, $5, $6)
ON CONFLICT DO NOTHING
RETURNING version;

-- name: change_line
-- The line of $1 is $2, due after $3 days, set by $4 at $5; it was version $6. No row where it was not.
UPDATE credit_lines SET most = $2, days = $3, version = version + 1, changed_by = $4, changed_at = $5
 WHERE owner = $1 AND version = $6
RETURNING version;

-- name: settle
-- $2 paid $3 of $4 of what they owe on $5, with the proof $6, recorded by $7 at $8, called $1. No row where that proof was
-- recorded before.
INSERT INTO credit_settlements (id, owner, amount, currency, received_on, proof, recorded_by, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: movements
-- What was owed and given back from $1 until $2.
SELECT 'capture' AS kind, payment_id, payment_id AS own, owed AS amount, currency, owed_at AS at
  FROM credit_uses WHERE state = 'owed' AND owed_at >= $1 AND owed_at < $2
 UNION ALL
SELECT 'refund', r.payment_id, r.id, r.amount, r.currency, r.at FROM credit_returns AS r WHERE r.at >= $1 AND r.at < $2
 ORDER BY at, own;
