"""Why each line of a price is there, and how it comes to its amount."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bookingd.domain.conversion import pairs, supplied_price
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.price_rules import Per, Rule
from bookingd.domain.prices import LineKind, Price, PriceLine
from bookingd.domain.stays import StayOffer

AnyOffer: TypeAlias = Offer | StayOffer

MADE_BY_RULES = (LineKind.MARKUP, LineKind.SERVICE_FEE, LineKind.COMMISSION, LineKind.DISCOUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One line, and why it is there."""

    line: PriceLine
    matched: str
    """What the rule asks for; of a line that the supplier gave, that."""
    working: str
    """From the net fare to the amount, with the rounding."""
    sold: PriceLine
    """The same in the currency of the sale, where that differs from the supplier's."""


def explanation(offer: AnyOffer, rules: Mapping[str, Rule]) -> list[Explained]:
    """Each line of the offer's price with its reason; `rules` are those that its lines name.

    Lines are in the supplier's currency, in which rules work.
    """
    price = supplied_price(offer)
    return [
        Explained(
            line=line,
            matched=_matched(line, rules),
            working=_working(line, rules.get(line.rule), price),
            sold=sold,
        )
        for sold, line in pairs(offer)
    ]


def _matched(line: PriceLine, rules: Mapping[str, Rule]) -> str:
    if line.kind not in MADE_BY_RULES:
        return "given by the supplier"
    rule = rules.get(line.rule)
    if rule is None:
        return "a rule that this database does not have"
    asked = f"{rule.match} in {rule.currency}" if rule.currency else str(rule.match)
    return f"{asked}; priority {rule.priority}{', on top' if rule.add else ''}"


def _working(line: PriceLine, rule: Rule | None, price: Price) -> str:
    if line.kind not in MADE_BY_RULES or rule is None:
        return ""
    return rule.working(_net(price, line), parts=_parts(line, rule))


def _net(price: Price, line: PriceLine) -> Money:
    """What a percentage was of: the net of one passenger of the type, of the room, or of everybody."""
    if line.passenger is None and line.room is None:
        return price.of_kind(LineKind.NET)
    fares = (
        one.each
        for one in price.lines
        if one.kind is LineKind.NET and (one.passenger, one.room) == (line.passenger, line.room)
    )
    return sum(fares, Money.zero(price.currency))


def _parts(line: PriceLine, rule: Rule) -> int:
    """Into how many parts that was divided: a room's net by its nights, a stay's by its guests."""
    by_guest = rule.per is Per.PASSENGER and line.passenger is None
    return line.count if by_guest or rule.per is Per.NIGHT else 1
