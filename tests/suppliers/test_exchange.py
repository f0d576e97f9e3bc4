"""Suppliers hear of their own currencies; whoever asks for another one gets their offers at a frozen rate."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from bookingd.domain.conversion import as_supplied, converted
from bookingd.domain.exchange import MADE_UP, ExchangeTerms, NoRate
from bookingd.domain.fare_calendar import CalendarCriteria
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Party
from bookingd.domain.prices import Price
from bookingd.domain.search import FlightCriteria
from bookingd.domain.stays import StayCriteria, StayOffer
from bookingd.outcomes import Unavailable
from bookingd.storage import rates
from bookingd.storage.database import Connection, Database
from bookingd.storage.rates import CurrentRates
from bookingd.suppliers.exchange import Exchanging, ExchangingCalendar, RateDesk
from bookingd.suppliers.port import LowestFares
from bookingd.telemetry.metrics import ExchangeMetrics
from tests import factories
from tests.fakes.sources import START, ManualClock
from tests.fakes.suppliers import FakeSource
from tests.rates import frozen, sheet

TODAY = START.date()
DOLLARS = factories.wanted("FRA", "JFK", date(2026, 12, 2), currency="USD")
EUROS = replace(DOLLARS, currency="EUR")


async def publish(
    connection: Connection, day: date = TODAY, *, source: str = "ECB", usd: str = "1.0876"
) -> int:
    done = await rates.add(
        connection,
        sheets=[sheet(day, source=source, USD=usd)],
        now=START,
        principal="operator:ada",
        entry_id=uuid4(),
    )
    return done.added[day]


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def desk(database: Database, clock: ManualClock, registry: CollectorRegistry) -> RateDesk:
    return RateDesk(
        database=database,
        clock=clock,
        rates=CurrentRates(made_up=False),
        terms=ExchangeTerms(margin_percent=frozen().margin_percent, maximum_age=1),
        metrics=ExchangeMetrics(registry),
    )


def selling(
    desk: RateDesk, *offers: Offer, currencies: tuple[str, ...] = ("EUR",)
) -> tuple[Exchanging[Offer, FlightCriteria], FakeSource[Offer]]:
    source = FakeSource("acme", offers)
    return Exchanging(source, currencies=currencies, desk=desk), source


async def test_offers_are_converted_at_the_newest_rate(connection: Connection, desk: RateDesk) -> None:
    await publish(connection, TODAY - timedelta(days=1), usd="1.5")
    version = await publish(connection)
    acme, source = selling(desk, factories.offer(1), factories.offer(2))

    found = await acme.search(DOLLARS)

    assert [offer.price.currency for offer in found.offers] == ["USD", "USD"]
    assert found.offers[0].total == Money(11_094, "USD")  # 88.75 + 11.09 + 5.55 + 5.55 and no commission
    supplied = found.offers[0].supplied
    assert supplied is not None
    assert (supplied.rate.version, supplied.rate.day) == (version, TODAY)
    assert [as_supplied(offer) for offer in found.offers] == source.offers
    assert (found.complete, found.unconverted) == (True, False)


async def test_what_is_asked_for_in_the_suppliers_currency_is_asked_as_ever(desk: RateDesk) -> None:
    acme, source = selling(desk, factories.offer(1))

    found = await acme.search(EUROS)

    assert list(found.offers) == source.offers
    assert source.calls == 1


async def test_without_a_rate_nobody_is_asked_and_that_is_told(
    desk: RateDesk, registry: CollectorRegistry
) -> None:
    acme, source = selling(desk, factories.offer(1))

    found = await acme.search(DOLLARS)

    assert (list(found.offers), found.unconverted, source.calls) == ([], True, 0)
    assert refused(registry, where="search", reason="missing") == 1


def refused(registry: CollectorRegistry, **labels: str) -> float | None:
    return registry.get_sample_value("bookingd_exchange_refused_total", labels)


async def test_a_rate_that_is_too_old_is_none(
    connection: Connection, desk: RateDesk, registry: CollectorRegistry
) -> None:
    await publish(connection, TODAY - timedelta(days=5))
    acme, _ = selling(desk, factories.offer(1))

    assert (await acme.search(DOLLARS)).unconverted
    assert refused(registry, where="search", reason="too_old") == 1
    assert (await acme.search(EUROS)).offers
    await publish(connection)
    assert (await acme.search(DOLLARS)).offers


async def test_made_up_rates_are_none_where_they_do_not_count(connection: Connection, desk: RateDesk) -> None:
    await publish(connection, source=MADE_UP)

    acme, _ = selling(desk, factories.offer(1))

    assert (await acme.search(DOLLARS)).unconverted


async def test_a_supplier_of_several_currencies_is_asked_for_each(
    connection: Connection, desk: RateDesk
) -> None:
    in_pounds = replace(factories.offer(2), price=factories.price(Money(10_000, "GBP")))
    in_dollars = replace(factories.offer(3), price=factories.price(Money(10_000, "USD")))
    acme, source = selling(desk, factories.offer(1), in_pounds, in_dollars, currencies=("EUR", "GBP", "USD"))
    assert [offer.total for offer in (await acme.search(DOLLARS)).offers] == [Money(10_000, "USD")]
    await publish(connection)

    found = await acme.search(DOLLARS)

    assert {offer.price.currency for offer in found.offers} == {"USD"}
    assert sorted(offer.supplied.rate.base for offer in found.offers if offer.supplied) == ["EUR", "GBP"]
    assert sum(offer.supplied is None for offer in found.offers) == 1
    assert source.calls == 1 + 3
    assert not found.unconverted


async def test_an_offer_is_checked_at_its_frozen_rate_though_there_is_a_newer_one(
    connection: Connection, desk: RateDesk
) -> None:
    """P8: what was shown stays as it was until the supplier changes it."""
    await publish(connection)
    acme, source = selling(desk, factories.offer(1))
    (shown,) = (await acme.search(DOLLARS)).offers
    await publish(connection, usd="1.3")

    assert await acme.check(shown) == shown
    source.changed = {"price": factories.price(Money(11_000, "EUR"))}
    now = await acme.check(shown)
    assert now.total > shown.total
    assert now.supplied is not None
    assert shown.supplied is not None
    assert now.supplied.rate == shown.supplied.rate


async def test_an_offer_whose_rate_is_too_old_is_not_sold(
    connection: Connection, desk: RateDesk, clock: ManualClock, registry: CollectorRegistry
) -> None:
    await publish(connection)
    acme, source = selling(desk, factories.offer(1))
    (shown,) = (await acme.search(DOLLARS)).offers
    clock.advance(timedelta(days=3).total_seconds())

    with pytest.raises(NoRate):
        await acme.check(shown)

    assert refused(registry, where="offer", reason="too_old") == 1
    assert await acme.check(source.offers[0]) == source.offers[0]


async def test_stays_are_converted_too(connection: Connection, desk: RateDesk) -> None:
    await publish(connection)
    source = FakeSource("acme", [factories.stay()])
    acme: Exchanging[StayOffer, StayCriteria] = Exchanging(source, currencies=("EUR",), desk=desk)

    (shown,) = (await acme.search(replace(factories.wanted_stay(), currency="USD"))).offers

    assert shown.price.currency == "USD"
    assert await acme.check(shown) == shown


async def test_a_supplier_that_fails_fails(connection: Connection, desk: RateDesk) -> None:
    await publish(connection)
    acme, source = selling(desk)
    source.fails = lambda: Unavailable("away")

    with pytest.raises(Unavailable):
        await acme.search(DOLLARS)


class Days:
    """A calendar with a price for each day and currency."""

    name = "acme"

    def __init__(self, prices: Mapping[str, Mapping[date, Price]]) -> None:
        self._prices = prices

    async def lowest(self, criteria: CalendarCriteria) -> LowestFares:
        return LowestFares(prices=self._prices[criteria.currency])


async def test_a_calendar_tells_what_a_search_would(connection: Connection, desk: RateDesk) -> None:
    dear, cheap = factories.price(Money(33_333, "EUR")), factories.price(Money(22_222, "GBP"))
    other = TODAY + timedelta(days=1)
    days = Days({"EUR": {TODAY: dear, other: dear}, "GBP": {other: cheap}})
    calendar = ExchangingCalendar(days, currencies=("EUR", "GBP"), desk=desk)
    criteria = CalendarCriteria(
        origin="FRA",
        destination="JFK",
        first_day=TODAY,
        last_day=other,
        party=Party(adults=1),
        currency="EUR",
    )
    assert (await calendar.lowest(criteria)).unconverted
    await publish(connection)

    found = await calendar.lowest(replace(criteria, currency="USD"))

    (flight,) = converted([replace(factories.offer(), price=dear)], frozen())
    assert found.prices[TODAY].total == flight.total
    assert found.prices[other].currency == "USD"
    assert found.prices[other].total < found.prices[TODAY].total
    assert not found.unconverted
