"""The transport: one protocol (port), the in-memory one, and the relay that empties the outbox into it."""
