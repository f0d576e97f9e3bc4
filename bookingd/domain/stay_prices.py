"""What a stay costs: net + markup + service fee + taxes = total, a line a room where rooms differ.

Its one rule: the price of a room is exact night by night, and rounded once, in its line. Searching, checking
and holding price a stay with this same function (P8).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bookingd.domain.hotels import WHOLE, ChargePer
from bookingd.domain.hotels import Charge as HotelCharge
from bookingd.domain.money import Money, rounded
from bookingd.domain.price_matches import PriceContext
from bookingd.domain.price_rules import Charge, Per, RuleBook
from bookingd.domain.prices import LineKind, Price, PriceLine
from bookingd.domain.stays import Included, PaidAt, RoomGuests

EXACT = WHOLE * WHOLE
"""Exact prices are whole numbers of so many parts of a minor unit: a weekday factor of a share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomNights:
    """What one room costs us for its guests."""

    guests: RoomGuests
    nights: tuple[int, ...]
    """Net, of each night; EXACT parts of a minor unit."""
    rule: str = ""
    """The supplier's name for its rate, for `prices explain`."""
    label: str = ""
    """As travellers read it: the room's name."""

    @property
    def net(self) -> int:
        """Of all nights, rounded, in minor units."""
        return rounded(sum(self.nights), EXACT)


def compose_stay(
    *,
    rooms: Sequence[RoomNights],
    charges: Iterable[HotelCharge],
    paid_at: PaidAt,
    rules: RuleBook,
    context: PriceContext,
    currency: str,
) -> Price:
    """The price of rooms, in the order of the criteria, under the rules that match `context`.

    Where the rate is paid at the hotel, rooms and taxes are, and our fee is not. Lines come in the order net,
    markup, service fee, tax, commission; charges that the rates include make none (see `included`).
    """
    at_property = paid_at is PaidAt.PROPERTY
    counted = _Counted(rooms, currency)
    ours = rules.charges(context, currency)
    lines = [
        PriceLine(
            kind=LineKind.NET,
            each=Money(net, currency),
            count=1,
            room=number,
            at_property=at_property,
            rule=room.rule,
            label=room.label,
        )
        for number, (room, net) in enumerate(zip(rooms, counted.nets, strict=True), 1)
    ]
    for charge in ours.markup:
        lines += counted.lines(LineKind.MARKUP, charge, at_property=at_property)
    fare = sum(line.each.amount * line.count for line in lines)
    for charge in ours.service_fee:
        lines += counted.lines(LineKind.SERVICE_FEE, charge)
    for tax in charges:
        if not tax.included:
            lines += counted.tax(tax, fare, at_property=at_property or tax.paid_at is PaidAt.PROPERTY)
    for charge in ours.commission:
        lines += counted.lines(LineKind.COMMISSION, charge)
    return Price(currency=currency, lines=tuple(lines))


def included(
    price: Price, rooms: Sequence[RoomNights], charges: Iterable[HotelCharge]
) -> tuple[Included, ...]:
    """What of the price of the rooms is taxes and charges: a share is that of what it was added to."""
    fare = price.of_kind(LineKind.NET, LineKind.MARKUP).amount
    told = []
    for charge in charges:
        if charge.included:
            if charge.share is not None:
                amount = rounded(fare * charge.share, WHOLE + charge.share)
            else:
                amount = (charge.amount or 0) * times(charge, rooms)
            told.append(Included(label=charge.label, amount=Money(amount, price.currency)))
    return tuple(told)


def times(charge: HotelCharge, rooms: Sequence[RoomNights]) -> int:
    """How often a charge's amount falls due for these rooms."""
    nights = len(rooms[0].nights)
    if charge.nights_max is not None:
        nights = min(nights, charge.nights_max)
    match charge.per:
        case ChargePer.PERSON_NIGHT:
            return nights * sum(_payers(room.guests, charge.age_from) for room in rooms)
        case ChargePer.ROOM_NIGHT:
            return nights * len(rooms)
        case ChargePer.ROOM:
            return len(rooms)
        case ChargePer.SHARE:
            return 1


def _payers(guests: RoomGuests, age_from: int) -> int:
    return guests.adults + sum(age >= age_from for age in guests.children)


class _Counted:
    """What amounts are counted by: rooms, their nights, the guests."""

    def __init__(self, rooms: Sequence[RoomNights], currency: str) -> None:
        self._rooms = rooms
        self._currency = currency
        self._nights = len(rooms[0].nights)
        self.nets = [room.net for room in rooms]

    def lines(self, kind: LineKind, charge: Charge, *, at_property: bool = False) -> list[PriceLine]:
        """Those of a rule; what comes to nothing makes no line."""
        return [
            PriceLine(
                kind=kind,
                each=Money(amount, self._currency),
                count=count,
                room=room,
                at_property=at_property,
                rule=charge.reference,
                label=charge.label,
            )
            for amount, count, room in self._amounts(charge)
            if amount
        ]

    def _amounts(self, charge: Charge) -> list[tuple[int, int, int | None]]:
        """What is charged each time, how often, and for which room."""
        numbered = enumerate(self.nets, 1)
        match charge.per:
            case Per.BOOKING:
                return [(charge.on(sum(self.nets)), 1, None)]
            case Per.PASSENGER:
                guests = sum(room.guests.size for room in self._rooms)
                return [(charge.on(sum(self.nets), guests), guests, None)]
            case Per.ROOM:
                return [(charge.on(net), 1, number) for number, net in numbered]
            case Per.NIGHT:
                return [(charge.on(net, self._nights), self._nights, number) for number, net in numbered]

    def tax(self, charge: HotelCharge, fare: int, *, at_property: bool) -> list[PriceLine]:
        """That of a charge; a share is of `fare`, what travellers pay for the rooms."""
        each = rounded(fare * charge.share, WHOLE) if charge.share is not None else charge.amount or 0
        count = times(charge, self._rooms)
        if not each or not count:
            return []
        line = PriceLine(
            kind=LineKind.TAX,
            each=Money(each, self._currency),
            count=count,
            at_property=at_property,
            rule=charge.code,
            label=charge.label,
        )
        return [line]
