-- What card testing is recognised by: attempts to pay of the last day that have come to nothing so far.

-- One that succeeds goes. Clients' networks, accounts and cards are in here by keyed hashes only.
CREATE TABLE payment_attempts (
    payment_id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    network bytea,                       -- whose client asked; null where staff did, or nobody was there
    booking_id uuid NOT NULL,
    account bytea,                       -- whose booking it is; null for a guest's
    declined_at timestamptz,
    card bytea                           -- that was declined, where the gateway tells which it was
);
CREATE INDEX payment_attempts_age ON payment_attempts (at);
CREATE INDEX payment_attempts_network ON payment_attempts (network, at) WHERE network IS NOT NULL;
CREATE INDEX payment_attempts_booking ON payment_attempts (booking_id, at);
CREATE INDEX payment_attempts_account ON payment_attempts (account, at) WHERE account IS NOT NULL;
CREATE INDEX payment_attempts_card ON payment_attempts (card, declined_at) WHERE card IS NOT NULL;

-- Records an attempt and gives no row; or, where one of the gates is closed, records nothing and gives those gates with the
-- time that they count from: as many attempts, or declines, as are allowed were made since then. Of 0 any number is.
-- Whoever comes at the same moment to the same gate waits for the turn, and then sees this one.
CREATE FUNCTION take_payment_attempt(
    attempt uuid, now timestamptz, since timestamptz, its_network bytea, its_booking uuid, its_account bytea,
    network_attempts integer, network_declines integer, booking_attempts integer, booking_declines integer,
    account_attempts integer, account_declines integer
) RETURNS TABLE (gate text, counted_from timestamptz) LANGUAGE plpgsql AS $$
BEGIN
    -- In one order, so that nobody waits for somebody who waits for them.
    PERFORM pg_advisory_xact_lock(key) FROM (
        SELECT DISTINCT hashtextextended(subject, 7061) AS key
          FROM (VALUES ('n' || encode(its_network, 'hex')), ('b' || its_booking), ('a' || encode(its_account, 'hex')))
               AS subjects (subject)
         WHERE subject IS NOT NULL ORDER BY 1) AS turns;
    RETURN QUERY SELECT closed.gate, closed.counted_from FROM (VALUES
        ('network', (SELECT p.at FROM payment_attempts AS p
                      WHERE p.network = its_network AND p.at > since AND network_attempts > 0
                      ORDER BY p.at DESC OFFSET greatest(network_attempts, 1) - 1 LIMIT 1)),
        ('network', (SELECT p.at FROM payment_attempts AS p
                      WHERE p.network = its_network AND p.at > since AND network_declines > 0
                        AND p.declined_at IS NOT NULL
                      ORDER BY p.at DESC OFFSET greatest(network_declines, 1) - 1 LIMIT 1)),
        ('booking', (SELECT p.at FROM payment_attempts AS p
                      WHERE p.booking_id = its_booking AND p.at > since AND booking_attempts > 0
                      ORDER BY p.at DESC OFFSET greatest(booking_attempts, 1) - 1 LIMIT 1)),
        ('booking', (SELECT p.at FROM payment_attempts AS p
                      WHERE p.booking_id = its_booking AND p.at > since AND booking_declines > 0
                        AND p.declined_at IS NOT NULL
                      ORDER BY p.at DESC OFFSET greatest(booking_declines, 1) - 1 LIMIT 1)),
        ('account', (SELECT p.at FROM payment_attempts AS p
                      WHERE p.account = its_account AND p.at > since AND account_attempts > 0
                      ORDER BY p.at DESC OFFSET greatest(account_attempts, 1) - 1 LIMIT 1)),
        ('account', (SELECT p.at FROM payment_attempts AS p
                      WHERE p.account = its_account AND p.at > since AND account_declines > 0
                        AND p.declined_at IS NOT NULL
                      ORDER BY p.at DESC OFFSET greatest(account_declines, 1) - 1 LIMIT 1))
    ) AS closed (gate, counted_from) WHERE closed.counted_from IS NOT NULL;
    IF NOT FOUND THEN
        INSERT INTO payment_attempts (payment_id, at, network, booking_id, account)
        VALUES (attempt, now, its_network, its_booking, its_account);
    END IF;
END
$$;
