"""Tests of the embedded PostgreSQL: real servers in directories of their own."""
