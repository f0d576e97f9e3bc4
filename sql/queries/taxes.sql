-- Tax rules.

-- name: all
-- Every version of every rule.
SELECT country, product, customer, valid_from, valid_until, treatment, percent, version, note
  FROM tax_rules ORDER BY country, product, customer, valid_from, version;

-- name: last_of
-- The last versions of the rules of countries $1.
SELECT DISTINCT ON (country, product, customer, valid_from)
       country, product, customer, valid_from, valid_until, treatment, percent, version, note
  FROM tax_rules WHERE country = ANY ($1::text[])
 ORDER BY country, product, customer, valid_from, version DESC;

-- name: lock
-- Nobody else writes rules until the end of the transaction ($1).
SELECT pg_advisory_xact_lock($1);

-- name: add
-- Versions of rules ($1 countries, $2 products, $3 customers, $4 first days, $5 last days, $6 treatments, $7 percents,
-- $8 versions, $9 notes), written at $10.
INSERT INTO tax_rules (country, product, customer, valid_from, valid_until, treatment, percent, version, note, written_at)
SELECT r.*, $10
  FROM unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::date[], $6::text[], $7::numeric[], $8::integer[], $9::text[])
       AS r (country, product, customer, valid_from, valid_until, treatment, percent, version, note);
