-- Exchange rates: sheets of what a euro costs, added and never changed.

-- name: lock
-- Whoever imports waits for the one before, until the transaction ends; $1 names the lock.
SELECT pg_advisory_xact_lock($1);

-- name: digests
-- Of each of the days $1 that has a sheet: the day, and the digest of the one that counts.
SELECT DISTINCT ON (day) day, digest FROM rate_sheets WHERE day = ANY($1::date[]) ORDER BY day, version DESC;

-- name: add_sheets
-- Sheets of days $1 with digests $2 (arrays of the same length) and source $3, made up or not ($4), imported at
-- $5 by $6. Gives version and day of each.
INSERT INTO rate_sheets (day, digest, source, made_up, imported_at, imported_by)
SELECT day, digest, $3, $4, $5, $6
  FROM unnest($1::date[], $2::bytea[]) WITH ORDINALITY AS sheet (day, digest, place)
 ORDER BY place
RETURNING version, day;

-- name: add_rates
-- Of versions $1 the rates of currencies $2: $3 units for a euro (arrays of the same length).
INSERT INTO exchange_rates (version, currency, per_euro)
SELECT version, currency, per_euro
  FROM unnest($1::integer[], $2::text[], $3::numeric[]) AS rate (version, currency, per_euro);

-- name: current
-- The version of the sheet that counts on day $1: the newest day's, and of that the last imported one. Made-up
-- ones count where $2 says so, and there is no other.
SELECT coalesce(
       (SELECT version FROM rate_sheets WHERE day <= $1 AND NOT made_up ORDER BY day DESC, version DESC LIMIT 1),
       (SELECT version FROM rate_sheets WHERE day <= $1 AND $2 ORDER BY day DESC, version DESC LIMIT 1));

-- name: current_day
-- The day of that sheet.
SELECT coalesce(
       (SELECT max(day) FROM rate_sheets WHERE day <= $1 AND NOT made_up),
       (SELECT max(day) FROM rate_sheets WHERE day <= $1 AND $2));

-- name: sheet
-- Sheet $1 with its rates.
SELECT sheet.version, sheet.day, sheet.source, sheet.made_up, sheet.imported_at, sheet.imported_by,
       (SELECT array_agg(currency ORDER BY currency) FROM exchange_rates WHERE version = $1) AS currencies,
       (SELECT array_agg(per_euro ORDER BY currency) FROM exchange_rates WHERE version = $1) AS per_euro
  FROM rate_sheets AS sheet WHERE sheet.version = $1;

-- name: newest
-- The newest $1 sheets, also those of a day that another one has replaced.
SELECT sheet.version, sheet.day, sheet.source, sheet.made_up, sheet.imported_at, sheet.imported_by,
       (SELECT count(*) FROM exchange_rates AS rate WHERE rate.version = sheet.version) AS rates,
       sheet.version = max(sheet.version) OVER (PARTITION BY sheet.day) AS counts
  FROM rate_sheets AS sheet ORDER BY day DESC, version DESC LIMIT $1;

-- name: any_real
-- Whether there is a sheet that nobody made up.
SELECT EXISTS (SELECT FROM rate_sheets WHERE NOT made_up);
