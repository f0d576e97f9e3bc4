"""Money that staff receive and pay out by hand, each with its proof.

The one rule: a receipt is written in the transaction that tells the booking of it, so that no money is
known to one and not to the other; whether it pays for something or goes back is the booking's to decide.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from aiohttp import hdrs, web
from msgspec import Meta

from bookingd.domain.audit import Plain, Subject
from bookingd.domain.booking.facts import StartPayment
from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.domain.references import parse_reference
from bookingd.messages.payments import RefreshPayment
from bookingd.storage import office, payments
from bookingd.storage.office import Payout, Received, ReceivedBy
from bookingd.storage.transactions import Transaction
from handlers.admin.money_requests import NewReceipt, Paid
from handlers.admin.trail import write_down
from handlers.bodies import json_body
from handlers.errors import Problem, not_found
from handlers.fields import refuse
from handlers.gate import who_of
from handlers.once import claim_of, made_before, remember
from handlers.opened import REGISTER
from handlers.parts import PARTS
from handlers.principals import origin_of
from handlers.reply import json_reply
from handlers.views import Amount, View, amount

MOST_OPEN = 200
"""Payouts a page: more of them wait for longer than anybody should."""

OLDEST = timedelta(days=400)
"""How long ago money may have come that is recorded only now."""


class Receipt(View, frozen=True, kw_only=True):
    """Money that came."""

    payment_id: str
    reference: str
    means: str
    amount: Amount
    received_on: date
    proof: str


class PayoutView(View, frozen=True, kw_only=True):
    """Money that is to go back by hand."""

    id: str
    payment_id: str
    reference: Annotated[str | None, Meta(description="Of its booking, which says who gets it.")]
    amount: Amount
    asked_at: datetime
    paid_on: Annotated[date | None, Meta(description="Null: still to be paid.")]
    proof: str | None


class Payouts(View, frozen=True, kw_only=True):
    """What is still to be paid out, the oldest first."""

    payouts: tuple[PayoutView, ...]


async def record_receipt(request: web.Request) -> web.Response:
    """Money came for this booking: it pays what is due, and what is too much goes back."""
    asked, given = await json_body(request, NewReceipt)
    booking, parts, claim = await _booking(request), request.app[PARTS], claim_of(request, given)
    received = _received(request, booking, asked)
    async with parts.transactions.begin() as transaction:
        if (before := await made_before(transaction.connection, claim)) is not None:
            return _shown(received, booking, before)
        if not await office.receive(transaction.connection, received=received, now=transaction.now):
            raise Problem("already-recorded", f"{received.means} {received.proof} was recorded before.")
        await remember(transaction, claim, made=str(received.payment_id), location=_location(booking))
        transaction.send(_start(received), origin=origin_of(request, who_of(request).acting))
        _note(request, transaction, "payment.received", booking, received)
    return _shown(received, booking, str(received.payment_id))


async def list_payouts(request: web.Request) -> web.Response:
    """What is still to be paid out by hand; who looked is written down (P11)."""
    async with request.app[PARTS].transactions.begin() as transaction:
        found = await office.open_payouts(transaction.connection, limit=MOST_OPEN)
        about = Subject.of("payouts", "open")
        write_down(request, transaction, "payouts.read", about, {"payouts": len(found)})
    return json_reply(Payouts(payouts=tuple(map(_payout, found))))


async def record_payout(request: web.Request) -> web.Response:
    """It has been paid out: the refund is done, and its payer sees by which reference."""
    asked, _ = await json_body(request, Paid)
    check_day(request, "paid_on", asked["paid_on"])
    payout_id, who = _payout_id(request), who_of(request)
    async with request.app[PARTS].transactions.begin() as transaction:
        connection = transaction.connection
        found = await office.payout(connection, payout_id=payout_id)
        if found is None:
            raise not_found()
        payment = await payments.load(connection, payment_id=found.payment_id)
        if payment is None:
            raise LookupError(f"payout {payout_id} is of no payment")
        paid = {"paid_on": asked["paid_on"], "proof": asked["proof"], "by": who.acting}
        if await office.pay(connection, payout_id=payout_id, **paid, now=transaction.now) is None:
            raise Problem("already-recorded", f"It was paid on {found.paid_on} ({found.proof}).")
        look = RefreshPayment(payment_id=payment.id, booking_id=payment.booking_id)
        transaction.send(look, origin=origin_of(request, who.acting))
        told = {"payout": str(payout_id), "payment": str(payment.id), "proof": asked["proof"]}
        write_down(request, transaction, "payment.paid_out", Subject.of("booking", payment.booking_id), told)
        made = await office.payout(connection, payout_id=payout_id)
    return json_reply(_payout(made or found), status=201)


async def _booking(request: web.Request) -> Booking:
    reference = parse_reference(request.match_info["reference"])
    if reference is None:
        raise not_found()
    return (await request.app[REGISTER].find(reference)).booking


def _received(request: web.Request, booking: Booking, asked: Mapping[str, object]) -> Received:
    sum_in: Mapping[str, object] = asked["amount"]  # type: ignore[assignment]
    if sum_in["currency"] != booking.currency:
        told = f"The booking is in {booking.currency}: record what came of it in that currency."
        raise refuse("amount.currency", "other_currency", told)
    day: date = asked["received_on"]  # type: ignore[assignment]
    check_day(request, "received_on", day)
    return Received(
        payment_id=PaymentId(request.app[PARTS].sources.ids.new()),
        booking_id=booking.id,
        means=ReceivedBy(str(asked["means"])),
        amount=Money(int(str(sum_in["amount"])), booking.currency),
        received_on=day,
        proof=str(asked["proof"]),
        recorded_by=who_of(request).acting,
    )


def check_day(request: web.Request, field: str, day: date) -> None:
    """Raises Problem unless it is a day up to now; the date line is a day wide."""
    today = request.app[PARTS].sources.clock.now().date()
    if day > today + timedelta(days=1):
        raise refuse(field, "in_the_future", "This day has not come yet.")
    if day < today - OLDEST:
        raise refuse(field, "too_long_ago", f"This is more than {OLDEST.days} days ago.")


def _start(received: Received) -> StartPayment:
    return StartPayment(
        booking_id=received.booking_id,
        payment_id=received.payment_id,
        gateway=received.means,
        payment_method="",
        return_url="",
        received=received.amount,
    )


def _shown(received: Received, booking: Booking, payment_id: str) -> web.Response:
    """A request that is sent again is answered by what its first one made."""
    shown = Receipt(
        payment_id=payment_id,
        reference=booking.reference,
        means=received.means,
        amount=amount(received.amount),
        received_on=received.received_on,
        proof=received.proof,
    )
    return json_reply(shown, status=201, headers={hdrs.LOCATION: _location(booking)})


def _location(booking: Booking) -> str:
    return f"/v1/bookings/{booking.reference}"


def _payout(made: Payout) -> PayoutView:
    return PayoutView(
        id=str(made.id),
        payment_id=str(made.payment_id),
        reference=made.reference,
        amount=amount(made.amount),
        asked_at=made.asked_at,
        paid_on=made.paid_on,
        proof=made.proof,
    )


def _payout_id(request: web.Request) -> IntentId:
    try:
        return IntentId(UUID(request.match_info["payout_id"]))
    except ValueError as error:
        raise not_found() from error


def _note(
    request: web.Request, transaction: Transaction, action: str, booking: Booking, received: Received
) -> None:
    told: dict[str, Plain] = {
        "reference": booking.reference,
        "payment": str(received.payment_id),
        "means": received.means.value,
        "amount": received.amount.amount,
        "currency": received.amount.currency,
        "received_on": received.received_on.isoformat(),
        "proof": received.proof,
    }
    write_down(request, transaction, action, Subject.of("booking", booking.id), told)
