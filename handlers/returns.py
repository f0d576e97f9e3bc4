"""Where the payer's browser comes back to from a gateway's page: 3-D Secure, or PayPal's.

The one rule: as long as the outcome is unknown this page says so, and never that something failed. People who
read "failed" pay a second time.
"""

from dataclasses import dataclass, replace
from urllib.parse import quote
from uuid import UUID

from aiohttp import web

from bookingd.channels.render import decline_words
from bookingd.domain.access import Action
from bookingd.domain.booking.state import Booking, BookingState, Payment, PaymentState
from bookingd.domain.ids import PaymentId
from bookingd.domain.places import local
from bookingd.gateways.port import CANCELLED
from bookingd.messages.envelope import SYSTEM
from bookingd.messages.payments import RefreshPayment
from bookingd.security.throttle import Gate
from bookingd.storage import payments
from handlers.errors import not_found
from handlers.opened import open_booking
from handlers.pages import page
from handlers.parts import PARTS
from handlers.principals import LINK, origin_of

LOOK_AGAIN = 3
"""Seconds between two looks of an open page."""

LOOKS_AT_ONCE = 2
"""How often a payment is looked at without a pause: the payer is back, and loads the page again."""

UNDECIDED = frozenset({PaymentState.CREATED, PaymentState.REQUIRES_ACTION, PaymentState.IN_REVIEW})

GIVEN_BACK = frozenset(
    {PaymentState.CAPTURING, PaymentState.CAPTURED, PaymentState.REFUNDING, PaymentState.REFUNDED}
)
"""What a payment can be besides, while its booking waits for another one."""

NOT_PAID = UNDECIDED | {PaymentState.FAILED, PaymentState.VOIDING, PaymentState.VOIDED}
"""What a payment is that has not paid for anything: that its booking is confirmed is not its doing."""

BEING_TAKEN = frozenset({PaymentState.AUTHORISED, PaymentState.CAPTURING})
"""What a payment of the balance is before it has paid it; the deposit of a confirmed booking is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the page says."""

    heading: str
    told: str
    advice: str
    tone: str
    again: int = 0


_LEFT = Words(
    heading="You have not paid yet",
    told="You left the page before paying.",
    advice=(
        "If you did not agree there, nothing is charged. Your seats are still held:"
        " pay again, or in another way."
    ),
    tone="bad",
    again=LOOK_AGAIN,
)
"""Nobody else can have the payment made now. It is given up by what is paid next, or with the hold."""

_LEFT_BALANCE = replace(
    _LEFT,
    heading="You have not paid the balance yet",
    advice=(
        "If you did not agree there, nothing is charged. Your booking stands:"
        " pay its balance again, or in another way."
    ),
)
_BALANCE_ACCEPTED = Words(
    heading="Your payment is accepted",
    told="Your balance is being taken.",
    advice="This takes a few seconds. You need not pay again.",
    tone="wait",
    again=LOOK_AGAIN,
)
_BALANCE_NOT_MADE = Words(
    heading="This payment was not made",
    told="Nothing was charged.",
    advice="Your booking stands, and its balance is still to be paid: with another card, or try again.",
    tone="bad",
)


async def returned(request: web.Request) -> web.Response:
    """The payer is back: have the payment looked at, and show where the booking stands."""
    booking = (await open_booking(request, Action.VIEW)).booking
    payment = _payment(booking, request.match_info["payment_id"])
    if payment.state in UNDECIDED:
        await _have_looked(request, payment.id)
    words = words_for(booking, payment, cancelled=CANCELLED in request.query)
    payable = _may_pay(booking, words)
    why = await _why(request, payment) if payable else ""
    return page(
        request,
        "return.html",
        title=f"{words.heading} - booking {booking.reference}",
        values={
            "heading": words.heading,
            "told": words.told,
            "advice": f"{why} {words.advice}".strip(),
            "tone": words.tone,
            "reference": booking.reference,
            "total": payment.amount.format(),
            "until": _until(booking, payable=payable),
            "booking_page": page_address(request, booking.reference),
            "pay_page": pay_address(request, booking.reference) if payable else "",
        },
        again=words.again,
    )


def _may_pay(booking: Booking, words: Words) -> bool:
    """Whether to lead there: nobody is told to pay while an outcome is unknown."""
    owes = booking.state is BookingState.AWAITING_PAYMENT or booking.has_open_balance
    return owes and words.tone == "bad"


async def _why(request: web.Request, payment: Payment) -> str:
    """Why it was declined; empty where it was not, or nobody said why."""
    if payment.state is not PaymentState.FAILED:
        return ""
    async with request.app[PARTS].database.connection() as connection:
        row = await payments.load(connection, payment_id=payment.id)
    return decline_words(row.failure) if row is not None and row.failure else ""


async def _have_looked(request: web.Request, payment_id: PaymentId) -> None:
    """Of what the gateway has not told yet its own answer tells. Who loads the page all the time waits for
    its next look: each is a call, and gateways answer only so many, for all payers together.
    """
    parts = request.app[PARTS]
    gate = Gate(kind="look", subject=str(payment_id), free=LOOKS_AT_ONCE, longest=LOOK_AGAIN - 1)
    if await parts.accounts.throttle.take(gate):
        return
    async with parts.transactions.begin() as transaction:
        row = await payments.load(transaction.connection, payment_id=payment_id)
        if row is not None:
            look = RefreshPayment(payment_id=row.id, booking_id=row.booking_id)
            transaction.send(look, origin=origin_of(request, SYSTEM))


def words_for(booking: Booking, payment: Payment, *, cancelled: bool = False) -> Words:
    """What is known, and what to do; `cancelled` is who says that they left without paying."""
    if booking.has_open_balance and payment.state in NOT_PAID | BEING_TAKEN:
        return _words_for_balance(payment, cancelled=cancelled)
    match booking.state:
        case BookingState.CONFIRMED:
            return Words(
                heading="Your booking is confirmed",
                told="Your deposit is paid." if booking.has_open_balance else "Paid and ticketed.",
                advice="We are sending you a mail with everything you need.",
                tone="good",
            )
        case BookingState.CONFIRMING:
            return Words(
                heading="Your payment is accepted",
                told="Your tickets are being issued.",
                advice="This takes a few seconds. You need not pay again.",
                tone="wait",
                again=LOOK_AGAIN,
            )
        case BookingState.EXPIRED | BookingState.FAILED | BookingState.CANCELLED:
            return Words(
                heading="This booking has ended",
                told="It was not completed, and nothing is booked.",
                advice="If anything was taken or held on your card for it, it goes back by itself.",
                tone="bad",
            )
    if cancelled and payment.state is PaymentState.REQUIRES_ACTION:
        return _LEFT
    return _words_for_waiting(payment)


def _words_for_balance(payment: Payment, *, cancelled: bool) -> Words:
    """Of a confirmed booking, by a payment that does not pay for it, or not yet."""
    if payment.state in BEING_TAKEN:
        return _BALANCE_ACCEPTED
    if payment.state not in UNDECIDED:
        return _BALANCE_NOT_MADE
    left = cancelled and payment.state is PaymentState.REQUIRES_ACTION
    return _LEFT_BALANCE if left else _words_for_waiting(payment)


def _words_for_waiting(payment: Payment) -> Words:
    if payment.state in UNDECIDED or payment.state is PaymentState.AUTHORISED:
        return Words(
            heading="We are checking your payment",
            told="The outcome is not known yet.",
            advice="Please do not pay again. This page shows the result as soon as we have it.",
            tone="wait",
            again=LOOK_AGAIN,
        )
    if payment.state in GIVEN_BACK:
        return Words(
            heading="This payment is given back",
            told="What was taken goes back to your card.",
            advice="Nothing needs to be done for that. Your seats are still held if you want to pay again.",
            tone="bad",
        )
    return Words(
        heading="This payment was not made",
        told="Nothing was charged.",
        advice="Your seats are still held. Go back to pay with another card, or try again.",
        tone="bad",
    )


def page_address(request: web.Request, reference: str) -> str:
    """Where the booking's page is, with the proof that opened this one, if it came in the address."""
    shown = request.query.get(LINK)
    here = f"{request.app[PARTS].public_url}/v1/bookings/{reference}"
    return f"{here}?{LINK}={quote(shown, safe='')}" if shown else here


def pay_address(request: web.Request, reference: str) -> str:
    """Where the booking is paid, with the same proof."""
    here, _, query = page_address(request, reference).partition("?")
    return f"{here}/pay?{query}" if query else f"{here}/pay"


def _payment(booking: Booking, payment_id: str) -> Payment:
    try:
        payment = booking.payment(PaymentId(UUID(payment_id)))
    except ValueError as error:
        raise not_found() from error
    if payment is None:
        raise not_found()
    return payment


def _until(booking: Booking, *, payable: bool) -> str:
    """By the clock of where the journey begins, as the page of the booking and that of paying have it."""
    until = (booking.balance_by if payable else None) or booking.hold_until
    if until is None:
        return ""
    segment = booking.items[0].offer.itinerary.segments[0]
    return f"{local(until, segment.origin_zone):%A, %-d %B %Y, %H:%M} ({segment.origin} time)"
