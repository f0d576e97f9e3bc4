-- Seats taken and given back. The functions and the order of locks are told in the inventory's migration.

-- name: hold
-- Take seats: keys (departures $1, cabins $2), one element a leg of items $3 (place of its key $4, seats $5,
-- held until $6), at time $7.
SELECT held_item, outcome, expires FROM hold_stock_v1($1, $2, $3, $4, $5, $6, $7);

-- name: lock
-- Lock the stock rows of keys (departures $1, cabins $2) and those that items $3 have seats of, in the
-- order in which every sale locks them.
SELECT count(*) FROM (
    SELECT 1
      FROM (SELECT key.departure_id, key.cabin
              FROM unnest($1::bigint[], $2::text[]) AS key (departure_id, cabin)
             UNION
            SELECT claim.departure_id, claim.cabin
              FROM stock_claims AS claim
             WHERE claim.item_id = ANY ($3::uuid[]) AND claim.state <> 'released') AS key
      JOIN cabin_stock AS stock ON stock.departure_id = key.departure_id AND stock.cabin = key.cabin
     ORDER BY stock.departure_id, stock.cabin
       FOR UPDATE OF stock) AS locked;

-- name: confirm
-- Make the held claims of items $1 sold at time $2, where an item has not lost any; the items that are sold.
WITH claims AS (
    SELECT claim.item_id, claim.state
      FROM stock_claims AS claim
     WHERE claim.item_id = ANY ($1::uuid[])
     ORDER BY claim.item_id, claim.departure_id
       FOR UPDATE
), whole AS (
    SELECT item_id FROM claims GROUP BY item_id HAVING bool_and(state <> 'released')
), sold AS (
    UPDATE stock_claims AS claim
       SET state = 'sold', expires_at = NULL, changed_at = $2
     WHERE claim.item_id = ANY (ARRAY (SELECT item_id FROM whole)) AND claim.state <> 'sold'
)
SELECT item_id FROM whole;

-- name: extend
-- Hold what items $1 hold until $2, where an item has not lost any; the items that have all their seats.
WITH claims AS (
    SELECT claim.item_id, claim.state
      FROM stock_claims AS claim
     WHERE claim.item_id = ANY ($1::uuid[])
     ORDER BY claim.item_id, claim.departure_id
       FOR UPDATE
), whole AS (
    SELECT item_id FROM claims GROUP BY item_id HAVING bool_and(state <> 'released')
), longer AS (
    UPDATE stock_claims AS claim
       SET expires_at = $2::timestamptz
     WHERE claim.item_id = ANY (ARRAY (SELECT item_id FROM whole)) AND claim.state <> 'sold'
)
SELECT item_id FROM whole;

-- name: release
-- Give back what items $1 hold or have bought, at time $2; the items that had anything to give back.
SELECT released_item FROM release_stock_v1($1, $2);

-- name: check_books
-- Stock rows whose taken seats are not the sum of their claims, or are more than there are; and claims
-- without a stock row. Reads everything: for checks, not for the daemon's day.
SELECT coalesce(stock.departure_id, claimed.departure_id) AS departure_id,
       coalesce(stock.cabin, claimed.cabin) AS cabin,
       stock.capacity, stock.taken, coalesce(claimed.seats, 0)::integer AS claimed
  FROM cabin_stock AS stock
  FULL JOIN (SELECT departure_id, cabin, sum(seats) AS seats
               FROM stock_claims WHERE state <> 'released'
              GROUP BY departure_id, cabin) AS claimed
    ON claimed.departure_id = stock.departure_id AND claimed.cabin = stock.cabin
 WHERE stock.taken IS DISTINCT FROM coalesce(claimed.seats, 0) OR stock.taken > stock.capacity
 ORDER BY 1, 2;

