-- What else is known of one booking: for operators, seldom, and so without indexes of its own.

-- name: deeds
-- Who did what to booking $1, by the audit trail, the oldest first.
SELECT at, action, principal, correlation_id FROM audit_entries
 WHERE subject_kind = 'booking' AND subject_id = $1 ORDER BY at, id;

-- name: calls
-- Effects outside that booking $1 waits for.
SELECT step, object, state, calls, opened_at, note FROM intents
 WHERE subject = $1 AND state IN ('idle', 'calling', 'unknown') ORDER BY opened_at, id;

-- name: bundles
-- At most $2 bundles on their way that hold the text $1, the next due first.
SELECT bundle, due_at FROM outbox
 WHERE position(convert_to($1, 'UTF8') IN bundle) > 0 ORDER BY due_at, id LIMIT $2;

-- name: dead_letters
-- Dead letters that hold the text $1, the oldest first.
SELECT id, actor, message_name, reason, died_at FROM dead_letters
 WHERE position($1 IN envelope::text) > 0 ORDER BY died_at, id;

-- name: one_moment
-- What the rest of this transaction reads is of one moment; before its first other statement.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
