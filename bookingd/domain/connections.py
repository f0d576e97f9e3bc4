"""When flights make one way to travel, and what such a way is.

Its one rule: a connection is one ticket, so it is safe to sell: enough time to change, not too long a
wait, no needless way round, and airlines that carry each other's passengers on. Nobody changes the airport,
and nothing is offered that a traveller would have to connect by himself. The limits are here; `network`
applies them to airports and routes, and `journeys_v3` of the migrations to flights.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRules:
    """What holds everywhere; the least time to change is the airport's own.

    A way with connections may be `detour_factor` times the great circle and `detour_km` longer, as a whole:
    short ways need the kilometres (two sides of a triangle over a hub), far ones the factor.
    """

    longest_wait: timedelta = timedelta(hours=6)
    """At each connection."""
    detour_factor: float = 1.4
    detour_km: float = 500.0

    def most_km(self, direct_km: float) -> float:
        """How long a way with connections may be over the ground, where the great circle is `direct_km`."""
        return self.detour_factor * direct_km + self.detour_km


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to travel a slice that was found: what is needed to choose between ways, and no more."""

    departures: tuple[int, ...]
    """Ids of its departures in the order of travel."""
    origin: str
    """IATA airport code."""
    destination: str
    departs_at: datetime
    arrives_at: datetime
    base: int
    """The sum of its base fares, in minor units of the search's currency."""

    @property
    def connections(self) -> int:
        """How often one changes planes."""
        return len(self.departures) - 1
