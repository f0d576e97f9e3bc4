"""The toy bank, and the toy bank as a process."""

from tests.toy.fixtures import bank_database, client, courier, courier_url, daemon

__all__ = ["bank_database", "client", "courier", "courier_url", "daemon"]
