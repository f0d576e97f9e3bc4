-- Refused looks at what belongs to others.

-- name: one_at_a_time
-- Have refusals of $1 wait for each other, until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended($1, 0));

-- name: refused_since
-- Whether principal $2 was refused booking $1 at or after $3.
SELECT EXISTS (SELECT FROM audit_entries
                WHERE subject_kind = 'booking' AND subject_id = $1 AND at >= $3
                  AND principal = $2 AND action = 'access.refused');
