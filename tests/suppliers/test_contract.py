"""What every source of offers keeps, whoever it is: searching, and asking for an offer again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from bookingd.domain.ids import OfferId
from bookingd.domain.price_rules import RuleBook
from bookingd.outcomes import Refused, Unavailable
from bookingd.storage.database import Connection, Database
from bookingd.suppliers.inventory import InventoryFlights
from bookingd.suppliers.own_stays import OwnStays
from bookingd.suppliers.port import GONE, SOLD_OUT
from tests import factories
from tests.fakes.inventory import Planted, plant, plant_world
from tests.fakes.sources import START, ManualClock
from tests.fakes.suppliers import FakeSource, behind_guard
from tests.hotels import contract, sell

NOON = datetime(2026, 12, 2, 12, 0)  # noqa: DTZ001 - a wall clock, its zone is the airport's
ARRIVAL = START.date() + timedelta(days=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A source, something that it finds, and what makes it sell no more."""

    source: Any
    wish: Any
    nothing: Any
    """Criteria that it has nothing for."""
    sell_out: Callable[[], Awaitable[object]]
    lose: Callable[[], Awaitable[object]]
    """Take its ground away."""


class NoRules:
    """A house that adds nothing."""

    async def get(self, connection: Connection, *, now: datetime) -> RuleBook:
        return RuleBook(version=0, rules=())


@pytest.fixture(params=["own flights", "own stays", "a fake of flights", "a fake of stays"])
async def case(
    request: pytest.FixtureRequest, owner_connection: Connection, database: Database, clock: ManualClock
) -> Case:
    match request.param:
        case "own flights":
            return await _own_flights(owner_connection, database, clock)
        case "own stays":
            return await _own_stays(owner_connection, database, clock)
        case "a fake of flights":
            return _fake(factories.offer(1), factories.wanted("FRA", "JFK", date(2026, 12, 2)))
    return _fake(factories.stay(1), factories.wanted_stay())


async def _own_flights(connection: Connection, database: Database, clock: ManualClock) -> Case:
    await plant_world(connection)
    await plant(connection, Planted(id=1, leaves=NOON))
    wish = factories.wanted("FRA", "JFK", NOON.date(), max_stops=0)
    return Case(
        source=InventoryFlights(database=database, clock=clock, rules=NoRules()),
        wish=wish,
        nothing=factories.wanted("JFK", "FRA", NOON.date(), max_stops=0),
        sell_out=lambda: connection.execute("UPDATE cabin_stock SET taken = capacity"),
        lose=database.close,
    )


async def _own_stays(connection: Connection, database: Database, clock: ManualClock) -> Case:
    await connection.execute("INSERT INTO cities VALUES ('FRA', 'Frankfurt', 'DE'), ('MUC', 'Munich', 'DE')")
    await sell(connection, contract())
    wish = factories.wanted_stay(place="FRA", check_in=ARRIVAL, nights=2)
    return Case(
        source=OwnStays(database=database, clock=clock, rules=NoRules()),
        wish=wish,
        nothing=replace(wish, place="MUC"),
        sell_out=lambda: connection.execute(
            "INSERT INTO room_nights SELECT 1, $1::date + night, 3, 3 FROM generate_series(0, 1) AS night",
            ARRIVAL,
        ),
        lose=database.close,
    )


def _fake(offer: Any, wish: Any) -> Case:
    """Behind a guard, as all of them are asked: a guard changes nothing of it."""
    acme = FakeSource("acme", [replace(offer, id=OfferId(""))])

    async def sell_out() -> None:
        acme.fails = lambda: Refused(SOLD_OUT, "none left")

    async def lose() -> None:
        acme.fails = lambda: Unavailable("nobody there")

    empty = replace(wish, currency="USD")
    return Case(source=behind_guard(acme, deadline=5), wish=wish, nothing=empty, sell_out=sell_out, lose=lose)


async def test_offers_are_whose_source_they_are_have_no_ids_and_end_some_time(case: Case) -> None:
    found = await case.source.search(case.wish)

    assert found.offers
    assert found.complete
    for offer in found.offers:
        assert (offer.supplier, offer.id) == (case.source.name, "")
        assert offer.made_at == START < offer.expires_at
        assert offer.price.currency == case.wish.currency
        assert offer.total.amount > 0


async def test_where_there_is_nothing_nothing_is_found(case: Case) -> None:
    assert not (await case.source.search(case.nothing)).offers


async def test_an_offer_asked_for_again_is_the_same_and_lasts_no_longer(case: Case) -> None:
    for found in (await case.source.search(case.wish)).offers:
        shown = replace(found, id=OfferId("x"), expires_at=START + timedelta(minutes=7))

        now = await case.source.check(shown)

        assert now == shown


async def test_what_is_sold_out_meanwhile_is_refused(case: Case) -> None:
    shown = (await case.source.search(case.wish)).offers[0]
    await case.sell_out()

    with pytest.raises(Refused) as refused:
        await case.source.check(shown)

    assert refused.value.code in {SOLD_OUT, GONE}


async def test_a_source_without_its_ground_is_unavailable(case: Case) -> None:
    shown = (await case.source.search(case.wish)).offers[0]
    await case.lose()

    with pytest.raises(Unavailable):
        await case.source.search(case.wish)
    with pytest.raises(Unavailable):
        await case.source.check(shown)
