"""An attempt to pay begins: held against what is offered, counted, and recorded before its answer (P4)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from bookingd.domain.booking.facts import StartPayment
from bookingd.domain.booking.state import Booking, PaymentState
from bookingd.domain.ids import PaymentId
from bookingd.tokens import Purpose
from handlers.booking_views import PaymentAccepted, links
from handlers.bookings import INTAKE
from handlers.braking import counted
from handlers.fields import refuse
from handlers.gate import who_of
from handlers.intake import Claim, Work
from handlers.parts import PARTS, Parts
from handlers.paying.choice import Choice, chosen
from handlers.paying.options import payment_options
from handlers.principals import LINK, origin_of
from handlers.reply import encode
from handlers.views import amount

RETURN_LIFE = timedelta(hours=2)
"""How long the address works to which a gateway's page sends the browser back: it stays in its history."""

_accepted = msgspec.json.Decoder(PaymentAccepted)


async def begin(
    request: web.Request, booking: Booking, asked: Mapping[str, Any], claim: Claim
) -> PaymentAccepted:
    """What was answered to the same request before, or an attempt that is recorded now. Raises Problem.

    The booking moves on by being paid for; the answer to the request that paid does not change.
    """
    if (before := await request.app[INTAKE].recall(claim)) is not None:
        return _accepted.decode(before)
    parts, who = request.app[PARTS], who_of(request)
    choice = chosen(await payment_options(parts, booking, who), asked)
    message = _message(parts, booking, choice, asked["return_url"])
    work = Work(
        claim=claim,
        origin=origin_of(request, who.acting),
        messages=(message,),
        answer=lambda placed, now: encode(_begun(booking, message, choice)),
        location=lambda placed: f"/v1/bookings/{booking.reference}",
    )
    async with counted(request, booking, message.payment_id) as attempt:
        recorded = _accepted.decode(await request.app[INTAKE].submit(work))
        attempt.made = recorded.payment_id == str(message.payment_id)
    return recorded


def _message(parts: Parts, booking: Booking, choice: Choice, return_url: str | None) -> StartPayment:
    payment_id = PaymentId(parts.sources.ids.new())
    return StartPayment(
        booking_id=booking.id,
        payment_id=payment_id,
        gateway=choice.way.gateway,
        payment_method=choice.payment_method,
        return_url=_own_page(parts, return_url) if return_url else _return_page(parts, booking, payment_id),
        schedule=choice.plan.schedule,
        keep=choice.keep,
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


def _begun(booking: Booking, message: StartPayment, choice: Choice) -> PaymentAccepted:
    return PaymentAccepted(
        payment_id=str(message.payment_id),
        gateway=message.gateway,
        amount=amount(choice.due),
        state=PaymentState.CREATED,
        reference=booking.reference,
        booking_state=booking.state,
        links=links(booking.reference),
    )
