"""Own hotels behind the server of a test: the real actor and the real supplier, on the test's bus."""

import asyncio
from datetime import timedelta
from uuid import UUID

from actors.search import hotels as hotel_search
from actors.search.asking import Asking
from actors.search.hotels import HotelSearchActor
from bookingd.bus.port import IncomingQuery
from bookingd.domain.stays import StayCriteria, StayOffer
from bookingd.messages.envelope import Origin
from bookingd.messages.search import SearchStays
from bookingd.storage.offers import STAYS
from bookingd.storage.prices import CurrentRules
from bookingd.storage.rates import CurrentRates
from bookingd.suppliers.exchange import Exchanging, RateDesk
from bookingd.suppliers.own_stays import OwnStays
from tests.handlers.conftest import Api


class OwnHotelsBehind:
    """The actor `search.hotels`, answering on a test's bus; it counts what it is asked."""

    def __init__(self, api: Api) -> None:
        parts = api.parts
        own = OwnStays(database=parts.database, clock=parts.sources.clock, rules=CurrentRules())
        desk = RateDesk(
            database=parts.database,
            clock=parts.sources.clock,
            rates=CurrentRates(made_up=False),
            terms=parts.settings.exchange.terms,
            metrics=parts.metrics.exchange,
        )
        asking: Asking[StayOffer, StayCriteria] = Asking(
            kind=STAYS,
            suppliers=(Exchanging(own, currencies=("EUR",), desk=desk),),
            database=parts.database,
            sources=parts.sources,
            offers_last=timedelta(minutes=20),
            shown=hotel_search.shown,
            unsellable=parts.unsellable,
            notify=api.bus.notify,
        )
        self._actor = HotelSearchActor(asking=asking)
        self._answering: set[asyncio.Task[None]] = set()
        self.searches = 0

    def receive(self, query: IncomingQuery) -> None:
        self.searches += isinstance(query.message, SearchStays)
        task = asyncio.ensure_future(self._answer(query))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, query: IncomingQuery) -> None:
        answer = self._actor.answering[type(query.message)]
        async for part in answer(query.message, Origin(principal="anonymous", correlation_id=UUID(int=1))):
            query.answer(part)
        query.end()
