"""Who flies where and how often: a gravity model over the airports served.

Demand between two airports grows with the traffic of both and falls with the distance; airlines with a hub
at one end share it. How often a way is flown follows from how many departures a day are wanted.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from bookingd.domain.places import great_circle_km
from bookingd.seeding.aircraft import FARTHEST, LOW_COST_REACH
from bookingd.seeding.airlines import Airline, airlines
from bookingd.seeding.airports import GATEWAYS, Airport, airports, passengers

NEAREST_KM = 220.0
"""Nearer than this people go by train or road."""
FAR_KM = 3500.0
"""Beyond this a flight is between gateways."""
SHARERS = 3
"""Airlines that compete on one pair, at most."""
MOST_A_DAY = 16
"""Round trips that one airline flies a day on one pair, at most (the busiest shuttles)."""
FEWEST_AIRPORTS = 120
DEPARTURES_OF_AN_AIRPORT = 21
"""A day, roughly: what decides how many airports a network of a size serves."""
TIE_KM = 5000.0
"""How far an airport's tie to an alliance's hub may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An airline's way from its hub to another airport and back, `daily` times a day."""

    airline: Airline
    hub: Airport
    away: Airport
    distance: float
    demand: float
    """1 for a middling pair of all that are flown."""
    daily: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    airline: Airline
    hub: Airport
    away: Airport
    distance: float
    weight: float


def routes(*, daily_departures: int) -> list[Route]:
    """The network whose departures (each way counts) are about `daily_departures` a day.

    A small network serves fewer airports. Each airport is tied to a hub of every alliance, so that one can
    get from nearly everywhere to nearly everywhere with one connection; the rest of the flights go where
    most people want to go.
    """
    candidates = _candidates(max(FEWEST_AIRPORTS, daily_departures // DEPARTURES_OF_AN_AIRPORT))
    needed = _ties(candidates)
    scale = _scale(candidates, needed, daily_departures)
    flown = [
        (candidate, daily)
        for number, candidate in enumerate(candidates)
        if (daily := _daily(candidate.weight * scale, needed=number in needed))
    ]
    middling = flown[len(flown) // 2][0].weight
    return [
        Route(
            airline=candidate.airline,
            hub=candidate.hub,
            away=candidate.away,
            distance=candidate.distance,
            demand=candidate.weight / middling,
            daily=daily,
        )
        for candidate, daily in flown
    ]


def _candidates(most_airports: int) -> list[_Candidate]:
    """Every way that an airline could fly with a share of its pair's demand, the strongest first."""
    served = [airports()[code] for code in islice(passengers(), most_airports)]
    by_hub = defaultdict(list)
    for airline in airlines():
        for hub in airline.hubs:
            by_hub[hub].append(airline)
    found = [
        candidate
        for number, one in enumerate(served)
        for other in served[number + 1 :]
        if one.city_code != other.city_code
        for candidate in _of_pair(one, other, by_hub)
    ]
    return sorted(found, key=lambda way: (-way.weight, way.airline.code, way.hub.code, way.away.code))


def _of_pair(one: Airport, other: Airport, by_hub: dict[str, list[Airline]]) -> list[_Candidate]:
    """The strongest airlines of a pair; an airline with a hub at both ends flies from the bigger one."""
    distance = great_circle_km(one.latitude, one.longitude, other.latitude, other.longitude)
    if not NEAREST_KM <= distance < FARTHEST:
        return []
    demand = _demand(one, other, distance)
    ways: dict[str, _Candidate] = {}
    for hub, away in ((one, other), (other, one)):
        for airline in by_hub[hub.code]:
            share = _share(airline, hub, away, distance)
            if share and airline.code not in ways:
                ways[airline.code] = _Candidate(
                    airline=airline, hub=hub, away=away, distance=distance, weight=demand * share
                )
    ranked = sorted(ways.values(), key=lambda way: (-way.weight, way.airline.code))
    return ranked[:SHARERS]


def _demand(one: Airport, other: Airport, distance: float) -> float:
    """How many want to go, in no unit: more between big airports, fewer far away.

    Beyond 3,500 km nearly everybody goes between gateways. Far ways still weigh more than they do in
    reality, where short ones are most of all flights: what people look for here is the world.
    """
    ends = len({one.code, other.code} & GATEWAYS)
    reach = (0.3, 0.8, 2.0)[ends] if distance > FAR_KM else 1.0
    return math.pow(one.millions * other.millions, 0.75) * reach * math.pow(1500 / max(distance, 1500), 0.3)


def _share(airline: Airline, hub: Airport, away: Airport, distance: float) -> float:
    """How much of the demand an airline finds; nothing where it does not fly."""
    if airline.low_cost and distance > LOW_COST_REACH:
        return 0.0
    abroad = hub.country not in {airline.country, away.country}
    both_ends = 1.5 if away.code in airline.hubs else 1.0
    first_hub = 1.0 if airline.hubs[0] == hub.code else 0.75
    return both_ends * first_hub * (0.5 if abroad else 1.0) * (0.5 if airline.low_cost else 1.0)


def _ties(candidates: Sequence[_Candidate]) -> set[int]:
    """The positions of the ways that every airport keeps: its strongest, and one to a hub of each alliance.

    A near hub is preferred, for it leads on to everywhere without a way round.
    """
    kept: dict[tuple[str, str | None], int] = {}

    def nearness(number: int) -> float:
        return -candidates[number].weight / math.pow(candidates[number].distance, 0.7)

    for number in sorted(range(len(candidates)), key=nearness):
        candidate = candidates[number]
        for end in (candidate.hub.code, candidate.away.code):
            kept.setdefault((end, None), number)
            if candidate.distance <= TIE_KM:
                kept.setdefault((end, candidate.airline.alliance), number)
    return set(kept.values())


def _daily(wanted: float, *, needed: bool) -> int:
    """Round trips a day: one at least where the way is needed, none where hardly anybody wants to go."""
    return min(MOST_A_DAY, max(1 if needed else 0, round(wanted)))


def _scale(candidates: Sequence[_Candidate], needed: set[int], daily_departures: int) -> float:
    """The factor on weights at which the network has about as many departures as wanted (bisection)."""

    def departures(scale: float) -> int:
        return 2 * sum(
            _daily(candidate.weight * scale, needed=number in needed)
            for number, candidate in enumerate(candidates)
        )

    low, high = 0.0, 100.0
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (middle, high) if departures(middle) < daily_departures else (low, middle)
    return high
