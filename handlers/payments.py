"""Paying: what a client needs to know of the gateways, and an attempt to pay a booking."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta

from bookingd.domain.access import Action
from bookingd.domain.booking.state import OVER, Booking, PaymentState
from bookingd.domain.ids import PaymentId
from bookingd.storage import payments
from handlers.bodies import fingerprint, json_body, required_key, wait_of
from handlers.booking_views import PaymentAccepted, payment_view
from handlers.bookings import MOVES
from handlers.fields import load_query
from handlers.gate import who_of
from handlers.intake import Claim
from handlers.moves import Watch
from handlers.opened import open_booking
from handlers.parts import PARTS, Parts
from handlers.paying.beginning import begin
from handlers.paying.option_views import options_view
from handlers.paying.options import payment_options
from handlers.reply import json_reply
from handlers.requests import Link, NewPayment, schema
from handlers.views import View


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


async def options(request: web.Request) -> web.Response:
    """How the booking can be paid now, by whoever asks; the attempt to pay is held against the same."""
    load_query(schema(Link), request.query)
    booking = (await open_booking(request, Action.PAY)).booking
    return json_reply(options_view(await payment_options(request.app[PARTS], booking, who_of(request))))


async def pay(request: web.Request) -> web.Response:
    """Start to pay. Answers when the attempt is recorded; the gateway is asked after."""
    asked, given = await json_body(request, NewPayment)
    booking = (await open_booking(request, Action.PAY)).booking
    key = required_key(request, who_of(request).principal)
    with request.app[MOVES].watching(booking.id) as watch:
        claim = Claim(key=key, fingerprint=fingerprint(request, given))
        return await _answer_paying(request, booking, await begin(request, booking, asked, claim), watch)


async def _answer_paying(
    request: web.Request, booking: Booking, accepted: PaymentAccepted, watch: Watch
) -> web.Response:
    headers: dict[str, str] = {hdrs.LOCATION: accepted.links.self}
    if not (wait := wait_of(request)):
        return json_reply(accepted, status=202, headers=headers)
    headers["Preference-Applied"] = f"wait={wait}"
    moves, payment_id = request.app[MOVES], PaymentId(UUID(accepted.payment_id))
    is_settled = _tells(payment_id)
    booking = await moves.settled(booking.id, watch, is_settled, seconds=wait)
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
        accepted,
        booking_state=booking.state,
        state=shown.state,
        failure=shown.failure,
        action_url=shown.action_url,
        instructions=shown.instructions,
    )
