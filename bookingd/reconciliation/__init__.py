"""Our books against the gateways': `findings` says what can differ, the others find it.

`comparing` is pure, `judging` looks at bookings, `reconciler` asks all and writes down, `round` is the loop.
"""
