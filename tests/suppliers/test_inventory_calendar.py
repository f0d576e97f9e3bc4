"""The lowest fares of own flights: of each day the very price that the search of that day finds.

On random networks, over the nights on which clocks change and ends of months, under rules, taxes and factors
that differ by airline and airport, so that the lowest base fare is often not the lowest price.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookingd.domain.fare_calendar import CalendarCriteria, stops_of
from bookingd.domain.flights import Cabin
from bookingd.domain.money import Money
from bookingd.domain.passengers import Party
from bookingd.domain.price_matches import Match
from bookingd.domain.price_rules import Per, Rule, RuleBook, RuleKind
from bookingd.outcomes import Unavailable
from bookingd.storage.database import Connection, Database
from bookingd.suppliers import inventory_calendar
from bookingd.suppliers.inventory import InventoryFlights
from bookingd.suppliers.inventory_calendar import FEW, SURE, InventoryCalendar
from bookingd.suppliers.inventory_pricing import read_facts
from tests.fakes.inventory import AIRPORTS, Planted, plant, plant_world
from tests.fakes.sources import START, ManualClock

FIRST_DAYS = [date(2027, 3, 12), date(2027, 3, 27), date(2027, 10, 29), date(2027, 1, 29), date(2028, 2, 27)]
"""Before the nights on which clocks change in America and in Europe, and before ends of months."""
DAYS = 4
FAMILY = Party(adults=2, children=1, infants=1)
WAYS = [("LON", "NYC"), ("FRA", "JFK"), ("AKL", "LAX"), ("LAX", "AKL")]

RULES = (
    Rule(
        id="markup",
        version=1,
        kind=RuleKind.MARKUP,
        label="",
        percent=Decimal("2.5"),
        minimum=Money(300, "EUR"),
    ),
    Rule(
        id="markup-ba",
        version=1,
        kind=RuleKind.MARKUP,
        label="",
        match=Match(airline="BA"),
        percent=Decimal(20),
        maximum=Money(9000, "EUR"),
        priority=1,
    ),
    Rule(
        id="fee-kennedy",
        version=1,
        kind=RuleKind.SERVICE_FEE,
        label="",
        match=Match(place="airport:JFK"),
        fixed=Money(2500, "EUR"),
        per=Per.BOOKING,
    ),
)


async def totals(calendar: InventoryCalendar, criteria: CalendarCriteria) -> dict[date, Money]:
    """The lowest total of each day."""
    return {day: price.total for day, price in (await calendar.lowest(criteria)).prices.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The rules of a house."""

    rules: Sequence[Rule]

    async def get(self, connection: Connection, *, now: datetime) -> RuleBook:
        return RuleBook(version=1, rules=self.rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Some days of a network, and what is looked for in them."""

    criteria: CalendarCriteria
    network: Sequence[Planted]
    factors: Mapping[str, int]
    """By airline, of its cheapest family."""
    taxes: Mapping[str, int]
    """By airport."""
    rules: Sequence[Rule]


@st.composite
def a_way(draw: st.DrawFn, origin: str, destination: str, day: date) -> list[Planted]:
    """A direct flight, or two or three that connect."""
    ends = [
        draw(st.sampled_from([code for code in AIRPORTS if place in (code, AIRPORTS[code][0])]))
        for place in (origin, destination)
    ]
    others = sorted(set(AIRPORTS) - set(ends))
    vias = draw(st.lists(st.sampled_from(others), max_size=2, unique=True))
    stops = [ends[0], *vias, ends[1]]
    leaves = datetime.combine(day, datetime.min.time()) + timedelta(minutes=draw(st.sampled_from([0, 400])))
    flights = []
    for number, (here, there) in enumerate(pairwise(stops)):
        flights.append(
            Planted(
                id=0,
                origin=here,
                destination=there,
                airline=draw(st.sampled_from(["LH", "UA", "BA"])),
                leaves=leaves + timedelta(hours=4 * number),
                minutes=120,
                seats=draw(st.sampled_from([2, 4, 4])),
                base=draw(st.sampled_from([100, 3333, 29900, 30001, 30100, 31500])),
                km=300,
            )
        )
    return flights


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    origin, destination = draw(st.sampled_from(WAYS))
    first = draw(st.sampled_from(FIRST_DAYS))
    criteria = CalendarCriteria(
        origin=origin,
        destination=destination,
        first_day=first,
        last_day=first + timedelta(days=DAYS - 1),
        stay_nights=draw(st.sampled_from([None, None, 0, 1, 2])),
        party=draw(st.sampled_from([Party(adults=1), FAMILY])),
        max_stops=draw(st.sampled_from([0, 1, 1, 2])),
    )
    ends = [(origin, destination), *([(destination, origin)] if criteria.stay_nights is not None else [])]
    ways = [
        draw(a_way(*draw(st.sampled_from(ends)), first + timedelta(days=draw(st.integers(0, DAYS + 1)))))
        for _ in range(draw(st.integers(2, 16)))
    ]
    network = [flight for way in ways for flight in way]
    return Problem(
        criteria=criteria,
        network=[replace(flight, id=number) for number, flight in enumerate(network, start=1)],
        factors={airline: draw(st.sampled_from([9000, 10000, 10500])) for airline in ("LH", "UA", "BA")},
        taxes={airport: draw(st.sampled_from([0, 0, 500, 4000])) for airport in sorted(AIRPORTS)},
        rules=draw(st.sampled_from([(), RULES])),
    )


async def make(connection: Connection, problem: Problem) -> None:
    await connection.execute("TRUNCATE departures, flights, routes, cabin_stock, departure_fares CASCADE")
    await connection.execute("TRUNCATE cities, airports, airlines CASCADE")
    await plant_world(connection)
    await plant(connection, *problem.network)
    for airline, factor in problem.factors.items():
        await connection.execute(
            "UPDATE fare_families SET factor = $2 WHERE airline = $1 AND rank = 1", airline, factor
        )
    for airport, tax in problem.taxes.items():
        await connection.execute(
            "UPDATE airport_taxes SET adult = $2, child = $2 / 2 WHERE airport = $1", airport, tax
        )


async def found_by_searching(flights: InventoryFlights, criteria: CalendarCriteria) -> dict[date, Money]:
    """The cheapest offer of each day that changes planes seldom enough."""
    found = {}
    for day in criteria.days:
        offers = (await flights.search(criteria.search(day))).offers
        totals = [offer.total for offer in offers if stops_of(offer) <= criteria.max_stops]
        if totals:
            found[day] = min(totals, key=lambda total: total.amount)
    return found


@given(problem=problems())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_a_days_fare_is_that_of_the_cheapest_offer_of_the_search_of_that_day(
    owner_connection: Connection, database: Database, problem: Problem
) -> None:
    await make(owner_connection, problem)
    book = Book(rules=problem.rules)
    flights = InventoryFlights(database=database, clock=ManualClock(), rules=book)
    calendar = InventoryCalendar(database=database, clock=ManualClock(), rules=book)

    found = await totals(calendar, problem.criteria)

    assert found == await found_by_searching(flights, problem.criteria)


DAY = date(2026, 12, 2)
MORNING = datetime(2026, 12, 2, 9, 0)  # noqa: DTZ001 - a wall clock, its zone is the airport's


def looking(**changed: object) -> CalendarCriteria:
    asked: dict[str, object] = {
        "origin": "FRA",
        "destination": "JFK",
        "first_day": DAY,
        "last_day": DAY + timedelta(days=9),
        "party": Party(adults=1),
    }
    return CalendarCriteria(**asked | changed)  # type: ignore[arg-type]


@pytest.fixture
async def world(connection: Connection) -> Connection:
    await plant_world(connection)
    return connection


@pytest.fixture
def calendar(database: Database, clock: ManualClock) -> InventoryCalendar:
    return InventoryCalendar(database=database, clock=clock, rules=Book(rules=()))


async def test_of_very_many_ways_few_are_priced(
    world: Connection,
    database: Database,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More than a search prices there and back, so that the choice of the search counts too."""
    many = [
        Planted(
            id=way * 100 + number, origin=here, destination=there, leaves=leaves, base=30000 + 500 * number
        )
        for way, (here, there, leaves) in enumerate(
            [("FRA", "JFK", MORNING), ("JFK", "FRA", MORNING + timedelta(days=3))]
        )
        for number in range(40)
    ]
    await plant(world, *many)
    read: list[int] = []

    async def counted(*args: object, keys: Sequence[object], **more: object) -> object:
        read.append(len(set(keys)))
        return await read_facts(*args, keys=keys, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(inventory_calendar, "read_facts", counted)
    criteria = looking(stay_nights=3, last_day=DAY)
    book = Book(rules=RULES[:1])

    found = await totals(InventoryCalendar(database=database, clock=clock, rules=book), criteria)

    assert found == await found_by_searching(
        InventoryFlights(database=database, clock=clock, rules=book), criteria
    )
    assert read[0] <= 2 * FEW
    assert sum(read) < len(many) / 2


def a_busy_day(chance: random.Random) -> list[Planted]:
    """Thousands of journeys there and back, directly and by way of Chicago."""
    ways = [("FRA", "JFK", MORNING), ("JFK", "FRA", MORNING + timedelta(days=3))]
    legs = [
        (here, there, leaves + timedelta(hours=hours))
        for origin, destination, leaves in ways
        for here, there, hours in ((origin, destination, 0), (origin, "ORD", 0), ("ORD", destination, 8))
        for _ in range(14)
    ]
    return [
        Planted(
            id=number,
            origin=here,
            destination=there,
            airline=chance.choice(["LH", "UA", "BA"]),
            leaves=leaves + timedelta(minutes=chance.randrange(90)),
            minutes=300,
            base=chance.randrange(29000, 31000),
            km=3000,
        )
        for number, (here, there, leaves) in enumerate(legs, start=1)
    ]


@pytest.mark.parametrize("stops", [0, 1, 2])
@pytest.mark.parametrize("seed", range(4))
async def test_of_thousands_of_journeys_it_is_the_one_that_the_search_finds(
    owner_connection: Connection, database: Database, clock: ManualClock, stops: int, seed: int
) -> None:
    """The search prices some hundred of them; which, its own rule says."""
    chance = random.Random(seed)
    criteria = looking(stay_nights=3, last_day=DAY, max_stops=stops)
    problem = Problem(
        criteria=criteria,
        network=a_busy_day(chance),
        factors={airline: chance.choice([9000, 10000, 10500]) for airline in ("LH", "UA", "BA")},
        taxes={airport: chance.choice([0, 500, 4000]) for airport in sorted(AIRPORTS)},
        rules=RULES,
    )
    await make(owner_connection, problem)
    book = Book(rules=RULES)

    found = await totals(InventoryCalendar(database=database, clock=clock, rules=book), criteria)

    assert found == await found_by_searching(
        InventoryFlights(database=database, clock=clock, rules=book), criteria
    )
    assert found != {}


async def test_the_cheapest_is_found_behind_many_with_lower_base_fares(
    owner_connection: Connection, database: Database, clock: ManualClock
) -> None:
    """Behind all that are surely in a search: 64 journeys of BA have lower base fares and a high markup."""
    ends = [("FRA", "JFK", MORNING), ("JFK", "FRA", MORNING + timedelta(days=3))]
    flights = [
        Planted(id=0, origin=here, destination=there, leaves=leaves, airline=airline, base=base)
        for here, there, leaves in ends
        for airline, base in [*(("BA", 30000 + number) for number in range(8)), ("LH", 30500)]
    ]
    criteria = looking(stay_nights=3, last_day=DAY)
    problem = Problem(
        criteria=criteria,
        network=[replace(flight, id=number) for number, flight in enumerate(flights, start=1)],
        factors={},
        taxes={},
        rules=RULES,
    )
    await make(owner_connection, problem)
    book = Book(rules=RULES)

    found = await totals(InventoryCalendar(database=database, clock=clock, rules=book), criteria)

    assert len(flights) ** 2 / 4 > SURE
    assert found == await found_by_searching(
        InventoryFlights(database=database, clock=clock, rules=book), criteria
    )


async def test_days_without_flights_have_no_fare(world: Connection, calendar: InventoryCalendar) -> None:
    await plant(
        world,
        Planted(id=1, leaves=MORNING, base=30000),
        Planted(id=2, leaves=MORNING + timedelta(days=2), base=20000),
        Planted(id=3, leaves=MORNING + timedelta(days=3), seats=0),
        Planted(id=4, leaves=MORNING + timedelta(days=4), cancelled=True),
    )

    assert await totals(calendar, looking()) == {
        DAY: Money(32000, "EUR"),
        DAY + timedelta(days=2): Money(22000, "EUR"),
    }


async def test_what_has_left_has_no_fare(world: Connection, calendar: InventoryCalendar) -> None:
    await plant(world, Planted(id=1, leaves=START.replace(tzinfo=None) - timedelta(hours=3)))
    today = START.date()

    assert await totals(calendar, looking(first_day=today - timedelta(days=1), last_day=today)) == {}


async def test_there_and_back_takes_both_ways(world: Connection, calendar: InventoryCalendar) -> None:
    back = Planted(id=2, origin="JFK", destination="FRA", leaves=MORNING + timedelta(days=5), base=10000)
    await plant(world, Planted(id=1, leaves=MORNING, base=30000), back)

    assert await totals(calendar, looking(stay_nights=5)) == {DAY: Money(30000 + 10000 + 2 * 2000, "EUR")}
    assert await totals(calendar, looking(stay_nights=4)) == {}


async def test_a_family_pays_for_everybody(world: Connection, calendar: InventoryCalendar) -> None:
    await plant(world, Planted(id=1, leaves=MORNING, base=10000))

    found = await totals(calendar, looking(party=FAMILY))

    assert found == {DAY: Money(2 * 10000 + 7500 + 1000 + 2 * 2000 + 1000, "EUR")}


async def test_a_cabin_that_nobody_sells_has_no_fares(world: Connection, calendar: InventoryCalendar) -> None:
    await plant(world, Planted(id=1, leaves=MORNING))
    await world.execute("DELETE FROM fare_families WHERE cabin = 'first'")

    assert await totals(calendar, looking(cabin=Cabin.FIRST)) == {}


async def test_without_the_database_it_is_unavailable(database_dsn: str, clock: ManualClock) -> None:
    away = await Database.open(dsn=database_dsn)
    await away.close()
    with pytest.raises(Unavailable):
        await totals(InventoryCalendar(database=away, clock=clock, rules=Book(rules=())), looking())
