"""The search of own stays against one that tries everything, on small random contracts.

Over nights on which clocks change, in zones on both sides of the date line.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookingd.domain.hotels import AgeBand, Charge, ChargePer, Contract, RateDay, RatePlan, RoomType, Season
from bookingd.domain.price_rules import RuleBook
from bookingd.domain.stays import Around, Board, PaidAt, RoomGuests, StayCriteria, StayOffer
from bookingd.storage import contracts
from bookingd.storage.database import Connection, Database
from bookingd.suppliers.own_stays import MOST_WAYS, OwnStays
from tests.fakes.sources import ManualClock
from tests.hotels import hotel
from tests.suppliers.reference_stays import Found, Stock, reference_stays

T = TypeVar("T")

ZONES = ["Europe/Berlin", "Pacific/Auckland", "America/Los_Angeles", "Pacific/Apia", "Asia/Kathmandu"]
NIGHTS = [date(2027, 3, 27), date(2027, 10, 30), date(2027, 4, 2)]
FRANKFURT = (50.1109, 8.6821)


class NoRules:
    """A house that adds nothing to rates."""

    async def get(self, connection: Connection, *, now: datetime) -> RuleBook:
        return RuleBook(version=0, rules=())


class Making:
    """Random contracts, stays and stocks, most of which leave something to be had."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._check_in = self.one(NIGHTS)
        self._nights = self.number(1, 4)

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def one(self, options: Sequence[T]) -> T:
        return self._random.choice(options)

    def now_and_then(self, percent: int = 12) -> bool:
        return self._random.random() * 100 < percent

    def seldom(self, low: int, high: int) -> int | None:
        return self.number(low, high) if self.now_and_then(25) else None

    def day(self, low: int, high: int) -> date:
        """So many days from the day of arrival."""
        return self._check_in + timedelta(days=self.number(low, high))

    def problem(self) -> tuple[StayCriteria, list[Contract], Stock, datetime]:
        signed = [self.contract(number) for number in range(1, self.number(1, 3) + 1)]
        kinds = [self.guests() for _ in range(self.number(1, 2))]
        criteria = StayCriteria(
            around=Around(latitude=FRANKFURT[0], longitude=FRANKFURT[1], radius_km=1.0),
            check_in=self._check_in,
            check_out=self._check_in + timedelta(days=self._nights),
            rooms=tuple(self.one(kinds) for _ in range(self.one([1, 1, 2, 3]))),
        )
        hours = self.one([90, 60, 40, 40, 30, 20, 9, 1, -2, -11, -20])
        now = datetime.combine(self._check_in, time(), UTC) - timedelta(hours=hours)
        return criteria, signed, self.stock(signed), now

    def guests(self) -> RoomGuests:
        ages = tuple(self.number(0, 16) for _ in range(self.one([0, 0, 1, 2])))
        return RoomGuests(adults=self.one([1, 2, 2, 3]), children=ages)

    def contract(self, number: int) -> Contract:
        keys = [number * 10 + one for one in (1, 2, 3)]
        rooms = [self.room(key) for key in keys[: self.number(1, 3)]]
        plans = [
            RatePlan(id=key, name="Plan", board=Board.BREAKFAST, paid_at=self.one(list(PaidAt)))
            for key in keys[: self.number(1, 2)]
        ]
        pairs = [(plan.id, room.id) for plan in plans for room in rooms]
        seasons = [self.season(*pair) for pair in pairs for _ in range(self.number(0, 3))]
        seasons += [self.long_season(*pair) for pair in pairs if not self.now_and_then(25)]
        days = [self.rate_day(*pair) for pair in pairs for _ in range(self.number(0, 3))]
        ages = sorted({self.number(0, 14) for _ in range(self.number(0, 3))})
        return Contract(
            hotel=hotel(
                number,
                zone=self.one(ZONES),
                on_sale=not self.now_and_then(5),
                currency="CHF" if self.now_and_then(5) else "EUR",
            ),
            rooms=rooms,
            plans=plans,
            seasons=list({(one.plan, one.room, one.last_night): one for one in seasons}.values()),
            days=list({(one.plan, one.room, one.night): one for one in days}.values()),
            age_bands=[self.band(age) for age in ages],
            charges=[self.charge() for _ in range(self.number(0, 2))],
        )

    def room(self, number: int) -> RoomType:
        adults = self.one([1, 2, 2, 3, 4])
        return RoomType(
            id=number,
            name=f"Room {number}",
            beds="1 bed",
            adults_max=adults,
            children_max=self.number(0, 2),
            occupancy=adults + self.number(0, 2),
            cots=self.number(0, 1),
            allotment=self.one([0, 1, 2, 3, 3]),
        )

    def season(self, plan: int, room: int) -> Season:
        first = self.day(-4, 3)
        return Season(
            plan=plan,
            room=room,
            first_night=first,
            last_night=first + timedelta(days=self.number(0, 6)),
            nightly=tuple(self.number(0, 30_000) for _ in range(self.one([1, 2, 3, 4]))),
            per_adult=self.number(0, 9000),
            weekdays=tuple(self.number(5000, 20_000) for _ in range(7)),
            min_stay=self.one([1, 1, 1, 2, 3]),
            max_stay=self.one([30, 30, 30, 3, 4]),
            release_days=self.one([0, 0, 0, 1, 2]),
        )

    def long_season(self, plan: int, room: int) -> Season:
        """Something that can be had, unless shorter seasons or days are in the way."""
        return Season(
            plan=plan,
            room=room,
            first_night=self._check_in - timedelta(days=5),
            last_night=self._check_in + timedelta(days=20),
            nightly=tuple(self.number(0, 30_000) for _ in range(4)),
            per_adult=self.number(0, 9000),
            weekdays=tuple(self.number(5000, 20_000) for _ in range(7)),
        )

    def rate_day(self, plan: int, room: int) -> RateDay:
        prices = self.seldom(0, 20_000)
        return RateDay(
            plan=plan,
            room=room,
            night=self.day(-1, 5),
            nightly=None if prices is None else (prices, prices + 500),
            per_adult=None if prices is None else prices // 3,
            closed=self.now_and_then(),
            closed_to_arrival=self.now_and_then(),
            closed_to_departure=self.now_and_then(),
            min_stay=self.seldom(1, 3),
            max_stay=self.seldom(2, 4),
            release_days=self.seldom(0, 2),
        )

    def charge(self) -> Charge:
        per, included = self.one(list(ChargePer)), self.one([True, False])
        return Charge(
            code=self.one(["vat", "city_tax", "resort_fee"]),
            label="Charge",
            per=per,
            amount=None if per is ChargePer.SHARE else self.number(0, 500),
            share=self.number(0, 2000) if per is ChargePer.SHARE else None,
            age_from=self.one([0, 6, 18]),
            nights_max=self.seldom(1, 3),
            included=included,
            paid_at=PaidAt.BOOKING if included else self.one(list(PaidAt)),
        )

    def band(self, age_to: int) -> AgeBand:
        fixed = self.seldom(0, 900)
        share = self.number(0, 10_000) if fixed is None else None
        return AgeBand(age_to=age_to, share=share, fixed=fixed, cot=self.one([True, False]))

    def stock(self, signed: Sequence[Contract]) -> Stock:
        """Rows for some nights, those before and behind the stay too."""
        found = {}
        for room in (room for contract in signed for room in contract.rooms):
            for _ in range(self.number(0, 3)):
                capacity = self.number(0, 6)
                taken = capacity if self.now_and_then() else self.number(0, capacity // 2)
                found[room.id, self.day(-1, 5)] = (capacity, taken)
        return found


def as_found(offer: StayOffer) -> Found:
    beds = Counter((room.guests.adults, room.guests.children, int(room.key)) for room in offer.rooms)
    return Found(
        hotel=int(offer.hotel.key),
        plan=int(offer.rooms[0].rate),
        beds=tuple(sorted(beds.items())),
        total=offer.total.amount,
        at_property=offer.at_property.amount,
        rooms_left=offer.rooms_left,
    )


@given(seed=st.integers(0, 2**32))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
async def test_the_search_finds_what_trying_everything_finds(
    owner_connection: Connection,
    database: Database,
    seed: int,
) -> None:
    criteria, signed, stock, now = Making(seed).problem()
    stays = OwnStays(database=database, clock=ManualClock(now), rules=NoRules())
    await owner_connection.execute("TRUNCATE cities, room_nights CASCADE")
    await owner_connection.execute("INSERT INTO cities VALUES ('FRA', 'Frankfurt', 'DE')")
    await contracts.add(owner_connection, contracts=signed)
    await owner_connection.executemany(
        "INSERT INTO room_nights VALUES ($1, $2, $3, $4)",
        [(room, night, capacity, taken) for (room, night), (capacity, taken) in stock.items()],
    )

    offers = (await stays.search(criteria)).offers

    expected = reference_stays(signed, criteria, stock=stock, now=now)
    told = [as_found(offer) for offer in offers]
    assert [one for one in told if one not in expected] == []
    assert len(set(told)) == len(told)
    for plan, all_of_it in _by_plan(expected).items():
        here = [one for one in told if (one.hotel, one.plan) == plan]
        most = len(all_of_it) if len(criteria.rooms) == 1 else MOST_WAYS
        assert len(here) == min(len(all_of_it), most)
    for offer in offers:
        assert [room.guests for room in offer.rooms] == list(criteria.rooms)
        assert offer.expires_at > now
        again = await stays.check(offer)
        assert again == offer


def _by_plan(found: set[Found]) -> dict[tuple[int, int], list[Found]]:
    by: defaultdict[tuple[int, int], list[Found]] = defaultdict(list)
    for one in found:
        by[one.hotel, one.plan].append(one)
    return by
