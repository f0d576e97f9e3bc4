"""PostgreSQL: pool, transactions, outbox, inbox, intents, migrations; one module a noun."""
