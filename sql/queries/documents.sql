-- Receipts, invoices and credit notes, and to whom bookings are invoiced.

-- name: take_turn
-- The last numbers of the series $1, nobody else's until the end of the transaction; those that are not there begin at 0.
INSERT INTO document_series AS s (name, last)
SELECT n, 0 FROM unnest($1::text[]) AS n ORDER BY n
ON CONFLICT (name) DO UPDATE SET last = s.last
RETURNING name, last;

-- name: store
-- Documents ($1 ids, $2 series, $3 numbers, $4 names, $5 kinds, $6 bookings, $7 subjects, $8 occasions, $9 corrected ones,
-- $10 days, $11 totals, $12 currencies, $13 contents, $14 hashes) at $15, their addressees ($16 salts, $17 texts), and the
-- last numbers ($19) of their series ($18).
WITH counted AS (
    UPDATE document_series AS s SET last = n.last
      FROM unnest($18::text[], $19::bigint[]) AS n (name, last)
     WHERE s.name = n.name
), stored AS (
    INSERT INTO documents (id, series, number, name, kind, booking_id, subject, occasion, corrects, issued_on, total,
                           currency, content, hash, at)
    SELECT d.*, $15
      FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::uuid[], $7::uuid[], $8::text[],
                  $9::text[], $10::date[], $11::bigint[], $12::text[], $13::bytea[], $14::bytea[])
           AS d (id, series, number, name, kind, booking_id, subject, occasion, corrects, issued_on, total, currency,
                 content, hash)
)
INSERT INTO document_addressees (document_id, salt, addressee, issued_on)
SELECT * FROM unnest($1::uuid[], $16::bytea[], $17::bytea[], $10::date[]);

-- name: money_of
-- What was taken for bookings $1, and what went back of it and has not failed: a row a refund, or a payment without any.
SELECT p.booking_id, p.id, p.gateway, p.captured, p.currency, r.id AS refund_id, r.amount AS refunded
  FROM payments AS p
  LEFT JOIN refunds AS r ON r.payment_id = p.id AND r.state <> 'failed'
 WHERE p.booking_id = ANY ($1::uuid[]) AND p.captured > 0
 ORDER BY p.id, r.id;

-- name: of_bookings
-- All documents of bookings $1, the first issued first.
SELECT d.id, d.booking_id, d.subject, d.occasion, d.content, d.hash, d.at, a.salt, a.addressee
  FROM documents AS d
  LEFT JOIN document_addressees AS a ON a.document_id = d.id
 WHERE d.booking_id = ANY ($1::uuid[])
 ORDER BY d.at, d.id;

-- name: gaps
-- Series whose numbers are not 1 to the last one, each once: their names and last numbers, how many documents there are, and
-- their highest number.
SELECT s.name, s.last, count(d.number) AS documents, coalesce(max(d.number), 0) AS highest
  FROM document_series AS s LEFT JOIN documents AS d ON d.series = s.name
 GROUP BY s.name, s.last
HAVING count(d.number) <> s.last OR coalesce(max(d.number), 0) <> s.last
 ORDER BY s.name;

-- name: changed
-- Documents whose bytes do not fit their hash.
SELECT name FROM documents WHERE hash <> sha256(content) ORDER BY name;

-- name: bill_to
-- Booking $1 is to be invoiced to $2 (name), $3 (lines), $4 (postcode), $5 (city), $6 (country), $7 (tax number), since $8.
INSERT INTO booking_billing (booking_id, name, lines, postcode, city, country, tax_number, changed_at)
VALUES ($1, $2, $3::text[], $4, $5, $6, $7, $8)
ON CONFLICT (booking_id) DO UPDATE
   SET name = excluded.name, lines = excluded.lines, postcode = excluded.postcode, city = excluded.city,
       country = excluded.country, tax_number = excluded.tax_number, changed_at = excluded.changed_at;

-- name: billing_of
-- To whom those of bookings $1 are to be invoiced for which somebody said so.
SELECT booking_id, name, lines, postcode, city, country, tax_number
  FROM booking_billing WHERE booking_id = ANY ($1::uuid[]);

-- name: due_addressees
-- How many documents of before day $1 still have their addressee.
SELECT count(*) FROM document_addressees WHERE issued_on < $1;

-- name: forget_addressees
-- The addressees of up to $2 documents of before day $1 go; a row each.
DELETE FROM document_addressees
 WHERE document_id IN (SELECT document_id FROM document_addressees WHERE issued_on < $1 ORDER BY issued_on LIMIT $2)
RETURNING document_id;
