"""What somebody looks for: the criteria of a flight search, checked for what the domain itself knows.

Its one rule: criteria are what suppliers are asked, filters are what is done with their answers. Two searches
that differ in filters, order or page only have the same criteria, and nobody is asked twice.
"""

from dataclasses import dataclass
from datetime import date

from bookingd.domain.flights import Cabin
from bookingd.domain.passengers import Party

MOST_SLICES = 6
"""Of a multi-city journey; what the large suppliers take (Amadeus 6, Duffel and Sabre more)."""

MOST_STOPS = 2
"""Connections on a slice; nobody wants three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSlice:
    """The way from one place to another that is looked for; places are IATA airport or city codes."""

    origin: str
    destination: str
    day: date
    """Local date at the origin."""
    nearby_origins: tuple[str, ...] = ()
    """Further airports that will do, the nearest first."""
    nearby_destinations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightCriteria:
    """Slices in the order of travel: one for one way, two for a return or an open jaw, up to MOST_SLICES."""

    slices: tuple[WantedSlice, ...]
    party: Party
    cabin: Cabin = Cabin.ECONOMY
    max_stops: int = MOST_STOPS
    """Connections on each slice, at most."""
    flexible_days: int = 0
    """So many days earlier or later will do, for each slice."""
    currency: str = "EUR"
