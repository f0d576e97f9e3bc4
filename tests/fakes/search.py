"""A search actor that answers from a list, for tests of those who ask."""

import asyncio
from collections.abc import Sequence

from bookingd.bus.memory import MemoryBus
from bookingd.bus.port import IncomingQuery, Topology
from bookingd.domain.offers import Offer
from bookingd.messages.catalogue import CATALOGUE
from bookingd.messages.search import (
    CheckOffer,
    FareCalendar,
    FareCalendarFound,
    FlightResults,
    OfferChecked,
    OfferStatus,
    SearchFlights,
    SupplierStatus,
)
from bookingd.sources import Clock, Ids

ACTORS = frozenset({"auth", "search.flights", "search.hotels", "booking", "payment", "notify", "audit"})


def quiet_bus(clock: Clock, ids: Ids) -> MemoryBus:
    """A bus on which nobody takes messages: they stay in the outbox."""
    topology = Topology(subscribers={}, actors=ACTORS)
    return MemoryBus(topology=topology, catalogue=CATALOGUE, clock=clock, ids=ids)


class FakeSearch:
    """Answers every search with `offers`, and counts."""

    def __init__(self) -> None:
        self.offers: Sequence[Offer] = ()
        self.suppliers = {"inventory": SupplierStatus.ANSWERED}
        self.checked = OfferChecked(status=OfferStatus.UNKNOWN)
        self.calendar = FareCalendarFound(fares=(), suppliers=dict(self.suppliers))
        self.asked: list[SearchFlights | CheckOffer | FareCalendar] = []
        self.left: list[SearchFlights | CheckOffer | FareCalendar] = []
        """Of what was asked, what its asker went away from."""
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.fails = False
        self.breaks_off = False
        """Whether it fails after the last part."""
        self.parts: Sequence[FlightResults] = ()
        """Given instead of `offers`, one whenever `step` is called."""
        self._steps = asyncio.Semaphore(0)
        self._answering: set[asyncio.Task[None]] = set()

    def step(self) -> None:
        """Give the next part."""
        self._steps.release()

    def receive(self, query: IncomingQuery) -> None:
        self.asked.append(query.message)
        self.was_asked.set()
        query.when_left(lambda: self.left.append(query.message))
        task = asyncio.ensure_future(self._answer(query))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, query: IncomingQuery) -> None:
        await self.may_answer.wait()
        if self.fails:
            query.fail()
            return
        if isinstance(query.message, FareCalendar):
            query.answer(self.calendar)
        elif not isinstance(query.message, SearchFlights):
            query.answer(self.checked)
        elif self.parts:
            for part in self.parts:
                await self._steps.acquire()
                query.answer(part)
            if self.breaks_off:
                query.fail()
                return
        else:
            query.answer(FlightResults(offers=tuple(self.offers), suppliers=self.suppliers))
        query.end()
