"""A booking as a page for people: what the button in a mail opens.

The one rule is that of the page after 3-D Secure: while a payment's outcome is unknown this page says so, and
tells nobody to pay again.
"""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from aiohttp import hdrs, web

from bookingd.documents.words import TITLES
from bookingd.domain.booking.state import Booking, BookingState, PaymentState
from bookingd.domain.documents.document import Document, Issued
from bookingd.domain.places import local
from handlers.accepting import accepted
from handlers.booking_views import BookingBody
from handlers.pages import page
from handlers.parts import PARTS
from handlers.principals import LINK
from handlers.returns import LOOK_AGAIN, Words

HTML = "text/html"

_UNKNOWN = frozenset({PaymentState.CREATED, PaymentState.AUTHORISED})


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
            "deadline": _deadline(booking.hold_until, body),
            "flights": flights,
            "act_at": _act_at(body),
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
    return _WORDS[booking.state]


def _words_before_payment(payments: set[PaymentState], booking: Booking) -> Words:
    if payments & _UNKNOWN:
        return Words(
            heading="We are checking your payment",
            told="The outcome is not known yet.",
            advice="Please do not pay again. This page shows the result as soon as we have it.",
            tone="wait",
            again=LOOK_AGAIN,
        )
    if PaymentState.REQUIRES_ACTION in payments:
        return Words(
            heading="Your bank asks you to confirm",
            told="The payment is not complete.",
            advice="Confirm it with your bank. If you have just done so, please wait and do not pay again.",
            tone="wait",
        )
    failed = booking.payments and booking.payments[-1].state is PaymentState.FAILED
    return Words(
        heading="Your seats are held for you",
        told="The last payment was not made; nothing was charged." if failed else "Not paid for yet.",
        advice="Go back to where you booked to pay. After the time below the seats are given back.",
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
