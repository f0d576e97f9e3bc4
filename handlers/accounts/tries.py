"""Counting tries at passwords and codes, before they are looked at."""

from uuid import UUID

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


async def count_factor(request: web.Request, account: UUID) -> tuple[Gate, ...]:
    """Count one at the account's second factor, and give the gates it passed. Raises Problem.

    One gate for all networks: who comes to it has the password, and nobody else makes its owner wait there.
    """
    gates = request.app[PARTS].accounts.gates
    passed = gates.codes(f"second factor {account}"), gates.from_network(client_address(request))
    await _pass(request, *passed)
    return passed


async def count_unnamed_try(request: web.Request) -> Gate:
    """Count one that does not say at whose account, and give its gate: only its network is slowed.

    Raises Problem.
    """
    gate = request.app[PARTS].accounts.gates.from_network(client_address(request))
    await _pass(request, gate)
    return gate


async def count_mail(request: web.Request, about: str, key: str) -> None:
    """Count one that has us write to the address with that key, apart from tries at its account.

    Raises Problem where there were many lately, from wherever: nobody's mailbox is filled. What mails are
    `about` is counted apart: whoever keeps an owner from asking for a link has that very link sent to them.
    """
    gates = request.app[PARTS].accounts.gates
    passed = gates.codes(f"{about} to {key}"), gates.from_network(client_address(request))
    await _pass(request, *passed, told="There were too many requests of this kind.")


async def count_export(request: web.Request, account: UUID) -> None:
    """Count one that has us gather all that is kept of the account. Raises Problem where there were many."""
    gate = request.app[PARTS].accounts.gates.codes(f"export {account}")
    await _pass(request, gate, told="There were too many requests of this kind.")


async def _pass(request: web.Request, *gates: Gate, told: str = "There were too many wrong tries.") -> None:
    if wait := await request.app[PARTS].accounts.throttle.take(*gates):
        detail = f"{told} The next is looked at in {wait} s."
        raise Problem("too-many-attempts", detail, headers={"Retry-After": str(wait)})


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
