"""What a journey by air costs: net + markup + service fee + taxes = total, a line a passenger type.

Its one rule: prices that are made at once or of parts have the same lines. A search prices hundreds of
journeys of the same few ways, and most of the time goes into making values: what journeys have in common is
made once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bookingd.domain.money import CurrencyMismatch, Money
from bookingd.domain.passengers import Party, PassengerType
from bookingd.domain.price_matches import PriceContext
from bookingd.domain.price_rules import Charge, Charges, Per, RuleBook
from bookingd.domain.prices import LineKind, Price, PriceLine

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


# Members are kept here, because to look one up at its enum runs code of Python, ten times an offer.
_NET, _MARKUP, _SERVICE_FEE = LineKind.NET, LineKind.MARKUP, LineKind.SERVICE_FEE
_TAX, _COMMISSION = LineKind.TAX, LineKind.COMMISSION
_FOR_BOOKING = Per.BOOKING

Heads: TypeAlias = Sequence[tuple[PassengerType, int]]
"""Of a party: how many of each type, see `Party.heads`."""


@dataclass(frozen=True, slots=True)
class Fares:
    """The net fares of a part of a journey; for each type of the heads in their order."""

    lines: tuple[tuple[PriceLine, ...], ...]
    bases: tuple[int, ...]
    """What one passenger of the type costs us, in minor units."""


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
    return put_together(
        fares=[fares_of(net, heads=heads, currency=currency)],
        taxes=tax_lines(taxes, heads=heads, currency=currency),
        charges=rules.charges(context, currency),
        heads=heads,
        currency=currency,
    )


def fares_of(net: Sequence[NetFare], *, heads: Heads, currency: str) -> Fares:
    """`net` as a part of a journey. Raises NoFare, CurrencyMismatch."""
    lines, bases = [], []
    for passenger, count in heads:
        own = [fare for fare in net if fare.passenger is passenger]
        if not own:
            raise NoFare(f"there is no net fare for passengers of type {passenger}")
        bases.append(sum(_in(currency, fare.each, "a net fare") for fare in own))
        lines.append(tuple(_net_line(fare, count) for fare in own))
    return Fares(tuple(lines), tuple(bases))


def tax_lines(taxes: Iterable[Tax], *, heads: Heads, currency: str) -> list[PriceLine]:
    """A line for each tax and type of passengers that pays it. Raises CurrencyMismatch."""
    return [line for tax in taxes for line in _tax_lines(tax, heads, currency)]


def put_together(
    *, fares: Sequence[Fares], taxes: Iterable[PriceLine], charges: Charges, heads: Heads, currency: str
) -> Price:
    """The price of a journey that has these parts, in the order of travel; its lines are those of `compose`.

    The parts were made for the same heads and currency.
    """
    types = range(len(heads))
    bases = [sum([part.bases[number] for part in fares]) for number in types]
    lines = [line for number in types for part in fares for line in part.lines[number]]
    for charge in charges.markup:
        lines += _charge_lines(_MARKUP, charge, heads, bases, currency)
    for charge in charges.service_fee:
        lines += _charge_lines(_SERVICE_FEE, charge, heads, bases, currency)
    lines += taxes
    for charge in charges.commission:
        lines += _charge_lines(_COMMISSION, charge, heads, bases, currency)
    return Price(currency=currency, lines=tuple(lines))


def _in(currency: str, amount: Money, what: str) -> int:
    if amount.currency != currency:
        raise CurrencyMismatch(f"{what} is in {amount.currency}, the price in {currency}")
    return amount.amount


def _net_line(fare: NetFare, count: int) -> PriceLine:
    return PriceLine(
        kind=_NET,
        each=fare.each,
        count=count,
        passenger=fare.passenger,
        rule=fare.rule,
        label=fare.label,
    )


def _tax_lines(tax: Tax, heads: Heads, currency: str) -> list[PriceLine]:
    _in(currency, tax.each, f"tax {tax.code}")
    everybody = tax.passengers is EVERYBODY
    return [
        PriceLine(kind=_TAX, each=tax.each, count=count, passenger=passenger, rule=tax.code, label=tax.label)
        for passenger, count in heads
        if everybody or passenger in tax.passengers
    ]


def _charge_lines(
    kind: LineKind, charge: Charge, heads: Heads, bases: Sequence[int], currency: str
) -> list[PriceLine]:
    """A line a passenger type, or one for the booking; what comes to nothing makes no line."""
    if charge.per is _FOR_BOOKING:
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
