-- What waits for a person.

-- name: open
-- Entry $1: subject kind $2, subject $3, object $4, reason $5, detail $6, owner $7, at $8; once a subject, reason
-- and object. One that was closed is opened anew, as of $8.
INSERT INTO attention AS known (id, subject_kind, subject, object, reason, detail, owner, opened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (subject, reason, object) DO UPDATE
   SET detail = excluded.detail, owner = excluded.owner, closed_at = NULL,
       opened_at = CASE WHEN known.closed_at IS NULL THEN known.opened_at ELSE excluded.opened_at END;

-- name: list
-- The $1 oldest open entries.
SELECT id, subject_kind, subject, object, reason, detail, owner, opened_at
  FROM attention WHERE closed_at IS NULL ORDER BY opened_at LIMIT $1;

-- name: close
-- What is open about subject kind $1, subject $2 was dealt with at $3.
UPDATE attention SET closed_at = $3 WHERE subject_kind = $1 AND subject = $2 AND closed_at IS NULL;

-- name: close_one
-- What was opened about subject $1, reason $2, object $3 has come right at $4.
UPDATE attention SET closed_at = $4 WHERE subject = $1 AND reason = $2 AND object = $3 AND closed_at IS NULL;

-- name: of_subject
-- What is open about subject kind $1, subject $2, the oldest first.
SELECT id, subject_kind, subject, object, reason, detail, owner, opened_at
  FROM attention WHERE subject_kind = $1 AND subject = $2 AND closed_at IS NULL ORDER BY opened_at, id;

-- name: counts
-- How many entries are open for owner $1 by reason, and since when the oldest has been.
SELECT reason, count(*) AS entries, min(opened_at) AS oldest
  FROM attention WHERE closed_at IS NULL AND owner = $1 GROUP BY reason ORDER BY oldest, reason;
