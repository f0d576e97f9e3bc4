"""Sets of searches: one for equal searches, seen as it grows, and without what proved unsellable."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from multidict import MultiDict

from bookingd.config import Settings
from bookingd.config.sections import Search, Supplier, Suppliers
from bookingd.domain.ids import OfferId
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.unsellable import GONE, SOLD_OUT, refusal
from bookingd.messages.envelope import Origin
from bookingd.messages.live import Refused
from bookingd.messages.search import FlightResults, SupplierStatus
from bookingd.results.packing import ResultSet
from handlers.asking import NOBODY
from handlers.flight_search import FLIGHT_PAGES, FlightGathering, FlightSearch
from handlers.found import SearchedSet
from tests import factories
from tests.fakes.sources import START
from tests.handlers.conftest import PUBLIC, Api, MakeApi
from tests.handlers.test_search import WAY, search, some_offers

ANSWERED, PENDING = SupplierStatus.ANSWERED, SupplierStatus.PENDING


def part(*offers: Offer, **suppliers: SupplierStatus) -> FlightResults:
    return FlightResults(offers=offers, suppliers=suppliers)


def of_two(number: int) -> Sequence[FlightResults]:
    """Two suppliers that answer one after the other, with so many offers each."""
    offers = some_offers(2 * number)
    return (
        part(*offers[:number], fast=ANSWERED, slow=PENDING),
        part(*offers[number:], fast=ANSWERED, slow=ANSWERED),
    )


@pytest.fixture
def flights(api: Api) -> FlightSearch:
    found = api.client.app[FLIGHT_PAGES].search
    assert isinstance(found, FlightSearch)
    return found


async def follow(api: Api, flights: FlightSearch, **asked: str) -> AsyncIterator[SearchedSet]:
    query = await flights.understand(MultiDict({**WAY, **asked}))
    origin = Origin(principal=NOBODY, correlation_id=api.parts.sources.ids.new())
    async for searched in flights.growing(query, origin, Rich()):
        yield searched


class Rich:
    """Can pay for all searches."""

    async def pay(self, cost: int) -> None:
        pass

    def give_back(self, cost: int) -> None:
        pass


def size(searched: SearchedSet) -> int:
    return searched.found.columns.size


async def test_a_search_is_seen_each_time_that_a_supplier_has_answered(
    api: Api, flights: FlightSearch
) -> None:
    api.search.parts = of_two(3)
    api.search.step()
    following = follow(api, flights)

    first = await anext(following)
    assert (size(first), first.final) == (3, False)
    api.search.step()

    assert [(size(one), one.final) async for one in following] == [(6, True)]


async def test_whoever_comes_later_sees_how_far_it_is_and_asks_nobody(
    api: Api, flights: FlightSearch
) -> None:
    api.search.parts = of_two(3)
    blocking = asyncio.create_task(search(api))
    api.search.step()
    await api.search.was_asked.wait()
    following = follow(api, flights)
    assert size(await anext(following)) == 3
    api.search.step()

    assert [size(one) async for one in following] == [6]
    assert (await blocking)["count"] == 6
    assert len(api.search.asked) == 1


async def test_of_what_many_follow_a_set_is_made_once_each_time_that_it_grows(
    api: Api, flights: FlightSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, made = FlightGathering.whole, list[int]()

    async def counted(gathering: FlightGathering, found: FlightResults) -> ResultSet:
        made.append(len(found.offers))
        return await whole(gathering, found)

    monkeypatch.setattr(FlightGathering, "whole", counted)
    api.search.parts = of_two(3)
    following = [follow(api, flights) for _ in range(20)]
    api.search.step()
    first = await asyncio.gather(*(anext(one) for one in following))
    api.search.step()
    last = [[size(seen) async for seen in one] for one in following]

    assert ([size(one) for one in first], last) == ([3] * 20, [[6]] * 20)
    assert made == [3, 6]


async def test_what_is_kept_is_seen_at_once_and_whole(api: Api, flights: FlightSearch) -> None:
    api.search.offers = some_offers(4)
    await search(api)

    assert [(size(one), one.final) async for one in follow(api, flights)] == [(4, True)]
    assert len(api.search.asked) == 1


async def test_whoever_looks_away_takes_it_from_nobody(api: Api, flights: FlightSearch) -> None:
    api.search.parts = of_two(3)
    api.search.step()
    leaving, staying = follow(api, flights), follow(api, flights)
    await anext(leaving)
    await anext(staying)

    await leaving.aclose()  # type: ignore[attr-defined] # it is a generator
    api.search.step()

    assert [size(one) async for one in staying] == [6]


async def test_a_search_that_breaks_off_ends_with_what_came(api: Api, flights: FlightSearch) -> None:
    api.search.parts = of_two(3)[:1]
    api.search.step()
    api.search.breaks_off = True

    last = [one async for one in follow(api, flights)][-1]

    assert (size(last), last.final) == (3, True)
    assert (await search(api))["suppliers"] == {"fast": "answered", "slow": "late"}


async def test_one_that_cannot_be_answered_is_told_to_all_who_follow(api: Api, flights: FlightSearch) -> None:
    api.search.fails = True

    for _ in range(2):
        with pytest.raises(Exception, match="could not be answered"):
            [one async for one in follow(api, flights)]


async def test_it_is_kept_for_as_long_as_the_most_fleeting_supplier_allows(
    make_api: MakeApi, api: Api
) -> None:
    settings = Settings(
        public_url=PUBLIC,
        search=Search(cache_seconds=50),
        suppliers=Suppliers(inventory=Supplier(cache_seconds=7)),
    )
    api = await make_api(settings=settings)
    api.search.offers = some_offers(1)

    await search(api)

    assert api.headers["Cache-Control"] == "private, max-age=7"


# What proved unsellable


def refuse(api: Api, offer: Offer, reason: str = SOLD_OUT) -> None:
    found = refusal(offer, reason, at=api.clock.now())
    assert found is not None
    api.bus.notify([Refused(refusals=(found,))])


async def test_a_kept_search_leaves_out_what_was_refused_since(api: Api) -> None:
    first, *others = api.search.offers = some_offers(3)
    whole = await search(api)
    assert (whole["count"], api.headers["Cache-Status"]) == (3, "bookingd; fwd=miss")

    refuse(api, first)
    page = await search(api)

    assert {offer["id"] for offer in page["offers"]} == {offer.id for offer in others}
    assert page["count"] == 2
    assert len(api.search.asked) == 1
    await search(api)
    assert api.headers["Cache-Status"] == "bookingd; hit"


async def test_what_was_refused_elsewhere_makes_no_page_anew(api: Api) -> None:
    api.search.offers = some_offers(3)
    await search(api)

    refuse(api, factories.offer(77))
    await search(api)

    assert api.headers["Cache-Status"] == "bookingd; hit"


async def test_a_fare_that_is_gone_leaves_its_journey_with_the_others(api: Api) -> None:
    light, flex = (
        replace(
            factories.offer(1, family=family, total=Money(total, "EUR")),
            id=OfferId(f"of_{family}"),
            expires_at=START + timedelta(hours=2),
        )
        for family, total in (("Light", 9_000), ("Flex", 15_000))
    )
    api.search.offers = [light, flex]
    assert [one["id"] for one in (await search(api))["offers"]] == [light.id]

    refuse(api, light, GONE)
    page: Any = await search(api)

    assert [(one["id"], one["alternatives"]) for one in page["offers"]] == [(flex.id, [])]
