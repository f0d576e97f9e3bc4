"""What own stays cost, and under which terms: facts read once for many offers, and the offers made of them.

Its one rule: searching and checking make an offer with the same function, from the same facts, so that it
differs only when a rate, a charge or a rule does (P8).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bookingd.domain import cancellation
from bookingd.domain.hotels import Charge, RatePlan, RoomType
from bookingd.domain.ids import OfferId
from bookingd.domain.money import Money
from bookingd.domain.places import instant
from bookingd.domain.price_matches import Endpoint, PriceContext, Stayed
from bookingd.domain.price_rules import RuleBook
from bookingd.domain.prices import LineKind, Price
from bookingd.domain.stay_prices import RoomNights, compose_stay, included
from bookingd.domain.stays import HotelFacts, PaidAt, RoomGuests, StayOffer, StayRoom, StayTerms
from bookingd.storage import hotels
from bookingd.storage.database import Connection
from bookingd.storage.hotels import Rate
from bookingd.suppliers.own_stays_combining import Way
from bookingd.suppliers.own_stock import NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class StayFacts:
    """All that offers are made of, besides rates."""

    hotels: Mapping[int, HotelFacts]
    plans: Mapping[int, RatePlan]
    rooms: Mapping[int, RoomType]
    charges: Mapping[int, tuple[Charge, ...]]


async def read_facts(connection: Connection, *, rates: Iterable[Rate]) -> StayFacts:
    """In four queries, however many rates there are."""
    there = list(rates)
    houses = {rate.hotel for rate in there}
    return StayFacts(
        hotels=await hotels.facts(connection, hotels=houses),
        plans=await hotels.plans(connection, plans={rate.plan for rate in there}),
        rooms=await hotels.rooms(connection, rooms={rate.room for rate in there}),
        charges=await hotels.charges(connection, hotels=houses),
    )


class StayPricer:
    """Makes offers of one stay of the same guests."""

    def __init__(
        self,
        *,
        facts: StayFacts,
        rules: RuleBook,
        check_in: date,
        check_out: date,
        guests: Sequence[RoomGuests],
        currency: str,
        now: datetime,
    ) -> None:
        self._facts = facts
        self._rules = rules
        self._check_in = check_in
        self._check_out = check_out
        self._guests = guests
        self._currency = currency
        self._now = now

    def offer(self, way: Way) -> StayOffer:
        """Without an id; it is good until the sale of its rates ends."""
        hotel, plan = self._facts.hotels[way[0].hotel], self._facts.plans[way[0].plan]
        charges = self._facts.charges.get(way[0].hotel, ())
        rooms = [
            RoomNights(
                guests=guests, nights=rate.nights, rule=plan.name, label=self._facts.rooms[rate.room].name
            )
            for guests, rate in zip(self._guests, way, strict=True)
        ]
        price = self._price(hotel, plan, rooms, charges)
        return StayOffer(
            id=OfferId(""),
            supplier=NAME,
            hotel=hotel,
            check_in=self._check_in,
            check_out=self._check_out,
            rooms=tuple(self._room(rate, plan, room.guests) for rate, room in zip(way, rooms, strict=True)),
            terms=self._terms(hotel, plan, rooms, price, charges),
            price=price,
            included=included(price, rooms, charges),
            rooms_left=times_left(way),
            made_at=self._now,
            expires_at=self._last_sale(hotel, way),
        )

    def _price(
        self, hotel: HotelFacts, plan: RatePlan, rooms: Sequence[RoomNights], charges: Sequence[Charge]
    ) -> Price:
        return compose_stay(
            rooms=rooms,
            charges=charges,
            paid_at=plan.paid_at,
            rules=self._rules,
            context=PriceContext(
                supplier=NAME,
                stay=Stayed(
                    place=Endpoint(city=hotel.city_code, country=hotel.country),
                    hotel=hotel.key,
                    stars=hotel.stars,
                ),
                heads=sum(guests.size for guests in self._guests),
                starts_on=self._check_in,
                sold_on=self._now.date(),
            ),
            currency=self._currency,
        )

    def _room(self, rate: Rate, plan: RatePlan, guests: RoomGuests) -> StayRoom:
        kind = self._facts.rooms[rate.room]
        return StayRoom(
            key=str(kind.id),
            rate=str(plan.id),
            name=kind.name,
            rate_name=plan.name,
            beds=kind.beds,
            guests=guests,
        )

    def _terms(
        self,
        hotel: HotelFacts,
        plan: RatePlan,
        rooms: Sequence[RoomNights],
        price: Price,
        charges: Sequence[Charge],
    ) -> StayTerms:
        steps = cancellation.steps(
            plan,
            check_in=self._check_in,
            zone=hotel.zone,
            total=price.total - _for_being_there(price, charges),
            nights=[sum(each) for each in zip(*(room.nights for room in rooms), strict=True)],
            now=self._now,
        )
        return StayTerms(board=plan.board, cancellation=steps, paid_at=plan.paid_at)

    def _last_sale(self, hotel: HotelFacts, way: Way) -> datetime:
        release = max(rate.release_days for rate in way)
        return instant(self._check_in - timedelta(days=release - 1), time(0), hotel.zone)


def times_left(way: Way) -> int:
    """How often the way could be had."""
    needed = Counter(rate.room for rate in way)
    return min(rate.rooms_left // needed[rate.room] for rate in way)


def _for_being_there(price: Price, charges: Sequence[Charge]) -> Money:
    """What is paid at the hotel for staying there, as city taxes are: nobody owes it who does not come."""
    codes = {charge.code for charge in charges if charge.paid_at is PaidAt.PROPERTY}
    there = [line.amount for line in price.lines if line.kind is LineKind.TAX and line.rule in codes]
    return sum(there, Money.zero(price.currency))
