"""What can be asked of a booking before it is paid for: agree to a changed price, call it off."""

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import hdrs, web

from bookingd.domain.access import Action
from bookingd.domain.booking.facts import BookingMessage, CallOff, GiveConsent
from bookingd.domain.booking.state import Booking, BookingState
from bookingd.domain.money import Money
from handlers.bodies import fingerprint, idempotency_key, json_body, wait_of
from handlers.booking_views import WishAccepted, links
from handlers.bookings import INTAKE, MOVES
from handlers.errors import FieldError, Problem
from handlers.gate import who_of
from handlers.intake import Claim, Work
from handlers.opened import open_booking
from handlers.principals import origin_of
from handlers.reply import encode, json_reply
from handlers.requests import Cancellation, Consent

_accepted = msgspec.json.Decoder(WishAccepted)

CAN_BE_CALLED_OFF = frozenset(
    {BookingState.PENDING, BookingState.PRICE_CHANGED, BookingState.AWAITING_PAYMENT}
)


async def consent(request: web.Request) -> web.Response:
    """Agree to the proposed total, and to nothing else (P8)."""
    asked, given = await json_body(request, Consent)
    booking = (await open_booking(request, Action.CONSENT)).booking
    total = Money(asked["total"]["amount"], asked["total"]["currency"].upper())

    def check() -> None:
        _check_consent(booking, total)

    message = GiveConsent(booking_id=booking.id, total=total)
    return await _ask(request, booking, given, message, check)


async def cancel(request: web.Request) -> web.Response:
    """Call the booking off; what is held is given back, and what was authorised is released."""
    _, given = await json_body(request, Cancellation)
    booking = (await open_booking(request, Action.CANCEL)).booking
    if booking.state is BookingState.CANCELLED:
        return json_reply(_accept(booking), status=202)

    def check() -> None:
        _check_cancellation(booking)

    message = CallOff(booking_id=booking.id)
    return await _ask(request, booking, given, message, check)


async def _ask(
    request: web.Request,
    booking: Booking,
    given: Any,
    message: BookingMessage,
    check: Callable[[], None],
) -> web.Response:
    """Send the message once; a request that was taken in before is not checked again."""
    who, intake = who_of(request), request.app[INTAKE]
    key = idempotency_key(request, who.principal)
    claim = Claim(key=key, fingerprint=fingerprint(request, given)) if key else None
    if claim is not None and (before := await intake.recall(claim)) is not None:
        return json_reply(_accepted.decode(before), status=202)
    check()
    work = Work(
        claim=claim,
        origin=origin_of(request, who.acting),
        messages=(message,),
        answer=lambda placed, now: encode(_accept(booking)),
        location=lambda placed: f"/v1/bookings/{booking.reference}",
    )
    moves = request.app[MOVES]
    headers: dict[str, str] = {hdrs.LOCATION: f"/v1/bookings/{booking.reference}"}
    with moves.watching(booking.id) as watch:
        await intake.submit(work)
        if wait := wait_of(request):
            before_it = booking.state
            booking = await moves.settled(
                booking.id, watch, lambda now: now.state is not before_it, seconds=wait
            )
            headers["Preference-Applied"] = f"wait={wait}"
    return json_reply(_accept(booking), status=202, headers=headers)


def _check_consent(booking: Booking, total: Money) -> None:
    if booking.state is not BookingState.PRICE_CHANGED:
        raise Problem("booking-state", f"The booking is {booking.state}: no consent is waited for.")
    if total != booking.proposed_total:
        words = f"The proposed total is {booking.proposed_total.format()}; agree to that or call it off."
        error = FieldError(field="total", code="total_differs", message=words)
        raise Problem("invalid-fields", words, errors=[error])


def _check_cancellation(booking: Booking) -> None:
    if booking.state not in CAN_BE_CALLED_OFF:
        told = {
            BookingState.CONFIRMING: "It is being ticketed; ask the agency when it is confirmed.",
            BookingState.CONFIRMED: "It is paid for and ticketed; ask the agency to cancel it.",
        }.get(booking.state, "It holds nothing any more, and there is nothing to cancel.")
        raise Problem("booking-state", f"The booking is {booking.state}. {told}")


def _accept(booking: Booking) -> WishAccepted:
    return WishAccepted(reference=booking.reference, state=booking.state, links=links(booking.reference))
