-- What waits for a person.

-- name: open
-- Entry $1: subject kind $2, subject $3, reason $4, detail $5, owner $6, at $7; once a subject and reason.
INSERT INTO attention (id, subject_kind, subject, reason, detail, owner, opened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (subject, reason) DO UPDATE SET closed_at = NULL, detail = excluded.detail;

-- name: list
-- The $1 oldest open entries.
SELECT id, subject_kind, subject, reason, detail, owner, opened_at
  FROM attention WHERE closed_at IS NULL ORDER BY opened_at LIMIT $1;
