"""Made-up exchange rates: of today, marked, and never over anybody's own."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from bookingd.domain.exchange import MADE_UP, age_of
from bookingd.seeding import demonstration
from bookingd.seeding.rates import sheet_of
from bookingd.sources import Sources
from bookingd.storage import rates
from bookingd.storage.database import Connection
from bookingd.storage.rates import CurrentRates
from tests.fakes.sources import START, ManualClock, SeededChance, SequentialIds
from tests.rates import sheet

SUNDAY, FRIDAY = START.date(), START.date() - timedelta(days=2)


@pytest.fixture
def sources(clock: ManualClock, ids: SequentialIds, chance: SeededChance) -> Sources:
    return Sources(clock=clock, ids=ids, chance=chance)


def test_they_are_of_the_last_business_day_and_marked() -> None:
    made = sheet_of(date(2027, 3, 28))  # Easter

    assert (made.day, made.source) == (date(2027, 3, 25), MADE_UP)
    assert age_of(made.day, date(2027, 3, 28)) == 0
    assert {"CHF", "GBP", "JPY", "USD"} <= made.rates.keys()


async def test_a_demonstration_has_rates_of_each_day_on_which_it_starts(
    owner_connection: Connection, sources: Sources, clock: ManualClock
) -> None:
    async def start() -> date | None:
        return await demonstration.exchange(owner_connection, sources=sources, principal="system")

    assert await start() == FRIDAY
    assert await start() is None
    clock.advance(timedelta(days=2).total_seconds())
    assert await start() == SUNDAY + timedelta(days=2)

    found = await CurrentRates(made_up=True).get(owner_connection, today=clock.now().date())
    assert found is not None
    assert found.source == MADE_UP
    assert await CurrentRates(made_up=False).get(owner_connection, today=clock.now().date()) is None


async def test_rates_of_somebodys_own_stay_alone(owner_connection: Connection, sources: Sources) -> None:
    await rates.add(
        owner_connection, sheets=[sheet(FRIDAY)], now=START, principal="operator:ada", entry_id=uuid4()
    )

    assert await demonstration.exchange(owner_connection, sources=sources, principal="system") is None
