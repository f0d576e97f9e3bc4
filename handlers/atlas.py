"""All places and airlines in memory, read again when they have changed: what people look up letter by letter.

The one rule: what is there is answered from, whatever becomes of the database meanwhile, until a new reading
takes its place as a whole. A change is looked for every LOOK_EVERY seconds, so that everybody sees it within
that time and the few seconds that reading takes.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web
from babel import Locale

from bookingd.places.entries import described
from bookingd.places.gazetteer import CityFacts, Gazetteer
from bookingd.places.index import Index
from bookingd.sources import Clock
from bookingd.storage import gazetteer
from bookingd.storage.database import Database, is_retryable, is_unavailable
from bookingd.storage.gazetteer import Airline
from handlers.errors import Problem

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0
"""Seconds."""
PATIENCE = 10.0
"""Seconds that a request waits for the first reading, right after the start."""

ANSWERS_KEPT = 4096
"""Some 3 kB each."""

ENGLISH: Mapping[str, str] = Locale("en").territories
"""Countries by code (ISO 3166-1 alpha-2), as CLDR has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The places and airlines at one version."""

    version: int
    index: Index
    cities: Mapping[str, CityFacts]
    airports: Mapping[str, str]
    """Their names by code."""
    airlines: Sequence[Airline]
    answers: "OrderedDict[str, bytes]" = field(default_factory=OrderedDict, repr=False)
    """By query string: people begin with the same letters. They go with the reading."""

    def keep(self, query: str, answer: bytes) -> bytes:
        """The answer, which is given again to whoever asks the same, the last ANSWERS_KEPT of them."""
        self.answers[query] = answer
        if len(self.answers) > ANSWERS_KEPT:
            self.answers.popitem(last=False)
        return answer


class Atlas:
    """Holds the last reading."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._reading: Reading | None = None
        self._there = asyncio.Event()

    async def run(self) -> None:
        """Read, and read again whenever something has changed, until cancelled."""
        while True:
            await self._look()
            await self._clock.sleep(LOOK_EVERY)

    @property
    def version(self) -> int | None:
        """Of the last reading; None where there is none yet."""
        return None if self._reading is None else self._reading.version

    async def open(self) -> Reading:
        """The last reading. Raises Problem where there is none yet."""
        if self._reading is None:
            try:
                await asyncio.wait_for(self._there.wait(), PATIENCE)
            except TimeoutError as error:
                told = "The places are being read, or the database cannot be reached."
                raise Problem("unavailable", told, headers={"Retry-After": "2"}) from error
        if self._reading is None:
            raise AssertionError("what is there can be opened")
        return self._reading

    async def _look(self) -> None:
        """Read, if nothing was read yet or something has changed. What fails is done at the next look."""
        try:
            async with self._database.connection() as connection:
                if self._reading is not None and self._reading.version == await gazetteer.version(connection):
                    return
                found = await gazetteer.load(connection)
                airlines = await gazetteer.airlines(connection)
            # Seconds of computing: not on the event loop.
            self._reading = await asyncio.to_thread(_read, found, airlines)
            self._there.set()
        except Exception as error:
            if is_unavailable(error) or is_retryable(error):
                log.warning("places stay as they were: %s", error)
            else:
                log.exception("places stay as they were, by a fault of ours")


def _read(found: Gazetteer, airlines: Sequence[Airline]) -> Reading:
    index = Index(described(found, ENGLISH))
    log.info("%d places and %d airlines are read", len(index), len(airlines))
    return Reading(
        version=found.version,
        index=index,
        cities={city.code: city for city in found.cities},
        airports={airport.code: airport.name for airport in found.airports},
        airlines=airlines,
    )


ATLAS = web.AppKey("atlas", Atlas)
