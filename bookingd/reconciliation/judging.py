"""Bookings against their payments: money without a booking, a booking without money, views that differ."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType

from bookingd.domain.booking.state import (
    OVER,
    Booking,
    BookingState,
    Payment,
    PaymentState,
)
from bookingd.domain.money import Money, total
from bookingd.reconciliation.findings import Finding, FindingKind
from bookingd.storage.payments import PaymentRow, PaymentStatus

GRACE = timedelta(hours=1)
"""How long what follows from a payment may take before it counts as lost: retries are over by then."""

AGREES: Mapping[PaymentStatus, frozenset[PaymentState]] = MappingProxyType(
    {
        PaymentStatus.CREATED: frozenset({PaymentState.CREATED, PaymentState.VOIDING}),
        PaymentStatus.REQUIRES_ACTION: frozenset({PaymentState.REQUIRES_ACTION, PaymentState.VOIDING}),
        PaymentStatus.APPROVED: frozenset({PaymentState.REQUIRES_ACTION, PaymentState.VOIDING}),
        PaymentStatus.IN_REVIEW: frozenset(
            # What was held before it is looked at once more goes on paying for its booking.
            {
                PaymentState.IN_REVIEW,
                PaymentState.AUTHORISED,
                PaymentState.CAPTURING,
                PaymentState.VOIDING,
            }
        ),
        PaymentStatus.AUTHORISED: frozenset(
            {PaymentState.AUTHORISED, PaymentState.CAPTURING, PaymentState.VOIDING}
        ),
        PaymentStatus.CAPTURED: frozenset(
            {PaymentState.CAPTURED, PaymentState.REFUNDING, PaymentState.REFUNDED}
        ),
        PaymentStatus.REFUNDED: frozenset(
            {PaymentState.CAPTURED, PaymentState.REFUNDING, PaymentState.REFUNDED}
        ),
        PaymentStatus.VOIDED: frozenset({PaymentState.VOIDED, PaymentState.FAILED}),
        PaymentStatus.FAILED: frozenset({PaymentState.FAILED, PaymentState.VOIDED, PaymentState.VOIDING}),
    }
)
"""Where a payment stands at its gateway -> how its booking may see it for long."""


def judge(booking: Booking, rows: Sequence[PaymentRow]) -> Iterator[Finding]:
    """What differs between a booking and its payments, none of which has changed within GRACE."""
    for row in rows:
        payment = booking.payment(row.id)
        if payment is None or payment.state not in AGREES[row.state]:
            yield _unlike(booking, row, payment)
    if rows:
        yield from _money(booking, rows)


def _money(booking: Booking, rows: Sequence[PaymentRow]) -> Iterator[Finding]:
    currency = booking.currency
    captured = total((row.captured for row in rows), currency)
    left = captured - total((row.refunded for row in rows), currency)
    kept = booking.kept or Money.zero(currency)
    if booking.state in OVER and left > kept:
        yield _of_booking(FindingKind.MONEY_WITHOUT_BOOKING, booking, rows[-1], ours=left, theirs=kept)
    if booking.state is BookingState.CONFIRMED and captured < booking.due_now:
        yield _of_booking(
            FindingKind.BOOKING_WITHOUT_MONEY, booking, rows[-1], ours=captured, theirs=booking.due_now
        )


def _unlike(booking: Booking, row: PaymentRow, payment: Payment | None) -> Finding:
    seen = f"the booking says {payment.state}" if payment else "the booking does not know it"
    return _of_booking(
        FindingKind.LIFECYCLE_DIFFERS, booking, row, note=f"the gateway says {row.state}, {seen}"
    )


def _of_booking(
    kind: FindingKind,
    booking: Booking,
    row: PaymentRow,
    *,
    ours: Money | None = None,
    theirs: Money | None = None,
    note: str = "",
) -> Finding:
    return Finding(
        kind=kind,
        gateway=row.gateway,
        gateway_reference=row.gateway_reference or "",
        payment_id=row.id,
        booking_id=booking.id,
        reference=booking.reference,
        ours=ours,
        theirs=theirs,
        note=note or f"the booking is {booking.state}",
    )
