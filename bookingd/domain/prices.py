"""How a price is composed: net + markup + service fee + taxes = total, commission beside it."""

from dataclasses import dataclass
from enum import StrEnum

from bookingd.domain.money import Money, total
from bookingd.domain.passengers import PassengerType


class LineKind(StrEnum):
    """What a line of a price is for. Travellers see net and markup as one fare, never apart."""

    NET = "net"
    MARKUP = "markup"
    SERVICE_FEE = "service_fee"
    TAX = "tax"
    COMMISSION = "commission"
    """Beside the total: what the supplier gives us of the net."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """One rounded amount; `each` is for one passenger (or the booking), `count` how often it applies."""

    kind: LineKind
    each: Money
    count: int
    passenger: PassengerType | None = None
    """None where the line is for the whole booking."""
    rule: str = ""
    """The rule (id and version) or the supplier's name for it, for `prices explain`."""
    label: str = ""

    @property
    def amount(self) -> Money:
        """The whole line."""
        return self.each * self.count


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
