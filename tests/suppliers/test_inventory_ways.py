"""Which ways own flights make: connections, airports nearby, other days, several slices, changed clocks."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from bookingd.domain.ids import ItemId
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Party
from bookingd.domain.places import days_later, local
from bookingd.domain.price_matches import Match
from bookingd.domain.price_rules import Rule, RuleBook, RuleKind
from bookingd.domain.search import FlightCriteria, WantedSlice
from bookingd.outcomes import Refused
from bookingd.storage import stock
from bookingd.storage.database import Connection, Database
from bookingd.storage.stock import StockWant
from bookingd.suppliers.inventory import WAYS, InventoryFlights, Repricer, keys_of
from tests.fakes.inventory import AIRPORTS, Planted, plant, plant_world
from tests.fakes.sources import START, ManualClock

DAY = date(2026, 12, 2)
MORNING = datetime(2026, 12, 2, 9, 0)  # noqa: DTZ001 - a wall clock, its zone is the airport's
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)

Ways = set[tuple[str, ...]]


class House:
    """Rules that a test sets; none to begin with, so that totals can be counted by hand."""

    def __init__(self) -> None:
        self.rules: tuple[Rule, ...] = ()

    async def get(self, connection: Connection, *, now: datetime) -> RuleBook:
        return RuleBook(version=0, rules=self.rules)


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def flights(database: Database, clock: ManualClock, house: House) -> InventoryFlights:
    return InventoryFlights(database=database, clock=clock, rules=house)


@pytest.fixture
async def world(connection: Connection) -> Connection:
    await plant_world(connection)
    return connection


def a_slice(ends: str, day: date = DAY, **more: tuple[str, ...]) -> WantedSlice:
    return WantedSlice(origin=ends[:3], destination=ends[3:], day=day, **more)


def journey(*slices: WantedSlice, **more: object) -> FlightCriteria:
    return FlightCriteria(slices=slices, party=Party(adults=1), **more)  # type: ignore[arg-type]


async def look(flights: InventoryFlights, criteria: FlightCriteria) -> list[Offer]:
    return list((await flights.search(criteria)).offers)


def ways(offers: Sequence[Offer]) -> Ways:
    return {tuple(leg.supplier_key for leg in offer.itinerary.segments) for offer in offers}


def chain(
    *ends: str, waits: Sequence[timedelta] = (), first: int = 1, leaves: datetime = MORNING, **more: int
) -> list[Planted]:
    """Flights one after another, ids from `first`, an hour each; `waits` on the ground, else two hours.

    `more` is what is special about them: `km`, `base`.
    """
    flown: list[Planted] = []
    for number, (origin, destination) in enumerate((one[:3], one[3:]) for one in ends):
        if flown:
            zone = ZoneInfo(AIRPORTS[origin][4])
            wait = waits[number - 1] if waits else 2 * HOUR
            leaves = flown[-1].arrives_at.astimezone(zone).replace(tzinfo=None) + wait
        plane = Planted(id=first + number, origin=origin, destination=destination, leaves=leaves, minutes=60)
        flown.append(replace(plane, **more))  # type: ignore[arg-type]
    return flown


async def test_two_connections_are_found_where_they_are_wanted(
    world: Connection, flights: InventoryFlights
) -> None:
    await plant(world, *chain("FRAMUC", "MUCCDG", "CDGJFK"))
    criteria = journey(a_slice("FRAJFK"))
    assert ways(await look(flights, criteria)) == {("1", "2", "3")}
    assert await look(flights, replace(criteria, max_stops=1)) == []


async def test_three_connections_are_too_many(world: Connection, flights: InventoryFlights) -> None:
    await plant(world, *chain("FRAMUC", "MUCCDG", "CDGLHR", "LHRJFK"))
    assert await look(flights, journey(a_slice("FRAJFK"))) == []


@pytest.mark.parametrize(
    ("ends", "least"),
    [
        (("JFKORD", "ORDLAX"), 40),
        (("LAXORD", "ORDLHR"), 80),
        (("LHRORD", "ORDLAX"), 120),
        (("LHRORD", "ORDAKL"), 85),
        (("FRAMUC", "MUCLHR"), 75),
        (("JFKMUC", "MUCFRA"), 90),
    ],
)
async def test_it_takes_as_long_to_change_as_the_airport_says_of_such_flights(
    world: Connection, flights: InventoryFlights, ends: tuple[str, str], least: int
) -> None:
    enough, too_short = least * MINUTE, (least - 1) * MINUTE
    await plant(
        world,
        *chain(*ends, waits=[enough], km=100),
        *chain(*ends, waits=[too_short], km=100, first=11, leaves=MORNING + 12 * HOUR),
    )
    assert ways(await look(flights, journey(a_slice(ends[0][:3] + ends[1][3:])))) == {("1", "2")}


@pytest.mark.parametrize(
    ("ends", "least"),
    [
        (("LHRJFK", "JFKORD", "ORDLAX"), (90, 40)),
        (("FRAMUC", "MUCORD", "ORDLAX"), (75, 120)),
        (("LHRCDG", "CDGORD", "ORDAKL"), (95, 85)),
        (("LAXORD", "ORDCDG", "CDGFRA"), (80, 95)),
    ],
)
@pytest.mark.parametrize("short", [None, 0, 1])
async def test_at_both_changes(
    world: Connection,
    flights: InventoryFlights,
    ends: tuple[str, str, str],
    least: tuple[int, int],
    short: int | None,
) -> None:
    waits = [(minutes - (number == short)) * MINUTE for number, minutes in enumerate(least)]
    await plant(world, *chain(*ends, waits=waits))
    found = await look(flights, journey(a_slice(ends[0][:3] + ends[2][3:])))
    assert bool(found) == (short is None)


@pytest.mark.parametrize("long", [None, 0, 1])
async def test_nobody_waits_for_more_than_six_hours_anywhere(
    world: Connection, flights: InventoryFlights, long: int | None
) -> None:
    waits = [6 * HOUR + (number == long) * MINUTE for number in range(2)]
    await plant(world, *chain("FRAMUC", "MUCCDG", "CDGJFK", waits=waits))
    assert bool(await look(flights, journey(a_slice("FRAJFK")))) == (long is None)


async def test_a_way_is_measured_as_a_whole(world: Connection, flights: InventoryFlights) -> None:
    # FRA to JFK is 6,185 km: with connections it may have 1.4 times that and 500 km, 9,159.
    await plant(
        world,
        *chain("FRAMUC", "MUCCDG", "CDGJFK", km=3050),
        *chain("FRAMUC", "MUCCDG", "CDGJFK", km=3057, first=11, leaves=MORNING + 12 * HOUR),
    )
    assert ways(await look(flights, journey(a_slice("FRAJFK")))) == {("1", "2", "3")}


@pytest.mark.parametrize("stranger", [0, 1, 2])
async def test_all_flights_of_a_way_are_on_one_ticket(
    world: Connection, flights: InventoryFlights, stranger: int
) -> None:
    planes = chain("FRAMUC", "MUCCDG", "CDGJFK")
    planes[stranger] = replace(planes[stranger], airline="BA")
    allies = [replace(plane, id=plane.id + 10, airline="UA") for plane in planes if plane.airline == "LH"]
    await plant(world, *planes, *allies)
    assert await look(flights, journey(a_slice("FRAJFK"))) == []


async def test_who_leaves_an_alliance_carries_nobody_on(world: Connection, flights: InventoryFlights) -> None:
    one, two = chain("FRAMUC", "MUCJFK")
    await plant(world, one, replace(two, airline="UA"), replace(two, id=3, airline="BA"))
    criteria = journey(a_slice("FRAJFK"))
    assert ways(await look(flights, criteria)) == {("1", "2")}
    await world.execute("UPDATE airlines SET alliance = 'oneworld' WHERE code = 'LH'")
    assert ways(await look(flights, criteria)) == {("1", "3")}
    await world.execute("UPDATE airlines SET alliance = NULL WHERE code = 'LH'")
    assert await look(flights, criteria) == []


async def test_a_sold_out_or_cancelled_flight_in_the_middle_ends_the_way(
    world: Connection, flights: InventoryFlights
) -> None:
    one, two, three = chain("FRAMUC", "MUCCDG", "CDGJFK")
    await plant(world, one, replace(two, taken=10), replace(two, id=12, cancelled=True), three)
    assert await look(flights, journey(a_slice("FRAJFK"))) == []


@pytest.mark.parametrize(
    ("other", "kept"),
    [
        ({}, False),
        ({"base": 301}, True),
        ({"leaves": MORNING - MINUTE, "minutes": 61}, True),
        ({"minutes": 421}, True),
        ({"leaves": MORNING + MINUTE, "minutes": 419}, False),
        ({"destination": "LAX"}, True),
        ({"seats": 0}, True),
    ],
)
async def test_two_connections_are_left_out_where_something_simpler_is_as_good_in_every_respect(
    world: Connection, flights: InventoryFlights, other: dict[str, object], kept: bool
) -> None:
    await plant(
        world,
        *chain("FRAMUC", "MUCCDG", "CDGJFK", base=100),
        replace(Planted(id=9, leaves=MORNING, minutes=420, base=300), **other),  # type: ignore[arg-type]
    )
    criteria = journey(a_slice("FRAJFK", nearby_destinations=("LAX",)))
    assert (("1", "2", "3") in ways(await look(flights, criteria))) == kept


async def test_many_simpler_ways_leave_two_connections_out_and_it_is_told(
    world: Connection, flights: InventoryFlights
) -> None:
    direct = [
        Planted(id=100 + number, leaves=MORNING + number * MINUTE, base=9000) for number in range(WAYS - 1)
    ]
    await plant(world, *chain("FRAMUC", "MUCCDG", "CDGJFK", base=100), *direct)
    found = await flights.search(journey(a_slice("FRAJFK")))
    assert ("1", "2", "3") in ways(found.offers)
    assert found.complete
    await plant(world, Planted(id=99, leaves=MORNING))
    found = await flights.search(journey(a_slice("FRAJFK")))
    assert ("1", "2", "3") not in ways(found.offers)
    assert not found.complete


async def test_airports_nearby_will_do_and_not_their_whole_cities(
    world: Connection, flights: InventoryFlights
) -> None:
    await plant(
        world,
        Planted(id=1, origin="CDG", destination="JFK", leaves=MORNING),
        Planted(id=2, origin="LHR", destination="JFK", leaves=MORNING),
        Planted(id=3, origin="LGW", destination="JFK", leaves=MORNING),
        Planted(id=4, origin="LGW", destination="ORD", leaves=MORNING),
    )
    assert ways(await look(flights, journey(a_slice("CDGNYC")))) == {("1",)}
    nearby = a_slice("CDGNYC", nearby_origins=("LGW",), nearby_destinations=("ORD",))
    assert ways(await look(flights, journey(nearby))) == {("1",), ("3",), ("4",)}


async def test_nobody_changes_planes_where_he_might_have_begun(
    world: Connection, flights: InventoryFlights
) -> None:
    await plant(world, *chain("MUCFRA", "FRAJFK"))
    assert ways(await look(flights, journey(a_slice("MUCJFK")))) == {("1", "2")}
    nearby = a_slice("MUCJFK", nearby_origins=("FRA",))
    assert ways(await look(flights, journey(nearby))) == {("2",)}


async def test_between_airports_that_are_near_each_other_nobody_is_flown_within_a_city(
    world: Connection, flights: InventoryFlights
) -> None:
    await plant(world, Planted(id=1, origin="LGW", destination="LHR", leaves=MORNING))
    assert await look(flights, journey(a_slice("LGWFRA", nearby_destinations=("LHR",)))) == []


async def test_some_days_earlier_or_later_will_do_for_every_slice(
    world: Connection, flights: InventoryFlights
) -> None:
    out = [Planted(id=10 + day, leaves=MORNING + timedelta(days=day - 5)) for day in range(1, 10)]
    back = [
        Planted(id=20 + day, origin="JFK", destination="FRA", leaves=MORNING + timedelta(days=day - 5 + 10))
        for day in range(1, 10)
    ]
    await plant(world, *out, *back)
    criteria = journey(a_slice("FRAJFK"), a_slice("JFKFRA", DAY + timedelta(days=10)), flexible_days=3)
    assert ways(await look(flights, criteria)) == {
        (str(10 + there), str(20 + again)) for there in range(2, 9) for again in range(2, 9)
    }
    exact = replace(criteria, flexible_days=0)
    assert ways(await look(flights, exact)) == {("15", "25")}


async def test_over_the_date_line_one_arrives_the_day_before_and_goes_on_from_there(
    world: Connection, flights: InventoryFlights
) -> None:
    leaves = datetime(2026, 12, 2, 1, 30)  # noqa: DTZ001 - a wall clock
    await plant(
        world,
        Planted(id=1, origin="AKL", destination="LAX", leaves=leaves, minutes=740),
        Planted(id=2, origin="LAX", destination="JFK", leaves=datetime(2026, 12, 1, 18, 35)),  # noqa: DTZ001
    )
    offer, *_ = await look(flights, journey(a_slice("AKLJFK")))
    first, second = offer.itinerary.segments
    assert local(first.arrives_at, first.destination_zone) == datetime(
        2026, 12, 1, 16, 50, tzinfo=ZoneInfo("America/Los_Angeles")
    )
    assert days_later(first.departs_at, first.origin_zone, first.arrives_at, first.destination_zone) == -1
    assert second.departs_at - first.arrives_at == timedelta(minutes=105)
    assert offer.itinerary.slices[0].duration == second.arrives_at - first.departs_at


async def test_in_an_autumn_night_a_flight_leaves_at_each_of_two_equal_times(
    world: Connection, flights: InventoryFlights
) -> None:
    night = datetime(2027, 10, 31, 2, 30)  # noqa: DTZ001 - comes twice in Berlin: at 00:30 and at 01:30 UTC
    await plant(
        world,
        Planted(id=1, origin="MUC", destination="FRA", leaves=night - 2 * HOUR, minutes=60),
        Planted(id=2, leaves=night),
        Planted(id=3, leaves=night.replace(fold=1)),
    )
    twice = await look(flights, journey(a_slice("FRAJFK", night.date())))
    leaves = {offer.itinerary.slices[0].departs_at for offer in twice}
    assert sorted(at.hour for at in leaves) == [0, 1]
    # Landed at 01:30, which is 23:30 UTC: 60 minutes to the first of the two are too few, 120 are enough.
    assert ways(await look(flights, journey(a_slice("MUCJFK", night.date())))) == {("1", "3")}


async def test_in_a_spring_night_an_hour_is_missing_between_two_flights(
    world: Connection, flights: InventoryFlights
) -> None:
    night = datetime(2027, 3, 28, 1, 45)  # noqa: DTZ001 - a quarter of an hour later it is three in Berlin
    await plant(
        world,
        Planted(id=1, origin="MUC", destination="FRA", leaves=night - HOUR, minutes=60),
        Planted(id=2, leaves=night + timedelta(minutes=129)),
        Planted(id=3, leaves=night + timedelta(minutes=135)),
    )
    assert ways(await look(flights, journey(a_slice("MUCJFK", night.date())))) == {("1", "3")}


async def test_a_flight_scheduled_into_the_missing_hour_leaves_when_clocks_that_nobody_set_show_it(
    world: Connection, flights: InventoryFlights
) -> None:
    missing = datetime(2027, 3, 28, 2, 30)  # noqa: DTZ001 - Berlin's clocks go from two to three
    await plant(world, Planted(id=1, leaves=missing))
    offer, *_ = await look(flights, journey(a_slice("FRAJFK", missing.date())))
    [flight] = offer.itinerary.segments
    assert flight.departs_at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert local(flight.departs_at, flight.origin_zone).time() == time(3, 30)
    assert flight.duration == timedelta(minutes=520)


SIX = ("FRALHR", "LHRCDG", "CDGJFK", "JFKORD", "ORDLAX", "LAXFRA")


async def six_slices(world: Connection) -> FlightCriteria:
    """A flight on each day from DAY on, and what asks for all of them."""
    days = [DAY + timedelta(days=number) for number in range(len(SIX))]
    planes = [
        plane
        for number, ends in enumerate(SIX, start=1)
        for plane in chain(ends, first=number, leaves=MORNING + timedelta(days=number - 1))
    ]
    await plant(world, *planes)
    return journey(*(a_slice(ends, day) for ends, day in zip(SIX, days, strict=True)))


async def test_six_slices_make_one_journey_priced_as_one(
    world: Connection, flights: InventoryFlights
) -> None:
    offer, *_ = await look(flights, await six_slices(world))
    assert [part.origin + part.destination for part in offer.itinerary.slices] == list(SIX)
    assert offer.total == Money(6 * 30000 + 6 * 2000, "EUR")


async def test_a_journey_has_the_families_of_all_its_slices_under_the_strictest_conditions(
    world: Connection, flights: InventoryFlights
) -> None:
    criteria = await six_slices(world)
    await world.execute("UPDATE departures SET airline = 'UA' WHERE id = 4")
    await world.execute("UPDATE flights SET airline = 'UA' WHERE id = 4")
    await world.execute("DELETE FROM fare_families WHERE airline = 'UA' AND name = 'Flex'")
    await world.execute("UPDATE fare_families SET checked_bags = 0, change_fee = 9000 WHERE airline = 'UA'")
    light, classic = [offer.itinerary.conditions for offer in await look(flights, criteria)]
    assert (light.family, classic.family) == ("Light", "Classic")
    assert (classic.checked_bags, classic.change_fee, classic.cancel_fee) == (0, 9000, None)
    assert light.change_fee is None


async def test_slices_come_one_after_the_other(world: Connection, flights: InventoryFlights) -> None:
    await plant(
        world,
        *chain("FRALHR", leaves=MORNING),
        *chain("LHRCDG", first=2, leaves=MORNING + 59 * MINUTE),
        *chain("LHRCDG", first=3, leaves=MORNING + HOUR),
        *chain("CDGFRA", first=4, leaves=MORNING + 3 * HOUR),
        *chain("CDGFRA", first=5, leaves=MORNING + 4 * HOUR),
    )
    criteria = journey(a_slice("FRALHR"), a_slice("LHRCDG"), a_slice("CDGFRA"))
    # London is an hour behind: landed at 9:00 there, at 11:00 in Paris.
    assert ways(await look(flights, criteria)) == {("1", "3", "5")}


async def test_an_open_jaw_is_found_checked_and_repriced(
    world: Connection, flights: InventoryFlights, clock: ManualClock, house: House
) -> None:
    back = MORNING + timedelta(days=5)
    await plant(
        world,
        *chain("FRALHR"),
        *chain("CDGMUC", "MUCFRA", first=2, leaves=back, km=300),
    )
    criteria = journey(a_slice("FRALON"), a_slice("PARFRA", back.date()))
    offers = await look(flights, criteria)
    assert ways(offers) == {("1", "2", "3")}
    assert [await flights.check(offer) for offer in offers] == offers
    repricer = Repricer(clock=clock, rules=house)
    assert await repricer(world, offers) == offers


async def test_six_slices_are_checked_repriced_and_held_as_one(
    world: Connection, flights: InventoryFlights, clock: ManualClock, house: House
) -> None:
    offer, *_ = await look(flights, await six_slices(world))
    assert await flights.check(offer) == offer
    await world.execute("UPDATE departure_fares SET base = base + 500 WHERE departure_id = 6")
    [again] = await Repricer(clock=clock, rules=house)(world, [offer])
    assert again.total == offer.total + Money(500, "EUR")
    item = ItemId(UUID(int=1))
    want = StockWant(item_id=item, legs=tuple(keys_of(offer)), seats=10, until=START + HOUR)
    await stock.hold(world, wants=[want], now=START)
    assert await world.fetchval("SELECT sum(taken) FROM cabin_stock") == 60
    with pytest.raises(Refused) as refused:
        await flights.check(offer)
    assert refused.value.code == "sold_out"


@pytest.mark.parametrize(
    ("ends", "turn"),
    [
        (("FRALHR", "LHRFRA"), "LON"),
        (("FRALHR", "CDGFRA"), "LON"),
        (("FRALHR", "LHRCDG", "CDGFRA"), "PAR"),
        (("FRALHR", "LHRCDG", "CDGJFK"), "NYC"),
        (SIX, "LAX"),
    ],
)
async def test_rules_know_where_a_journey_of_several_slices_turns(
    world: Connection, flights: InventoryFlights, house: House, ends: Sequence[str], turn: str
) -> None:
    planes = [
        plane
        for number, one in enumerate(ends, start=1)
        for plane in chain(one, first=number, leaves=MORNING + timedelta(days=number))
    ]
    await plant(world, *planes)
    slices = [a_slice(one, DAY + timedelta(days=number)) for number, one in enumerate(ends, start=1)]
    house.rules = tuple(
        Rule(
            id=city.lower(),
            version=1,
            kind=RuleKind.MARKUP,
            label=city,
            match=Match(destination=f"city:{city}"),
            fixed=Money(100, "EUR"),
            add=True,
        )
        for city in sorted({place[0] for place in AIRPORTS.values()})
    )
    offer, *_ = await look(flights, journey(*slices))
    assert [line.label for line in offer.price.lines if line.kind == "markup"] == [turn]
