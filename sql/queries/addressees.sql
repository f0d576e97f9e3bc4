-- Whom mails about accounts go to, and how they want to be written to.

-- name: of_accounts
-- Those of the accounts $1 that were not erased.
SELECT id, address, name, locale FROM accounts WHERE id = ANY ($1::uuid[]) AND address IS NOT NULL;

-- name: of_proofs
-- The proofs $1 with what their subjects tell: in which language, the account's name and present address, the
-- booking's reference.
SELECT p.id, p.purpose, p.subject, p.address, p.details, p.created_at, p.expires_at, p.tries, p.used_at,
       coalesce(r.locale, a.locale, c.locale, 'en') AS locale, coalesce(a.name, '') AS name,
       a.address AS account_address, b.reference
  FROM proofs AS p
  LEFT JOIN registrations AS r ON r.id = p.subject
  LEFT JOIN accounts AS a ON a.id = p.subject
  LEFT JOIN bookings AS b ON b.id = p.subject
  LEFT JOIN booking_contacts AS c ON c.booking_id = p.subject
 WHERE p.id = ANY ($1::uuid[]);
