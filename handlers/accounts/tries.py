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


async def count_unnamed_try(request: web.Request) -> Gate:
    """Count one that does not say at whose account, and give its gate: only its network is slowed.

    Raises Problem.
    """
    gate = request.app[PARTS].accounts.gates.from_network(client_address(request))
    await _pass(request, gate)
    return gate


async def _pass(request: web.Request, *gates: Gate) -> None:
    if wait := await request.app[PARTS].accounts.throttle.take(*gates):
        told = f"There were too many wrong tries. The next is looked at in {wait} s."
        raise Problem("too-many-attempts", told, headers={"Retry-After": str(wait)})


async def was_right(request: web.Request, gates: tuple[Gate, ...]) -> None:
    """The try was a right one: this network may begin anew at this account; elsewhere it was none."""
    throttle = request.app[PARTS].accounts.throttle
    at_account, *others = gates
    await throttle.forget(at_account)
    await throttle.give_back(*others)


async def earlier_was_right(request: web.Request, what: str) -> None:
    """So was the one at `what` before it, which had been counted until more was shown."""
    await was_right(request, request.app[PARTS].accounts.gates.all(what, client_address(request)))


async def unnamed_was_right(request: web.Request, gate: Gate) -> None:
    """A try that did not say at whose account was a right one."""
    await request.app[PARTS].accounts.throttle.give_back(gate)
