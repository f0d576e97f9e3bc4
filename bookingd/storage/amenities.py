"""What hotels can have: what people choose by."""

from dataclasses import dataclass

from bookingd.storage.database import Connection
from bookingd.storage.queries import query

ALL = query("amenities.all")


@dataclass(frozen=True, slots=True, kw_only=True)
class AmenityName:
    """How an amenity is called."""

    code: str
    label: str
    category: str
    """Under which it is listed."""


async def every(connection: Connection) -> list[AmenityName]:
    """All amenities, in the order in which they are listed."""
    return [AmenityName(**row) for row in await connection.fetch(ALL)]
