"""Rules are data: what the agency adds to a net fare, and what it earns beside it.

The one rule: the same book and the same context give the same rules, in whatever order the book was made.
Of the rules of a kind that match, the one of the highest priority counts (of equals, the one whose id
comes first in the alphabet); rules marked `add` come on top of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from bookingd.domain.money import Money, rounded
from bookingd.domain.price_matches import InvalidRule, Match, PriceContext, Product

MILLION = 1_000_000
PPM_OF_PERCENT = 10_000  # a percentage has four decimals at most, so that it is a whole number of millionths
WORKING_DECIMALS = 8  # of amounts that are told before they are rounded
CONTEXTS_KEPT = 4096  # resolved contexts a book remembers: some hundred routes on some days, about 2 MB


class RuleKind(StrEnum):
    """Which line of a price a rule makes."""

    MARKUP = "markup"
    SERVICE_FEE = "service_fee"
    COMMISSION = "commission"
    DISCOUNT = "discount"
    """What a package costs less than its halves: of packages only, and the only kind that they have."""


class Per(StrEnum):
    """What a rule's amount is for. Where a product has no such thing, the rule does not apply."""

    PASSENGER = "passenger"
    """Of a stay: each guest, of an equal part of the whole net price."""
    ROOM = "room"
    """Of stays only."""
    NIGHT = "night"
    """Each night of a room; of stays only."""
    BOOKING = "booking"


EVERY_PRODUCT = (Per.PASSENGER, Per.BOOKING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One version of a rule; it stays what it is for ever, so that old prices can be explained.

    It is either a percentage of the net fare or a fixed amount, for what `per` says. `minimum` and `maximum`
    bound what a percentage gives, after rounding, for one of these. A rule with an amount in it is for prices
    in that currency alone.
    """

    id: str
    """A speaking name: `markup-standard`."""
    version: int
    kind: RuleKind
    label: str
    """For `prices explain`; a service fee's label is read by travellers too."""
    match: Match = field(default_factory=Match)
    percent: Decimal | None = None
    """Of the net fare, not of other lines, so that the order of rules cannot matter. 0 to 1000."""
    fixed: Money | None = None
    per: Per = Per.PASSENGER
    minimum: Money | None = None
    maximum: Money | None = None
    priority: int = 0
    add: bool = False
    """On top of the rule that counts, instead of in its place."""

    def __post_init__(self) -> None:
        if (self.percent is None) == (self.fixed is None):
            raise InvalidRule(f"rule {self.id} needs a percentage or a fixed amount, and not both")
        if self.fixed is not None and len(self.amounts) > 1:
            raise InvalidRule(f"rule {self.id} has a fixed amount, which needs no bounds")
        if self.percent is not None and (
            not 0 <= self.percent <= 1000 or self.percent * PPM_OF_PERCENT % 1 != 0
        ):
            raise InvalidRule(f"rule {self.id}: a percentage is from 0 to 1000, with four decimals at most")
        self._check_amounts()

    def _check_amounts(self) -> None:
        amounts = self.amounts
        if any(amount.amount < 0 for amount in amounts):
            raise InvalidRule(f"rule {self.id} has an amount below zero")
        if len({amount.currency for amount in amounts}) > 1:
            raise InvalidRule(f"rule {self.id} has amounts in several currencies")
        if self.minimum is not None and self.maximum is not None and self.maximum < self.minimum:
            raise InvalidRule(f"rule {self.id} has a maximum below its minimum")

    @property
    def reference(self) -> str:
        """As it stands in the lines that it makes: `markup-standard@3`."""
        return f"{self.id}@{self.version}"

    @property
    def amounts(self) -> tuple[Money, ...]:
        """The amounts that it names."""
        return tuple(amount for amount in (self.fixed, self.minimum, self.maximum) if amount is not None)

    @property
    def currency(self) -> str | None:
        """The only currency whose prices it is for; None if it is for all."""
        return self.amounts[0].currency if self.amounts else None

    def working(self, net: Money, *, parts: int = 1) -> str:
        """How it comes from a part of `net` to its amount, with the rounding in sight:

        `2.5 % of 33.33 EUR = 0.83325, rounded 0.83 EUR`.
        """
        if self.percent is None:
            return "fixed amount"
        exact = round(net.decimal() * self.percent / 100 / parts, WORKING_DECIMALS)
        made = net.times(Fraction(self.percent) / 100 / parts)
        kept = Money(Charge.of(self).on(net.amount, parts), net.currency)
        of = f"{net} / {parts}" if parts > 1 else str(net)
        told = f"{self.percent.normalize():f} % of {of} = {exact.normalize():f}"
        if made.decimal() != exact:
            told += f", rounded {made}"
        if kept == made:
            return told
        return f"{told}, {'at least' if made < kept else 'at most'} {kept}"

    def applies(self, context: PriceContext, currency: str) -> bool:
        """Whether it matches a price of this context in `currency`."""
        countable = self.per in EVERY_PRODUCT or context.product is Product.STAY
        of_its_kind = (self.kind is RuleKind.DISCOUNT) == (context.product is Product.PACKAGE)
        fits = self.currency in (None, currency) and countable and of_its_kind
        return fits and self.match.holds(context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A rule made ready for counting: minor units of the price's currency, and millionths of the net."""

    reference: str
    label: str
    per: Per
    millionths: int
    fixed: int
    minimum: int | None
    maximum: int | None

    @classmethod
    def of(cls, rule: Rule) -> "Charge":
        return cls(
            reference=rule.reference,
            label=rule.label,
            per=rule.per,
            millionths=int((rule.percent or Decimal(0)) * PPM_OF_PERCENT),
            fixed=rule.fixed.amount if rule.fixed else 0,
            minimum=rule.minimum.amount if rule.minimum is not None else None,
            maximum=rule.maximum.amount if rule.maximum is not None else None,
        )

    def on(self, net: int, parts: int = 1) -> int:
        """What it makes of a part of a net amount (both minor units): the one rounding of its line."""
        if not self.millionths:
            return max(self.fixed, self.minimum or 0)
        amount = rounded(net * self.millionths, MILLION * parts)
        if self.minimum is not None and amount < self.minimum:
            return self.minimum
        if self.maximum is not None and amount > self.maximum:
            return self.maximum
        return amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Charges:
    """What a context brings, by the kind of line."""

    markup: tuple[Charge, ...]
    service_fee: tuple[Charge, ...]
    commission: tuple[Charge, ...]
    discount: tuple[Charge, ...]


class RuleBook:
    """The rules as they were at one instant, under a version number; it never changes.

    It remembers what it found for a context: a search prices thousands of offers under a few of them.
    """

    def __init__(self, *, version: int, rules: Iterable[Rule]) -> None:
        self.version = version
        self.rules = tuple(sorted(rules, key=lambda rule: rule.id))
        if len({rule.id for rule in self.rules}) != len(self.rules):
            raise InvalidRule("a book holds one version of each rule")
        self._charges: dict[tuple[PriceContext, str], Charges] = {}

    def matching(self, kind: RuleKind, context: PriceContext, currency: str) -> tuple[Rule, ...]:
        """The rules that make lines of this kind: the one that counts, then those on top, by id."""
        found = [rule for rule in self.rules if rule.kind is kind and rule.applies(context, currency)]
        ranked = sorted((rule for rule in found if not rule.add), key=lambda rule: (-rule.priority, rule.id))
        return (*ranked[:1], *(rule for rule in found if rule.add))

    def charges(self, context: PriceContext, currency: str) -> Charges:
        """The matching rules of every kind, ready for counting."""
        key = (context, currency)
        known = self._charges.get(key)
        if known is None:
            known = self._resolved(context, currency)
            if len(self._charges) >= CONTEXTS_KEPT:
                self._charges.clear()
            self._charges[key] = known
        return known

    def _resolved(self, context: PriceContext, currency: str) -> Charges:
        def ready(kind: RuleKind) -> tuple[Charge, ...]:
            return tuple(Charge.of(rule) for rule in self.matching(kind, context, currency))

        return Charges(
            markup=ready(RuleKind.MARKUP),
            service_fee=ready(RuleKind.SERVICE_FEE),
            commission=ready(RuleKind.COMMISSION),
            discount=ready(RuleKind.DISCOUNT),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVersion:
    """A rule as it is kept: from when it is in effect, and whether it ends the rule of its id instead."""

    rule: Rule
    valid_from: datetime
    withdrawn: bool = False
