-- What a gateway calls a payment grows as the payment moves on, at its end: how it begins finds it, whatever an event names.
CREATE INDEX payments_first_name ON payments (gateway, split_part(gateway_reference, '/', 1));
