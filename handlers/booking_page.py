"""A booking as a page for people: what the button in a mail opens.

The one rule is that of the page after 3-D Secure: while a payment's outcome is unknown this page says so, and
tells nobody to pay again.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import quote

from aiohttp import hdrs, web

from bookingd.documents.words import TITLES
from bookingd.domain.booking.state import Booking, BookingState, PaymentState
from bookingd.domain.documents.document import Document, Issued
from bookingd.domain.places import local
from handlers.accepting import accepted
from handlers.booking_views import BookingBody, RefundView
from handlers.pages import page
from handlers.parts import PARTS
from handlers.paying.options import TRANSFER, hindrance
from handlers.principals import LINK
from handlers.returns import LOOK_AGAIN, Words, pay_address

HTML = "text/html"

_UNKNOWN = frozenset({PaymentState.CREATED, PaymentState.AUTHORISED})
ACTING = frozenset({PaymentState.REQUIRES_ACTION})

_BY_TRANSFER = Words(
    heading="We are waiting for your transfer",
    told="Your seats are held until the time below.",
    advice="Send it as below, with the reference and nothing else: by that we find it.",
    tone="wait",
)
_WITH_BALANCE = Words(
    heading="Your booking is confirmed",
    told="Your deposit is paid, and your tickets are issued.",
    advice="The rest is to be paid before the time below, or the booking has to be cancelled.",
    tone="good",
)
_IN_REVIEW = Words(
    heading="We are checking your payment",
    told="Your payment was received, and is being looked at.",
    advice="You need not do anything, and please do not pay again. We write to you as soon as it is done.",
    tone="wait",
)


def wants_page(request: web.Request) -> bool:
    """Whether HTML is named in Accept and preferred to JSON, as browsers do and programs do not."""
    ranges = accepted(request)
    page_weight = max((weight for kind, weight in ranges if kind in {HTML, "text/*"}), default=0.0)
    by_kind = dict(ranges)
    wildcard = by_kind.get("application/*", by_kind.get("*/*", 0.0))
    return page_weight > by_kind.get("application/json", wildcard)


def booking_page(
    request: web.Request, booking: Booking, body: BookingBody, papers: Sequence[Issued]
) -> web.Response:
    """The page of a booking that the request may see, with its documents."""
    words, mail = words_for(booking), request.app[PARTS].settings.mail
    flights = [part for item in body.items for part in item.slices]
    shown = page(
        request,
        "booking.html",
        title=f"{words.heading} - booking {booking.reference}",
        values={
            "words": words,
            "booking": body,
            "papers": [paper_link(request, one.document) for one in papers],
            "total": booking.total.format(),
            "proposed": booking.proposed_total.format() if body.proposed_total else "",
            "deadline": _deadline(booking.balance_by or booking.hold_until, body),
            "flights": flights,
            "act_at": _act_at(body),
            "pay_at": pay_address(request, booking.reference) if _may_pay(request, booking) else "",
            "pay_label": _pay_label(booking),
            "balance": booking.wanted.format() if booking.has_open_balance else "",
            "instructions": _instructions(body),
            "refunds": list(_refunds(body)),
            "agency": mail.from_address,
            "write_to": f"mailto:{quote(mail.from_address, safe='@')}?subject=Booking%20{booking.reference}",
        },
        again=words.again,
    )
    shown.headers[hdrs.VARY] = hdrs.ACCEPT
    return shown


def paper_link(request: web.Request, document: Document) -> tuple[str, str]:
    """What a document is called, and where it is; who came by a mail's link goes on by it."""
    link = request.query.get(LINK, "")
    suffix = f"?{LINK}={quote(link, safe='')}" if link else ""
    where = f"/v1/bookings/{document.booking}/documents/{document.number}{suffix}"
    return f"{TITLES[document.kind]} {document.number}", where


def words_for(booking: Booking) -> Words:
    """Where a booking stands, and what its traveller does next."""
    if booking.state is BookingState.AWAITING_PAYMENT:
        return _words_before_payment({payment.state for payment in booking.payments}, booking)
    return _WITH_BALANCE if booking.has_open_balance else _WORDS[booking.state]


def _words_before_payment(payments: set[PaymentState], booking: Booking) -> Words:
    if payments & _UNKNOWN:
        return Words(
            heading="We are checking your payment",
            told="The outcome is not known yet.",
            advice="Please do not pay again. This page shows the result as soon as we have it.",
            tone="wait",
            again=LOOK_AGAIN,
        )
    if any(one.gateway == TRANSFER and one.state in ACTING for one in booking.payments):
        return _BY_TRANSFER
    if PaymentState.REQUIRES_ACTION in payments:
        return Words(
            heading="Your bank asks you to confirm",
            told="The payment is not complete.",
            advice="Confirm it with your bank. If you have just done so, please wait and do not pay again.",
            tone="wait",
        )
    if any(payment.state is PaymentState.IN_REVIEW for payment in booking.payments):
        return _IN_REVIEW
    failed = booking.payments and booking.payments[-1].state is PaymentState.FAILED
    return Words(
        heading="Your seats are held for you",
        told="The last payment was not made; nothing was charged." if failed else "Not paid for yet.",
        advice="Pay before the time below. After that the seats are given back.",
        tone="wait",
    )


_WORDS = {
    BookingState.PENDING: Words(
        heading="Your booking is being made",
        told="We are holding your seats.",
        advice="This takes a few seconds, and you need not pay anything yet.",
        tone="wait",
        again=LOOK_AGAIN,
    ),
    BookingState.PRICE_CHANGED: Words(
        heading="Please look at your booking again",
        told="Its price or its conditions have changed.",
        advice="Nothing is charged unless you agree. Go back to where you booked to agree or to call it off.",
        tone="wait",
    ),
    BookingState.CONFIRMING: Words(
        heading="Your payment is accepted",
        told="Your tickets are being issued.",
        advice="This takes a few seconds. You need not pay again.",
        tone="wait",
        again=LOOK_AGAIN,
    ),
    BookingState.CONFIRMED: Words(
        heading="Your booking is confirmed",
        told="Paid and ticketed.",
        advice="Show your reference or your tickets at check-in. To change or cancel anything, ask us.",
        tone="good",
    ),
    BookingState.EXPIRED: Words(
        heading="This booking has ended",
        told="It was not paid for in time, and nothing is booked.",
        advice="What was held or taken on your card for it goes back by itself. You can book anew.",
        tone="bad",
    ),
    BookingState.FAILED: Words(
        heading="This booking could not be made",
        told="Nothing is booked.",
        advice="What was held or taken on your card for it goes back by itself. You can book anew.",
        tone="bad",
    ),
    BookingState.CANCELLED: Words(
        heading="This booking was called off",
        told="Nothing is booked.",
        advice="What was held or taken on your card for it goes back by itself.",
        tone="bad",
    ),
}


def _may_pay(request: web.Request, booking: Booking) -> bool:
    """Whether to lead to the payment page: nobody is told to pay while an outcome is unknown."""
    unknown = any(payment.state in _UNKNOWN for payment in booking.payments)
    return not unknown and hindrance(booking, request.app[PARTS].sources.clock.now()) is None


def _pay_label(booking: Booking) -> str:
    if any(payment.state is PaymentState.REQUIRES_ACTION for payment in booking.payments):
        return "Pay in another way"
    return "Pay the balance" if booking.has_open_balance else "Pay"


TELLS = {
    "amount": "Amount",
    "beneficiary": "To",
    "iban": "IBAN",
    "bic": "BIC",
    "bank": "Bank",
    "reference": "Reference",
}
"""What a transfer needs, in the order in which a bank's form asks for it."""


def _instructions(body: BookingBody) -> list[tuple[str, str]]:
    """Of the transfer that is waited for."""
    told = next((one.instructions for one in reversed(body.payments) if one.instructions), None) or {}
    return [(name, _as_printed(key, told[key])) for key, name in TELLS.items() if key in told]


def _as_printed(key: str, told: str) -> str:
    """An IBAN in groups of four, as on paper (ISO 13616): so lines break between them, and people read it."""
    return " ".join(told[at : at + 4] for at in range(0, len(told), 4)) if key == "iban" else told


def _refunds(body: BookingBody) -> Iterator[str]:
    for payment in body.payments:
        for one in payment.refunds:
            sum_ = f"{one.amount.decimal} {one.amount.currency}"
            yield f"{sum_}: {_became(one)}"


def _became(refund: RefundView) -> str:
    """In words, with what finds it at the payer's bank."""
    found = f", reference {refund.reference}" if refund.reference else ""
    match refund.state:
        case "failed":
            return "could not be sent back as you paid; we send it in another way"
        case "settled":
            return f"sent in another way{found}"
    until = f", with you by {refund.expected_by:%-d %B %Y}" if refund.expected_by else ""
    return f"on its way{until}{found}"


def _deadline(until: datetime | None, body: BookingBody) -> str:
    """As the clocks show it where the journey begins."""
    if until is None:
        return ""
    origin = body.items[0].slices[0].departs
    return f"{local(until, origin.zone):%A, %-d %B %Y, %H:%M}, {origin.city} time"


def _act_at(body: BookingBody) -> str:
    """Where the payer's bank waits; only an address of the web is ever made a link."""
    addresses = [payment.action_url for payment in body.payments if payment.action_url]
    return next((one for one in reversed(addresses) if one.startswith(("https://", "http://"))), "")
