"""The search of own flights against one that tries everything, on small networks of random flights.

Over the nights on which clocks change in Europe and America, and over the date line; there and back, from
elsewhere, through several cities, from airports nearby, and some days earlier or later.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import prod
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Party
from bookingd.domain.price_rules import RuleBook
from bookingd.domain.search import FlightCriteria, WantedSlice
from bookingd.storage.database import Connection, Database
from bookingd.suppliers.inventory import MOST_JOURNEYS, WAYS, InventoryFlights
from tests.fakes.inventory import AIRPORTS, FAMILIES, Planted, plant, plant_world
from tests.fakes.sources import START, ManualClock
from tests.suppliers.reference_search import Chain, Found, reference_search, reference_ways

NIGHTS = [date(2027, 3, 13), date(2027, 3, 27), date(2027, 10, 30), date(2027, 11, 6)]
JOURNEYS = [
    ("LON", "NYC"),
    ("FRA", "JFK"),
    ("LHR", "MUC"),
    ("LAX", "AKL"),
    ("AKL", "LAX"),
    ("LON", "NYC", "LON"),
    ("FRA", "JFK", "FRA"),
    ("AKL", "LAX", "AKL"),
    ("LON", "LAX", None, "JFK", "LON"),
    ("FRA", "NYC", "LAX", "FRA"),
    ("LON", "PAR", "CHI", "LAX", "AKL"),
    ("MUC", "LHR", "CDG", "FRA", "JFK", "ORD", "LAX"),
]
"""The places of the slices one after the other; None: the next slice begins elsewhere."""


class NoRules:
    """A house that adds nothing to fares."""

    async def get(self, connection: Connection, *, now: datetime) -> RuleBook:
        return RuleBook(version=0, rules=())


def airports_of(part: WantedSlice) -> tuple[list[str], list[str]]:
    """Where one may begin, and where one may end."""

    def inside(place: str, nearby: Sequence[str]) -> list[str]:
        return sorted(code for code in AIRPORTS if place in (code, AIRPORTS[code][0]) or code in nearby)

    return inside(part.origin, part.nearby_origins), inside(part.destination, part.nearby_destinations)


NEARBY = st.lists(st.sampled_from(sorted(AIRPORTS)), max_size=2, unique=True).map(tuple)


@st.composite
def searches(draw: st.DrawFn) -> FlightCriteria:
    places = draw(st.sampled_from(JOURNEYS))
    day = draw(st.sampled_from(NIGHTS))
    slices = []
    for origin, destination in pairwise(places):
        if origin is None or destination is None:
            continue
        nearby = draw(st.one_of(st.just(()), NEARBY)), draw(st.one_of(st.just(()), NEARBY))
        slices.append(
            WantedSlice(
                origin=origin,
                destination=destination,
                day=day,
                nearby_origins=nearby[0],
                nearby_destinations=nearby[1],
            )
        )
        day += timedelta(days=draw(st.sampled_from([2, 1, 0])))
    return FlightCriteria(
        slices=tuple(slices),
        party=draw(st.sampled_from([Party(adults=1), Party(adults=2, children=1, infants=1)])),
        max_stops=draw(st.sampled_from([2, 2, 2, 2, 1, 0])),
        flexible_days=draw(st.sampled_from([0, 0, 1, 3])),
    )


@st.composite
def some_flights(draw: st.DrawFn, part: WantedSlice) -> list[Planted]:
    """A direct flight, or up to three; two of three times they connect, else that is a matter of chance."""
    origin, destination = (draw(st.sampled_from(ends)) for ends in airports_of(part))
    if origin == destination:
        return []
    others = [code for code in sorted(AIRPORTS) if code not in {origin, destination}]
    changes = draw(st.sampled_from([2, 2, 1, 1, 0]))
    vias = draw(st.lists(st.sampled_from(others), min_size=changes, max_size=changes, unique=True))
    wild = draw(st.sampled_from([False, False, True]))
    minute = draw(st.sampled_from([-30, 1430, 1460, 3000] if wild else [0, 130, 300, 610, 1000]))
    leaves = datetime.combine(part.day, datetime.min.time()) + timedelta(minutes=minute)
    flights: list[Planted] = []
    for here, there in pairwise([origin, *vias, destination]):
        flights.append(draw(a_plane(here, there, leaves, wild=wild)))
        waits = [40, 45, 75, 90, 95, 100, 360, 365] if wild else [120, 125, 200]
        zone = ZoneInfo(AIRPORTS[there][4])
        lands = flights[-1].arrives_at.astimezone(zone).replace(tzinfo=None)
        leaves = lands + timedelta(minutes=draw(st.sampled_from(waits)))
    return flights


@st.composite
def a_plane(draw: st.DrawFn, origin: str, destination: str, leaves: datetime, *, wild: bool) -> Planted:
    return Planted(
        id=0,
        origin=origin,
        destination=destination,
        airline=draw(st.sampled_from(["LH", "UA", "BA"] if wild else ["LH", "UA"])),
        leaves=leaves,
        minutes=10 * draw(st.integers(6, 40)),
        seats=draw(st.sampled_from([2, 3, 4] if wild else [4, 5])),
        base=draw(st.sampled_from([100, 2000, 30001, 30002, 90000])),
        cancelled=wild and draw(st.sampled_from([False, False, False, True])),
        km=draw(st.sampled_from([300, 900, 5000] if wild else [300, 400])),
    )


@st.composite
def problems(draw: st.DrawFn) -> tuple[FlightCriteria, list[Planted]]:
    criteria = draw(searches())
    most = 3 + 7 // len(criteria.slices)
    groups = [
        draw(some_flights(part))
        for part in criteria.slices
        for _ in range(draw(st.integers(most // 2, most)))
    ]
    network = [flight for group in groups for flight in group]
    return criteria, [replace(flight, id=number) for number, flight in enumerate(network, start=1)]


def found(offer: Offer) -> Found:
    slices = tuple(tuple(int(leg.supplier_key) for leg in part.segments) for part in offer.itinerary.slices)
    return slices, offer.itinerary.conditions.family, offer.total.amount


@given(problem=problems())
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
async def test_the_search_finds_what_trying_everything_finds(
    owner_connection: Connection, database: Database, problem: tuple[FlightCriteria, list[Planted]]
) -> None:
    criteria, network = problem
    ways = reference_ways(network, criteria, START)
    assume(prod(map(len, ways)) < 10_000)
    flights = InventoryFlights(database=database, clock=ManualClock(), rules=NoRules())
    await owner_connection.execute(
        "TRUNCATE departures, flights, routes, cabin_stock, departure_fares CASCADE"
    )
    await owner_connection.execute("TRUNCATE cities, airports, airlines CASCADE")
    await plant_world(owner_connection)
    await plant(owner_connection, *network)
    answer = await flights.search(criteria)
    expected = reference_search(network, criteria, START)
    bounded = any(map(is_bounded, ways))
    most = min(len(expected), MOST_JOURNEYS * len(FAMILIES))
    assert [found(offer) for offer in answer.offers if found(offer) not in expected] == []
    assert len({found(offer) for offer in answer.offers}) == len(answer.offers)
    assert len(answer.offers) <= most if bounded else len(answer.offers) == most
    assert bounded or answer.complete == (most == len(expected))
    assert not answer.complete or len(answer.offers) == len(expected)
    assert all(part.duration > timedelta() for offer in answer.offers for part in offer.itinerary.slices)


def is_bounded(ways: Sequence[Chain]) -> bool:
    """Whether there are too many of a kind, or so many that two connections are not looked for."""
    counted = Counter(len(way) for way in ways)
    return max(counted.values(), default=0) > WAYS or counted[1] + counted[2] >= WAYS
