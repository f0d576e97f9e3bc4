"""How many searches one client may have made, and what costs it nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis, FakeServer

from bookingd.cache import Cache, Kept
from bookingd.config import Settings
from bookingd.config.sections import Search, SearchBudget, Server
from bookingd.storage.database import Connection
from handlers.errors import Problem
from handlers.search_budget import Spender, Spending, paid
from tests.fakes.accounts import plant_account
from tests.fakes.sources import ManualClock
from tests.handlers.conftest import PUBLIC, Api, MakeApi
from tests.handlers.test_live import connected
from tests.handlers.test_search import search, some_offers

TWO = SearchBudget(network_per_minute=6, network_burst=2, account_per_minute=6, account_burst=2)
"""Two at once, then one in ten seconds."""

FORWARDED = "X-Forwarded-For"


@pytest.fixture
async def sparing(make_api: MakeApi, api: Api) -> Api:
    """Whoever searches gets offers, and two searches at once; a proxy says from where they come."""
    made = await make_api(
        settings=Settings(
            public_url=PUBLIC,
            search=Search(budget=TWO),
            server=Server(trusted_proxies=("127.0.0.1", "::1")),
        )
    )
    made.search.offers = some_offers(3)
    return made


async def search_on(api: Api, day: int, **more: Any) -> Any:
    """A search of its own for each day."""
    return await api.get(
        "/v1/flights/offers",
        params={"origin": "FRA", "destination": "JFK", "depart": f"2026-12-{day:02}"},
        **more,
    )


async def spend_all(api: Api, **more: Any) -> None:
    for day in (1, 2):
        await search_on(api, day, **more)
        assert api.status == 200


async def test_whoever_has_spent_all_is_told_when_the_next_is_to_be_had(sparing: Api) -> None:
    await spend_all(sparing)
    problem = await search_on(sparing, 3)

    assert (sparing.status, problem["type"]) == (429, "/problems/too-many-searches")
    assert sparing.headers["Retry-After"] == "10"
    assert sparing.headers["Content-Type"] == "application/problem+json"
    assert len(sparing.search.asked) == 2

    sparing.clock.advance(10)
    await search_on(sparing, 3)
    assert sparing.status == 200


async def test_what_is_kept_costs_nothing_under_whatever_filters(sparing: Api) -> None:
    await spend_all(sparing)

    for more in ({}, {"sort": "duration"}, {"limit": 1}, {"max_stops": 0}):
        await search(sparing, depart="2026-12-01", **more)
        assert sparing.status == 200
    assert len(sparing.search.asked) == 2


async def test_each_network_is_counted_by_itself(sparing: Api) -> None:
    await spend_all(sparing, headers={FORWARDED: "2001:db8:0:1::5"})

    await search_on(sparing, 3, headers={FORWARDED: "2001:db8:0:1:ffff::7"})
    assert sparing.status == 429  # all of a customer's own
    await search_on(sparing, 3, headers={FORWARDED: "2001:db8:0:2::5"})
    assert sparing.status == 200


async def test_a_guest_counts_by_their_network_and_an_account_by_itself(
    sparing: Api, owner_connection: Connection
) -> None:
    await spend_all(await sparing.somebody())
    guest = await sparing.somebody()
    await search_on(guest, 3)
    assert guest.status == 429  # a new session is had for nothing

    agent = await sparing.signed_in(await plant_account(owner_connection))
    await search_on(agent, 3)
    assert agent.status == 200
    await search_on(agent, 4)
    await search_on(agent, 5)
    assert agent.status == 429


async def test_a_wide_search_counts_as_several(sparing: Api) -> None:
    await search_on(sparing, 1)
    await search(sparing, depart="2026-12-02", flexible_days=1)
    assert sparing.status == 429  # two days around count twice, and one is left
    sparing.clock.advance(10)
    await search(sparing, depart="2026-12-02", flexible_days=1)
    assert sparing.status == 200


async def test_a_token_that_is_no_good_is_nobodys(sparing: Api) -> None:
    await search_on(sparing, 1, headers={"Authorization": "Bearer nonsense"})

    assert sparing.status == 200


async def test_a_calendar_counts_as_a_search(sparing: Api) -> None:
    await spend_all(sparing)

    problem = await sparing.get(
        "/v1/flights/calendar", params={"origin": "FRA", "destination": "JFK", "month": "2026-12"}
    )

    assert problem["type"] == "/problems/too-many-searches"


async def test_over_the_websocket_it_is_told_as_over_http(sparing: Api) -> None:
    await spend_all(sparing)
    query = {"origin": "FRA", "destination": "JFK", "depart": "2026-12-03"}
    async with connected(sparing) as socket:
        await socket.send_json({"subscribe": "search", "kind": "flights", "query": query})
        assert await socket.receive_json() == {"subscribed": "search"}
        told = await socket.receive_json()

    assert told["error"]["type"] == "/problems/too-many-searches"


async def test_what_is_being_found_for_others_costs_nothing(sparing: Api) -> None:
    await search_on(sparing, 1)
    sparing.search.was_asked.clear()
    sparing.search.may_answer.clear()
    asking = [asyncio.create_task(search_on(await sparing.somebody(), 2)) for _ in range(5)]
    await sparing.search.was_asked.wait()
    sparing.search.may_answer.set()

    assert [answer["count"] for answer in await asyncio.gather(*asking)] == [3] * 5


async def test_refusals_are_counted(sparing: Api) -> None:
    await spend_all(sparing)
    await search_on(sparing, 3)

    told = sparing.parts.metrics.searches_refused("network")
    assert told._value.get() == 1


# What is counted


def test_searches_come_back_evenly_and_never_more_than_the_burst(clock: ManualClock) -> None:
    spending, somebody = Spending(TWO, clock=clock), Spender("network", "192.0.2.1")
    assert [spending.take(somebody, 1) for _ in range(3)] == [0, 0, 10]

    clock.advance(4)
    assert spending.take(somebody, 1) == 6
    clock.advance(3600)
    assert [spending.take(somebody, 1) for _ in range(3)] == [0, 0, 10]


def test_what_costs_more_waits_for_more_and_never_for_more_than_there_is(clock: ManualClock) -> None:
    five = SearchBudget(network_per_minute=6, network_burst=5)
    spending, somebody = Spending(five, clock=clock), Spender("network", "192.0.2.1")
    assert [spending.take(somebody, cost) for cost in (3, 3, 2)] == [0, 10, 0]

    clock.advance(40)
    assert spending.take(somebody, 8) == 10
    clock.advance(10)
    assert [spending.take(somebody, cost) for cost in (8, 1)] == [0, 10]
    spending.give_back(somebody, 8)
    assert spending.take(somebody, 5) == 0


def test_without_a_limit_there_is_none(clock: ManualClock) -> None:
    spending, somebody = Spending(SearchBudget(account_per_minute=0), clock=clock), Spender("account", "x")

    assert {spending.take(somebody, 1) for _ in range(10_000)} == {0}
    spending.give_back(somebody, 1)


class Purse:
    """Pays so often."""

    def __init__(self, number: int) -> None:
        self.left = number

    async def pay(self, cost: int) -> None:
        if self.left < cost:
            raise Problem("too-many-searches", "All is spent.")
        self.left -= cost

    def give_back(self, cost: int) -> None:
        self.left += cost


@pytest.fixture
def twins(clock: ManualClock) -> tuple[Cache, Cache]:
    """The caches of two processes."""
    server = FakeServer()
    one, two = (Cache(FakeAsyncRedis(server=server), clock=clock, budget=5.0) for _ in range(2))
    return one, two


def maker(clock: ManualClock) -> Callable[[], Awaitable[Kept]]:
    async def make() -> Kept:
        now = clock.now()
        return Kept(value=b"found", made_at=now, until=now + timedelta(minutes=1))

    return make


async def test_what_another_process_has_costs_nothing_even_when_all_is_spent(
    clock: ManualClock, twins: tuple[Cache, Cache]
) -> None:
    here, there = twins
    await there.set("key", await maker(clock)())

    for purse in (Purse(1), Purse(0)):
        before = purse.left
        assert (await paid(here, "key", maker(clock), purse, 1)).value == b"found"
        assert purse.left == before
        here._near._kept.clear()
    await asyncio.gather(here.close(), there.close())


async def test_whoever_leaves_has_paid(clock: ManualClock, twins: tuple[Cache, Cache]) -> None:
    here, purse = twins[0], Purse(1)

    async def forever() -> Kept:
        await asyncio.Event().wait()
        raise AssertionError

    leaving = asyncio.create_task(paid(here, "key", forever, purse, 1))
    await asyncio.sleep(0.01)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)

    assert purse.left == 0
    await asyncio.gather(*(one.close() for one in twins))
