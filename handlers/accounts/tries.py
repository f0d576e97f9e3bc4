"""Counting tries at passwords and codes, before they are looked at."""

from aiohttp import web

from bookingd.security.throttle import Gate
from handlers.clients import client_address
from handlers.errors import Problem
from handlers.parts import PARTS


async def count_try(request: web.Request, what: str) -> tuple[Gate, ...]:
    """Count one at `what` (an account's key, a booking's reference) and give the gates it passed.

    Raises Problem where it comes too early after wrong ones.
    """
    gates = request.app[PARTS].accounts.gates.all(what, client_address(request))
    await _pass(request, *gates)
    return gates


async def count_unnamed_try(request: web.Request) -> None:
    """Count one that does not say at whose account: only its network is slowed. Raises Problem."""
    await _pass(request, request.app[PARTS].accounts.gates.from_network(client_address(request)))


async def _pass(request: web.Request, *gates: Gate) -> None:
    parts = request.app[PARTS]
    if wait := await parts.accounts.throttle.take(*gates):
        parts.metrics.sign_ins.labels("throttled").inc()
        told = f"There were too many wrong tries. The next is looked at in {wait} s."
        raise Problem("too-many-attempts", told, headers={"Retry-After": str(wait)})


async def was_right(request: web.Request, gates: tuple[Gate, ...]) -> None:
    """The try was a right one: this network may begin anew at this account; elsewhere it was none."""
    throttle = request.app[PARTS].accounts.throttle
    at_account, *others = gates
    await throttle.forget(at_account)
    await throttle.give_back(*others)
