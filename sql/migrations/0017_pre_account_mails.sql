-- What people are told is about a booking or about an account; until now, about bookings only.

ALTER TABLE notifications ALTER booking_id DROP NOT NULL;
ALTER TABLE notifications ADD account_id uuid;  -- of an account, or of a registration that may become one
ALTER TABLE notifications ADD CHECK (num_nonnulls(booking_id, account_id) = 1);

-- A guest who asks for a booking gets its code by a mail that is about the booking.
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_check CHECK (kind IN (
    'confirmed', 'failed', 'expired', 'called_off', 'price_changed', 'payment_declined', 'payment_needed',
    'access_code', 'verify', 'account_exists', 'reset', 'password_changed', 'password_reset', 'address_asked',
    'address_confirm', 'address_changed', 'address_new', 'new_device', 'session_replayed', 'second_factor_changed'));

CREATE INDEX notifications_account ON notifications (account_id, made_at) WHERE account_id IS NOT NULL;
