-- Sessions end when their account gets another address, too; and what is over is found without reading all of them.

ALTER TABLE sessions DROP CONSTRAINT sessions_ended_because_check;
ALTER TABLE sessions ADD CONSTRAINT sessions_ended_because_check CHECK (ended_because IN (
    'signed_out', 'revoked', 'password_changed', 'address_changed', 'replayed', 'suspended', 'erased', 'expired',
    'factor_reset'));

CREATE INDEX sessions_expiry ON sessions (expires_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_over ON sessions ((coalesce(ended_at, expires_at)));
