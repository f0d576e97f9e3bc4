"""A searcher that tries everything: slow, plain, and made of the domain's rules instead of SQL."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bookingd.domain.connections import ConnectionRules
from bookingd.domain.places import great_circle_km
from bookingd.domain.search import FlightCriteria, WantedSlice
from tests.fakes.inventory import AIRPORTS, FACTORS, FAMILIES, Planted

DOMESTIC, INTERNATIONAL = timedelta(minutes=45), timedelta(minutes=75)
ALLIANCES = {"LH": "Star Alliance", "UA": "Star Alliance", "BA": "oneworld"}
TAX = {"adult": 2000, "child": 1000, "infant": 0}
LEAD = timedelta(minutes=60)
STAY = timedelta(hours=1)

Found = tuple[tuple[tuple[int, ...], ...], str, int]
"""Departure ids by slice, the family, the total."""


def reference_search(network: Sequence[Planted], criteria: FlightCriteria, now: datetime) -> set[Found]:
    """Everything that the search may offer, without rules of ours on top of the prices."""
    trips: list[tuple[tuple[Planted, ...], ...]] = [()]
    for part in criteria.slices:
        ways = list(_ways(network, criteria, part, now))
        trips = [
            (*trip, way)
            for way in ways
            for trip in trips
            if not trip or way[0].departs_at >= trip[-1][-1].arrives_at + STAY
        ]
    return {
        (tuple(tuple(leg.id for leg in way) for way in trip), name, _total(trip, factor, criteria))
        for trip in trips
        for _, name, factor, *_ in FAMILIES
    }


def _ways(
    network: Sequence[Planted], criteria: FlightCriteria, part: WantedSlice, now: datetime
) -> Iterator[tuple[Planted, ...]]:
    for one in network:
        if not _begins(one, criteria, part, now):
            continue
        if _inside(one.destination, part.destination):
            yield (one,)
        for two in network if criteria.max_stops else ():
            ends = _inside(two.destination, part.destination)
            if ends and _connects(one, two) and _open(two, criteria):
                yield (one, two)


def _begins(one: Planted, criteria: FlightCriteria, part: WantedSlice, now: datetime) -> bool:
    return (
        _inside(one.origin, part.origin)
        and one.leaves.date() == part.day
        and one.departs_at > now + LEAD
        and AIRPORTS[one.destination][0] != AIRPORTS[one.origin][0]
        and _open(one, criteria)
    )


def _connects(one: Planted, two: Planted) -> bool:
    cities = [AIRPORTS[code][0] for code in (one.origin, one.destination, two.destination)]
    if one.destination != two.origin or len(set(cities)) < 3:
        return False
    countries = {AIRPORTS[code][1] for code in (one.origin, one.destination, two.destination)}
    least = DOMESTIC if len(countries) == 1 else INTERNATIONAL
    here, there = AIRPORTS[one.origin], AIRPORTS[two.destination]
    rules = ConnectionRules()
    direct_km = great_circle_km(here[2], here[3], there[2], there[3])
    waits_well = least <= two.departs_at - one.arrives_at <= rules.longest_wait
    sensible = one.km + two.km <= rules.detour_factor * direct_km + rules.detour_km
    return waits_well and sensible and ALLIANCES[one.airline] == ALLIANCES[two.airline]


def _inside(airport: str, place: str) -> bool:
    return place in (airport, AIRPORTS[airport][0])


def _open(one: Planted, criteria: FlightCriteria) -> bool:
    there = one.seats - one.taken >= criteria.party.seats
    return there and one.cabin is criteria.cabin and not one.cancelled


def _total(trip: Sequence[Sequence[Planted]], factor: int, criteria: FlightCriteria) -> int:
    heads = {
        "adult": criteria.party.adults,
        "child": criteria.party.children,
        "infant": criteria.party.infants,
    }
    fare = sum(
        count * _half_up(leg.base * factor * FACTORS[kind])
        for kind, count in heads.items()
        for way in trip
        for leg in way
    )
    return fare + sum(count * TAX[kind] for kind, count in heads.items()) * len(trip)


def _half_up(millionths: int) -> int:
    return (millionths + 50_000_000) // 100_000_000
