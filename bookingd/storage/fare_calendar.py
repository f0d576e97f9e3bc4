"""What the lowest fares of many days need besides the searches of these days."""

from bookingd.domain.flights import Cabin
from bookingd.domain.passengers import Party
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

LEAST_SHARE = query("fare_calendar.least_share")


async def least_share(connection: Connection, *, cabin: Cabin, party: Party, currency: str) -> int | None:
    """The least part of a base fare that the party pays anywhere, in hundred-millionths; None: nobody flies.

    An itinerary's net price is not below the sum of its base fares times that, but for rounding.
    """
    found: int | None = await connection.fetchval(
        LEAST_SHARE, cabin.value, currency, party.adults, party.children, party.infants
    )
    return found
