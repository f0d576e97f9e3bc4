"""What a price is: net + markup + service fee + taxes = total, commission beside it.

The one rule: an amount is rounded once, in the line that it makes, and a total is a sum of lines and
nothing else. docs/prices.md tells it in prose; `flight_prices` and `stay_prices` compose them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bookingd.domain.money import CurrencyMismatch, Money, total
from bookingd.domain.passengers import PassengerType


class LineKind(StrEnum):
    """What a line of a price is for. Travellers see net and markup as one fare, never apart."""

    NET = "net"
    MARKUP = "markup"
    SERVICE_FEE = "service_fee"
    TAX = "tax"
    DISCOUNT = "discount"
    """Below zero: what a package costs less than its halves."""
    COMMISSION = "commission"
    """Beside the total: what the supplier gives us of the net."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """One rounded amount; `each` is for one passenger, room or night, or the booking, `count` how often."""

    kind: LineKind
    each: Money
    count: int
    passenger: PassengerType | None = None
    room: int | None = None
    """From 1, in the order of the criteria. Without passenger and room a line is for the whole booking."""
    at_property: bool = False
    """Paid at the hotel, not to us."""
    rule: str = ""
    """The rule (`id@version`) or the supplier's name for it, for `prices explain`."""
    label: str = ""

    @property
    def amount(self) -> Money:
        """The whole line."""
        return self.each * self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class TravellerLine:
    """One line as a traveller reads it: for `count` passengers of a type, for a room, or for the booking."""

    kind: str
    """`fare`, `tax` or `fee`."""
    label: str
    amount: Money
    """The whole line."""
    count: int
    passenger: PassengerType | None = None
    room: int | None = None
    at_property: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TravellerPrice:
    """A price without what is between us and the supplier; its lines add up to the same total."""

    lines: tuple[TravellerLine, ...]
    fare: Money
    fees: Money
    taxes: Money
    discount: Money
    """Below zero, or nothing."""
    total: Money
    at_property: Money
    """How much of the total is paid at the hotel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Lines of one currency whose sum, commission aside, is the total."""

    currency: str
    lines: tuple[PriceLine, ...]

    @property
    def total(self) -> Money:
        """What the traveller pays, wherever it is paid."""
        return _sum([line for line in self.lines if line.kind is not LineKind.COMMISSION], self.currency)

    def of_kind(self, *kinds: LineKind) -> Money:
        """The sum of the lines of these kinds."""
        return _sum([line for line in self.lines if line.kind in kinds], self.currency)

    @property
    def at_property(self) -> Money:
        """How much of the total is paid at the hotel."""
        there = [line for line in self.lines if line.at_property and line.kind is not LineKind.COMMISSION]
        return _sum(there, self.currency)

    @property
    def commission(self) -> Money:
        """What the supplier gives us beside the total."""
        return self.of_kind(LineKind.COMMISSION)

    def for_traveller(self) -> TravellerPrice:
        """Fare (net and markup in one), fees and taxes. Nothing else of a price may leave the house."""
        return TravellerPrice(
            lines=(*_fares(self), *_fees_and_taxes(self)),
            fare=self.of_kind(LineKind.NET, LineKind.MARKUP),
            fees=self.of_kind(LineKind.SERVICE_FEE),
            taxes=self.of_kind(LineKind.TAX),
            discount=self.of_kind(LineKind.DISCOUNT),
            total=self.total,
            at_property=self.at_property,
        )


def _sum(lines: Sequence[PriceLine], currency: str) -> Money:
    """As `money.total` of their amounts, without a value or a call for each: offers are sorted by it."""
    amount = 0
    for line in lines:
        each = line.each
        if each.currency != currency:
            raise CurrencyMismatch(f"a line is in {each.currency}, the price in {currency}")
        amount += each.amount * line.count
    return Money(amount, currency)


def _fares(price: Price) -> list[TravellerLine]:
    """One line a passenger type or room; a markup of all together is spread over all heads to the cent."""
    fare = [line for line in price.lines if line.kind in (LineKind.NET, LineKind.MARKUP)]
    units: dict[_Unit, PriceLine] = {}
    for line in fare:
        if line.kind is LineKind.NET:
            units.setdefault(_unit(line), line)
    shared = _sum([line for line in fare if _unit(line) not in units], price.currency)
    shares = iter(shared.allocate(max(sum(line.count for line in units.values()), 1)))
    lines = []
    for unit, line in units.items():
        own = _sum([one for one in fare if _unit(one) == unit], price.currency)
        share = total((next(shares) for _ in range(line.count)), price.currency)
        lines.append(
            TravellerLine(
                kind="fare",
                label="Fare" if line.room is None else line.label,
                amount=own + share,
                count=line.count,
                passenger=line.passenger,
                room=line.room,
                at_property=line.at_property,
            )
        )
    return lines


_Unit = tuple[PassengerType | None, int | None]


def _unit(line: PriceLine) -> _Unit:
    return line.passenger, line.room


def _fees_and_taxes(price: Price) -> list[TravellerLine]:
    names = {LineKind.SERVICE_FEE: "fee", LineKind.TAX: "tax", LineKind.DISCOUNT: "discount"}
    return [
        TravellerLine(
            kind=names[line.kind],
            label=line.label or names[line.kind].capitalize(),
            amount=line.amount,
            count=line.count,
            passenger=line.passenger,
            room=line.room,
            at_property=line.at_property,
        )
        for line in price.lines
        if line.kind in names
    ]
