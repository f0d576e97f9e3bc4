"""When two flights make one journey.

Its one rule: a connection is one ticket, so it is safe to sell: enough time to change, not too long a
wait, no needless way round, and airlines that carry each other's passengers on. The limits are here; they are
applied where the flights are, in `journeys_v1` of the inventory's migration.
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
