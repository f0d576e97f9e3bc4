"""What can differ between our books, the gateways' and the bookings, and what is to be done about each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import NAMESPACE_URL, UUID, uuid5

from bookingd.domain.ids import BookingId, PaymentId
from bookingd.domain.money import Money


class FindingKind(StrEnum):
    """What differs: stable codes, the same in the list of what waits for operators."""

    UNKNOWN_TO_US = "unknown_to_us"
    UNKNOWN_TO_GATEWAY = "unknown_to_gateway"
    AMOUNT_DIFFERS = "amount_differs"
    CAPTURED_TWICE = "captured_twice"
    REFUND_MISSING = "refund_missing"
    REFUND_UNKNOWN = "refund_unknown"
    DISPUTE_UNKNOWN = "dispute_unknown"
    MONEY_WITHOUT_BOOKING = "money_without_booking"
    BOOKING_WITHOUT_MONEY = "booking_without_money"
    OPEN_TOO_LONG = "open_too_long"
    LEDGER_DIFFERS = "ledger_differs"
    LIFECYCLE_DIFFERS = "lifecycle_differs"


TO_DO: Mapping[FindingKind, str] = MappingProxyType(
    {
        FindingKind.UNKNOWN_TO_US: "look it up at the gateway: if it is not another shop's, refund it",
        FindingKind.UNKNOWN_TO_GATEWAY: "look the payment up at the gateway, by our payment id",
        FindingKind.AMOUNT_DIFFERS: "compare the payment at the gateway with `bookingd payments show`",
        FindingKind.CAPTURED_TWICE: "refund what was taken once too often, at the gateway",
        FindingKind.REFUND_MISSING: "look the refund up at the gateway; the customer may still wait for it",
        FindingKind.REFUND_UNKNOWN: "find out who refunded it at the gateway, and correct the booking",
        FindingKind.DISPUTE_UNKNOWN: "it is being read from the gateway; answer it in time",
        FindingKind.MONEY_WITHOUT_BOOKING: "give the money back, or find out why it was kept",
        FindingKind.BOOKING_WITHOUT_MONEY: "have the booking paid, or cancel it",
        FindingKind.OPEN_TOO_LONG: "look at the gateway what it waits for",
        FindingKind.LEDGER_DIFFERS: "report it: the books and the payment's row disagree",
        FindingKind.LIFECYCLE_DIFFERS: "look for dead letters of this booking, and replay them",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that differs."""

    kind: FindingKind
    gateway: str
    gateway_reference: str = ""
    payment_id: PaymentId | None = None
    booking_id: BookingId | None = None
    reference: str = ""
    """The booking's."""
    ours: Money | None = None
    """What our books say; None where they say nothing."""
    theirs: Money | None = None
    """What the gateway says, or what should be."""
    note: str = ""

    @property
    def subject(self) -> tuple[str, UUID]:
        """What the operators' list has it under: the booking, or without one, the gateway's object."""
        return ("booking", self.booking_id) if self.booking_id else ("payment", self.about)

    @property
    def about(self) -> UUID:
        """Which payment it is about: our id, or one that follows from what the gateway calls it."""
        return self.payment_id or uuid5(NAMESPACE_URL, f"{self.gateway}:{self.gateway_reference}")

    @property
    def told(self) -> str:
        """A sentence for whoever looks at it."""
        what = f"{self.gateway} payment {self.payment_id or self.gateway_reference}"
        sums = [f"our books say {self.ours.format()}"] if self.ours else []
        sums += [f"it should be {self.theirs.format()}"] if self.theirs else []
        said = "; ".join([*sums, *([self.note] if self.note else [])])
        return f"{what}: {said or self.kind}. To do: {TO_DO[self.kind]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What comparing came to."""

    since: datetime
    until: datetime
    findings: Sequence[Finding]
    compared: Mapping[str, int] = field(default_factory=dict)
    """Gateway -> movements in its books."""
    unasked: Mapping[str, str] = field(default_factory=dict)
    """Gateways that could not be asked, and why."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Gateways that have no books to compare with, and why."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How many findings of each kind."""
        return Counter(finding.kind.value for finding in self.findings)
