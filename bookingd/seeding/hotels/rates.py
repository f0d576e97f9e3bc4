"""What the rooms of made-up hotels cost, night by night, and the nights on which things are otherwise.

Amounts are whole cents, net: what the hotel gets of us.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from bookingd.domain.hotels import RateDay, Season
from bookingd.seeding.hotels.houses import House
from bookingd.seeding.hotels.plans import MEALS, Plan
from bookingd.seeding.hotels.rooms import Room
from bookingd.seeding.hotels.seasons import Span, spans, weekdays

EXTRA_BED = 0.24
"""Of the plain double room, what one more person pays for a bed."""
ALONE = 0.88
"""Of a room for two, what one person pays."""
PLAIN_ROOMS = 3
"""The first room types of a house."""
PAINTED, STILL = 0.05, 0.08
"""Of all houses, those that paint some rooms, and those where nobody comes or leaves on New Year's Eve."""


def seasons_of(
    house: House, rooms: Sequence[Room], plans: Sequence[Plan], *, first: date, last: date
) -> tuple[Season, ...]:
    """All rooms under all plans, on all nights from `first` to `last`."""
    nights, factors = list(spans(house, first, last)), weekdays(house)
    return tuple(
        season
        for room, plan in sold(rooms, plans)
        for season in _seasons(_Tariff(house, room, plan), nights, factors)
    )


def sold(rooms: Sequence[Room], plans: Sequence[Plan]) -> Iterator[tuple[Room, Plan]]:
    """Which rooms are sold under which plans: the plain ones under all, the rest where one may cancel."""
    for number, room in enumerate(rooms):
        for plan in plans:
            if number < PLAIN_ROOMS or plan.plan.deadlines:
                yield room, plan


def days_of(
    house: House, rooms: Sequence[Room], plans: Sequence[Plan], *, first: date, last: date
) -> tuple[RateDay, ...]:
    """A few houses paint some rooms for some nights; some take no new guests on the last day of a year."""
    return (*_painting(house, rooms, plans, first), *_last_of_year(house, rooms, plans, first, last))


class _Tariff:
    """What a room costs under a plan on an ordinary night, for one adult, two ...; cents."""

    def __init__(self, house: House, room: Room, plan: Plan) -> None:
        self.room, self.plan = room, plan
        self.meals = MEALS[plan.plan.board] * house.meal
        self.extra = house.base * EXTRA_BED * plan.factor
        whole = house.base * room.factor * plan.factor
        self.room_for = [
            _for(adults, room, whole, self.extra) for adults in range(1, room.type.adults_max + 1)
        ]

    def nightly(self, factor: float) -> tuple[int, ...]:
        """Meals cost the same on all nights."""
        eaten = enumerate(self.room_for, start=1)
        return tuple([_cents(room * factor + adults * self.meals) for adults, room in eaten])

    def per_adult(self, factor: float) -> int:
        return _cents(self.extra * factor + self.meals)


def _seasons(tariff: _Tariff, nights: Sequence[Span], factors: tuple[int, ...]) -> Iterator[Season]:
    plan = tariff.plan
    for span in nights:
        yield Season(
            plan=plan.plan.id,
            room=tariff.room.type.id,
            first_night=span.first,
            last_night=span.last,
            nightly=tariff.nightly(span.factor),
            per_adult=tariff.per_adult(span.factor),
            weekdays=factors,
            min_stay=max(plan.min_stay, span.min_stay),
            max_stay=plan.max_stay,
            release_days=plan.release_days,
        )


def _for(adults: int, room: Room, whole: float, extra: float) -> float:
    """A room without meals. It is priced for two: one is a little cheaper, more need more linen."""
    if adults == 1:
        return whole if room.type.adults_max == 1 else whole * ALONE
    return whole + (adults - 2) * extra * 0.5


def _cents(amount: float) -> int:
    """Rounded to ten cents."""
    return round(amount / 10) * 10


def _painting(house: House, rooms: Sequence[Room], plans: Sequence[Plan], first: date) -> Iterator[RateDay]:
    if house.die.share("painting") > PAINTED:
        return
    begin = first + timedelta(days=house.die.whole(20, 300, "paint"))
    painted = [(room, plan) for room, plan in sold(rooms, plans) if room is rooms[-1]]
    for night in range(house.die.whole(3, 6, "painters")):
        for room, plan in painted:
            yield RateDay(
                plan=plan.plan.id, room=room.type.id, night=begin + timedelta(days=night), closed=True
            )


def _last_of_year(
    house: House, rooms: Sequence[Room], plans: Sequence[Plan], first: date, last: date
) -> Iterator[RateDay]:
    if house.die.share("last of year") > STILL:
        return
    closed = house.die.pick(("arrival", "departure"), "closed")
    nights = [date(year, 12, 31) for year in range(first.year, last.year + 1)]
    for night in nights:
        for room, plan in sold(rooms, plans) if first <= night <= last else ():
            yield RateDay(
                plan=plan.plan.id,
                room=room.type.id,
                night=night,
                closed_to_arrival=closed == "arrival",
                closed_to_departure=closed == "departure",
            )
