"""A supplier that does what a test wants: answers, hangs, breaks, or is slow."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

from bookingd.domain.offers import Offer
from bookingd.domain.stays import StayOffer
from bookingd.sources import Clock, SystemClock
from bookingd.suppliers.budget import Budget, Rate
from bookingd.suppliers.guard import Guard, Guarded, Limits, Source
from bookingd.suppliers.port import Found
from bookingd.suppliers.unsellable import Unsellable
from bookingd.telemetry.suppliers import SupplierMetrics
from tests.fakes.redis import Away

C = TypeVar("C")
O = TypeVar("O", Offer, StayOffer)  # noqa: E741 - an offer of either kind


class FakeSource(Generic[O]):
    """Answers with `offers`, after `delay` seconds, when it `may_answer`; or raises what `fails` makes."""

    def __init__(self, name: str = "acme", offers: Sequence[O] = ()) -> None:
        self.name = name
        self.offers: Sequence[O] = [replace(offer, supplier=name) for offer in offers]
        self.complete = True
        self.delay = 0.0
        self.fails: Callable[[], Exception] | None = None
        self.changed: dict[str, Any] = {}
        """Fields of each offer that are different when it is asked for again."""
        self.deaf = False
        """Whether it goes on when it is told to stop."""
        self.calls = 0
        self.under_way = 0
        self.most_at_once = 0
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    def hang(self) -> None:
        """Answer nobody until `may_answer` is set."""
        self.may_answer.clear()

    async def search(self, criteria: object) -> Found[O]:
        """As a source does."""
        await self._work()
        here = [
            offer for offer in self.offers if offer.price.currency == getattr(criteria, "currency", "EUR")
        ]
        return Found(offers=here, complete=self.complete)

    async def check(self, offer: O) -> O:
        """The offer as it was shown, or with what has changed about it."""
        await self._work()
        return replace(offer, **self.changed)

    async def _work(self) -> None:
        self.calls += 1
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        self.was_asked.set()
        try:
            await self._wait()
        finally:
            self.under_way -= 1
        if self.fails is not None:
            raise self.fails()

    async def _wait(self) -> None:
        if self.delay:
            await asyncio.sleep(self.delay)
        while not self.may_answer.is_set():
            try:
                await self.may_answer.wait()
            except asyncio.CancelledError:
                if not self.deaf:
                    raise


def behind_guard(
    source: Source[O, C],
    *,
    product: str = "flights",
    deadline: float = 0.25,
    concurrency: int = 10,
    rate: Rate | None = None,
    failures: int = 3,
    clock: Clock | None = None,
    metrics: SupplierMetrics | None = None,
) -> Guarded[O, C]:
    """The source as actors have it; left alone for 30 s when it has failed so often."""
    clock = clock or SystemClock()
    guard = Guard(
        supplier=source.name,
        product=product,
        limits=Limits(
            deadline=deadline, concurrency=concurrency, breaker_failures=failures, breaker_seconds=30
        ),
        budget=Budget(source.name, rate, client=Away(), clock=clock) if rate else None,
        clock=clock,
        metrics=metrics or SupplierMetrics(),
    )
    return Guarded(source, guard)


def unknowing(clock: Clock) -> Unsellable:
    """Of a process that has heard of no refusal, without a Redis."""
    return Unsellable(Away(), clock=clock, seconds=300)
