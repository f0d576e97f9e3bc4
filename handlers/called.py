"""How airports and airlines are called: read once by each process, and known until a place changes.

Each page of flights tells some dozens of names, which hardly ever change. The one rule: what is known is of
one version of the places, as the atlas has it, and goes with that.
"""

from collections.abc import Collection

from bookingd.storage import places
from bookingd.storage.database import Database
from bookingd.storage.places import AirportName, Names
from handlers.atlas import Atlas

MOST_KNOWN = 50_000
"""Codes; there are fewer, and suppliers could tell others without end."""


class Called:
    """Knows names by code."""

    def __init__(self, *, database: Database, atlas: Atlas) -> None:
        self._database = database
        self._atlas = atlas
        self._version: int | None = None
        self._airports: dict[str, AirportName | None] = {}
        self._airlines: dict[str, str | None] = {}
        """None: it has no name that we know."""

    async def names(self, *, airports: Collection[str], airlines: Collection[str]) -> Names:
        """How they are called."""
        version, size = self._atlas.version, len(self._airports) + len(self._airlines)
        if version is None or version != self._version or size > MOST_KNOWN:
            # New ones: who reads just now puts what belongs to another version into those that nobody has.
            self._version, self._airports, self._airlines = version, {}, {}
        ours, theirs = self._airports, self._airlines
        await self._read(
            ours,
            [code for code in airports if code not in ours],
            theirs,
            [code for code in airlines if code not in theirs],
        )
        return Names(
            airports={code: name for code in airports if (name := ours[code]) is not None},
            airlines={code: airline for code in airlines if (airline := theirs[code]) is not None},
        )

    async def _read(
        self,
        ours: dict[str, AirportName | None],
        airports: Collection[str],
        theirs: dict[str, str | None],
        airlines: Collection[str],
    ) -> None:
        if not airports and not airlines:
            return
        async with self._database.connection() as connection:
            read = await places.names(connection, airports=airports, airlines=airlines)
        ours.update({code: read.airports.get(code) for code in airports})
        theirs.update({code: read.airlines.get(code) for code in airlines})
