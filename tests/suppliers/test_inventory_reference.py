"""The search of own flights against one that tries everything, on small networks of random flights.

Over the nights on which clocks change in Europe and America, and over the date line.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Party
from bookingd.domain.price_rules import RuleBook
from bookingd.domain.search import FlightCriteria, WantedSlice
from bookingd.storage.database import Connection, Database
from bookingd.suppliers.inventory import InventoryFlights
from tests.factories import wanted
from tests.fakes.inventory import AIRPORTS, Planted, plant, plant_world
from tests.fakes.sources import START, ManualClock
from tests.suppliers.reference_search import Found, reference_search

NIGHTS = [date(2027, 3, 13), date(2027, 3, 27), date(2027, 10, 30), date(2027, 11, 6)]
ENDS = [("LON", "NYC"), ("FRA", "JFK"), ("LHR", "MUC"), ("LAX", "AKL"), ("AKL", "LAX")]
VIAS = sorted(AIRPORTS)


class NoRules:
    """A house that adds nothing to fares."""

    async def get(self, connection: Connection, *, now: datetime) -> RuleBook:
        return RuleBook(version=0, rules=())


def airports_of(place: str) -> list[str]:
    return sorted(code for code in AIRPORTS if place in (code, AIRPORTS[code][0]))


@st.composite
def searches(draw: st.DrawFn) -> FlightCriteria:
    origin, destination = draw(st.sampled_from(ENDS))
    night = draw(st.sampled_from(NIGHTS))
    back = draw(st.sampled_from([None, 0, 1]))
    return wanted(
        origin,
        destination,
        night,
        return_on=None if back is None else night + timedelta(days=back),
        party=draw(st.sampled_from([Party(adults=1), Party(adults=2, children=1, infants=1)])),
        max_stops=draw(st.sampled_from([1, 1, 1, 0])),
    )


@st.composite
def some_flights(draw: st.DrawFn, way: WantedSlice) -> list[Planted]:
    """A direct flight or two that may connect, there or back."""
    ends = draw(st.permutations([way.origin, way.destination]))
    one, other = (draw(st.sampled_from(airports_of(end))) for end in ends)
    midnight = datetime.combine(way.day, datetime.min.time())
    first = draw(a_plane(one, other, midnight + timedelta(minutes=30 * draw(st.integers(0, 90)))))
    via = draw(st.sampled_from([None, *(code for code in VIAS if code not in {one, other})]))
    if via is None:
        return [first]
    wait = timedelta(minutes=15 * draw(st.integers(2, 30)))
    lands = first.arrives_at.astimezone(ZoneInfo(AIRPORTS[via][4])).replace(tzinfo=None)
    return [replace(first, destination=via), draw(a_plane(via, other, lands + wait))]


@st.composite
def a_plane(draw: st.DrawFn, origin: str, destination: str, leaves: datetime) -> Planted:
    return Planted(
        id=0,
        origin=origin,
        destination=destination,
        airline=draw(st.sampled_from(["LH", "LH", "UA", "BA"])),
        leaves=leaves,
        minutes=10 * draw(st.integers(6, 40)),
        seats=draw(st.integers(2, 5)),
        base=draw(st.integers(100, 90000)),
        cancelled=draw(st.integers(0, 9)) == 9,
        km=draw(st.sampled_from([300, 900, 5000])),
    )


@st.composite
def problems(draw: st.DrawFn) -> tuple[FlightCriteria, list[Planted]]:
    criteria = draw(searches())
    groups = draw(st.lists(some_flights(criteria.slices[0]), min_size=4, max_size=12))
    network = [flight for group in groups for flight in group]
    return criteria, [replace(flight, id=number) for number, flight in enumerate(network, start=1)]


def found(offer: Offer) -> Found:
    slices = tuple(tuple(int(leg.supplier_key) for leg in part.segments) for part in offer.itinerary.slices)
    return slices, offer.itinerary.conditions.family, offer.total.amount


@given(problem=problems())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_the_search_finds_what_trying_everything_finds(
    owner_connection: Connection, database: Database, problem: tuple[FlightCriteria, list[Planted]]
) -> None:
    criteria, network = problem
    flights = InventoryFlights(database=database, clock=ManualClock(), rules=NoRules())
    await owner_connection.execute("TRUNCATE departures, flights, cabin_stock, departure_fares CASCADE")
    await owner_connection.execute("TRUNCATE cities, airports, airlines CASCADE")
    await plant_world(owner_connection)
    await plant(owner_connection, *network)
    offers = (await flights.search(criteria)).offers
    expected = reference_search(network, criteria, START)
    assert [found(offer) for offer in offers if found(offer) not in expected] == []
    assert len(offers) == min(len(expected), 198)
    assert all(part.duration > timedelta() for offer in offers for part in offer.itinerary.slices)
