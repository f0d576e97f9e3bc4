"""The toy bank."""

from tests.toy.fixtures import bank_database

__all__ = ["bank_database"]
