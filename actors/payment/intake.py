"""What a gateway says of a payment, taken into our row, the books and the booking.

One rule: every answer and every look ends here, so that whoever told first, and how often, makes no
difference. A row moves to what the gateway says; only what was taken is never untaken.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from actors.payment.book import Page, PaymentBook
from bookingd.actor.kinds import Letter
from bookingd.domain.booking.facts import (
    BookingMessage,
    PaymentActionRequired,
    PaymentAuthorised,
    PaymentCaptured,
    PaymentFailed,
    PaymentInReview,
    PaymentVoided,
)
from bookingd.domain.declines import DeclineReason
from bookingd.gateways.port import GatewayPayment, GatewayStatus, Means
from bookingd.messages.payments import CompletePayment
from bookingd.outcomes import UnknownOutcome
from bookingd.storage.payment_means import NewMeans
from bookingd.storage.payments import PaymentRow, PaymentStatus
from bookingd.storage.transactions import Transaction

WAITS = frozenset(
    {
        PaymentStatus.CREATED,
        PaymentStatus.REQUIRES_ACTION,
        PaymentStatus.APPROVED,
        PaymentStatus.IN_REVIEW,
    }
)
"""For the payer, or for the gateway."""

WITH_PAYER = frozenset({GatewayStatus.REQUIRES_ACTION, GatewayStatus.APPROVED})

TAKEN = frozenset({PaymentStatus.CAPTURED, PaymentStatus.REFUNDED})

STATUS: Mapping[GatewayStatus, PaymentStatus] = MappingProxyType(
    {
        GatewayStatus.PENDING: PaymentStatus.CREATED,
        GatewayStatus.REQUIRES_ACTION: PaymentStatus.REQUIRES_ACTION,
        GatewayStatus.APPROVED: PaymentStatus.APPROVED,
        GatewayStatus.IN_REVIEW: PaymentStatus.IN_REVIEW,
        GatewayStatus.AUTHORISED: PaymentStatus.AUTHORISED,
        GatewayStatus.CAPTURED: PaymentStatus.CAPTURED,
        GatewayStatus.VOIDED: PaymentStatus.VOIDED,
        GatewayStatus.DECLINED: PaymentStatus.FAILED,
    }
)


class Intake:
    """Takes in what gateways say."""

    def __init__(self, book: PaymentBook) -> None:
        self._book = book

    def take_in(
        self,
        transaction: Transaction,
        page: Page,
        letter: Letter,
        row: PaymentRow,
        seen: GatewayPayment,
        *,
        told: bool = False,
    ) -> PaymentRow:
        """Bring our row up to what the gateway says; tell the booking if that is new (or `told` anyway)."""
        now = brought_up(row, seen)
        self._book.enter(page, row, now)
        if now.consent and seen.means and seen.means.token:
            page.means.append(_kept(now, seen.means, seen.means.token))
        _count(page, row, now)
        if now.gateway_reference != row.gateway_reference:
            self._book.forget_reference(now.id)
        self._follow(transaction, letter, row, now)
        if row.gateway_reference is None or told or now.state is not row.state:
            self.tell(transaction, letter, now)
        if now.state is PaymentStatus.VOIDED is not row.state:
            self._book.audit(transaction, letter, now, "payment.void_confirmed")
        return now

    def tell(self, transaction: Transaction, letter: Letter, row: PaymentRow) -> None:
        """Tell the booking how the payment stands, if there is anything to tell."""
        fact = _fact(row)
        if fact is not None:
            transaction.send(fact, origin=letter.origin)

    def _follow(self, transaction: Transaction, letter: Letter, before: PaymentRow, now: PaymentRow) -> None:
        """What was approved is completed, once an approval; what waits is looked at again."""
        if now.approvals > before.approvals:
            complete = CompletePayment(payment_id=now.id, booking_id=now.booking_id, round=now.approvals)
            transaction.send(complete, origin=letter.origin)
        first = before.gateway_reference is None and now.state in WAITS
        if first or now.state is PaymentStatus.IN_REVIEW is not before.state:
            self._book.poll(transaction, letter, now, 1)


def _count(page: Page, before: PaymentRow, now: PaymentRow) -> None:
    """For the brake on card testing. What it refused itself it does not count: no wait is made longer so."""
    if now.state is before.state:
        return
    if now.state is PaymentStatus.FAILED and now.failure != DeclineReason.TOO_MANY_ATTEMPTS:
        page.declined.append(now)
    elif now.state in {PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED}:
        page.good.append(now)


def brought_up(row: PaymentRow, seen: GatewayPayment) -> PaymentRow:
    """Our row as the gateway has it."""
    state, means = _state(row, seen), seen.means
    approved = PaymentStatus.APPROVED is state is not row.state
    return replace(
        row,
        gateway_reference=seen.gateway_reference,
        state=state,
        captured=max(row.captured, seen.captured),
        action_url=seen.action_url,
        failure=seen.decline_reason or (row.failure if state is PaymentStatus.FAILED else None),
        approvals=row.approvals + approved,
        authorised_until=seen.authorised_until,
        instructions=seen.instructions,
        means_kind=means.kind if means else row.means_kind,
        means_label=means.label if means else row.means_label,
        means_fingerprint=(means.fingerprint if means else None) or row.means_fingerprint,
    )


def settled_state(row: PaymentRow) -> PaymentStatus:
    """Where a payment stands of which something was taken."""
    given_back = bool(row.refunded) and row.refunded == row.captured
    return PaymentStatus.REFUNDED if given_back else PaymentStatus.CAPTURED


def finished(seen: GatewayPayment) -> GatewayPayment:
    """What the gateway is still working on has no outcome yet: it is looked up a little later."""
    if seen.status is GatewayStatus.PENDING:
        raise UnknownOutcome(f"{seen.gateway_reference} is still being worked on")
    return seen


def _state(row: PaymentRow, seen: GatewayPayment) -> PaymentStatus:
    """What was taken stays taken, whatever an older answer says.

    What failed stays so while only its payer could make it good: PayPal asks them for another means, and they
    may approve it with that, but the booking has been told, and is paid by another payment. What is held
    is held while its capture waits to be cleared.
    """
    if row.state in TAKEN or seen.status is GatewayStatus.CAPTURED:
        return settled_state(replace(row, captured=max(row.captured, seen.captured)))
    if row.state is PaymentStatus.FAILED and seen.status in WITH_PAYER:
        return row.state
    if row.state is PaymentStatus.AUTHORISED and seen.status is GatewayStatus.PENDING:
        return row.state
    return STATUS[seen.status]


def _kept(row: PaymentRow, means: Means, token: str) -> NewMeans:
    return NewMeans(
        payment_id=row.id,
        customer=means.customer,
        token=token,
        kind=means.kind,
        label=means.label,
        fingerprint=means.fingerprint,
        expires=means.expires,
    )


def _fact(row: PaymentRow) -> BookingMessage | None:
    """What the booking is told of a payment that stands so; None while there is nothing to tell."""
    match row.state:
        case PaymentStatus.REQUIRES_ACTION:
            return PaymentActionRequired(
                booking_id=row.booking_id, payment_id=row.id, action_url=row.action_url or ""
            )
        case PaymentStatus.IN_REVIEW:
            return PaymentInReview(booking_id=row.booking_id, payment_id=row.id)
        case PaymentStatus.AUTHORISED:
            return PaymentAuthorised(booking_id=row.booking_id, payment_id=row.id, until=row.authorised_until)
        case PaymentStatus.CAPTURED:
            return PaymentCaptured(booking_id=row.booking_id, payment_id=row.id, amount=row.captured)
        case PaymentStatus.FAILED:
            reason = row.failure or "declined"
            return PaymentFailed(booking_id=row.booking_id, payment_id=row.id, reason=reason)
        case PaymentStatus.VOIDED:
            return PaymentVoided(booking_id=row.booking_id, payment_id=row.id)
        case PaymentStatus.CREATED | PaymentStatus.APPROVED | PaymentStatus.REFUNDED:
            return None
