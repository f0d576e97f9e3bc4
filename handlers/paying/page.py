"""The payment page: where whoever opens the booking pays, with or without any script.

The one rule: card data is typed into the gateway's own fields or page, and never into one of ours. Only on
this page does anybody else's script run, from the gateway's own host; and none at all where the payer is sent
to the gateway's page (`[stripe] mode = "redirect"`).
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from aiohttp import hdrs, web

from bookingd.domain.access import Action
from bookingd.domain.booking.state import Booking, PaymentState
from bookingd.domain.consents import KEEP_MEANS
from bookingd.domain.ids import PaymentId
from bookingd.domain.places import local
from bookingd.storage import payments, places
from handlers.bodies import form_body
from handlers.booking_page import words_for
from handlers.booking_views import PaymentAccepted
from handlers.bookings import MOVES
from handlers.errors import Problem
from handlers.gate import who_of
from handlers.guests.access_page import way_in
from handlers.intake import Claim
from handlers.opened import open_booking
from handlers.pages import page
from handlers.parts import PARTS, GatewayFacts, Parts
from handlers.paying.beginning import begin
from handlers.paying.forms import PayForm
from handlers.paying.offers import PageForm, by_clock, page_form
from handlers.paying.options import Options, payment_options
from handlers.paying.script import pay_script
from handlers.returns import page_address, pay_address
from handlers.views import codes

SECONDS = 8.0
"""How long the gateway's answer is waited for before the payer sees a page that looks again."""

TOLD = frozenset({"invalid-fields", "booking-state", "too-many-payments"})
"""Problems that whoever pays can do something about."""

WALLETS = "camera=(), geolocation=(), microphone=(), usb=(), payment=({})"
"""What the page's frames may use: wallets, and nothing else."""


async def pay_page(request: web.Request) -> web.Response:
    """What is due, by which plans and in which ways."""
    booking = await _opened(request)
    if isinstance(booking, web.Response):
        return booking
    return await _shown(request, booking)


async def pay_by_form(request: web.Request) -> web.Response:
    """Begin to pay, and send the browser to where it goes on."""
    booking = await _opened(request)
    if isinstance(booking, web.Response):
        return booking
    try:
        given = await form_body(request, PayForm)
        with request.app[MOVES].watching(booking.id) as watch:
            accepted = await begin(request, booking, _asked(given), _claim(booking, given))
            payment_id = PaymentId(UUID(accepted.payment_id))
            booking = await request.app[MOVES].settled(
                booking.id, watch, lambda now: _is_answered(now, payment_id), seconds=SECONDS
            )
    except Problem as problem:
        if problem.kind.slug not in TOLD:
            raise
        return await _shown(request, booking, problem)
    return await _onward(request, booking, accepted)


async def _opened(request: web.Request) -> Booking | web.Response:
    """The booking, or a page that leads there by a code."""
    try:
        return (await open_booking(request, Action.PAY)).booking
    except Problem as problem:
        if problem.kind.slug == "not-found":
            return way_in(request)
        raise


def _asked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The form's choice as `POST .../payments` has it."""
    way, _, kept = given["way"].partition(":")
    return {
        "gateway": way,
        "schedule": given["schedule"],
        "payment_method": given["payment_method"],
        "kept": None,
        "keep": given["keep"] is not None,
        "consent": given["keep"],
        "amount": None,
        "return_url": None,
    } | (_kept(kept) if way == "kept" else {})


def _kept(told: str) -> dict[str, Any]:
    """`GATEWAY:ID` of what is kept."""
    gateway, _, payment_id = told.partition(":")
    try:
        return {"gateway": gateway, "kept": UUID(payment_id), "payment_method": "", "keep": False}
    except ValueError:
        return {"gateway": gateway, "kept": UUID(int=0), "payment_method": "", "keep": False}


def _claim(booking: Booking, given: Mapping[str, Any]) -> Claim:
    """Who clicks twice has paid once: the page that was loaded is the attempt, whatever it sends."""
    return Claim(key=(f"page:{booking.id}", given["attempt"]), fingerprint=given["attempt"].encode())


def _is_answered(booking: Booking, payment_id: PaymentId) -> bool:
    payment = booking.payment(payment_id)
    return payment is not None and payment.state is not PaymentState.CREATED


async def _onward(request: web.Request, booking: Booking, accepted: PaymentAccepted) -> web.Response:
    """To the payer's bank or the gateway's page; to the booking, for a transfer; else to what comes of it."""
    parts, payment_id = request.app[PARTS], PaymentId(UUID(accepted.payment_id))
    async with parts.database.connection() as connection:
        row = await payments.load(connection, payment_id=payment_id)
    acts = _is_in(booking, payment_id, PaymentState.REQUIRES_ACTION)
    if acts and row and row.action_url and row.action_url.startswith(("https://", "http://")):
        return _going(request, row.action_url, accepted.gateway)
    if acts and row and row.instructions:
        return _see_other(page_address(request, booking.reference))
    here, mark, shown = page_address(request, booking.reference).partition("?")
    return _see_other(f"{here}/payments/{payment_id}/return{mark}{shown}")


def _is_in(booking: Booking, payment_id: PaymentId, state: PaymentState) -> bool:
    payment = booking.payment(payment_id)
    return payment is not None and payment.state is state


def _going(request: web.Request, to: str, gateway: str) -> web.Response:
    """A page that sends on: a form's own answer may lead to no other site (form-action)."""
    told = "PayPal asks you to agree." if gateway == "paypal" else "You go on to confirm the payment."
    return page(request, "going.html", title="One more step", values={"to": to, "told": told})


def _see_other(where: str) -> web.Response:
    """By GET, so that loading it again sends nothing."""
    headers: dict[str, str] = {hdrs.LOCATION: where, "Referrer-Policy": "same-origin"}
    return web.Response(status=303, headers=headers)


async def _shown(request: web.Request, booking: Booking, problem: Problem | None = None) -> web.Response:
    parts = request.app[PARTS]
    options = await payment_options(parts, booking, who_of(request))
    form = page_form(options)
    fields = form.fields
    shown = page(
        request,
        "pay.html",
        title=f"Pay - booking {booking.reference}",
        values={
            **_words(booking, options, form),
            **form.values(),
            "reference": booking.reference,
            "trip": await _trip(parts, booking),
            "total": booking.total.format(),
            "in_hand": booking.in_hand.format() if booking.in_hand else "",
            "deadline": _deadline(options),
            "action": pay_address(request, booking.reference),
            "booking_page": page_address(request, booking.reference),
            "attempt": parts.sources.chance.token(16).hex(),
            "script": fields.script if fields else "",
            "own": pay_script(),
            "wrong": _said(problem) if problem else "",
            "consent": KEEP_MEANS if options.may_keep and form.keeps else None,
        },
        status=problem.kind.status if problem else 200,
        form=True,
        sources=_sources(fields),
    )
    shown.headers.update(_headers(fields))
    shown.headers.update(problem.headers if problem else {})
    return shown


def _words(booking: Booking, options: Options, form: PageForm) -> dict[str, str]:
    if options.hindrance is None:
        told = "Nothing is charged before you press the button below."
        return {"heading": "Pay for your booking", "told": told, "advice": "", "tone": "", "act_at": ""}
    words = words_for(booking)
    return {
        "heading": words.heading,
        "told": words.told,
        "advice": words.advice,
        "tone": words.tone,
        "act_at": "",
    }


def _said(problem: Problem) -> str:
    """What the payer reads of it."""
    told = " ".join(f"{one.message} {one.hint or ''}".strip() for one in problem.errors)
    return f"Nothing was charged. {told or problem.detail}"


def _sources(fields: GatewayFacts | None) -> Mapping[str, tuple[str, ...]]:
    """Exactly the gateway's hosts, and our own script; none where nothing runs."""
    return fields.sources if fields else {}


def _headers(fields: GatewayFacts | None) -> dict[str, str]:
    hosts = [f'"{one}"' for one in fields.sources.get("frame-src", ()) if "*" not in one] if fields else []
    opener = {"Cross-Origin-Opener-Policy": "same-origin-allow-popups"} if fields else {}
    return {"Permissions-Policy": WALLETS.format(" ".join(["self", *hosts])), **opener}


def _deadline(options: Options) -> str:
    """By the clock of where the journey begins."""
    until = options.booking.balance_by or options.booking.hold_until
    if until is None or options.hindrance is not None:
        return ""
    return by_clock(options, until)


async def _trip(parts: Parts, booking: Booking) -> str:
    """`Frankfurt am Main to New York, 2 December 2026`."""
    itineraries = [item.offer.itinerary for item in booking.items]
    airports, airlines = codes(itineraries)
    async with parts.database.connection() as connection:
        names = await places.names(connection, airports=airports, airlines=airlines)
    first = itineraries[0].slices[0]
    segments = first.segments
    ends = [segments[0].origin, segments[-1].destination]
    cities = [names.airports[code].city if code in names.airports else code for code in ends]
    day = local(first.departs_at, segments[0].origin_zone)
    return f"{cities[0]} to {cities[1]}, {day:%-d %B %Y}"
