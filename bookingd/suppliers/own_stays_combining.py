"""Several rooms of one hotel under one rate plan: which room types together, the cheapest first.

Its one rule: no more rooms of a type than are left, whoever sleeps in them.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from bookingd.storage.hotels import Rate

Way: TypeAlias = tuple[Rate, ...]
"""A rate for each room, in the order of the criteria."""

MOST_STEPS = 20_000
"""How many choices are looked at, at most: nine rooms that all differ have millions of ways."""


def net(way: Way) -> int:
    """What it costs us, exactly."""
    return sum(sum(rate.nights) for rate in way)


class Ways(NamedTuple):
    """Ways to have all rooms, the cheapest first."""

    found: list[Way]
    tried_all: bool
    """If not, there may be cheaper ones."""


def cheapest_ways(options: Sequence[Sequence[Rate]], *, most: int) -> Ways:
    """The `most` cheapest ways to have a room each; `options` are the rates for each room, all of one plan.

    Rooms that have the same options (the same guests) are given dearer ones in their order, so that no two
    ways differ in who sleeps in which of two rooms alone.
    """
    if not _enough(options):
        return Ways([], tried_all=True)
    alike = sorted(range(len(options)), key=lambda room: (options.index(options[room]), room))
    search = _Search([options[room] for room in alike], most)
    search.go(0, 0)
    ways = [(cost, _placed(way, alike)) for cost, way in search.found()]
    ways.sort(key=lambda one: (one[0], _keys(one[1])))
    return Ways([way for _, way in ways], tried_all=search.steps <= MOST_STEPS)


def _enough(options: Sequence[Sequence[Rate]]) -> bool:
    """Whether there is a room for everybody at all. To find that out by trying all ways takes longest, and
    whoever asks for nine different rooms can make us do so in every hotel of a city.
    """
    given: dict[int, list[int]] = {}
    return all(_gets_one(room, options, given, set()) for room in range(len(options)))


def _gets_one(
    room: int, options: Sequence[Sequence[Rate]], given: dict[int, list[int]], seen: set[int]
) -> bool:
    """Give `room` one of a kind that is left, if need be by giving others one of another kind (a matching by
    augmenting paths). `given` are those who have one, by kind; `seen` are the kinds that were tried.
    """
    for rate in options[room]:
        if rate.room in seen:
            continue
        seen.add(rate.room)
        there = given.setdefault(rate.room, [])
        if len(there) < rate.rooms_left:
            there.append(room)
            return True
        for place, other in enumerate(there):
            if _gets_one(other, options, given, seen):
                there[place] = room
                return True
    return False


def _placed(way: Way, rooms: Sequence[int]) -> Way:
    """A way in the order of the criteria; its rates are for `rooms`."""
    return tuple(rate for _, rate in sorted(zip(rooms, way, strict=True), key=lambda one: one[0]))


def _keys(way: Way) -> list[int]:
    return [rate.room for rate in way]


class _Search:
    """Depth first, the cheapest choice first; a branch that cannot be among the best is left."""

    def __init__(self, options: Sequence[Sequence[Rate]], most: int) -> None:
        self._options = options
        self._most = most
        self._left = {rate.room: rate.rooms_left for some in options for rate in some}
        self._priced = [
            sorted(((sum(rate.nights), rate.room, rate) for rate in some), key=lambda one: one[:2])
            for some in options
        ]
        self._chosen: list[Rate] = []
        # The dearest first: a heap of (minus what it costs, minus its number, the way).
        self._best: list[tuple[int, int, Way]] = []
        self.steps = 0

    def found(self) -> Iterator[tuple[int, Way]]:
        return ((-cost, way) for cost, _, way in self._best)

    def go(self, room: int, cost: int) -> None:
        """Choose for `room` and all behind it, when those before it cost so much."""
        if room == len(self._priced):
            self._keep(cost)
            return
        for price, kind, rate in self._choices(room):
            self.steps += 1
            if self.steps > MOST_STEPS or not self._promising(room, cost + price):
                return
            if self._left[kind]:
                self._left[kind] -= 1
                self._chosen.append(rate)
                self.go(room + 1, cost + price)
                self._chosen.pop()
                self._left[kind] += 1

    def _choices(self, room: int) -> list[tuple[int, int, Rate]]:
        choices = self._priced[room]
        if room and self._options[room] is self._options[room - 1]:
            before = self._chosen[-1]
            begin = next(place for place, one in enumerate(choices) if one[2] is before)
            return choices[begin:]
        return choices

    def _promising(self, room: int, cost: int) -> bool:
        """Whether the rooms behind this one could still be had so cheaply that it is among the best."""
        if len(self._best) < self._most:
            return True
        for choices in self._priced[room + 1 :]:
            cost += next((price for price, kind, _ in choices if self._left[kind]), choices[-1][0])
        return cost < -self._best[0][0]

    def _keep(self, cost: int) -> None:
        entry = (-cost, -self.steps, tuple(self._chosen))
        if len(self._best) < self._most:
            heapq.heappush(self._best, entry)
        else:
            heapq.heappushpop(self._best, entry)


def by_plan(rates: Sequence[Rate]) -> Mapping[int, Mapping[int, Sequence[Rate]]]:
    """Rates of one hotel by plan, and by the number of the room that they are for."""
    found: dict[int, dict[int, list[Rate]]] = {}
    for rate in rates:
        found.setdefault(rate.plan, {}).setdefault(rate.room_number, []).append(rate)
    return found
