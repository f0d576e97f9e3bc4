-- What an erased account leaves for the tax office.

-- Who paid for a booking, where the account that made it was erased: the name that its invoice has to show. Goes by
-- itself when the invoice need not be kept any more ([retention] invoices_years).
CREATE TABLE booking_payers (
    booking_id uuid PRIMARY KEY REFERENCES bookings (id),
    name text NOT NULL,
    paid_on date NOT NULL                -- when the money was last moved: the years count from the end of that year
);
CREATE INDEX booking_payers_age ON booking_payers (paid_on);
COMMENT ON COLUMN notifications.recipient IS 'the address it went to; personal, emptied by an erasure';
