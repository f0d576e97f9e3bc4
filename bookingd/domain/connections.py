"""When two flights make one journey.

Its one rule: a connection is one ticket, so it is safe to sell: enough time to change, not too long a
wait, no needless way round, and airlines that carry each other's passengers on.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRules:
    """What holds everywhere; the least time to change is the airport's own.

    A way with a connection may be `detour_factor` times the great circle and `detour_km` longer: short
    ways need the kilometres (two sides of a triangle over a hub), far ones the factor.
    """

    longest_wait: timedelta = timedelta(hours=6)
    detour_factor: float = 1.4
    detour_km: float = 500.0

    def waits_well(self, wait: timedelta, *, least: timedelta) -> bool:
        """Whether the time between two flights is long enough to change and not too long to wait."""
        return least <= wait <= self.longest_wait

    def is_sensible(self, flown_km: float, *, direct_km: float) -> bool:
        """Whether the way over a connecting airport is no needless way round."""
        return flown_km <= self.detour_factor * direct_km + self.detour_km


def carry_on_for_each_other(
    airline: str, alliance: str | None, other: str, other_alliance: str | None
) -> bool:
    """Whether two airlines sell a connection on one ticket: the same one, or members of one alliance."""
    return airline == other or (alliance is not None and alliance == other_alliance)
