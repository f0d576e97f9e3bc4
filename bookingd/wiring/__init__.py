"""The composition root: the only place where parts are joined, by plain constructor calls.

`ground` opens the database, `stand_ins` starts the vendors' local stand-ins, `outside` builds the adapters,
`house` joins everything into a daemon.
"""
