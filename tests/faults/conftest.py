"""The same agency as in the acceptance tests; here things are done to it."""

from tests.acceptance.conftest import agency, agency_of, ground, mails, topology

__all__ = ["agency", "agency_of", "ground", "mails", "topology"]
