"""Attempts to pay are counted before a gateway hears of them: the edge of the brake on card testing.

The one rule: what is refused here, or was no attempt (the same request again), is not counted.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from bookingd.domain.accounts.permissions import Permission
from bookingd.domain.booking.state import Booking
from bookingd.domain.ids import PaymentId
from bookingd.security.card_testing import Closed
from handlers.clients import client_address
from handlers.errors import Problem
from handlers.gate import who_of
from handlers.parts import PARTS

TOLD = {
    "network": "Too many attempts to pay from your network have come to nothing lately.",
    "booking": "Too many attempts to pay for this booking have come to nothing lately.",
    "account": "Too many attempts to pay with this account have come to nothing lately.",
}


@dataclass(slots=True)
class Counted:
    """An attempt that was counted."""

    made: bool = False
    """Whether it came to be one."""


@asynccontextmanager
async def counted(request: web.Request, booking: Booking, payment_id: PaymentId) -> AsyncIterator[Counted]:
    """Count the attempt, unless it turns out to be none. Raises Problem where there were too many."""
    parts, attempt = request.app[PARTS], Counted()
    async with parts.database.transaction() as connection:
        closed = await parts.brake.take(
            connection,
            payment_id,
            booking_id=booking.id,
            address=_address(request),
            account=booking.owner if booking.owner.startswith("account:") else None,
        )
    if closed is not None:
        raise _refusal(closed)
    try:
        yield attempt
    finally:
        if not attempt.made:
            async with parts.database.transaction() as connection:
                await parts.brake.give_back(connection, [payment_id])


def _address(request: web.Request) -> str | None:
    """Staff take payments for many, and are known by name."""
    return None if who_of(request).has(Permission.BOOKINGS_ACT) else client_address(request)


def _refusal(closed: Closed) -> Problem:
    told = f"{TOLD[closed.gate]} Nothing was charged by this one. Try again in {_span(closed.wait)}."
    return Problem("too-many-payments", told, headers={"Retry-After": str(closed.wait)})


def _span(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return f"{minutes} minutes" if minutes > 1 else "a minute"
