"""The vocabulary: frozen types for commands, queries, events and notices, and how they travel."""
