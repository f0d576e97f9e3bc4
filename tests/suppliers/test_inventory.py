"""Own flights searched, checked and priced, against a real PostgreSQL."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest

from bookingd.domain.conversion import as_supplied, converted
from bookingd.domain.flights import Conditions
from bookingd.domain.ids import ItemId
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Party, PassengerType
from bookingd.domain.price_rules import RuleBook
from bookingd.domain.prices import LineKind
from bookingd.domain.search import FlightCriteria
from bookingd.outcomes import Refused, Unavailable
from bookingd.storage import stock
from bookingd.storage.database import Connection, Database
from bookingd.storage.stock import StockWant
from bookingd.suppliers.inventory import MOST_JOURNEYS, WAYS, InventoryFlights, Repricer, keys_of
from bookingd.suppliers.inventory_pricing import strictest
from tests.factories import wanted
from tests.fakes.inventory import Planted, plant, plant_world
from tests.fakes.sources import START, ManualClock
from tests.rates import frozen
from tests.suppliers.reference_search import Found

DAY = date(2026, 12, 2)
MORNING = datetime(2026, 12, 2, 9, 0)  # noqa: DTZ001 - a wall clock, its zone is the airport's
FAMILY = Party(adults=2, children=1, infants=1)
LIGHT, CLASSIC, FLEX = "Light", "Classic", "Flex"


class NoRules:
    """A house that adds nothing to fares, so that totals can be counted by hand."""

    async def get(self, connection: Connection, *, now: datetime) -> RuleBook:
        return RuleBook(version=0, rules=())


@pytest.fixture
def flights(database: Database, clock: ManualClock) -> InventoryFlights:
    return InventoryFlights(database=database, clock=clock, rules=NoRules())


@pytest.fixture
def repricer(clock: ManualClock) -> Repricer:
    return Repricer(clock=clock, rules=NoRules())


@pytest.fixture
async def world(connection: Connection) -> Connection:
    await plant_world(connection)
    return connection


def looking(origin: str = "FRA", destination: str = "JFK", **changed: object) -> FlightCriteria:
    return wanted(origin, destination, **{"day": DAY, **changed})  # type: ignore[arg-type]


def found(offer: Offer) -> Found:
    slices = tuple(tuple(int(leg.supplier_key) for leg in part.segments) for part in offer.itinerary.slices)
    return slices, offer.itinerary.conditions.family, offer.total.amount


def ways(offers: Sequence[Offer]) -> set[tuple[str, ...]]:
    return {tuple(leg.supplier_key for leg in offer.itinerary.segments) for offer in offers}


async def look(flights: InventoryFlights, criteria: FlightCriteria) -> list[Offer]:
    return list((await flights.search(criteria)).offers)


async def the_light_one(flights: InventoryFlights, criteria: FlightCriteria) -> Offer:
    return (await look(flights, criteria))[0]


async def test_every_passenger_is_priced_by_type(world: Connection, flights: InventoryFlights) -> None:
    await plant(world, Planted(id=1, leaves=MORNING, base=30001))
    offers = await look(flights, looking(party=FAMILY))
    # Adults 300.01, a child 225.0075 rounded, an infant 30.001 rounded; charges 20, 10 and nothing.
    assert [offer.total.amount for offer in offers] == [
        2 * 30001 + 22501 + 3000 + 2 * 2000 + 1000,
        2 * 34501 + 25876 + 3450 + 2 * 2000 + 1000,
        2 * 42001 + 31501 + 4200 + 2 * 2000 + 1000,
    ]
    assert {line.passenger for line in offers[0].price.lines} == set(PassengerType)
    assert [offer.itinerary.conditions.family for offer in offers] == [LIGHT, CLASSIC, FLEX]


async def test_infants_take_no_seat(world: Connection, flights: InventoryFlights) -> None:
    await plant(world, Planted(id=1, leaves=MORNING, seats=3))
    assert len(await look(flights, looking(party=FAMILY))) == 3
    assert await look(flights, looking(party=replace(FAMILY, children=2))) == []


async def test_a_city_code_means_all_of_its_airports(world: Connection, flights: InventoryFlights) -> None:
    await plant(
        world,
        Planted(id=1, origin="LHR", leaves=MORNING),
        Planted(id=2, origin="LGW", leaves=MORNING),
        Planted(id=3, origin="CDG", leaves=MORNING),
    )
    assert ways(await look(flights, looking("LON", "NYC"))) == {("1",), ("2",)}
    assert ways(await look(flights, looking("LGW", "NYC"))) == {("2",)}


async def test_the_day_is_the_origins_own(world: Connection, flights: InventoryFlights) -> None:
    late = datetime(2026, 12, 2, 23, 30)  # noqa: DTZ001 - a wall clock
    await plant(world, Planted(id=1, origin="LAX", destination="AKL", leaves=late, minutes=780))
    [offer, *_] = await look(flights, looking("LAX", "AKL"))
    assert offer.itinerary.slices[0].departs_at.date() == date(2026, 12, 3)
    assert await look(flights, looking("LAX", "AKL", day=date(2026, 12, 3))) == []


async def test_sales_end_an_hour_before_departure(
    world: Connection, flights: InventoryFlights, clock: ManualClock
) -> None:
    soon = datetime(2026, 11, 22, 14, 30)  # noqa: DTZ001 - a wall clock: 13:30 UTC
    await plant(world, Planted(id=1, leaves=soon))
    today = looking(day=date(2026, 11, 22))
    [offer, *_] = await look(flights, today)
    assert offer.expires_at == START + timedelta(minutes=30)
    clock.advance(timedelta(minutes=35))
    assert await look(flights, today) == []


async def test_a_connection_takes_time_and_not_too_much(world: Connection, flights: InventoryFlights) -> None:
    lands = MORNING + timedelta(minutes=60)
    await plant(
        world,
        Planted(id=1, origin="FRA", destination="MUC", leaves=MORNING, minutes=60),
        Planted(id=2, origin="MUC", destination="JFK", leaves=lands + timedelta(minutes=74)),
        Planted(id=3, origin="MUC", destination="JFK", leaves=lands + timedelta(minutes=75)),
        Planted(id=4, origin="MUC", destination="JFK", leaves=lands + timedelta(hours=6)),
        Planted(id=5, origin="MUC", destination="JFK", leaves=lands + timedelta(hours=6, minutes=1)),
        Planted(id=6, origin="MUC", destination="JFK", leaves=lands + timedelta(hours=2), airline="BA"),
        Planted(id=7, origin="MUC", destination="JFK", leaves=lands + timedelta(hours=2), airline="UA"),
    )
    assert ways(await look(flights, looking())) == {("1", "3"), ("1", "4"), ("1", "7")}
    assert await look(flights, looking(max_stops=0)) == []


async def test_a_needless_way_round_is_not_offered(world: Connection, flights: InventoryFlights) -> None:
    # FRA to JFK is 6,185 km: a connection may have 1.4 times that and 500 km, 9,159.
    onward = MORNING + timedelta(hours=3)
    await plant(
        world,
        Planted(id=1, origin="FRA", destination="MUC", leaves=MORNING, minutes=60, km=4000),
        Planted(id=2, origin="MUC", destination="JFK", leaves=onward, km=5150),
        Planted(id=3, origin="MUC", destination="JFK", leaves=onward, km=5170),
    )
    assert ways(await look(flights, looking())) == {("1", "2")}


async def test_cancelled_flights_are_not_offered(world: Connection, flights: InventoryFlights) -> None:
    onward = MORNING + timedelta(hours=3)
    await plant(
        world,
        Planted(id=1, leaves=MORNING, cancelled=True),
        Planted(id=2, origin="FRA", destination="MUC", leaves=MORNING, minutes=60),
        Planted(id=3, origin="MUC", destination="JFK", leaves=onward, cancelled=True),
        Planted(id=4, origin="MUC", destination="JFK", leaves=onward),
        Planted(id=5, origin="FRA", destination="MUC", leaves=MORNING, minutes=60, cancelled=True),
    )
    assert ways(await look(flights, looking())) == {("2", "4")}


async def test_nobody_changes_planes_within_the_city_of_departure(
    world: Connection, flights: InventoryFlights
) -> None:
    await plant(
        world,
        Planted(id=1, origin="LGW", destination="LHR", leaves=MORNING, minutes=60),
        Planted(id=2, origin="LHR", destination="JFK", leaves=MORNING + timedelta(hours=4)),
    )
    assert ways(await look(flights, looking("LON", "JFK"))) == {("2",)}
    assert ways(await look(flights, looking("LGW", "JFK"))) == set()


async def test_the_way_back_begins_after_the_way_out_has_ended(
    world: Connection, flights: InventoryFlights
) -> None:
    await plant(
        world,
        Planted(id=1, origin="FRA", destination="CDG", leaves=MORNING, minutes=70),
        Planted(id=2, origin="CDG", destination="FRA", leaves=MORNING + timedelta(minutes=129), minutes=70),
        Planted(id=3, origin="CDG", destination="FRA", leaves=MORNING + timedelta(minutes=130), minutes=70),
    )
    assert ways(await look(flights, looking("FRA", "CDG", return_on=DAY))) == {("1", "3")}


async def test_the_cheapest_is_first_and_there_are_not_too_many(
    world: Connection, flights: InventoryFlights
) -> None:
    hours = [MORNING + timedelta(minutes=number) for number in range(WAYS + 20)]
    await plant(world, *(Planted(id=1 + n, leaves=at, base=50000 - n) for n, at in enumerate(hours)))
    answer = await flights.search(looking())
    totals = [offer.total.amount for offer in answer.offers]
    assert totals == sorted(totals)
    assert len(answer.offers) <= 3 * MOST_JOURNEYS
    assert ways(answer.offers) == {(str(number),) for number in range(21, WAYS + 21)}
    assert not answer.complete


async def test_another_currency_than_that_of_our_fares_finds_nothing(
    world: Connection, flights: InventoryFlights
) -> None:
    await plant(world, Planted(id=1, leaves=MORNING))
    assert await look(flights, looking(currency="USD")) == []


async def test_checking_tells_a_changed_fare(world: Connection, flights: InventoryFlights) -> None:
    await plant(world, Planted(id=1, leaves=MORNING))
    offer = await the_light_one(flights, looking())
    assert await flights.check(offer) == offer
    await world.execute("UPDATE departure_fares SET base = base + 500")
    checked = await flights.check(offer)
    assert (checked.id, checked.total.amount) == (offer.id, offer.total.amount + 500)


async def test_checking_tells_changed_conditions(world: Connection, flights: InventoryFlights) -> None:
    await plant(world, Planted(id=1, leaves=MORNING))
    offer = await the_light_one(flights, looking())
    await world.execute("UPDATE fare_families SET carry_on_bags = 0 WHERE name = 'Light'")
    checked = await flights.check(offer)
    assert checked.total == offer.total
    assert checked.itinerary.conditions.carry_on_bags == 0


async def test_checking_tells_when_seats_are_gone(world: Connection, flights: InventoryFlights) -> None:
    await plant(world, Planted(id=1, leaves=MORNING, seats=2))
    offer = await the_light_one(flights, looking(party=Party(adults=2)))
    want = StockWant(
        item_id=ItemId(UUID(int=1)), legs=tuple(keys_of(offer)), seats=1, until=START + timedelta(hours=1)
    )
    await stock.hold(world, wants=[want], now=START)
    with pytest.raises(Refused) as refused:
        await flights.check(offer)
    assert refused.value.code == "sold_out"


@pytest.mark.parametrize(
    "ending",
    [
        "UPDATE departures SET cancelled = true",
        "DELETE FROM fare_families WHERE name = 'Light'",
        "DELETE FROM cabin_stock",
    ],
)
async def test_checking_tells_what_is_no_longer_sold(
    world: Connection, flights: InventoryFlights, ending: str
) -> None:
    await plant(world, Planted(id=1, leaves=MORNING))
    offer = await the_light_one(flights, looking())
    await world.execute(ending)
    with pytest.raises(Refused) as refused:
        await flights.check(offer)
    assert refused.value.code == "gone"


async def test_checking_tells_when_sales_have_ended(
    world: Connection, flights: InventoryFlights, clock: ManualClock
) -> None:
    await plant(world, Planted(id=1, leaves=MORNING))
    offer = await the_light_one(flights, looking())
    clock.advance(offer.itinerary.slices[0].departs_at - START)
    with pytest.raises(Refused) as refused:
        await flights.check(offer)
    assert refused.value.code == "gone"


async def test_a_database_that_is_away_is_told_as_such(database_dsn: str, clock: ManualClock) -> None:
    away = await Database.open(dsn=database_dsn)
    await away.close()
    flights = InventoryFlights(database=away, clock=clock, rules=NoRules())
    with pytest.raises(Unavailable):
        await look(flights, looking())


async def test_repricing_answers_in_order_at_the_fares_of_the_moment(
    world: Connection, flights: InventoryFlights, repricer: Repricer
) -> None:
    await plant(world, Planted(id=1, leaves=MORNING), Planted(id=2, leaves=MORNING, base=40000))
    cheap, *_, dear = await look(flights, looking())
    await world.execute("UPDATE departure_fares SET base = base + 100 WHERE departure_id = 2")
    again = await repricer(world, [dear, cheap])
    assert [offer.total.amount for offer in again] == [dear.total.amount + 140, cheap.total.amount]
    assert [offer.id for offer in again] == [dear.id, cheap.id]


async def test_a_family_that_is_gone_is_replaced_by_the_most_flexible(
    world: Connection, flights: InventoryFlights, repricer: Repricer
) -> None:
    await plant(world, Planted(id=1, leaves=MORNING))
    offer = await the_light_one(flights, looking())
    await world.execute("DELETE FROM fare_families WHERE name = 'Light'")
    [again] = await repricer(world, [offer])
    assert again.itinerary.conditions.family == FLEX
    await world.execute("DELETE FROM fare_families")
    assert await repricer(world, [offer]) == [offer]


async def test_repricing_a_sold_out_flight_is_no_matter(
    world: Connection, flights: InventoryFlights, repricer: Repricer
) -> None:
    await plant(world, Planted(id=1, leaves=MORNING, seats=1))
    offer = await the_light_one(flights, looking())
    want = StockWant(item_id=ItemId(UUID(int=1)), legs=tuple(keys_of(offer)), seats=1, until=START)
    await stock.hold(world, wants=[want], now=START)
    [again] = await repricer(world, [offer])
    assert (again.total, again.seats_left) == (offer.total, 0)


def test_a_journey_keeps_the_strictest_conditions_of_its_flights() -> None:
    light = Conditions(
        family=LIGHT, carry_on_bags=1, checked_bags=0, change_fee=None, cancel_fee=5, minors_alone=True
    )
    classic = Conditions(family=CLASSIC, carry_on_bags=2, checked_bags=1, change_fee=7, cancel_fee=0)
    assert strictest([light, classic]) == Conditions(
        family=LIGHT, carry_on_bags=1, checked_bags=0, change_fee=None, cancel_fee=5
    )


async def test_travellers_pay_charges_where_a_slice_begins(
    world: Connection, flights: InventoryFlights
) -> None:
    await plant(
        world,
        Planted(id=1, origin="FRA", destination="MUC", leaves=MORNING, minutes=60),
        Planted(id=2, origin="MUC", destination="JFK", leaves=MORNING + timedelta(hours=3)),
    )
    offer = await the_light_one(flights, looking())
    taxes = [line for line in offer.price.lines if line.kind is LineKind.TAX]
    assert [line.label for line in taxes] == ["Airport charge FRA"]


async def test_what_is_sold_in_another_currency_is_repriced_in_its_own_at_the_frozen_rate(
    world: Connection, flights: InventoryFlights, repricer: Repricer
) -> None:
    """P8: a newer rate changes no price, and a higher fare changes it by what it has risen."""
    await plant(world, Planted(id=1, leaves=MORNING), Planted(id=2, leaves=MORNING, base=40000))
    cheap, *_, dear = await look(flights, looking())
    shown, other = converted([cheap, dear], frozen())

    assert await repricer(world, [other, cheap, shown]) == [other, cheap, shown]

    await world.execute("UPDATE departure_fares SET base = base + 100 WHERE departure_id = 1")
    [again] = await repricer(world, [shown])
    assert as_supplied(again).total == cheap.total + Money(100, "EUR")
    assert again.total == converted([as_supplied(again)], frozen())[0].total
    await world.execute("DELETE FROM fare_families")
    assert await repricer(world, [shown]) == [shown]
