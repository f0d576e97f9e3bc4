"""The actors, each on a real database."""
