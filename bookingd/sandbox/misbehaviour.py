"""Faults on demand: the same switches for tests, for demonstrations and for curious operators.

The one rule: what is done wrong is said in the name. `…_before` means that nothing was done,
`…_after_deed` that it was done and only the answer was lost: the difference that P9 is about.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from aiohttp import web

from bookingd.sources import Clock

HEADER = "Sandbox-Misbehave"
"""On a request: `timeout_after_deed`, or with seconds where they mean something: `slow=3`."""

ANY = "*"


class How(StrEnum):
    """A way to misbehave."""

    SLOW = "slow"
    """Right, but after `seconds`."""
    TIMEOUT_BEFORE = "timeout_before"
    """No answer, until the caller hangs up; nothing done."""
    TIMEOUT_AFTER_DEED = "timeout_after_deed"
    CLOSE_BEFORE = "close_before"
    """The connection is cut; nothing done."""
    CLOSE_AFTER_DEED = "close_after_deed"
    ERROR_BEFORE = "error_before"
    """500; nothing done."""
    ERROR_AFTER_DEED = "error_after_deed"
    HTML_BEFORE = "html_before"
    """A page of HTML with status 200, as a proxy in between would send; nothing done."""
    HTML_AFTER_DEED = "html_after_deed"
    RATE_LIMITED = "rate_limited"
    """429 with Retry-After; nothing done."""
    LOCKED = "locked"
    """409, or what the vendor says when the object is being worked on; nothing done."""
    WEBHOOK_LATE = "webhook_late"
    """The answer is right; its webhooks come `seconds` later."""
    WEBHOOK_TWICE = "webhook_twice"
    WEBHOOK_FIRST = "webhook_before_answer"
    WEBHOOK_NEVER = "webhook_never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is done wrong this time. `seconds` is for the slow and the late."""

    how: How
    seconds: float = 3.0

    @classmethod
    def parse(cls, text: str) -> "Choice":
        """`slow` or `slow=1.5`. Raises ValueError, which says what there is."""
        word, _, seconds = text.partition("=")
        if word.strip() not in set(How):
            raise ValueError(f"there is no fault {word.strip()!r}; there are {', '.join(sorted(How))}")
        how = How(word.strip())
        return cls(how=how, seconds=float(seconds)) if seconds else cls(how=how)


@dataclass(slots=True, kw_only=True)
class _Switch:
    sandbox: str
    operation: str
    choice: Choice
    times: int | None

    def fits(self, sandbox: str, operation: str) -> bool:
        return self.sandbox in {ANY, sandbox} and self.operation in {ANY, operation}


class Switches:
    """What has been asked for through configuration or `POST /_sandbox/misbehave`, in that order."""

    def __init__(self) -> None:
        self._switches: list[_Switch] = []

    def add(self, *, sandbox: str = ANY, operation: str = ANY, choice: Choice, times: int | None = 1) -> None:
        """Let the next `times` fitting calls (None: all) be done wrong."""
        self._switches.append(_Switch(sandbox=sandbox, operation=operation, choice=choice, times=times))

    def configure(self, text: str) -> None:
        """A standing switch as configuration writes it: `stripe:slow=2`, `stripe:capture:error_before`."""
        sandbox, *operation, how = text.split(":")
        self.add(
            sandbox=sandbox,
            operation=operation[0] if operation else ANY,
            choice=Choice.parse(how),
            times=None,
        )

    def clear(self) -> None:
        self._switches.clear()

    def take(self, sandbox: str, operation: str) -> Choice | None:
        """What is to be done wrong with this call, if anything; it counts as one of the times."""
        for switch in self._switches:
            if switch.fits(sandbox, operation):
                self._count_down(switch)
                return switch.choice
        return None

    def _count_down(self, switch: _Switch) -> None:
        if switch.times is not None:
            switch.times -= 1
            if switch.times <= 0:
                self._switches.remove(switch)


class HungUp(Exception):
    """The connection was cut on purpose: there is nothing left to answer to."""


async def before(
    choice: Choice | None,
    *,
    request: web.Request,
    clock: Clock,
    fault: Callable[[int], web.StreamResponse],
) -> web.StreamResponse | None:
    """What happens instead of the deed, if anything. `fault` makes the vendor's own error of a status."""
    match choice and choice.how:
        case How.SLOW if choice:
            await clock.sleep(choice.seconds)
        case How.TIMEOUT_BEFORE:
            await _silence()
        case How.CLOSE_BEFORE:
            _hang_up(request)
        case How.ERROR_BEFORE:
            return fault(500)
        case How.HTML_BEFORE:
            return _page()
        case How.RATE_LIMITED:
            return fault(429)
        case How.LOCKED:
            return fault(409)
    return None


async def after(
    choice: Choice | None, answer: web.StreamResponse, *, request: web.Request
) -> web.StreamResponse:
    """What becomes of the answer once the deed is done."""
    match choice and choice.how:
        case How.TIMEOUT_AFTER_DEED:
            await _silence()
        case How.CLOSE_AFTER_DEED:
            _hang_up(request)
        case How.HTML_AFTER_DEED:
            return _page()
    return answer


async def _silence() -> NoReturn:
    """Wait until the caller hangs up or the server stops: either cancels the handler."""
    await asyncio.get_running_loop().create_future()
    raise HungUp


def _hang_up(request: web.Request) -> NoReturn:
    if request.transport is not None:
        request.transport.abort()
    raise HungUp


def _page() -> web.Response:
    return web.Response(
        text="<!doctype html><title>Welcome</title><h1>Please sign in to the network</h1>",
        content_type="text/html",
    )
