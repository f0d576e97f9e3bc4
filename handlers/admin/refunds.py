"""Staff give money back, and say how what could not be given back was paid.

The one rule: what is asked for is held against what was taken, less what was given back or asked for already,
with nobody changing that meanwhile; so no two requests together are more than there is.
"""

from typing import Annotated
from uuid import UUID

from aiohttp import web
from msgspec import Meta

from bookingd.domain.accounts.permissions import refund_limit_of
from bookingd.domain.accounts.refunds import may_refund
from bookingd.domain.audit import Plain, Subject
from bookingd.domain.booking.facts import GiveBack
from bookingd.domain.booking.state import Booking, Payment, PaymentState
from bookingd.domain.ids import BookingId, IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.domain.references import parse_reference
from bookingd.messages.payments import SettleRefund
from bookingd.storage import bookings, payments, refund_requests
from bookingd.storage.payments import RefundState
from bookingd.storage.refund_requests import RefundRequest
from bookingd.storage.transactions import Transaction
from handlers.admin.money_requests import HowSettled, NewRefund
from handlers.admin.trail import write_down
from handlers.bodies import fingerprint, json_body, required_key
from handlers.errors import Problem, not_found
from handlers.fields import refuse
from handlers.gate import who_of
from handlers.intake import Claim
from handlers.once import made_before, remember
from handlers.opened import REGISTER
from handlers.parts import PARTS
from handlers.principals import origin_of
from handlers.reply import json_reply
from handlers.views import Amount, View, amount


class RefundAsked(View, frozen=True, kw_only=True):
    """A refund that was asked for; the booking shows what becomes of it."""

    reference: str
    payment_id: str
    round: Annotated[int, Meta(description="Which refund of its payment, from 1.")]
    amount: Amount
    reason: str


class SettlementTaken(View, frozen=True, kw_only=True):
    """A refund that was paid in another way."""

    refund_id: str
    payment_id: str
    amount: Amount
    how: str
    proof: str


async def give_back(request: web.Request) -> web.Response:
    """Part or all of a payment goes back to its payer."""
    asked, given = await json_body(request, NewRefund)
    who, parts = who_of(request), request.app[PARTS]
    claim = Claim(key=required_key(request, who.principal), fingerprint=fingerprint(request, given))
    sum_asked = Money(asked["amount"]["amount"], asked["amount"]["currency"].upper())
    booking_id = await _booking_id(request)
    async with parts.transactions.begin() as transaction:
        booking = (await bookings.lock(transaction.connection, ids=[booking_id]))[booking_id]
        payment = _payment(booking, PaymentId(asked["payment_id"]))
        before = await refund_requests.of_payment(transaction.connection, payment_id=payment.id)
        if (round_made := await made_before(transaction.connection, claim)) is not None:
            return _asked(booking, next(one for one in before if one.round == int(round_made)))
        _check_may(request, booking, sum_asked)
        _check_left(payment, before, sum_asked)
        made = RefundRequest(
            payment_id=payment.id,
            round=max(payment.next_round, *(one.round + 1 for one in before), 1),
            amount=sum_asked,
            reason=asked["reason"],
            asked_by=who.acting,
            asked_at=transaction.now,
        )
        await refund_requests.ask(transaction.connection, request=made, booking_id=booking.id)
        location = f"/v1/bookings/{booking.reference}"
        await remember(transaction, claim, made=str(made.round), location=location)
        _send(request, transaction, booking, made)
    return _asked(booking, made)


async def settle(request: web.Request) -> web.Response:
    """A refund that had failed was paid by transfer or in cash."""
    asked, _ = await json_body(request, HowSettled)
    refund_id, who, parts = _refund_id(request), who_of(request), request.app[PARTS]
    async with parts.transactions.begin() as transaction:
        found = await payments.refund(transaction.connection, refund_id=refund_id)
        if found is None:
            raise not_found()
        refund, booking_id = found
        if refund.state is RefundState.SETTLED and refund.settlement:
            by = refund.settlement
            raise Problem("already-recorded", f"It was paid by {by.how} already ({by.proof}).")
        if refund.state is not RefundState.FAILED:
            raise Problem("booking-state", f"This refund is {refund.state}: its payer gets it as it is.")
        if not asked["despite_dispute"]:
            await _check_undisputed(transaction, booking_id, refund.payment_id)
        message = SettleRefund(
            payment_id=refund.payment_id,
            booking_id=booking_id,
            round=refund.round,
            note=asked["proof"],
            how=asked["how"],
        )
        transaction.send(message, origin=origin_of(request, who.acting))
        told: dict[str, Plain] = {"refund": str(refund_id), "how": asked["how"], "proof": asked["proof"]}
        if asked["despite_dispute"]:
            told["despite_dispute"] = True
        about = Subject.of("booking", booking_id)
        write_down(request, transaction, "payment.settlement_recorded", about, told)
    shown = SettlementTaken(
        refund_id=str(refund_id),
        payment_id=str(refund.payment_id),
        amount=amount(refund.amount),
        how=asked["how"],
        proof=asked["proof"],
    )
    return json_reply(shown, status=202)


async def _check_undisputed(transaction: Transaction, booking_id: BookingId, payment_id: PaymentId) -> None:
    """Raises Problem where the payer has this money back through their bank, or may: nobody pays it twice."""
    found = await bookings.by_id(transaction.connection, booking_id=booking_id)
    if any(dispute.won is not True for dispute in _payment(found.booking, payment_id).disputes):
        told = "Its payer disputes this payment, and has the money back through their bank, or may have."
        raise Problem("booking-state", f"{told} If it was paid all the same, send despite_dispute: true.")


async def _booking_id(request: web.Request) -> BookingId:
    reference = parse_reference(request.match_info["reference"])
    if reference is None:
        raise not_found()
    return (await request.app[REGISTER].find(reference)).booking.id


def _payment(booking: Booking, payment_id: PaymentId) -> Payment:
    payment = booking.payment(payment_id)
    if payment is None:
        raise refuse("payment_id", "unknown_payment", "The booking has no such payment.")
    return payment


def _check_may(request: web.Request, booking: Booking, sum_asked: Money) -> None:
    """Raises Problem where it is more than their role may give back at once."""
    who, currency = who_of(request), request.app[PARTS].settings.booking.currency
    if may_refund(who, sum_asked, currency=currency, converted=_measured(booking, sum_asked, currency)):
        return
    limit = refund_limit_of(who.roles)
    most = Money(limit, currency).format() if limit else "nothing"
    told = f"Your role gives back {most} at once at most, measured in {currency}: ask an accountant."
    raise Problem("not-allowed", told)


def _measured(booking: Booking, sum_asked: Money, currency: str) -> Money | None:
    """By the rate that the booking was sold at."""
    rates = [item.offer.supplied.rate for item in booking.items if item.offer.supplied is not None]
    measured = (rate.measured(sum_asked, currency) for rate in rates)
    return next((one for one in measured if one is not None), None)


def _check_left(payment: Payment, before: list[RefundRequest], sum_asked: Money) -> None:
    """Raises Problem where there is not so much to give back."""
    if payment.state is not PaymentState.CAPTURED:
        raise Problem("booking-state", f"This payment is {payment.state}: there is nothing to give back.")
    if sum_asked.currency != payment.amount.currency:
        told = f"The payment is in {payment.amount.currency}."
        raise refuse("amount.currency", "other_currency", told)
    known = {one.wish for one in payment.refunds}
    under_way = sum(one.amount.amount for one in before if one.round not in known)
    left = Money(max(payment.refundable.amount - under_way, 0), sum_asked.currency)
    if left < sum_asked:
        told = f"Of this payment {left.format()} can be given back."
        raise refuse("amount", "above_captured", told)


def _send(request: web.Request, transaction: Transaction, booking: Booking, made: RefundRequest) -> None:
    message = GiveBack(
        booking_id=booking.id,
        payment_id=made.payment_id,
        round=made.round,
        amount=made.amount,
        reason="staff",
    )
    transaction.send(message, origin=origin_of(request, who_of(request).acting))
    told: dict[str, Plain] = {
        "reference": booking.reference,
        "payment": str(made.payment_id),
        "round": made.round,
        "amount": made.amount.amount,
        "currency": made.amount.currency,
        "owner": booking.owner,
    }
    write_down(request, transaction, "payment.refund_asked", Subject.of("booking", booking.id), told)


def _asked(booking: Booking, made: RefundRequest) -> web.Response:
    shown = RefundAsked(
        reference=booking.reference,
        payment_id=str(made.payment_id),
        round=made.round,
        amount=amount(made.amount),
        reason=made.reason,
    )
    return json_reply(shown, status=202)


def _refund_id(request: web.Request) -> IntentId:
    try:
        return IntentId(UUID(request.match_info["refund_id"]))
    except ValueError as error:
        raise not_found() from error
