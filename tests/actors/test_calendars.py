"""The calendar of lowest fares: who is asked, what was seen, and who fails."""

from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta

import pytest
from prometheus_client import CollectorRegistry

from actors.search.calendars import Calendars
from bookingd.domain.fare_calendar import CalendarCriteria, DayFare
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Party
from bookingd.messages.search import SupplierStatus
from bookingd.outcomes import Unavailable
from bookingd.redis_calls import client_at
from bookingd.suppliers.guard import Late
from bookingd.suppliers.port import LowestFares
from bookingd.suppliers.seen_fares import SeenFares
from bookingd.telemetry.suppliers import CalendarMetrics
from tests import factories
from tests.factories import wanted
from tests.fakes.redis import Away
from tests.fakes.sources import START, ManualClock

MONDAY = date(2026, 12, 7)
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
WEEK = CalendarCriteria(
    origin="FRA",
    destination="JFK",
    first_day=MONDAY,
    last_day=MONDAY + timedelta(days=6),
    party=Party(adults=1),
)


class Own:
    """Says what it is told to, or fails."""

    name = "inventory"

    def __init__(self, fares: Mapping[date, int], fails: Exception | None = None) -> None:
        self.fares = fares
        self.fails = fails

    async def lowest(self, criteria: CalendarCriteria) -> LowestFares:
        if self.fails:
            raise self.fails
        prices = {day: factories.price(Money(cents, "EUR")) for day, cents in self.fares.items()}
        return LowestFares(prices=prices)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
async def seen(redis_url: str, clock: ManualClock) -> AsyncIterator[SeenFares]:
    opened = SeenFares(client_at(redis_url), clock=clock)
    yield opened
    await opened.close()


def calendars(own: Own, seen: SeenFares, clock: ManualClock, registry: CollectorRegistry) -> Calendars:
    return Calendars(
        sources=(own,), others={"acme"}, seen=seen, clock=clock, metrics=CalendarMetrics(registry)
    )


def acme(total: int) -> Offer:
    return factories.offer(supplier="acme", total=Money(total, "EUR"))


def of_day(day: date, cents: int, supplier: str, minutes_ago: int = 0) -> DayFare:
    return DayFare(
        day=day,
        total=Money(cents, "EUR"),
        as_of=START - timedelta(minutes=minutes_ago),
        supplier=supplier,
    )


async def test_of_each_day_the_lowest_is_told_with_its_age(
    seen: SeenFares, clock: ManualClock, registry: CollectorRegistry
) -> None:
    made = calendars(Own({MONDAY: 30000, TUESDAY: 20000}), seen, clock, registry)
    clock.advance(timedelta(minutes=-30))
    for day, total in ((MONDAY, 25000), (TUESDAY, 25000), (WEDNESDAY, 40000)):
        made.note("acme", wanted("FRA", "JFK", day, max_stops=2), [acme(total)])
    await seen.written()
    clock.advance(timedelta(minutes=30))

    found = await made.find(WEEK)

    assert found.fares == (
        of_day(MONDAY, 25000, "acme", 30),
        of_day(TUESDAY, 20000, "inventory"),
        of_day(WEDNESDAY, 40000, "acme", 30),
    )
    assert found.suppliers == {"inventory": SupplierStatus.ANSWERED}
    counted = {
        one: registry.get_sample_value("bookingd_calendar_days_total", {"found": one})
        for one in ("asked", "seen", "none")
    }
    assert counted == {"asked": 1, "seen": 2, "none": 4}


async def test_what_searches_see_of_whom_it_can_ask_is_not_kept(
    seen: SeenFares, clock: ManualClock, registry: CollectorRegistry
) -> None:
    own = Own({MONDAY: 20000})
    made = calendars(own, seen, clock, registry)
    made.note("inventory", wanted("FRA", "JFK", MONDAY, max_stops=2), [factories.offer()])
    await seen.written()
    own.fares = {}

    assert (await made.find(WEEK)).fares == ()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unavailable("away"), SupplierStatus.FAILED),
        (Late("late"), SupplierStatus.LATE),
        (RuntimeError("a bug"), SupplierStatus.FAILED),
    ],
)
async def test_who_fails_costs_its_own_days_and_is_named(
    seen: SeenFares,
    clock: ManualClock,
    registry: CollectorRegistry,
    error: Exception,
    status: SupplierStatus,
) -> None:
    made = calendars(Own({}, fails=error), seen, clock, registry)
    made.note("acme", wanted("FRA", "JFK", MONDAY, max_stops=2), [acme(25000)])
    await seen.written()

    found = await made.find(WEEK)

    assert found.fares == (of_day(MONDAY, 25000, "acme"),)
    assert found.suppliers == {"inventory": status}


async def test_without_redis_own_inventory_is_told(clock: ManualClock, registry: CollectorRegistry) -> None:
    made = calendars(Own({MONDAY: 20000}), SeenFares(Away(), clock=clock), clock, registry)

    assert (await made.find(WEEK)).fares == (of_day(MONDAY, 20000, "inventory"),)
