-- What is sealed with the field keys, wherever it is: to be sealed anew when one key replaces another.

-- name: by_key
-- How many values of each kind each key has sealed; one that is too short to have been sealed names none.
SELECT kind, CASE WHEN octet_length(value) > get_byte(value || '\x00'::bytea, 0)
                  THEN encode(substr(value, 2, get_byte(value || '\x00'::bytea, 0)), 'escape') ELSE '' END AS key,
       count(*) AS number
  FROM (SELECT 'travellers.sealed' AS kind, sealed AS value FROM travellers
         UNION ALL
        SELECT 'travellers.documents', documents FROM travellers WHERE documents IS NOT NULL
         UNION ALL
        SELECT 'authenticators.sealed', sealed FROM authenticators WHERE sealed IS NOT NULL
         UNION ALL
        SELECT 'authenticators.pending', pending FROM authenticators WHERE pending IS NOT NULL) AS kept
 GROUP BY kind, key ORDER BY kind, key;

-- name: travellers
-- What is sealed of the $2 travellers after $1, locked.
SELECT id, sealed, documents FROM travellers WHERE id > $1 ORDER BY id LIMIT $2 FOR UPDATE;

-- name: reseal_travellers
-- What is sealed of travellers $1, sealed anew: $2, and their documents $3. They are the same as before.
UPDATE travellers AS t SET sealed = made.sealed, documents = made.documents
  FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS made (id, sealed, documents)
 WHERE t.id = made.id;

-- name: authenticators
-- What is sealed of the apps of the $2 accounts after $1, locked.
SELECT account_id AS id, sealed, pending FROM authenticators
 WHERE account_id > $1 ORDER BY account_id LIMIT $2 FOR UPDATE;

-- name: reseal_authenticators
-- The secrets of accounts $1, sealed anew: those that count ($2), those that are pending ($3).
UPDATE authenticators AS a SET sealed = made.sealed, pending = made.pending
  FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS made (id, sealed, pending)
 WHERE a.account_id = made.id;
