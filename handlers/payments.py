"""Paying: what a client needs to know of the gateways, and an attempt to pay a booking."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta

from bookingd.domain.access import Action
from bookingd.domain.booking.facts import StartPayment
from bookingd.domain.booking.state import OVER, Booking, BookingState, PaymentState
from bookingd.domain.ids import PaymentId
from bookingd.domain.money import Money
from bookingd.storage import payments
from bookingd.tokens import Purpose
from handlers.bodies import fingerprint, json_body, required_key, wait_of
from handlers.booking_views import PaymentAccepted, links, payment_view
from handlers.bookings import INTAKE, MOVES
from handlers.braking import counted
from handlers.errors import Problem
from handlers.fields import refuse
from handlers.gate import who_of
from handlers.intake import Claim, Work
from handlers.moves import Watch
from handlers.opened import open_booking
from handlers.parts import PARTS, Parts
from handlers.principals import LINK, origin_of
from handlers.reply import encode, json_reply
from handlers.requests import NewPayment
from handlers.views import View, amount

RETURN_LIFE = timedelta(hours=2)
"""How long the address works to which a gateway's page sends the browser back: it stays in its history."""

_accepted = msgspec.json.Decoder(PaymentAccepted)


class GatewayView(View, frozen=True, kw_only=True, omit_defaults=True):
    """What a client needs to pay by a gateway: to give it a card and get a `pm_...` for it, or to know that
    the payer is sent to the gateway's own page.
    """

    gateway: str
    publishable_key: str
    api_base: Annotated[str, Meta(description="Where the gateway's own API is.")]
    script: Annotated[
        str | None,
        Meta(
            description="What a page loads to show the gateway's own fields, for cards and wallets; at Stripe"
            " the Payment Element, whose confirmation token is the payment_method."
        ),
    ] = None
    own_page: Annotated[
        bool,
        Meta(description="The payer chooses how to pay at its own page: no payment_method is sent along."),
    ] = False
    currencies: Annotated[
        tuple[str, ...] | None, Meta(description="What it takes; where none are named, nearly all.")
    ] = None


class Gateways(View, frozen=True, kw_only=True):
    """The gateways that take payments here."""

    gateways: tuple[GatewayView, ...]


async def gateways(request: web.Request) -> web.Response:
    """Who takes payments here. Card data goes to them and never comes to us."""
    facts = request.app[PARTS].gateway_facts
    shown = tuple(
        GatewayView(
            gateway=one.gateway,
            publishable_key=one.publishable_key,
            api_base=one.api_base,
            script=one.script,
            own_page=one.has_own_page,
            currencies=None if one.currencies is None else tuple(sorted(one.currencies)),
        )
        for one in facts
    )
    return json_reply(Gateways(gateways=shown), headers={hdrs.CACHE_CONTROL: "public, max-age=300"})


async def pay(request: web.Request) -> web.Response:
    """Start to pay. Answers when the attempt is recorded; the gateway is asked after."""
    parts, who = request.app[PARTS], who_of(request)
    asked, given = await json_body(request, NewPayment)
    booking = (await open_booking(request, Action.PAY)).booking
    claim = Claim(key=required_key(request, who.principal), fingerprint=fingerprint(request, given))
    # The booking moves on by being paid for; the answer to the request that paid does not change.
    if (before := await request.app[INTAKE].recall(claim)) is not None:
        return await _answer_paying(request, booking, before)
    if asked["gateway"] not in (known := choosable(parts)):
        raise refuse("gateway", "unknown_gateway", f"Known here: {', '.join(sorted(known))}.")
    check_payable(booking, parts.sources.clock.now())
    check_taken(parts, asked["gateway"], asked["payment_method"], booking.total)
    message = _message(parts, booking, asked["gateway"], asked["payment_method"], asked["return_url"])
    work = Work(
        claim=claim,
        origin=origin_of(request, who.acting),
        messages=(message,),
        answer=lambda placed, now: encode(_begun(booking, message)),
        location=lambda placed: f"/v1/bookings/{booking.reference}",
    )
    with request.app[MOVES].watching(booking.id) as watch:
        async with counted(request, booking, message.payment_id) as attempt:
            recorded = await request.app[INTAKE].submit(work)
            attempt.made = _accepted.decode(recorded).payment_id == str(message.payment_id)
        return await _answer_paying(request, booking, recorded, watch)


def choosable(parts: Parts) -> set[str]:
    """The gateways that a payer may choose: cash, and transfers to nowhere, only staff record."""
    own = {"credit"} | ({"transfer"} if parts.settings.transfer.iban else set())
    return {facts.gateway for facts in parts.gateway_facts} | (own & parts.gateways.keys())


def check_taken(parts: Parts, gateway: str, payment_method: str, due: Money) -> None:
    """Raises Problem where the gateway could not take this amount, or takes no means that is given to us."""
    facts = next((one for one in parts.gateway_facts if one.gateway == gateway), None)
    if facts is None:
        return
    if (refused := facts.refusal(due)) is not None:
        others = ", ".join(sorted(choosable(parts) - {gateway}))
        raise refuse("gateway", refused.code, f"{refused.reason}.", f"Pay with another one: {others}.")
    if facts.has_own_page and payment_method:
        hint = "Leave it out, and send the payer's browser to action_url."
        raise refuse("payment_method", "not_taken", f"The payer chooses how to pay at {gateway}.", hint)


def check_payable(booking: Booking, now: datetime) -> None:
    """Raises Problem where there is nothing to pay for, with what to do instead."""
    told = {
        BookingState.PENDING: "Its seats are still being held: wait until it is awaiting_payment.",
        BookingState.PRICE_CHANGED: "Its price has changed: agree to it first, with POST .../consents.",
        BookingState.CONFIRMING: "It is being paid for already: follow its events.",
        BookingState.CONFIRMED: "It is paid for already.",
        BookingState.EXPIRED: "It was not paid for in time: search and book again.",
        BookingState.FAILED: "It could not be had, and nothing was charged: search and book again.",
        BookingState.CANCELLED: "It was called off.",
    }.get(booking.state)
    if told is not None:
        raise Problem("booking-state", f"The booking is {booking.state}. {told}")
    if booking.hold_until is not None and now >= booking.hold_until:
        raise Problem("booking-state", "The hold has just ended: search and book again.")
    if booking.is_asking_for_money:
        told = "Another payment of it is with its gateway: follow its events until that one is answered."
        raise Problem("booking-state", told)


def _message(
    parts: Parts, booking: Booking, gateway: str, payment_method: str, return_url: str | None
) -> StartPayment:
    payment_id = PaymentId(parts.sources.ids.new())
    return StartPayment(
        booking_id=booking.id,
        payment_id=payment_id,
        gateway=gateway,
        payment_method=payment_method,
        return_url=_own_page(parts, return_url) if return_url else _return_page(parts, booking, payment_id),
    )


def _own_page(parts: Parts, url: str) -> str:
    """A return address of this site: anything else would make us send payers where others want them."""
    try:
        given, ours = urlsplit(url), urlsplit(parts.public_url)
        same = (given.scheme, given.netloc.lower()) == (ours.scheme, ours.netloc.lower())
    except ValueError:
        same, given, ours = False, urlsplit(""), urlsplit("")
    below = given.path == ours.path or given.path.startswith(f"{ours.path.rstrip('/')}/")
    if not (same and below) or "\\" in url or not url.isascii() or " " in url:
        hint = "Leave it out to use ours."
        raise refuse("return_url", "foreign", f"This has to be a page below {parts.public_url}/.", hint)
    return url


def _return_page(parts: Parts, booking: Booking, payment_id: PaymentId) -> str:
    expires_at = parts.sources.clock.now() + RETURN_LIFE
    token = parts.signer.sign(Purpose.LINK, str(booking.id), expires_at=expires_at)
    here = f"{parts.public_url}/v1/bookings/{booking.reference}/payments/{payment_id}"
    # Not `token`: PayPal's page brings one of its own back.
    return f"{here}/return?{LINK}={token}"


def _begun(booking: Booking, message: StartPayment) -> PaymentAccepted:
    return PaymentAccepted(
        payment_id=str(message.payment_id),
        gateway=message.gateway,
        amount=amount(booking.total),
        state=PaymentState.CREATED,
        reference=booking.reference,
        booking_state=booking.state,
        links=links(booking.reference),
    )


async def _answer_paying(
    request: web.Request, booking: Booking, recorded: bytes, watch: Watch | None = None
) -> web.Response:
    accepted = _accepted.decode(recorded)
    headers: dict[str, str] = {hdrs.LOCATION: accepted.links.self}
    if not (wait := wait_of(request)):
        return json_reply(accepted, status=202, headers=headers)
    headers["Preference-Applied"] = f"wait={wait}"
    moves, payment_id = request.app[MOVES], PaymentId(UUID(accepted.payment_id))
    is_settled = _tells(payment_id)
    with moves.watching(booking.id) as from_now:
        booking = await moves.settled(booking.id, watch or from_now, is_settled, seconds=wait)
    answer = await _now(request.app[PARTS], accepted, booking, payment_id)
    return json_reply(answer, status=201 if is_settled(booking) else 202, headers=headers)


def _tells(payment_id: PaymentId) -> Callable[[Booking], bool]:
    """Whether the gateway has answered, or the booking is over."""

    def tells(booking: Booking) -> bool:
        payment = booking.payment(payment_id)
        answered = payment is not None and payment.state is not PaymentState.CREATED
        return answered or booking.state in OVER

    return tells


async def _now(
    parts: Parts, accepted: PaymentAccepted, booking: Booking, payment_id: PaymentId
) -> PaymentAccepted:
    payment = booking.payment(payment_id)
    if payment is None:
        return msgspec.structs.replace(accepted, booking_state=booking.state)
    async with parts.database.connection() as connection:
        shown = payment_view(payment, await payments.load(connection, payment_id=payment_id))
    return msgspec.structs.replace(
        accepted, booking_state=booking.state, state=shown.state, action_url=shown.action_url
    )
