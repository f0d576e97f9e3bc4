"""Our entries against a gateway's postings, payment by payment: pure, and blind to order and time of day.

One rule: both sides are summed over the same time, and judged only where something happened well inside of
it. So what one side wrote a second before an edge, and the other a second after it, is no difference.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from bookingd.domain.ids import BookingId, PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.port import Posting, PostingKind
from bookingd.reconciliation.findings import Finding, FindingKind

SIGNS: Mapping[PostingKind, int] = {PostingKind.REFUND: 1, PostingKind.REFUND_FAILED: -1}
"""What of a gateway's books is given back, and what came back from that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What a gateway moved of a payment, by our books."""

    payment_id: PaymentId
    booking_id: BookingId
    reference: str
    """The booking's."""
    gateway: str
    gateway_reference: str
    kind: PostingKind
    """CAPTURE, REFUND or REFUND_FAILED."""
    amount: Money
    at: datetime


@dataclass(slots=True, kw_only=True)
class Sums:
    """What both sides say of one payment, in minor units of one currency."""

    currency: str
    captured: int = 0
    refunded: int = 0
    last_capture: datetime | None = None
    last_refund: datetime | None = None
    captures: set[str] = field(default_factory=set)
    """The gateway's own ids of them."""

    def add(self, kind: PostingKind, amount: Money, at: datetime, own_reference: str = "") -> None:
        """One movement more."""
        if kind is PostingKind.CAPTURE:
            self.captured += amount.amount
            self.last_capture = max(self.last_capture or at, at)
            self.captures.add(own_reference)
        elif kind in SIGNS:
            self.refunded += SIGNS[kind] * amount.amount
            self.last_refund = max(self.last_refund or at, at)


@dataclass(slots=True, kw_only=True)
class Pair:
    """A payment on both sides."""

    ours: Sums
    theirs: Sums
    name: str
    """What the gateway calls it."""
    known: Movement | None = None
    payment_id: PaymentId | None = None


Key = tuple[UUID | str, str]
"""A payment by our id, or by its name at the gateway where it has none of ours; and a currency."""


def differences(
    gateway: str,
    ours: Iterable[Movement],
    theirs: Iterable[Posting],
    *,
    since: datetime,
    until: datetime,
) -> Iterator[Finding]:
    """What differs about payments that moved from `since` until before `until`."""
    for pair in _paired(ours, theirs).values():
        captures = _within(since, until, pair.ours.last_capture, pair.theirs.last_capture)
        if captures and (finding := _capture(gateway, pair)):
            yield finding
        refunds = _within(since, until, pair.ours.last_refund, pair.theirs.last_refund)
        if refunds and (finding := _refund(gateway, pair)):
            yield finding


def _paired(ours: Iterable[Movement], theirs: Iterable[Posting]) -> Mapping[Key, Pair]:
    names: dict[str, PaymentId] = {}
    pairs: defaultdict[Key, Pair] = defaultdict(
        lambda: Pair(ours=Sums(currency=""), theirs=Sums(currency=""), name="")
    )
    for movement in ours:
        pair = pairs[movement.payment_id, movement.amount.currency]
        pair.known, pair.payment_id, pair.name = movement, movement.payment_id, movement.gateway_reference
        pair.ours.currency = pair.theirs.currency = movement.amount.currency
        pair.ours.add(movement.kind, movement.amount, movement.at)
        names[_first(movement.gateway_reference)] = movement.payment_id
    for posting in theirs:
        payment_id = posting.payment_id or names.get(_first(posting.gateway_reference))
        pair = pairs[payment_id or _first(posting.gateway_reference), posting.amount.currency]
        pair.payment_id = pair.payment_id or payment_id
        pair.name = pair.name or posting.gateway_reference
        pair.ours.currency = pair.theirs.currency = posting.amount.currency
        pair.theirs.add(posting.kind, posting.amount, posting.at, posting.own_reference)
    return pairs


def _capture(gateway: str, pair: Pair) -> Finding | None:
    ours, theirs = pair.ours.captured, pair.theirs.captured
    if ours == theirs:
        return None
    if not ours:
        return _finding(FindingKind.UNKNOWN_TO_US, gateway, pair, ours, theirs)
    if not theirs:
        return _finding(FindingKind.UNKNOWN_TO_GATEWAY, gateway, pair, ours, theirs)
    twice = theirs > ours and len(pair.theirs.captures) > 1
    kind = FindingKind.CAPTURED_TWICE if twice else FindingKind.AMOUNT_DIFFERS
    return _finding(kind, gateway, pair, ours, theirs)


def _refund(gateway: str, pair: Pair) -> Finding | None:
    ours, theirs = pair.ours.refunded, pair.theirs.refunded
    if ours == theirs:
        return None
    kind = FindingKind.REFUND_MISSING if ours > theirs else FindingKind.REFUND_UNKNOWN
    return _finding(kind, gateway, pair, ours, theirs)


def _finding(kind: FindingKind, gateway: str, pair: Pair, ours: int, theirs: int) -> Finding:
    known = pair.known
    return Finding(
        kind=kind,
        gateway=gateway,
        gateway_reference=pair.name,
        payment_id=pair.payment_id,
        booking_id=known.booking_id if known else None,
        reference=known.reference if known else "",
        ours=Money(ours, pair.ours.currency),
        theirs=Money(theirs, pair.theirs.currency),
    )


def _within(since: datetime, until: datetime, *times: datetime | None) -> bool:
    return any(at is not None and since <= at < until for at in times)


def _first(name: str) -> str:
    """How what a gateway calls a payment begins: that does not change when it grows."""
    return name.partition("/")[0]
