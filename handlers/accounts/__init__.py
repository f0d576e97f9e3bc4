"""Accounts over HTTP: registering, signing in, and what belongs to whoever did."""
