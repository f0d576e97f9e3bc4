"""A searcher that tries everything: slow, plain, and made of the domain's rules instead of SQL."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bookingd.domain.connections import ConnectionRules
from bookingd.domain.places import great_circle_km
from bookingd.domain.search import FlightCriteria, WantedSlice
from tests.fakes.inventory import AIRPORTS, CONNECTION_MINUTES, FACTORS, FAMILIES, USUAL_MINUTES, Planted

ALLIANCES = {"LH": "Star Alliance", "UA": "Star Alliance", "BA": "oneworld"}
TAX = {"adult": 2000, "child": 1000, "infant": 0}
LEAD = timedelta(minutes=60)
STAY, STAY_ELSEWHERE = timedelta(hours=1), timedelta(hours=3)

Chain = tuple[Planted, ...]
Found = tuple[tuple[tuple[int, ...], ...], str, int]
"""Departure ids by slice, the family, the total."""


def reference_search(network: Sequence[Planted], criteria: FlightCriteria, now: datetime) -> set[Found]:
    """Everything that the search may offer, without rules of ours on top of the prices."""
    trips: list[tuple[Chain, ...]] = [()]
    for ways in reference_ways(network, criteria, now):
        trips = [(*trip, way) for way in ways for trip in trips if not trip or _follows(trip[-1], way)]
    return {
        (tuple(tuple(leg.id for leg in way) for way in trip), name, _total(trip, factor, criteria))
        for trip in trips
        for _, name, factor, *_ in FAMILIES
    }


def reference_ways(network: Sequence[Planted], criteria: FlightCriteria, now: datetime) -> list[list[Chain]]:
    """All ways of each slice."""
    return [list(_worth_it(list(_ways(network, criteria, part, now)))) for part in criteria.slices]


def _follows(before: Chain, after: Chain) -> bool:
    stay = STAY if before[-1].destination == after[0].origin else STAY_ELSEWHERE
    return after[0].departs_at >= before[-1].arrives_at + stay


def _worth_it(ways: Sequence[Chain]) -> Iterator[Chain]:
    """Two connections only where nothing else between the same airports is as good in every respect."""
    for way in ways:
        if len(way) < 3 or not any(_preferable(other, way) for other in ways):
            yield way


def _preferable(one: Chain, other: Chain) -> bool:
    return (
        (one[0].origin, one[-1].destination) == (other[0].origin, other[-1].destination)
        and len(one) < len(other)
        and one[0].departs_at >= other[0].departs_at
        and one[-1].arrives_at <= other[-1].arrives_at
        and sum(leg.base for leg in one) <= sum(leg.base for leg in other)
    )


def _ways(
    network: Sequence[Planted], criteria: FlightCriteria, part: WantedSlice, now: datetime
) -> Iterator[Chain]:
    origins, destinations = (
        _airports(part.origin, part.nearby_origins),
        _airports(part.destination, part.nearby_destinations),
    )
    closed = {AIRPORTS[code][0] for code in (*origins, *destinations)}
    chains: list[Chain] = [
        (one,) for one in network if one.origin in origins and _begins(one, criteria, part, now)
    ]
    while chains:
        yield from (chain for chain in chains if _arrives(chain, destinations))
        chains = [
            (*chain, one)
            for chain in chains
            if len(chain) <= criteria.max_stops and _changes(chain, closed)
            for one in network
            if _open(one, criteria) and _connects(chain, one)
        ]


def _airports(place: str, nearby: Sequence[str]) -> set[str]:
    return {code for code in AIRPORTS if place in (code, AIRPORTS[code][0]) or code in nearby}


def _begins(one: Planted, criteria: FlightCriteria, part: WantedSlice, now: datetime) -> bool:
    days_off = abs((one.leaves.date() - part.day).days)
    return days_off <= criteria.flexible_days and one.departs_at > now + LEAD and _open(one, criteria)


def _arrives(chain: Chain, destinations: set[str]) -> bool:
    """At a wanted end, in another city, and with no needless way round."""
    origin, destination = AIRPORTS[chain[0].origin], AIRPORTS[chain[-1].destination]
    if chain[-1].destination not in destinations or origin[0] == destination[0]:
        return False
    rules = ConnectionRules()
    direct_km = great_circle_km(origin[2], origin[3], destination[2], destination[3])
    most_km = rules.detour_factor * direct_km + rules.detour_km
    return len(chain) == 1 or sum(leg.km for leg in chain) <= most_km


def _changes(chain: Chain, closed: set[str]) -> bool:
    """Whether one may change where the chain ends: in no city of the search's ends, in none twice."""
    cities = [AIRPORTS[leg.destination][0] for leg in chain]
    return not closed & set(cities) and len(set(cities)) == len(cities)


def _connects(chain: Chain, two: Planted) -> bool:
    one = chain[-1]
    wait = two.departs_at - one.arrives_at
    return (
        one.destination == two.origin
        and _least_minutes(one, two) <= wait <= ConnectionRules().longest_wait
        and ALLIANCES[one.airline] == ALLIANCES[two.airline]
    )


def _least_minutes(one: Planted, two: Planted) -> timedelta:
    before, here, after = (AIRPORTS[code][1] for code in (one.origin, two.origin, two.destination))
    kind = 2 * (before != here) + (after != here)
    return timedelta(minutes=CONNECTION_MINUTES.get(two.origin, USUAL_MINUTES)[kind])


def _open(one: Planted, criteria: FlightCriteria) -> bool:
    there = one.seats - one.taken >= criteria.party.seats
    return there and one.cabin is criteria.cabin and not one.cancelled


def _total(trip: Sequence[Chain], factor: int, criteria: FlightCriteria) -> int:
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
