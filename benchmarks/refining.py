"""Refining: a set of many offers filtered, sorted, counted and cut to a page, again and again.

Beside it stands what a search without columns could not do without: to read the offers. All of them are
decoded by the same library, once a page, and nothing is filtered, sorted or counted then.
"""

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import msgspec

from benchmarks.figures import Cpu, Figure, Spread
from benchmarks.progress import Progress
from bookingd.domain.filters import FlightFilters, FlightSort, TimeWindow
from bookingd.domain.flights import Cabin, Conditions, Itinerary, Segment, Slice
from bookingd.domain.ids import OfferId
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Party, PassengerType
from bookingd.domain.prices import LineKind, Price, PriceLine
from bookingd.results.flight_filters import Ends
from bookingd.results.flight_refining import Refinement, refine
from bookingd.results.flights import flight_set
from bookingd.results.packing import ResultSet, pack, unpack

OFFERS = 10_000
WAYS = 100
"""Different ways there, and as many back; journeys are pairs of them."""
DAY = datetime(2027, 1, 5, tzinfo=UTC)
HOME, AWAY = ("FRA", "HHN"), ("EWR", "JFK", "LGA")
ENDS = Ends(origins=HOME, destinations=AWAY), Ends(origins=AWAY, destinations=HOME)
AIRLINES = tuple(f"{one}{other}" for one in "ABCDEFGH" for other in "XYZ")
HUBS = tuple(f"{one}{other}Q" for one in "ABCDEFG" for other in "VWXYZ")
SUPPLIERS = ("inventory", "another", "third")
FAMILIES = tuple(
    Conditions(family=family, carry_on_bags=1, checked_bags=bags, change_fee=change, cancel_fee=cancel)
    for family, bags, change, cancel in (
        ("Light", 0, None, None),
        ("Classic", 1, 7000, None),
        ("Flex", 2, 0, 0),
    )
)
LINES = (
    (LineKind.NET, 80, "Fare"),
    (LineKind.MARKUP, 7, "Fare"),
    (LineKind.SERVICE_FEE, 3, "Service"),
    (LineKind.TAX, 6, "Air transport tax"),
    (LineKind.TAX, 4, "Passenger charge"),
)
"""Of a price: a kind, a share in hundredths, a label."""

_offer = msgspec.json.Decoder(Offer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refining:
    """The rounds of refining and of reading, in pairs."""

    offers: int
    results: int
    packed_bytes: int
    ours: list[Figure] = field(default_factory=list)
    reading: list[Figure] = field(default_factory=list)

    @property
    def ratio(self) -> Spread:
        """Refined pages in the time in which the offers are read once."""
        pairs = zip(self.ours, self.reading, strict=True)
        return Spread([ours.rate / reading.rate for ours, reading in pairs])


async def measure(*, seconds: float, rounds: int, progress: Progress) -> Refining:
    """Refinements by chance, the same ones in each run."""
    async with progress.step(f"making {OFFERS:,} offers", 2) as tell:
        packed = pack(flight_set(offers(), slices=2, about=b"{}"))
        found = unpack(packed)
        tell(f"{len(packed) / 1e6:.1f} MB")
    measured = Refining(offers=found.columns.size, results=found.columns.results, packed_bytes=len(packed))
    wishes = refinements()
    sides: Sequence[tuple[str, Callable[[], object], list[Figure]]] = (
        ("refining", lambda: refine(found, next(wishes)), measured.ours),
        ("reading alone", lambda: read(found), measured.reading),
    )
    for number in range(1, rounds + 1):
        for name, work, figures in sides:
            async with progress.step(f"{OFFERS:,} offers, round {number}: {name}", seconds) as tell:
                figures.append(await asyncio.to_thread(repeat, work, seconds))
                tell(f"{figures[-1].percentile(0.99):8,.1f} ms p99")
    return measured


def repeat(work: Callable[[], object], seconds: float) -> Figure:
    """One after the other, in one thread; latencies are the core's time, which nothing else can stretch."""
    latencies: list[float] = []
    work()
    cpu, begin = Cpu(), time.perf_counter()
    while time.perf_counter() < begin + seconds:
        before = time.thread_time()
        work()
        latencies.append(time.thread_time() - before)
    took = time.perf_counter() - begin
    return Figure(done=len(latencies), seconds=took, latencies=latencies, cpu=cpu.used())


def read(found: ResultSet) -> list[Offer]:
    """Every offer of the set."""
    return [_offer.decode(found.body(row)) for row in range(found.columns.size)]


def offers() -> list[Offer]:
    """There and back, each journey in three families of one to three suppliers; the same in each run."""
    chance = random.Random(1)
    there = [_way(chance, HOME, AWAY, DAY) for _ in range(WAYS)]
    back = [_way(chance, AWAY, HOME, DAY + timedelta(days=7)) for _ in range(WAYS)]
    made: list[Offer] = []
    while len(made) < OFFERS:
        slices, base = (chance.choice(there), chance.choice(back)), chance.randrange(30_000, 300_000)
        sellers = chance.sample(SUPPLIERS, chance.randint(1, len(SUPPLIERS)))
        for supplier, (rank, family) in itertools.product(sellers, enumerate(FAMILIES)):
            itinerary = Itinerary(slices=slices, cabin=Cabin.ECONOMY, conditions=family)
            made.append(_priced(len(made), supplier, itinerary, base + rank * 9_000 + chance.randrange(500)))
    return made[:OFFERS]


def refinements() -> Iterator[Refinement]:
    """Filters that people set, one to a handful at a time, every order, first pages and later ones."""
    chance = random.Random(2)
    choices: Sequence[Callable[[FlightFilters], FlightFilters]] = (
        lambda chosen: replace(chosen, max_stops=chance.choice([0, 1, 2])),
        lambda chosen: replace(chosen, airlines=tuple(chance.sample(AIRLINES, 12))),
        lambda chosen: replace(chosen, without_airlines=tuple(chance.sample(AIRLINES, 3))),
        lambda chosen: replace(chosen, without_via=tuple(chance.sample(HUBS, 4))),
        lambda chosen: replace(chosen, airports=("JFK", "FRA")),
        lambda chosen: replace(chosen, departure=((TimeWindow(begin=6 * 60, end=18 * 60),),)),
        lambda chosen: replace(chosen, arrival=((), (TimeWindow(begin=6 * 60, end=60),))),
        lambda chosen: replace(chosen, max_duration=(1200, 1200)),
        lambda chosen: replace(chosen, max_connection=240),
        lambda chosen: replace(chosen, max_price=chance.choice([150_000, 250_000])),
        lambda chosen: replace(chosen, checked_bags=1),
        lambda chosen: replace(chosen, refundable=True),
    )
    while True:
        chosen = FlightFilters()
        for choose in chance.sample(choices, chance.randint(0, 5)):
            chosen = choose(chosen)
        after = (chance.randrange(30_000, 300_000), 0, 0) if chance.random() < 0.5 else None
        sort = FlightSort.PRICE if after else chance.choice(list(FlightSort))
        yield Refinement(filters=chosen, ends=ENDS, sort=sort, limit=20, after=after)


def _way(chance: random.Random, origins: Sequence[str], destinations: Sequence[str], day: datetime) -> Slice:
    hubs = chance.sample(HUBS, chance.choice([0, 1, 1, 2]))
    stops = [chance.choice(origins), *hubs, chance.choice(destinations)]
    at, flights = day + timedelta(minutes=chance.randrange(24 * 60)), list[Segment]()
    for origin, destination in itertools.pairwise(stops):
        lands = at + timedelta(minutes=chance.randrange(60, 500))
        flights.append(_flight(chance, origin, destination, at, lands))
        at = lands + timedelta(minutes=chance.randrange(40, 300))
    return Slice(segments=tuple(flights))


def _flight(
    chance: random.Random, origin: str, destination: str, leaves: datetime, lands: datetime
) -> Segment:
    return Segment(
        supplier_key=str(chance.randrange(10**6)),
        airline=chance.choice(AIRLINES),
        number=chance.randrange(1, 9999),
        origin=origin,
        destination=destination,
        departs_at=leaves,
        arrives_at=lands,
        origin_zone="Europe/Berlin",
        destination_zone="America/New_York",
        aircraft="A320",
    )


def _priced(number: int, supplier: str, itinerary: Itinerary, total: int) -> Offer:
    """For two adults and a child, a line for each of the types and kinds."""
    lines = tuple(
        PriceLine(kind=kind, each=Money(total * share // 400, "EUR"), count=count, passenger=who, label=label)
        for kind, share, label in LINES
        for who, count in ((PassengerType.ADULT, 2), (PassengerType.CHILD, 1))
    )
    return Offer(
        id=OfferId(f"of_{number:024}"),
        supplier=supplier,
        itinerary=itinerary,
        party=Party(adults=2, children=1),
        price=Price(currency="EUR", lines=lines),
        seats_left=9,
        made_at=DAY,
        expires_at=DAY + timedelta(minutes=20),
    )
