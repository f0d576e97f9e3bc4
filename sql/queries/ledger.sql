-- The books.

-- name: post
-- Entries: $1 ids, $2 journals, $3 bookings, $4 payments, $5 reasons, $6 debits, $7 credits, $8 amounts,
-- $9 currencies, at $10.
INSERT INTO ledger_entries (id, journal, booking_id, payment_id, reason, debit, credit, amount, currency, at)
SELECT e.*, $10
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[],
              $8::bigint[], $9::text[])
       AS e (id, journal, booking_id, payment_id, reason, debit, credit, amount, currency);

-- name: balances
-- What each account holds of each currency: debits less credits.
SELECT account, currency, sum(amount)::bigint AS balance
  FROM (SELECT debit AS account, currency, amount FROM ledger_entries
         UNION ALL
        SELECT credit, currency, -amount FROM ledger_entries) AS sides
 GROUP BY account, currency ORDER BY account, currency;

-- name: of_booking
-- The entries of booking $1.
SELECT journal, payment_id, reason, debit, credit, amount, currency, at
  FROM ledger_entries WHERE booking_id = $1 ORDER BY id;

-- name: of_payment
-- The entries of payment $2 of booking $1.
SELECT reason, debit, credit, amount, currency, at
  FROM ledger_entries WHERE booking_id = $1 AND payment_id = $2 ORDER BY id;
