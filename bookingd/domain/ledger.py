"""The books: which accounts captures, refunds and sales move, as pairs that balance by construction."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from bookingd.domain.booking.state import Booking
from bookingd.domain.conversion import pairs
from bookingd.domain.ids import BookingId, PaymentId
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.prices import LineKind

CUSTOMERS = "customers"
"""What we owe customers for money taken and not yet earned; a debit balance is what they owe us."""

AUTHORISATIONS = "authorisations"
"""The other side of what gateways hold for us."""

EXCHANGE = "exchange"
"""What we took in one currency and owe in another: what is to be changed, and the margin."""

OURS = frozenset({LineKind.MARKUP, LineKind.SERVICE_FEE, LineKind.DISCOUNT})
"""What we earn in the currency of the sale; all else is owed, or given, in the supplier's."""

DISPUTED = "disputed"
"""What payers' banks have taken back for as long as a dispute lasts."""

LOST = "losses:disputes"
"""What they took back for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`amount` (above zero) to the debit of one account and the credit of another."""

    journal: UUID
    """Entries of one business transaction share it."""
    booking_id: BookingId
    payment_id: PaymentId | None = None
    reason: str
    debit: str
    credit: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Movement:
    """What a gateway moves of a payment: a reason, and the accounts, in which `{gateway}` is its name."""

    reason: str
    debit: str
    credit: str

    def __call__(
        self, *, journal: UUID, booking_id: BookingId, payment_id: PaymentId, gateway: str, amount: Money
    ) -> Entry:
        """The entry of `amount`."""
        return Entry(
            journal=journal,
            booking_id=booking_id,
            payment_id=payment_id,
            reason=self.reason,
            debit=self.debit.format(gateway=gateway),
            credit=self.credit.format(gateway=gateway),
            amount=amount,
        )


GATEWAY = "gateway:{gateway}"
"""What the gateway owes us."""

HELD = "authorised:{gateway}"
"""What it holds for us: nobody's yet, and so beside what is owed and owned."""

authorised = Movement("authorised", HELD, AUTHORISATIONS)
"""The gateway holds money for us."""

let_go = Movement("let_go", AUTHORISATIONS, HELD)
"""The gateway holds it no longer: it was taken, released, or has lapsed."""

captured = Movement("capture", GATEWAY, CUSTOMERS)
"""The gateway has taken money for us."""

refunded = Movement("refund", CUSTOMERS, GATEWAY)
"""The gateway gives money back for us."""

refund_failed = Movement("refund_failed", GATEWAY, CUSTOMERS)
"""What the gateway was to give back has come back to us: the customer's money is with us again."""

settled = Movement("settlement", CUSTOMERS, GATEWAY)
"""What a gateway failed to give back was paid through this one, which is a till or a bank of ours."""

fee = Movement("fee", "fees:{gateway}", GATEWAY)
"""What a gateway took for its work, out of what it owes us."""


def dispute(
    *,
    journal: UUID,
    booking_id: BookingId,
    payment_id: PaymentId,
    status: str,
    debit: str,
    credit: str,
    amount: Money,
) -> Entry:
    """The money of a dispute has moved, since the dispute is `status` now."""
    return Entry(
        journal=journal,
        booking_id=booking_id,
        payment_id=payment_id,
        reason=f"dispute_{status}",
        debit=debit,
        credit=credit,
        amount=amount,
    )


def sale(booking: Booking, *, journal: UUID) -> list[Entry]:
    """What a confirmed booking earned: what customers gave becomes others' and ours.

    One entry for all lines between the same two accounts; the lines themselves stay with the booking. What is
    owed in another currency than that of the sale changes hands over EXCHANGE, at the rate of the offer. What
    is paid at the property never comes to us, and is not in the books.
    """
    sums: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for item in booking.items:
        for debit, credit, amount in _moves(item.offer):
            sums[debit, credit, amount.currency] += amount.amount
    return [
        _sold(booking, debit, credit, Money(amount, currency), journal)
        for (debit, credit, currency), amount in sums.items()
        if amount
    ]


def cancellation(booking: Booking, *, journal: UUID) -> list[Entry]:
    """A sale that is none any more: its earnings are the customer's again, but for what is kept."""
    undone = [
        replace(entry, reason="cancellation", debit=entry.credit, credit=entry.debit)
        for entry in sale(booking, journal=journal)
    ]
    if not booking.kept:
        return undone
    kept = Entry(
        journal=journal,
        booking_id=booking.id,
        reason="cancellation",
        debit=CUSTOMERS,
        credit="revenue:cancellation",
        amount=booking.kept,
    )
    return [*undone, kept]


def _moves(offer: Offer) -> Iterator[tuple[str, str, Money]]:
    """What a line of a price moves: from where, to where, how much."""
    for sold, supplied in (pair for pair in pairs(offer) if not pair[0].at_property):
        debit, credit = _from(sold.kind, offer.supplier), _to(sold.kind, offer.supplier)
        if offer.supplied is None or sold.kind in OURS:
            yield debit, credit, sold.amount
        elif sold.kind is LineKind.COMMISSION:  # no money of the customer's
            yield debit, credit, supplied.amount
        else:
            yield debit, EXCHANGE, sold.amount
            yield EXCHANGE, credit, supplied.amount


def _sold(booking: Booking, debit: str, credit: str, amount: Money, journal: UUID) -> Entry:
    """An amount below zero (a discount) goes the other way."""
    if amount.amount < 0:
        debit, credit = credit, debit
    return Entry(
        journal=journal,
        booking_id=booking.id,
        reason="sale",
        debit=debit,
        credit=credit,
        amount=Money(abs(amount.amount), amount.currency),
    )


def _from(kind: LineKind, supplier: str) -> str:
    """A commission is kept from what the supplier is owed; all else comes from the customer."""
    return f"supplier:{supplier}" if kind is LineKind.COMMISSION else CUSTOMERS


def _to(kind: LineKind, supplier: str) -> str:
    match kind:
        case LineKind.NET:
            return f"supplier:{supplier}"
        case LineKind.TAX:
            return "taxes"
        case LineKind.MARKUP | LineKind.SERVICE_FEE | LineKind.COMMISSION | LineKind.DISCOUNT:
            return f"revenue:{kind}"
