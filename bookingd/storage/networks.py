"""Airports and routes of own flights, as they are now.

Its one rule: what is kept in memory is used only while the database says that it is still so.
"""

from bookingd.domain.network import Airport, Network, Route
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

VERSION = query("networks.version")
AIRPORTS = query("networks.airports")
ROUTES = query("networks.routes")


class CurrentNetwork:
    """The network, kept in the process and read again only when its version has changed.

    One cheap query a call tells.
    """

    def __init__(self) -> None:
        self._kept: tuple[int, Network] | None = None

    async def get(self, connection: Connection) -> Network:
        """The network as it is now."""
        version: int = await connection.fetchval(VERSION)
        if self._kept is None or self._kept[0] != version:
            # The version first: what changes meanwhile is read once more, and never missed.
            self._kept = version, await load(connection)
        return self._kept[1]


async def load(connection: Connection) -> Network:
    """All routes, and the airports that have any."""
    airports = [Airport(**row) for row in await connection.fetch(AIRPORTS)]
    routes = [Route(**row) for row in await connection.fetch(ROUTES)]
    return Network(airports, routes)
