"""Asking several suppliers at once: parts as they come, and none that costs the others anything."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from actors.search import asking as asking_module
from actors.search import flights, hotels
from actors.search.asking import Asking, Part
from bookingd.bus.watchers import Watchers
from bookingd.domain.exchange import NoRate, WhyNot
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.search import FlightCriteria
from bookingd.domain.stays import StayCriteria, StayOffer
from bookingd.messages.search import FlightResults, OfferStatus, SupplierStatus, joined
from bookingd.outcomes import Refused, Unavailable
from bookingd.sources import Sources
from bookingd.storage import offers
from bookingd.storage.database import Database
from bookingd.storage.offers import FLIGHTS, STAYS
from bookingd.suppliers.budget import Rate
from bookingd.suppliers.guard import Guarded
from bookingd.suppliers.port import Found
from bookingd.suppliers.unsellable import Unsellable
from tests import factories
from tests.fakes.sources import START, ManualClock, SeededChance, SequentialIds
from tests.fakes.suppliers import FakeSource, behind_guard, unknowing

WISH = factories.wanted("FRA", "JFK", date(2026, 12, 2))

Ask = Callable[..., Asking[Offer, FlightCriteria]]


@pytest.fixture
def sources(clock: ManualClock, ids: SequentialIds, chance: SeededChance) -> Sources:
    return Sources(clock=clock, ids=ids, chance=chance)


@pytest.fixture
def unsellable(clock: ManualClock) -> Unsellable:
    return unknowing(clock)


@pytest.fixture
def ask(database: Database, sources: Sources, unsellable: Unsellable) -> Ask:
    watchers = Watchers()
    watchers.add(unsellable.hear)

    def make(*suppliers: Guarded[Offer, FlightCriteria]) -> Asking[Offer, FlightCriteria]:
        return Asking(
            kind=FLIGHTS,
            suppliers=suppliers,
            database=database,
            sources=sources,
            offers_last=timedelta(minutes=20),
            shown=flights.shown,
            unsellable=unsellable,
            notify=watchers.tell,
        )

    return make


def supplier(name: str, *departures: int) -> FakeSource[Offer]:
    return FakeSource(name, [factories.offer(departure) for departure in departures])


async def whole(asking: Asking[Offer, FlightCriteria]) -> FlightResults:
    """As whoever asked puts it together."""
    answer = FlightResults(offers=(), suppliers={})
    async for part in asking.search(WISH):
        answer = joined(answer, _results(part))
    return answer


def _results(part: Part[Offer]) -> FlightResults:
    return FlightResults(
        offers=tuple(part.offers), suppliers=dict(part.suppliers), incomplete=part.incomplete
    )


async def test_each_supplier_is_a_part_as_soon_as_it_answers(ask: Ask, database: Database) -> None:
    fast, slow = supplier("fast", 1, 2), supplier("slow", 3)
    slow.hang()
    slow.complete = False
    parts = ask(behind_guard(fast, deadline=10), behind_guard(slow, deadline=10)).search(WISH)

    first = await anext(parts)

    assert [offer.supplier for offer in first.offers] == ["fast", "fast"]
    assert dict(first.suppliers) == {"fast": SupplierStatus.ANSWERED, "slow": SupplierStatus.PENDING}
    async with database.connection() as connection:
        for offer in first.offers:  # can be booked before the others have answered
            assert (
                await offers.load(connection, kind=FLIGHTS, offer_id=offer.id, now=START)
            ).supplier == "fast"
    slow.may_answer.set()
    last = [part async for part in parts]
    assert [part.incomplete for part in last] == [("slow",)]
    assert set(last[-1].suppliers.values()) == {SupplierStatus.ANSWERED}


async def test_very_much_comes_in_several_parts_and_ends_with_the_last(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_module, "MOST_IN_PART", 2)
    asking = ask(behind_guard(supplier("acme", 1, 2, 3, 4, 5)))

    parts = [part async for part in asking.search(WISH)]

    assert [len(part.offers) for part in parts] == [2, 2, 1]
    assert [part.suppliers["acme"] for part in parts] == [
        SupplierStatus.PENDING,
        SupplierStatus.PENDING,
        SupplierStatus.ANSWERED,
    ]
    assert len((await whole(asking)).offers) == 5


async def test_one_that_hangs_or_breaks_costs_its_own_offers_only_and_is_named(ask: Ask) -> None:
    well, hangs, broken, buggy = (supplier(name, 1) for name in ("well", "hangs", "broken", "buggy"))
    hangs.hang()
    broken.fails = lambda: Unavailable("nobody there")
    buggy.fails = lambda: KeyError("price")

    found = await whole(ask(*(behind_guard(one) for one in (hangs, broken, well, buggy))))

    assert [offer.supplier for offer in found.offers] == ["well"]
    assert found.suppliers == {
        "hangs": SupplierStatus.LATE,
        "broken": SupplierStatus.FAILED,
        "well": SupplierStatus.ANSWERED,
        "buggy": SupplierStatus.FAILED,
    }


async def test_an_offer_that_has_ended_is_none(ask: Ask) -> None:
    acme = supplier("acme", 1, 2)
    acme.offers = [replace(acme.offers[0], expires_at=START), acme.offers[1]]

    answer = await whole(ask(behind_guard(acme)))

    assert [offer.expires_at > START for offer in answer.offers] == [True]
    assert answer.suppliers == {"acme": SupplierStatus.ANSWERED}


async def test_those_that_were_not_asked_are_told_apart(ask: Ask) -> None:
    paused, busy = supplier("paused", 1), supplier("busy", 1)
    paused.fails = lambda: Unavailable("nobody there")
    asking = ask(behind_guard(paused, failures=1), behind_guard(busy, rate=Rate(per_second=0.1, burst=1)))
    await whole(asking)

    found = await whole(asking)

    assert found.suppliers == {"paused": SupplierStatus.PAUSED, "busy": SupplierStatus.BUSY}
    assert (paused.calls, busy.calls) == (1, 1)


async def test_where_there_is_nobody_to_ask_nothing_is_found(ask: Ask) -> None:
    assert await whole(ask()) == FlightResults(offers=(), suppliers={})


async def test_whoever_stops_listening_stops_the_asking(ask: Ask) -> None:
    fast, slow = supplier("fast", 1), supplier("slow", 1)
    slow.hang()
    parts = ask(behind_guard(fast, deadline=10), behind_guard(slow, deadline=10)).search(WISH)
    await anext(parts)
    assert slow.under_way == 1

    await parts.aclose()  # type: ignore[attr-defined] # it is a generator
    await asyncio.sleep(0)

    assert slow.under_way == 0


async def test_an_offer_is_asked_of_its_own_supplier_again(ask: Ask) -> None:
    acme, other = supplier("acme", 1), supplier("other", 2)
    asking = ask(behind_guard(acme), behind_guard(other))
    shown = {offer.supplier: offer for offer in (await whole(asking)).offers}

    status, now = await asking.check(shown["acme"].id)
    assert (status, now) == (OfferStatus.AVAILABLE, shown["acme"])
    assert (acme.calls, other.calls) == (2, 1)

    acme.changed = {"price": factories.dearer(acme.offers[0]).price}
    status, now = await asking.check(shown["acme"].id)
    assert status is OfferStatus.CHANGED
    assert now is not None
    assert now.total == shown["acme"].total + Money(500, "EUR")

    acme.fails = lambda: Refused("sold_out", "none left")
    assert await asking.check(shown["acme"].id) == (OfferStatus.UNAVAILABLE, None)


async def test_an_offer_whose_supplier_cannot_be_asked_is_told_as_it_was_shown(ask: Ask) -> None:
    acme = supplier("acme", 1)
    asking = ask(behind_guard(acme, failures=1))
    [shown] = (await whole(asking)).offers

    acme.fails = lambda: Unavailable("nobody there")
    assert await asking.check(shown.id) == (OfferStatus.UNCHECKED, shown)
    assert await asking.check(shown.id) == (OfferStatus.UNCHECKED, shown)
    assert acme.calls == 2  # it is left alone by now


class NoRates(FakeSource[Offer]):
    """Has offers in a currency from which there is no exchange rate."""

    async def search(self, criteria: object) -> Found[Offer]:
        return replace(await super().search(criteria), unconverted=True)


async def test_a_supplier_of_a_currency_without_a_rate_is_named(ask: Ask) -> None:
    acme = NoRates("acme", [factories.offer(1)])

    found = await whole(ask(behind_guard(acme), behind_guard(supplier("other", 2))))

    assert found.suppliers == {"acme": SupplierStatus.NO_RATE, "other": SupplierStatus.ANSWERED}
    assert len(found.offers) == 2  # what it has in the right currency goes on


async def test_an_offer_whose_rate_is_too_old_is_told_as_that(ask: Ask) -> None:
    acme = supplier("acme", 1)
    asking = ask(behind_guard(acme))
    [shown] = (await whole(asking)).offers
    acme.fails = lambda: NoRate("too old", base="EUR", quote="USD", reason=WhyNot.TOO_OLD)

    assert await asking.check(shown.id) == (OfferStatus.NO_RATE, shown)


async def test_an_offer_of_a_supplier_that_is_no_more_is_not_to_be_had(ask: Ask) -> None:
    [shown] = (await whole(ask(behind_guard(supplier("acme", 1))))).offers

    assert await ask().check(shown.id) == (OfferStatus.UNAVAILABLE, None)


async def test_what_is_refused_when_it_is_asked_again_is_not_found_for_a_while(
    ask: Ask, clock: ManualClock
) -> None:
    acme = supplier("acme", 1, 2)
    asking = ask(behind_guard(acme))
    first, second = (await whole(asking)).offers
    acme.fails = lambda: Refused("sold_out", "none left")
    await asking.check(first.id)
    acme.fails = None

    assert [offer.seats for offer in (await whole(asking)).offers] == [second.seats]
    clock.advance(300)
    assert len((await whole(asking)).offers) == 2


async def test_stays_are_asked_for_alike(
    database: Database, sources: Sources, unsellable: Unsellable
) -> None:
    acme = FakeSource("acme", [factories.stay(1), factories.stay(2)])
    asking: Asking[StayOffer, StayCriteria] = Asking(
        kind=STAYS,
        suppliers=(behind_guard(acme, product="stays"),),
        database=database,
        sources=sources,
        offers_last=timedelta(minutes=20),
        shown=hotels.shown,
        unsellable=unsellable,
        notify=lambda notices: None,
    )

    [part] = [part async for part in asking.search(factories.wanted_stay())]

    assert [offer.hotel.key for offer in part.offers] == ["1", "2"]
    status, now = await asking.check(part.offers[1].id)
    assert (status, now) == (OfferStatus.AVAILABLE, part.offers[1])
