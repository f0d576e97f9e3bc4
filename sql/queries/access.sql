-- Looks at what belongs to others, and refused keys.

-- name: one_at_a_time
-- Have those who write down $1 wait for each other, until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended($1, 0));

-- name: written_since
-- Whether $4 was written down of principal $3 at the $1 (booking, account) $2, at or after $5.
SELECT EXISTS (SELECT FROM audit_entries
                WHERE subject_kind = $1 AND subject_id = $2 AND at >= $5
                  AND principal = $3 AND action = $4);

-- name: booking_of
-- The booking with reference $1.
SELECT id FROM bookings WHERE reference = $1;
