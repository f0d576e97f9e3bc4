"""Which journeys to make of the ways that were found for several slices.

Its one rule: never all of them. Six slices of a hundred ways each are a million million journeys; here they
come one by one, the cheapest first, each for about as much work as it has slices.
"""

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, count, islice
from typing import TypeAlias

from bookingd.domain.connections import Way

SHORTEST_STAY = timedelta(hours=1)
"""Between landing and the first flight of the next slice."""
SHORTEST_STAY_ELSEWHERE = timedelta(hours=3)
"""The same where the next slice begins at another airport: one has to get there, and to check in."""
_STAY_SECONDS = SHORTEST_STAY.total_seconds()
_ELSEWHERE_SECONDS = SHORTEST_STAY_ELSEWHERE.total_seconds()
DIRECT_SHARE = 4
"""Where there are too many journeys, one in so many is kept for those without any connection, and one for
those with one on each slice at most.
"""

Journey: TypeAlias = tuple[Way, ...]
"""A way of each slice, in the order of travel."""


@dataclass(frozen=True, slots=True)
class Step:
    """A way with the cheapest that can follow it to the end; `total` is the base of all that."""

    total: int
    way: Way
    then: "Step | None"

    @property
    def ways(self) -> Iterator[Way]:
        """The way and what follows."""
        step: Step | None = self
        while step is not None:
            yield step.way
            step = step.then


Moment: TypeAlias = tuple[float, str]
"""When and at which airport a way begins or ends: seconds since the epoch, negative looking backwards."""

Look: TypeAlias = Callable[[Way], Moment]


def follows(before: Way, after: Way) -> bool:
    """Whether somebody who travels one way can still leave on the other one."""
    here = before.destination == after.origin
    return after.departs_at >= before.arrives_at + (SHORTEST_STAY if here else SHORTEST_STAY_ELSEWHERE)


def choose(slices: Sequence[Sequence[Way]], *, most: int) -> tuple[list[Journey], bool]:
    """`most` journeys at most, and whether these are all that there are.

    Where there are more, a quarter are the cheapest without any connection, and a quarter the cheapest that
    change planes once on each slice at most, so that these are there whoever filters for them, and whatever
    else is found; then comes for every way the cheapest journey that it is part of; then the cheapest of all.
    """
    first = list(islice(cheapest(slices), most + 1))
    if len(first) <= most:
        return first, True
    share = most // DIRECT_SHARE
    plain = (islice(cheapest(changing_at_most(stops, slices)), share) for stops in (0, 1))
    wanted = chain(*plain, with_each(slices), first)
    return list(islice(dict.fromkeys(wanted), most)), False


def changing_at_most(stops: int, slices: Sequence[Sequence[Way]]) -> list[list[Way]]:
    """The ways with so many connections at most."""
    return [[way for way in ways if way.connections <= stops] for ways in slices]


def cheapest(slices: Sequence[Sequence[Way]]) -> Iterator[Journey]:
    """Every journey in which each way can follow the one before, the cheapest first by the sum of base fares.

    What is on the heap is a journey whose first ways are fixed, with the best that can follow. Taken from
    there it is varied in one place: the next best way instead of its last fixed one, or one way more fixed.
    """
    layers = _steps(slices, begin=_leaving, end=_landing)
    order = count()
    heap: list[tuple[int, int, Journey, int]] = []

    def push(spent: int, fixed: Journey, position: int) -> None:
        """Let the first way from `position` on that fits come next."""
        layer = layers[len(fixed)]
        place = _next_place(layer, position, after=fixed[-1]) if fixed else position
        if place < len(layer):
            heapq.heappush(heap, (spent + layer[place].total, next(order), fixed, place))

    push(0, (), 0)
    while heap:
        total, _, fixed, place = heapq.heappop(heap)
        step = layers[len(fixed)][place]
        spent = total - step.total
        push(spent, fixed, place + 1)
        longer = (*fixed, step.way)
        if len(longer) == len(layers):
            yield longer
        else:
            push(spent + step.way.base, longer, 0)


def with_each(slices: Sequence[Sequence[Way]]) -> list[Journey]:
    """For every way that is part of a journey the cheapest one; the cheapest first."""
    onward = _steps(slices, begin=_leaving, end=_landing)
    backward = reversed(_steps(slices[::-1], begin=_landing_before, end=_leaving_before))
    found = [
        (
            before.total + after.total - after.way.base,
            (*reversed(tuple(before.ways)), *islice(after.ways, 1, None)),
        )
        for ahead, behind in zip(onward, backward, strict=True)
        for after, before in _same_way(ahead, behind)
    ]
    return [journey for _, journey in sorted(found, key=lambda one: one[0])]


def _same_way(ahead: Iterable[Step], behind: Iterable[Step]) -> Iterator[tuple[Step, Step]]:
    by_way = {step.way.departures: step for step in behind}
    return ((step, by_way[step.way.departures]) for step in ahead if step.way.departures in by_way)


def _next_place(layer: Sequence[Step], position: int, *, after: Way) -> int:
    """The first place from `position` on whose way can follow `after`, as `follows` has it."""
    here, elsewhere = after.arrives_at + SHORTEST_STAY, after.arrives_at + SHORTEST_STAY_ELSEWHERE
    for place in range(position, len(layer)):
        way = layer[place].way
        if way.departs_at >= (here if way.origin == after.destination else elsewhere):
            return place
    return len(layer)


def _leaving(way: Way) -> Moment:
    return way.departs_at.timestamp(), way.origin


def _landing(way: Way) -> Moment:
    return way.arrives_at.timestamp(), way.destination


def _landing_before(way: Way) -> Moment:
    """Where a way begins for somebody who looks backwards."""
    return -way.arrives_at.timestamp(), way.destination


def _leaving_before(way: Way) -> Moment:
    return -way.departs_at.timestamp(), way.origin


def _steps(layers: Sequence[Sequence[Way]], *, begin: Look, end: Look) -> list[list[Step]]:
    """For each layer the ways that lead through all layers behind it, the cheapest to the end first."""
    found: list[list[Step]] = []
    for number, ways in enumerate(reversed(layers)):
        if number:
            later = _Later(found[-1], begin)
            steps = [Step(way.base + then.total, way, then) for way in ways if (then := later.best(end(way)))]
        else:
            steps = [Step(way.base, way, None) for way in ways]
        found.append(sorted(steps, key=_rank))
    return found[::-1]


def _rank(step: Step) -> tuple[int, tuple[int, ...]]:
    return step.total, step.way.departures


class _Later:
    """Steps of which the best that can still be reached is found without trying one after the other."""

    def __init__(self, steps: Sequence[Step], begin: Look) -> None:
        self._steps = steps
        self._all = _Reachable()
        self._at: dict[str, _Reachable] = {}
        moments = sorted(
            ((begin(step.way), place) for place, step in enumerate(steps)), key=_instant, reverse=True
        )
        for (at, airport), place in moments:
            self._all.add(at, place)
            self._at.setdefault(airport, _Reachable()).add(at, place)

    def best(self, ended: Moment) -> Step | None:
        """The first of the steps that begin long enough after this."""
        at, airport = ended
        place = self._all.best(at + _ELSEWHERE_SECONDS)
        if airport in self._at:
            here = self._at[airport].best(at + _STAY_SECONDS)
            place = here if place is None or (here is not None and here < place) else place
        return None if place is None else self._steps[place]


def _instant(moment: tuple[Moment, int]) -> float:
    return moment[0][0]


class _Reachable:
    """Places by time: the least of all that are not before an instant. Times are added in falling order."""

    def __init__(self) -> None:
        self._negated: list[float] = []
        self._least: list[int] = []

    def add(self, at: float, place: int) -> None:
        self._negated.append(-at)
        self._least.append(min(place, self._least[-1]) if self._least else place)

    def best(self, since: float) -> int | None:
        """None: all are before."""
        reachable = bisect_right(self._negated, -since)
        return self._least[reachable - 1] if reachable else None
