"""An outside flight supplier in memory, which knows no idempotency key: a repeated hold is a second order.

What it is told beforehand (`refuse`, `lose_answer` …) holds for the next fitting call, or for `times` calls.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from bookingd.domain.ids import IntentId, ItemId, RecordLocator
from bookingd.domain.offers import Offer
from bookingd.outcomes import OutsideError, Refused, Unavailable, UnknownOutcome
from bookingd.suppliers.port import Order, Ticketed
from tests.fakes.telling import Telling, take

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class _Told(Telling):
    error: OutsideError
    after: bool


class Pause:
    """A call that waits for a test."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    async def wait(self) -> None:
        self.reached.set()
        await self.go_on.wait()


class FakeFlightDesk:
    """Holds, tickets and releases whatever it is asked to, unless it was told otherwise."""

    def __init__(self, name: str = "north") -> None:
        self.name = name
        self.orders: dict[ItemId, Order] = {}
        self.calls: Counter[str] = Counter()
        """How often each operation was asked for, whatever became of it."""
        self.done: Counter[tuple[str, ItemId]] = Counter()
        """How often each operation took effect."""
        self.as_held: Callable[[Offer], Offer] = lambda offer: offer
        """What is held where an offer is asked for."""
        self._told: list[_Told] = []
        self._pauses: dict[str, Pause] = {}

    def refuse(self, operation: str, code: str, *, times: int = 1) -> None:
        """Say no, finally."""
        self._tell(operation, times, Refused(code, "as told"), after=False)

    def lose_answer(self, operation: str, *, times: int = 1) -> None:
        """Do it, and time out."""
        self._tell(operation, times, UnknownOutcome(f"{operation}: timed out after the deed"), after=True)

    def lose_call(self, operation: str, *, times: int = 1) -> None:
        """Do nothing, and time out: the caller cannot tell this from `lose_answer`."""
        self._tell(operation, times, UnknownOutcome(f"{operation}: timed out before the deed"), after=False)

    def be_unavailable(self, operation: str, *, times: int = 1) -> None:
        """Do nothing, and say so."""
        self._tell(operation, times, Unavailable(f"{operation}: away"), after=False)

    def pause(self, operation: str) -> Pause:
        """Have the next such call wait before it does anything."""
        self._pauses[operation] = pause = Pause()
        return pause

    async def hold(self, item: ItemId, offer: Offer, *, until: datetime, key: IntentId) -> Offer:
        return self._do("hold", item, lambda: self._held(item, offer))

    async def ticket(self, item: ItemId, *, key: IntentId) -> Ticketed:
        await self._wait("ticket")
        return self._do("ticket", item, lambda: self._ticketed(item))

    async def release(self, item: ItemId, *, key: IntentId) -> None:
        self._do("release", item, lambda: self.orders.pop(item, None))

    async def find(self, item: ItemId) -> Order | None:
        return self._do("find", item, lambda: self.orders.get(item))

    def _held(self, item: ItemId, offer: Offer) -> Offer:
        held = self.as_held(offer)
        self.orders[item] = Order(held=held)
        return held

    def _ticketed(self, item: ItemId) -> Ticketed:
        if item not in self.orders:
            raise Refused("gone", "nothing is held")
        numbers = range(self.orders[item].held.party.size)
        ticketed = Ticketed(
            locator=RecordLocator(f"{self.name.upper()}1"),
            tickets=tuple(f"220-{number}" for number in numbers),
        )
        self.orders[item] = replace(self.orders[item], ticketed=ticketed)
        return ticketed

    async def _wait(self, operation: str) -> None:
        if pause := self._pauses.pop(operation, None):
            await pause.wait()

    def _do(self, operation: str, item: ItemId, deed: Callable[[], T]) -> T:
        self.calls[operation] += 1
        told = take(self._told, operation)
        if told is not None and not told.after:
            raise told.error
        answer = deed()
        self.done[operation, item] += 1
        if told is not None:
            raise told.error
        return answer

    def _tell(self, operation: str, times: int, error: OutsideError, *, after: bool) -> None:
        self._told.append(_Told(operation=operation, times=times, error=error, after=after))
