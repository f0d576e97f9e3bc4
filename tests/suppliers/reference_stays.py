"""A searcher of stays that tries everything: slow, plain, and made of contracts instead of SQL."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import product
from zoneinfo import ZoneInfo

from bookingd.domain.hotels import AgeBand, Charge, ChargePer, Contract, RateDay, RatePlan, RoomType, Season
from bookingd.domain.stays import PaidAt, RoomGuests, StayCriteria

Stock = Mapping[tuple[int, date], tuple[int, int]]
"""Capacity and rooms taken, by room type and night, where there is a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an offer has to be; two that differ in who of equal guests sleeps where are one."""

    hotel: int
    plan: int
    beds: tuple[tuple[tuple[int, tuple[int, ...], int], int], ...]
    """How many rooms of a type for adults and children's ages."""
    total: int
    at_property: int
    rooms_left: int


def reference_stays(
    contracts: Sequence[Contract], criteria: StayCriteria, *, stock: Stock, now: datetime
) -> set[Found]:
    """Everything that own hotels offer, wherever they are, without rules of ours on top of the prices."""
    return {found for contract in contracts for found in _Hotel(contract, criteria, stock, now).offers()}


@dataclass(slots=True)
class _Hotel:
    contract: Contract
    criteria: StayCriteria
    stock: Stock
    now: datetime

    def offers(self) -> Iterator[Found]:
        hotel, criteria = self.contract.hotel, self.criteria
        if not hotel.on_sale or hotel.currency != criteria.currency:
            return
        for plan in self.contract.plans:
            for rooms in product(self.contract.rooms, repeat=len(criteria.rooms)):
                used = Counter(room.id for room in rooms)
                left = min(self.left(room) // used[room.id] for room in rooms)
                nets = [
                    self.net(plan, room, guests) for room, guests in zip(rooms, criteria.rooms, strict=True)
                ]
                known = [net for net in nets if net is not None]
                if left >= 1 and len(known) == len(nets):
                    yield self.found(plan, rooms, known, left)

    def found(self, plan: RatePlan, rooms: Sequence[RoomType], nets: Sequence[int], left: int) -> Found:
        beds = Counter(
            (guests.adults, guests.children, room.id)
            for guests, room in zip(self.criteria.rooms, rooms, strict=True)
        )
        taxes = [(charge, self.tax(charge, sum(nets))) for charge in self.contract.charges]
        total = sum(nets) + sum(tax for _, tax in taxes)
        there = sum(tax for charge, tax in taxes if charge.paid_at is PaidAt.PROPERTY)
        return Found(
            hotel=self.contract.hotel.id,
            plan=plan.id,
            beds=tuple(sorted(beds.items())),
            total=total,
            at_property=total if plan.paid_at is PaidAt.PROPERTY else there,
            rooms_left=left,
        )

    def nights(self) -> list[date]:
        first = self.criteria.check_in
        return [first + timedelta(days=number) for number in range(self.criteria.nights)]

    def left(self, room: RoomType) -> int:
        rows = [self.stock.get((room.id, night), (room.allotment, 0)) for night in self.nights()]
        return min(capacity - taken for capacity, taken in rows)

    def net(self, plan: RatePlan, room: RoomType, guests: RoomGuests) -> int | None:
        """What the room costs for all nights, rounded; None where it is not sold to them."""
        adults, children = self.grown(guests)
        babies = min(room.cots, sum(band.cot for band in children))
        small = len(children) - babies
        if adults > room.adults_max or small > room.children_max or adults + small > room.occupancy:
            return None
        if not self.allowed(plan, room):
            return None
        whole = Fraction(0)
        for night in self.nights():
            price = self.price(plan, room, night, adults, children)
            if price is None or self.day(plan, room, night).closed:
                return None
            whole += price
        return int(whole + Fraction(1, 2))

    def grown(self, guests: RoomGuests) -> tuple[int, list[AgeBand]]:
        """How many are adults to this hotel, and the bands of the others."""
        bands = [self.band(age) for age in guests.children]
        children = [band for band in bands if band is not None]
        return guests.adults + len(bands) - len(children), children

    def band(self, age: int) -> AgeBand | None:
        reaching = [band for band in self.contract.age_bands if band.age_to >= age]
        return min(reaching, key=lambda band: band.age_to, default=None)

    def season(self, plan: RatePlan, room: RoomType, night: date) -> Season | None:
        having = [
            season
            for season in self.contract.seasons
            if (season.plan, season.room) == (plan.id, room.id)
            and season.first_night <= night <= season.last_night
        ]
        return min(having, key=lambda season: season.last_night, default=None)

    def day(self, plan: RatePlan, room: RoomType, night: date) -> RateDay:
        for day in self.contract.days:
            if (day.plan, day.room, day.night) == (plan.id, room.id, night):
                return day
        return RateDay(plan=plan.id, room=room.id, night=night)

    def allowed(self, plan: RatePlan, room: RoomType) -> bool:
        first, last = self.criteria.check_in, self.criteria.check_out
        season, day = self.season(plan, room, first), self.day(plan, room, first)
        if season is None or day.closed_to_arrival or self.day(plan, room, last).closed_to_departure:
            return False
        shortest = season.min_stay if day.min_stay is None else day.min_stay
        longest = season.max_stay if day.max_stay is None else day.max_stay
        release = season.release_days if day.release_days is None else day.release_days
        today = self.now.astimezone(ZoneInfo(self.contract.hotel.zone)).date()
        ahead = (first - today).days
        return shortest <= self.criteria.nights <= longest and ahead >= release

    def price(
        self, plan: RatePlan, room: RoomType, night: date, adults: int, children: Sequence[AgeBand]
    ) -> Fraction | None:
        season, day = self.season(plan, room, night), self.day(plan, room, night)
        if season is None:
            return None
        nightly, one_more, factor = season.nightly, season.per_adult, season.weekdays[night.weekday()]
        if day.nightly is not None and day.per_adult is not None:
            nightly, one_more, factor = day.nightly, day.per_adult, 10_000
        if adults > len(nightly):
            return None
        price = Fraction(nightly[adults - 1] * factor, 10_000)
        for band in children:
            if band.fixed is not None:
                price += band.fixed
            else:
                price += Fraction(one_more * factor, 10_000) * Fraction(band.share or 0, 10_000)
        return price

    def tax(self, charge: Charge, nets: int) -> int:
        if charge.included:
            return 0
        if charge.share is not None:
            return int(Fraction(nets * charge.share, 10_000) + Fraction(1, 2))
        nights = min(self.criteria.nights, charge.nights_max or self.criteria.nights)
        payers = sum(
            room.adults + sum(age >= charge.age_from for age in room.children) for room in self.criteria.rooms
        )
        times = {
            ChargePer.PERSON_NIGHT: payers * nights,
            ChargePer.ROOM_NIGHT: len(self.criteria.rooms) * nights,
            ChargePer.ROOM: len(self.criteria.rooms),
        }
        return (charge.amount or 0) * times[charge.per]
