"""How a price is composed: net + markup + service fee + taxes = total, commission beside it.

The one rule: an amount is rounded once, in the line that it makes, and a total is a sum of lines and
nothing else. docs/prices.md tells it in prose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bookingd.domain.money import CurrencyMismatch, Money, total
from bookingd.domain.passengers import Party, PassengerType
from bookingd.domain.price_matches import PriceContext
from bookingd.domain.price_rules import Charge, Per, RuleBook


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


EVERYBODY = frozenset(PassengerType)


class NoFare(ValueError):
    """The supplier named no fare for a passenger type of the party."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetFare:
    """What one passenger of a type costs us; several of a type (one a slice, say) make a line each."""

    passenger: PassengerType
    each: Money
    rule: str = ""
    """The supplier's name for it: fare basis or fare family."""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """A tax or charge that one passenger of the given types pays, all segments together or one."""

    code: str
    """As IATA or the supplier names it: DE, RA, YQ."""
    label: str
    each: Money
    passengers: frozenset[PassengerType] = EVERYBODY


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


def compose(
    *,
    net: Sequence[NetFare],
    taxes: Sequence[Tax],
    rules: RuleBook,
    context: PriceContext,
    party: Party,
    currency: str,
) -> Price:
    """The price of `net` and `taxes` for `party` under the rules that match `context`.

    A percentage is of a passenger's whole net fare, or the booking's. Lines come in the order net,
    markup, service fee, tax, commission. Raises NoFare when a type of the party has no net fare, and
    CurrencyMismatch for a net fare or tax in another currency than `currency`.
    """
    heads = party.heads
    lines, bases = _net_lines(net, heads, currency)
    charges = rules.charges(context, currency)
    for charge in charges.markup:
        lines += _charge_lines(LineKind.MARKUP, charge, heads, bases, currency)
    for charge in charges.service_fee:
        lines += _charge_lines(LineKind.SERVICE_FEE, charge, heads, bases, currency)
    for tax in taxes:
        lines += _tax_lines(tax, heads, currency)
    for charge in charges.commission:
        lines += _charge_lines(LineKind.COMMISSION, charge, heads, bases, currency)
    return Price(currency=currency, lines=tuple(lines))


# A search composes thousands of prices, and half of the time goes into making values: hence plain loops
# below, and no dictionary by enum member (hashing one calls Python code).
_Heads = Sequence[tuple[PassengerType, int]]


def _net_lines(net: Sequence[NetFare], heads: _Heads, currency: str) -> tuple[list[PriceLine], list[int]]:
    """The lines, and for each type of `heads` the net fare of one passenger in minor units."""
    lines: list[PriceLine] = []
    bases: list[int] = []
    for passenger, count in heads:
        base, known = 0, len(lines)
        for fare in net:
            if fare.passenger is passenger:
                base += _in(currency, fare.each, "a net fare")
                lines.append(_net_line(fare, count))
        if len(lines) == known:
            raise NoFare(f"there is no net fare for passengers of type {passenger}")
        bases.append(base)
    return lines, bases


def _in(currency: str, amount: Money, what: str) -> int:
    if amount.currency != currency:
        raise CurrencyMismatch(f"{what} is in {amount.currency}, the price in {currency}")
    return amount.amount


def _net_line(fare: NetFare, count: int) -> PriceLine:
    return PriceLine(
        kind=LineKind.NET,
        each=fare.each,
        count=count,
        passenger=fare.passenger,
        rule=fare.rule,
        label=fare.label,
    )


def _tax_lines(tax: Tax, heads: _Heads, currency: str) -> list[PriceLine]:
    _in(currency, tax.each, f"tax {tax.code}")
    everybody = tax.passengers is EVERYBODY
    return [
        PriceLine(
            kind=LineKind.TAX, each=tax.each, count=count, passenger=passenger, rule=tax.code, label=tax.label
        )
        for passenger, count in heads
        if everybody or passenger in tax.passengers
    ]


def _charge_lines(
    kind: LineKind, charge: Charge, heads: _Heads, bases: list[int], currency: str
) -> list[PriceLine]:
    """A line a passenger type, or one for the booking; what comes to nothing makes no line."""
    if charge.per is Per.BOOKING:
        whole = sum(base * count for base, (_, count) in zip(bases, heads, strict=True))
        amount = charge.on(whole)
        return [_charge_line(kind, charge, Money(amount, currency), 1, None)] if amount else []
    return [
        _charge_line(kind, charge, Money(amount, currency), count, passenger)
        for base, (passenger, count) in zip(bases, heads, strict=True)
        if (amount := charge.on(base))
    ]


def _charge_line(
    kind: LineKind, charge: Charge, each: Money, count: int, passenger: PassengerType | None
) -> PriceLine:
    return PriceLine(
        kind=kind,
        each=each,
        count=count,
        passenger=passenger,
        rule=charge.reference,
        label=charge.label,
    )


def _sum(lines: Sequence[PriceLine], currency: str) -> Money:
    """As `money.total` of their amounts, without a value for each: offers are sorted by it."""
    return Money(sum([_in(currency, line.each, "a line") * line.count for line in lines]), currency)


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
