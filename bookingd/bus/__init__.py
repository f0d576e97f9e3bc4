"""The transport between actors: one protocol, several ways to carry it."""
