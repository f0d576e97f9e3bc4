"""Where on earth, and what time it is there.

Its one rule: a wall clock means nothing without its zone. Local times become instants here and nowhere
else, and always through the IANA zone of the day in question, never through an offset kept from another.
"""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_zone = cache(ZoneInfo)
"""Python itself keeps only the eight zones used last, and reads the others from their files again."""

EARTH_RADIUS_KM = 6371.0
"""The mean radius (IUGG)."""


def great_circle_km(
    latitude: float, longitude: float, other_latitude: float, other_longitude: float
) -> float:
    """The shortest way over the ground between two positions in degrees, in kilometres (haversine)."""
    here, there = math.radians(latitude), math.radians(other_latitude)
    across = math.radians(other_longitude - longitude)
    inner = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(across / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(inner)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Between two parallels and two meridians, in degrees; `west` is never east of `east`."""

    south: float
    west: float
    north: float
    east: float


def boxes_around(latitude: float, longitude: float, radius_km: float) -> tuple[Box, ...]:
    """What holds all within `radius_km` of a position: one box, or two where the date line is within it."""
    angle = radius_km / EARTH_RADIUS_KM
    high = math.degrees(angle) + 1e-9
    south, north = latitude - high, latitude + high
    if south <= -90 or north >= 90:  # a pole is within it, and so are all meridians
        return (Box(south=max(south, -90.0), west=-180.0, north=min(north, 90.0), east=180.0),)
    # Meridians touch the circle nearer to the pole than its middle is; a little more, as sines are rounded.
    wide = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(math.radians(latitude))))) + 1e-9
    west, east = longitude - wide, longitude + wide
    parts = [(west, east)]
    if west < -180:
        parts = [(west + 360, 180.0), (-180.0, east)]
    elif east > 180:
        parts = [(west, 180.0), (-180.0, east - 360)]
    return tuple(Box(south=south, west=one, north=north, east=other) for one, other in parts)


def instant(day: date, wall: time, zone: str) -> datetime:
    """The instant, in UTC, at which clocks in `zone` show `wall` on `day`.

    A time that clocks skip in spring is read with the offset before the change, as clocks that nobody set
    would show it: 02:30 becomes 03:30. A time that comes twice in autumn is its first coming.
    """
    return datetime.combine(day, wall, _zone(zone)).astimezone(UTC)


def local(at: datetime, zone: str) -> datetime:
    """What clocks in `zone` show at the instant `at`."""
    return at.astimezone(_zone(zone))


def days_later(departs_at: datetime, origin_zone: str, arrives_at: datetime, destination_zone: str) -> int:
    """Calendar days between leaving and arriving, as printed: +1, or -1 over the date line."""
    left = local(departs_at, origin_zone).date()
    there = local(arrives_at, destination_zone).date()
    return (there - left) // timedelta(days=1)
