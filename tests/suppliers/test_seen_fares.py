"""What searches have seen of suppliers is remembered for a day, by all processes."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from bookingd.domain.fare_calendar import CalendarCriteria
from bookingd.domain.flights import Cabin
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Party
from bookingd.domain.search import FlightCriteria
from bookingd.redis_calls import client_at
from bookingd.suppliers.seen_fares import LIFE, SeenFares
from tests import factories
from tests.factories import wanted
from tests.fakes.redis import Away
from tests.fakes.sources import START, ManualClock

DAY = date(2026, 12, 2)
ONE = Party(adults=1)


@pytest.fixture
async def seen(redis_url: str, clock: ManualClock) -> AsyncIterator[SeenFares]:
    opened = SeenFares(client_at(redis_url), clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def elsewhere(redis_url: str, clock: ManualClock) -> AsyncIterator[SeenFares]:
    """Another process."""
    opened = SeenFares(client_at(redis_url), clock=clock)
    yield opened
    await opened.close()


def offer(total: int, *, flights: int = 1) -> Offer:
    """Of so many flights one after the other, for somebody who travels alone."""
    return factories.offer(*range(1, flights + 1), supplier="acme", total=Money(total, "EUR"))


def looking(**changed: object) -> CalendarCriteria:
    asked: dict[str, object] = {
        "origin": "FRA",
        "destination": "JFK",
        "first_day": DAY - timedelta(days=1),
        "last_day": DAY + timedelta(days=1),
        "party": ONE,
    }
    return CalendarCriteria(**asked | changed)  # type: ignore[arg-type]


async def noted(seen: SeenFares, criteria: FlightCriteria, *offers: Offer, supplier: str = "acme") -> None:
    """Until it is written."""
    seen.note(supplier, criteria, offers)
    await seen.written()


async def totals(seen: SeenFares, criteria: CalendarCriteria) -> dict[date, int]:
    return {fare.day: fare.total.amount for fare in await seen.lowest(criteria, ["acme"])}


SEARCH = wanted("FRA", "JFK", DAY, max_stops=2)


async def test_the_lowest_total_of_the_day_is_known_everywhere_with_its_age(
    seen: SeenFares, elsewhere: SeenFares, clock: ManualClock
) -> None:
    await noted(seen, SEARCH, offer(30000), offer(20000))
    clock.advance(timedelta(hours=3))

    (fare,) = await elsewhere.lowest(looking(), ["acme", "zeta"])

    assert (fare.day, fare.total, fare.supplier) == (DAY, Money(20000, "EUR"), "acme")
    assert fare.as_of == START


async def test_offers_count_by_their_connections(seen: SeenFares) -> None:
    await noted(seen, SEARCH, offer(30000), offer(20000, flights=2), offer(10000, flights=3))

    assert [await totals(seen, looking(max_stops=stops)) for stops in (0, 1, 2)] == [
        {DAY: 30000},
        {DAY: 20000},
        {DAY: 10000},
    ]


async def test_a_later_search_knows_better_also_that_there_is_nothing(
    seen: SeenFares, clock: ManualClock
) -> None:
    await noted(seen, SEARCH, offer(20000))
    clock.advance(60)
    await noted(seen, SEARCH, offer(25000))
    assert await totals(seen, looking()) == {DAY: 25000}

    clock.advance(60)
    await noted(seen, SEARCH)

    assert await totals(seen, looking()) == {}


async def test_what_was_seen_before_does_not_replace_what_was_seen_since(
    seen: SeenFares, elsewhere: SeenFares, clock: ManualClock
) -> None:
    """A process that was slow to write."""
    await noted(seen, SEARCH, offer(20000))
    clock.advance(-60)
    await noted(elsewhere, SEARCH, offer(10000))
    clock.advance(60)

    assert await totals(seen, looking()) == {DAY: 20000}


async def test_after_a_day_it_is_forgotten(seen: SeenFares, clock: ManualClock) -> None:
    await noted(seen, SEARCH, offer(20000))
    clock.advance(LIFE + timedelta(seconds=1))

    assert await totals(seen, looking()) == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"origin": "MUC"},
        {"destination": "NYC"},
        {"party": Party(adults=2)},
        {"cabin": Cabin.BUSINESS},
        {"currency": "USD"},
        {"stay_nights": 3},
        {"first_day": DAY + timedelta(days=1), "last_day": DAY + timedelta(days=2)},
    ],
)
async def test_it_says_nothing_of_another_journey(seen: SeenFares, changed: dict[str, object]) -> None:
    await noted(seen, SEARCH, offer(20000))

    assert await totals(seen, looking(**changed)) == {}


async def test_there_and_back_is_known_by_its_nights(seen: SeenFares) -> None:
    """Also where clocks change and months end between them: nights are counted by dates."""
    back = wanted("FRA", "JFK", date(2027, 3, 27), return_on=date(2027, 4, 1), max_stops=2)
    await noted(seen, back, offer(50000))
    march = {"first_day": date(2027, 3, 1), "last_day": date(2027, 3, 31)}

    assert await totals(seen, looking(stay_nights=5, **march)) == {date(2027, 3, 27): 50000}
    assert await totals(seen, looking(stay_nights=4, **march)) == {}
    assert await totals(seen, looking(**march)) == {}


OTHERS = [
    replace(SEARCH, flexible_days=1),
    replace(SEARCH, slices=(replace(SEARCH.slices[0], nearby_origins=("HHN",)),)),
    replace(SEARCH, slices=(*SEARCH.slices, replace(SEARCH.slices[0], origin="JFK", destination="LAX"))),
    replace(SEARCH, slices=SEARCH.slices * 3),
]


@pytest.mark.parametrize("criteria", OTHERS, ids=["flexible", "nearby", "open jaw", "several slices"])
async def test_only_plain_searches_of_a_day_count(seen: SeenFares, criteria: FlightCriteria) -> None:
    await noted(seen, criteria, offer(20000))

    assert await totals(seen, looking()) == {}


async def test_without_redis_nothing_is_known_and_nothing_fails(clock: ManualClock) -> None:
    away = SeenFares(Away(), clock=clock)

    await noted(away, SEARCH, offer(20000))

    assert await away.lowest(looking(), ["acme"]) == []
    await away.close()
