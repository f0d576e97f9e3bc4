"""What somebody looks for: the criteria of a flight search, checked for what the domain itself knows."""

from dataclasses import dataclass
from datetime import date

from bookingd.domain.flights import Cabin
from bookingd.domain.passengers import Party


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightCriteria:
    """One way, or return where `return_on` is given; places are IATA airport or city codes."""

    origin: str
    destination: str
    depart_on: date
    """Local date at the origin."""
    return_on: date | None = None
    """Local date at the destination."""
    party: Party
    cabin: Cabin = Cabin.ECONOMY
    max_stops: int = 1
    currency: str = "EUR"
