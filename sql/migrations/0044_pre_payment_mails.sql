-- Mails about payments: transfers, balances, reviews, refunds.

ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_check CHECK (kind IN (
    'confirmed', 'failed', 'expired', 'called_off', 'price_changed', 'payment_declined', 'payment_needed',
    'transfer_asked', 'payment_in_review', 'balance_asked', 'balance_paid', 'balance_unpaid', 'refund_sent',
    'refund_failed', 'refund_settled',
    'access_code', 'verify', 'account_exists', 'reset', 'password_changed', 'password_reset', 'address_asked',
    'address_confirm', 'address_changed', 'address_new', 'new_device', 'session_replayed', 'second_factor_changed'));
