"""Counting who asks for codes and who tries them, before anything is looked up.

The one rule: what is counted are the reference and the address that were given, whether or not there is such
a booking. So a wait tells nothing, and whoever has us send mails to somebody is slowed wherever they are.
"""

from collections.abc import Iterable

from aiohttp import web

from bookingd.domain.ids import Reference
from bookingd.security.throttle import Gate
from handlers.clients import client_address
from handlers.errors import Problem
from handlers.parts import PARTS


async def count_asking(request: web.Request, reference: Reference, address_key: str) -> None:
    """Count one who wants a code for that booking sent to that address. Raises Problem."""
    await _pass(request, [_from_network(request), *_asking(request, reference, address_key)])


async def count_code(request: web.Request, reference: Reference) -> None:
    """Count a code that is tried at that booking. Raises Problem."""
    await _pass(request, _trying(request, reference))


async def was_right(request: web.Request, reference: Reference, address_key: str) -> None:
    """The code was right: neither asking for it nor showing it was a wrong try."""
    throttle = request.app[PARTS].accounts.throttle
    at_booking, *others = _trying(request, reference)
    await throttle.forget(at_booking, *_asking(request, reference, address_key))
    await throttle.give_back(*others)
    await throttle.give_back(_from_network(request))


def _asking(request: web.Request, reference: Reference, address_key: str) -> tuple[Gate, Gate]:
    gates = request.app[PARTS].accounts.gates
    return gates.codes(_named(reference)), gates.codes(f"to {address_key}")


def _trying(request: web.Request, reference: Reference) -> tuple[Gate, ...]:
    return request.app[PARTS].accounts.gates.all(_named(reference), client_address(request))


def _named(reference: Reference) -> str:
    """Apart from accounts, whose addresses are counted at the same gates."""
    return f"booking {reference}"


def _from_network(request: web.Request) -> Gate:
    return request.app[PARTS].accounts.gates.from_network(client_address(request))


async def _pass(request: web.Request, gates: Iterable[Gate]) -> None:
    parts = request.app[PARTS]
    if wait := await parts.accounts.throttle.take(*gates):
        parts.metrics.booking_access.labels("throttled").inc()
        told = f"There were too many tries. The next is looked at in {wait} s."
        raise Problem("too-many-attempts", told, headers={"Retry-After": str(wait)})
