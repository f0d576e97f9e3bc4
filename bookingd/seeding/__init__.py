"""A made-up but believable inventory: real airports and airlines, invented flights, fares and seats.

Its one rule: the same seed, first day and size give the same world, byte for byte. Everything up to
`loading` is pure; `loading` puts it into PostgreSQL.
"""
