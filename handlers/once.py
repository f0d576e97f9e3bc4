"""Requests that make something and are sent twice: done once, and answered the second time by what was made.

The one rule: what is remembered is the name of what was made, never what was said of it; so nothing personal
lies among the answers. Bookings, which come in a rush, have a way of their own (handlers/intake.py).
"""

from typing import Any

from aiohttp import web

from bookingd.storage import idempotency
from bookingd.storage.database import Connection
from bookingd.storage.idempotency import Record
from bookingd.storage.transactions import Transaction
from handlers.bodies import fingerprint, idempotency_key
from handlers.errors import Problem
from handlers.gate import who_of
from handlers.intake import Claim


def claim_of(request: web.Request, given: Any) -> Claim | None:
    """Under which key the request is sent; None where it has none, and is done as often as it is sent."""
    key = idempotency_key(request, who_of(request).principal)
    return Claim(key=key, fingerprint=fingerprint(request, given)) if key else None


async def made_before(connection: Connection, claim: Claim | None) -> str | None:
    """What the same request made before. Raises Problem where the key was sent with another one."""
    if claim is None:
        return None
    known = (await idempotency.load(connection, keys=[claim.key])).get(claim.key)
    if known is None:
        return None
    if known[0] != claim.fingerprint:
        raise Problem("key-reused", "This Idempotency-Key was sent with another request before.")
    return known[1].decode()


async def remember(transaction: Transaction, claim: Claim | None, *, made: str, location: str) -> None:
    """So that it is not made again. Raises Problem where the same request is just being worked on."""
    if claim is None:
        return
    record = Record(
        key=claim.key,
        fingerprint=claim.fingerprint,
        status=201,
        location=location,
        answer=made.encode(),
    )
    if not await idempotency.insert(transaction.connection, records=[record], now=transaction.now):
        told = "A request with this Idempotency-Key is being worked on."
        raise Problem("request-running", told, headers={"Retry-After": "1"})
