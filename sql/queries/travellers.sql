-- People whom accounts book for.

-- name: keep
-- Account $1, if it is open: nobody else adds to what it keeps, or erases it, until the end of the transaction.
SELECT true FROM accounts WHERE id = $1 AND state = 'open' FOR NO KEY UPDATE;

-- name: count
-- How many travellers account $1 has.
SELECT count(*) FROM travellers WHERE account_id = $1;

-- name: version
-- The version of account $1's traveller $2.
SELECT version FROM travellers WHERE account_id = $1 AND id = $2;

-- name: add
-- Traveller $1 of account $2: name $3, given name $4 and surname $5 as the passport spells them, what is sealed $6,
-- documents $7, at $8.
INSERT INTO travellers (id, account_id, name, given_name, surname, sealed, documents, created_at, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8);

-- name: of_account
-- Those of travellers $2 that are account $1's.
SELECT id, account_id, name, given_name, surname, sealed, documents, documents_until, version, created_at, changed_at
  FROM travellers WHERE account_id = $1 AND id = ANY ($2::uuid[]);

-- name: page
-- Up to $4 travellers of account $1, the newest first, behind the one made at $2 with id $3 (nulls: from the newest
-- on).
SELECT id, account_id, name, given_name, surname, sealed, documents, documents_until, version, created_at, changed_at
  FROM travellers
 WHERE account_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
 ORDER BY created_at DESC, id DESC
 LIMIT $4;

-- name: change
-- Traveller $1, if it is at version $2 still, is now: name $3, given name $4, surname $5, sealed $6, documents $7, at
-- $8. New documents ($9) were not used for trips that are over by day $10.
UPDATE travellers
   SET name = $3, given_name = $4, surname = $5, sealed = $6, documents = $7, changed_at = $8, version = version + 1,
       documents_until = CASE WHEN $9::boolean AND documents_until < $10 THEN NULL ELSE documents_until END
 WHERE id = $1 AND version = $2
RETURNING version;

-- name: remove
-- Traveller $1 is gone, if it is at version $2.
DELETE FROM travellers WHERE id = $1 AND version = $2 RETURNING true;

-- name: use
-- The documents of travellers $1 of accounts $2 are used until days $3 at least. Locked in the order of their ids.
UPDATE travellers AS t SET documents_until = greatest(t.documents_until, used.until)
  FROM (SELECT known.id, wanted.until
          FROM (SELECT id, account_id, max(until) AS until
                  FROM unnest($1::uuid[], $2::uuid[], $3::date[]) AS each (id, account_id, until)
                 GROUP BY id, account_id) AS wanted
          JOIN travellers AS known ON known.id = wanted.id AND known.account_id = wanted.account_id
         ORDER BY known.id FOR UPDATE OF known) AS used
 WHERE t.id = used.id;

-- name: due_documents
-- How many travellers have documents whose last trip was over before day $1.
SELECT count(*) FROM travellers WHERE documents IS NOT NULL AND documents_until < $1;

-- name: erase_documents
-- Up to $2 travellers lose the documents whose last trip was over before day $1; a row each.
UPDATE travellers SET documents = NULL, documents_until = NULL, version = version + 1
 WHERE id IN (SELECT id FROM travellers WHERE documents IS NOT NULL AND documents_until < $1
               ORDER BY documents_until LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING id;
