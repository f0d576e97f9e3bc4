-- What the lowest fares of many days need besides the searches of these days.

-- name: least_share
-- The least part of a base fare that a party pays in cabin $1, with fees in currency $2: adults $3, children $4 and
-- infants $5 together, in the family and at the airline where it is least, as family by passenger factor (the whole fare of
-- one is 100000000); null where nobody sells the cabin.
SELECT min(family.factor::bigint
           * ($3::integer * coalesce(of_airline.adult, 0) + $4::integer * coalesce(of_airline.child, 0)
              + $5::integer * coalesce(of_airline.infant, 0)))
  FROM fare_families AS family
  LEFT JOIN (SELECT airline,
                    max(factor) FILTER (WHERE passenger = 'adult') AS adult,
                    max(factor) FILTER (WHERE passenger = 'child') AS child,
                    max(factor) FILTER (WHERE passenger = 'infant') AS infant
               FROM passenger_factors GROUP BY airline) AS of_airline ON of_airline.airline = family.airline
 WHERE family.cabin = $1 AND family.currency = $2;
