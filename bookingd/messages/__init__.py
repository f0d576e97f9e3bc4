"""The vocabulary that actors and handlers share: commands, queries, events, notices."""
