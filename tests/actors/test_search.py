"""Flight search over several suppliers: each answers, is late or fails for itself alone."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest

from actors.search import SearchActor
from bookingd.domain.offers import Offer
from bookingd.domain.search import FlightCriteria
from bookingd.messages.envelope import Origin
from bookingd.messages.search import FlightResults, SearchFlights, SupplierStatus
from bookingd.outcomes import Unavailable
from bookingd.sources import Sources
from bookingd.storage.database import Database
from tests import factories
from tests.fakes.sources import ManualClock, SeededChance, SequentialIds

CRITERIA = FlightCriteria(
    origin="FRA", destination="JFK", depart_on=date(2026, 12, 1), party=factories.party()
)
ORIGIN = Origin(principal=factories.OWNER, correlation_id=UUID(int=1))


class Source:
    """A supplier whose search is what a test says."""

    def __init__(self, name: str, search: Callable[[], Awaitable[list[Offer]]]) -> None:
        self.name = name
        self._search = search

    async def search(self, criteria: FlightCriteria) -> list[Offer]:
        return await self._search()

    async def check(self, offer: Offer) -> Offer:
        return offer


async def answer() -> list[Offer]:
    return [factories.offer()]


async def be_away() -> list[Offer]:
    raise Unavailable("away")


async def hang() -> list[Offer]:
    await asyncio.Event().wait()
    return []


async def stumble() -> list[Offer]:
    raise KeyError("price")


async def search(database: Database, sources: Sources, flights: Sequence[Source]) -> FlightResults:
    actor = SearchActor(
        flights=flights,
        database=database,
        sources=sources,
        deadline=0.05,
        offers_last=timedelta(minutes=20),
    )
    (results,) = [found async for found in actor.search_flights(SearchFlights(criteria=CRITERIA), ORIGIN)]
    return results


@pytest.fixture
def sources(clock: ManualClock, ids: SequentialIds, chance: SeededChance) -> Sources:
    return Sources(clock=clock, ids=ids, chance=chance)


@pytest.mark.parametrize(
    ("fails", "status"),
    [
        (be_away, SupplierStatus.FAILED),
        (hang, SupplierStatus.LATE),
        (stumble, SupplierStatus.FAILED),
    ],
)
async def test_a_supplier_that_fails_costs_its_own_offers_only(
    database: Database,
    sources: Sources,
    fails: Callable[[], Awaitable[list[Offer]]],
    status: SupplierStatus,
) -> None:
    results = await search(database, sources, [Source("north", fails), Source("inventory", answer)])

    assert results.suppliers == {"north": status, "inventory": SupplierStatus.ANSWERED}
    assert len(results.offers) == 1


async def test_a_bug_in_an_adapter_is_logged_with_its_trace(
    database: Database, sources: Sources, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        await search(database, sources, [Source("north", stumble)])

    (record,) = caplog.records
    assert "north" in record.message
    assert record.exc_info is not None
