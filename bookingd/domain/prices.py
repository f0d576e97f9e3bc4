"""How a price is composed: net + markup + service fee + taxes = total, commission beside it.

The one rule: an amount is rounded once, in the line that it makes, and a total is a sum of lines and
nothing else. docs/prices.md tells it in prose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bookingd.domain.money import CurrencyMismatch, Money, total
from bookingd.domain.passengers import Party, PassengerType
from bookingd.domain.price_rules import Charge, PriceContext, RuleBook


class LineKind(StrEnum):
    """What a line of a price is for. Travellers see net and markup as one fare, never apart."""

    NET = "net"
    MARKUP = "markup"
    SERVICE_FEE = "service_fee"
    TAX = "tax"
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
    """One rounded amount; `each` is for one passenger (or the booking), `count` how often it applies."""

    kind: LineKind
    each: Money
    count: int
    passenger: PassengerType | None = None
    """None where the line is for the whole booking."""
    rule: str = ""
    """The rule (`id@version`) or the supplier's name for it, for `prices explain`."""
    label: str = ""

    @property
    def amount(self) -> Money:
        """The whole line."""
        return self.each * self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class TravellerLine:
    """One line as a traveller reads it: for `count` passengers of a type, or for the booking."""

    kind: str
    """`fare`, `tax` or `fee`."""
    label: str
    amount: Money
    """The whole line."""
    count: int
    passenger: PassengerType | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TravellerPrice:
    """A price without what is between us and the supplier; its lines add up to the same total."""

    lines: tuple[TravellerLine, ...]
    fare: Money
    fees: Money
    taxes: Money
    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Lines of one currency whose sum, commission aside, is the total."""

    currency: str
    lines: tuple[PriceLine, ...]

    @property
    def total(self) -> Money:
        """What the traveller pays."""
        due = (line.amount for line in self.lines if line.kind is not LineKind.COMMISSION)
        return total(due, self.currency)

    def of_kind(self, *kinds: LineKind) -> Money:
        """The sum of the lines of these kinds."""
        return total((line.amount for line in self.lines if line.kind in kinds), self.currency)

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
            total=self.total,
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
    heads = [(kind, count) for kind in PassengerType if (count := party.count(kind))]
    fares = [_net_line(fare, count) for kind, count in heads for fare in net if fare.passenger is kind]
    bases = {kind: _base(net, kind, currency) for kind, _ in heads}
    charged: dict[LineKind, list[PriceLine]] = {kind: [] for kind in LineKind}
    for charge in rules.charges(context, currency):
        kind = LineKind(charge.kind)
        charged[kind] += _charge_lines(kind, charge, heads, bases, currency)
    return Price(
        currency=currency,
        lines=(
            *fares,
            *charged[LineKind.MARKUP],
            *charged[LineKind.SERVICE_FEE],
            *(line for tax in taxes for line in _tax_lines(tax, heads, currency)),
            *charged[LineKind.COMMISSION],
        ),
    )


_Heads = Sequence[tuple[PassengerType, int]]


def _base(net: Sequence[NetFare], passenger: PassengerType, currency: str) -> int:
    """The net fare of one passenger of a type, minor units."""
    fares = [fare.each for fare in net if fare.passenger is passenger]
    if not fares:
        raise NoFare(f"there is no net fare for passengers of type {passenger}")
    return total(fares, currency).amount


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
    if tax.each.currency != currency:
        raise CurrencyMismatch(f"tax {tax.code} is in {tax.each.currency}, the price in {currency}")
    return [
        PriceLine(
            kind=LineKind.TAX, each=tax.each, count=count, passenger=kind, rule=tax.code, label=tax.label
        )
        for kind, count in heads
        if kind in tax.passengers
    ]


def _charge_lines(
    kind: LineKind, charge: Charge, heads: _Heads, bases: dict[PassengerType, int], currency: str
) -> list[PriceLine]:
    """A line a passenger type, or one for the booking; what comes to nothing makes no line."""
    if charge.per_booking:
        whole = sum(bases[passenger] * count for passenger, count in heads)
        amounts: list[tuple[PassengerType | None, int, int]] = [(None, 1, charge.on(whole))]
    else:
        amounts = [(passenger, count, charge.on(bases[passenger])) for passenger, count in heads]
    return [
        PriceLine(
            kind=kind,
            each=Money(amount, currency),
            count=count,
            passenger=passenger,
            rule=charge.reference,
            label=charge.label,
        )
        for passenger, count, amount in amounts
        if amount
    ]


def _fares(price: Price) -> list[TravellerLine]:
    """One line a passenger type; a markup of the whole booking is spread over all heads to the cent."""
    heads = {
        line.passenger: line.count
        for line in price.lines
        if line.kind is LineKind.NET and line.passenger is not None
    }
    shares = iter(_shared_markup(price).allocate(max(sum(heads.values()), 1)))
    lines = []
    for passenger, count in heads.items():
        own = total(
            (
                line.amount
                for line in price.lines
                if line.kind in (LineKind.NET, LineKind.MARKUP) and line.passenger is passenger
            ),
            price.currency,
        )
        share = total((next(shares) for _ in range(count)), price.currency)
        lines.append(
            TravellerLine(kind="fare", label="Fare", amount=own + share, count=count, passenger=passenger)
        )
    return lines


def _shared_markup(price: Price) -> Money:
    markups = (line.amount for line in price.lines if line.kind is LineKind.MARKUP and line.passenger is None)
    return total(markups, price.currency)


def _fees_and_taxes(price: Price) -> list[TravellerLine]:
    names = {LineKind.SERVICE_FEE: "fee", LineKind.TAX: "tax"}
    return [
        TravellerLine(
            kind=names[line.kind],
            label=line.label or names[line.kind].capitalize(),
            amount=line.amount,
            count=line.count,
            passenger=line.passenger,
        )
        for line in price.lines
        if line.kind in names
    ]
