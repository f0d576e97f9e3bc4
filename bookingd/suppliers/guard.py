"""What stands between us and a supplier: it bounds how long, how often and how many at once it is asked.

The one rule: a supplier that hangs, fails or is asked too much costs its own answers only, and nobody waits
for it longer than its deadline; each way in which a call ends is counted.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from bookingd.domain.fare_calendar import CalendarCriteria
from bookingd.domain.offers import Offer
from bookingd.domain.stays import StayOffer
from bookingd.outcomes import Refused, Unavailable
from bookingd.sources import Clock
from bookingd.suppliers.breaker import Breaker, Paused, Try
from bookingd.suppliers.budget import Budget
from bookingd.suppliers.port import CalendarSource, Found, LowestFares
from bookingd.telemetry.suppliers import SupplierMetrics

PATIENCE = 0.5
"""Of the deadline: how much of it may go by before the supplier is asked at all."""

O = TypeVar("O", Offer, StayOffer)  # noqa: E741 - an offer of either kind
C_contra = TypeVar("C_contra", contravariant=True)
T = TypeVar("T")


class Late(Unavailable):
    """The supplier did not answer before its deadline."""


class Busy(Unavailable):
    """The supplier was not asked: we ask it as much as it allows already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of one supplier, for one kind of travel."""

    deadline: float
    """Seconds in which an answer has to come, with all waiting for a turn."""
    concurrency: int
    """Calls under way, of this process."""
    breaker_failures: int
    breaker_seconds: float


class Guard:
    """Calls one supplier for one kind of travel."""

    def __init__(
        self,
        *,
        supplier: str,
        product: str,
        limits: Limits,
        budget: Budget | None,
        clock: Clock,
        metrics: SupplierMetrics,
    ) -> None:
        """`product` is what is searched: flights, stays, calendar. Without a budget it may be asked at any
        rate.
        """
        self._name = f"{supplier} ({product})"
        self._limits = limits
        self._budget = budget
        self._clock = clock
        self._metrics = metrics.of(supplier, product)
        self._places = asyncio.Semaphore(limits.concurrency)
        self._under_way: set[asyncio.Future[Any]] = set()
        self._breaker = Breaker(
            self._name,
            failures=limits.breaker_failures,
            seconds=limits.breaker_seconds,
            clock=clock,
        )
        self._metrics.breaker.set_function(lambda: self._breaker.state)
        self._metrics.in_flight.set_function(lambda: len(self._under_way))

    async def call(self, what: str, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` gives, which asks the supplier. `what` names it for metrics: search, check, calendar.

        Raises Busy, Late and Paused, and whatever `work` raises.
        """
        with self._counted(what), self._watched() as watched:
            begin = self._clock.monotonic()
            with self._metrics.waiting.track_inprogress():
                await self._take_turn()
            left = self._limits.deadline - (self._clock.monotonic() - begin)
            answer = await self._answer(work, left)
            watched.answered()
            return answer

    async def _take_turn(self) -> None:
        """Have a place, and a turn within the rate. Raises Busy."""
        patience = self._limits.deadline * PATIENCE
        begin = self._clock.monotonic()
        try:
            async with asyncio.timeout(patience):
                await self._places.acquire()
        except TimeoutError as error:
            raise Busy(f"{self._name} is asked {self._limits.concurrency} times at once already") from error
        try:
            await self._keep_to_rate(patience - (self._clock.monotonic() - begin))
        except BaseException:
            self._places.release()
            raise

    async def _keep_to_rate(self, patience: float) -> None:
        if self._budget is None:
            return
        wait = await self._budget.take(patience)
        if wait is None:
            raise Busy(f"{self._name} is asked as often as it allows already")
        if wait:
            await self._clock.sleep(wait)

    async def _answer(self, work: Callable[[], Awaitable[T]], left: float) -> T:
        """The place is given back when the call has really ended, however long it clings to life."""
        calling = asyncio.ensure_future(work())
        self._under_way.add(calling)
        calling.add_done_callback(self._ended)
        try:
            done, _ = await asyncio.wait({calling}, timeout=left)
        except asyncio.CancelledError:
            calling.cancel()
            raise
        if not done:
            calling.cancel()
            raise Late(f"no answer within {self._limits.deadline:g} s")
        return calling.result()

    def _ended(self, calling: "asyncio.Future[Any]") -> None:
        self._under_way.discard(calling)
        self._places.release()
        if not calling.cancelled():
            calling.exception()  # seen: whoever waited for it was told

    @contextmanager
    def _watched(self) -> Iterator["_Watched"]:
        """A call as the breaker sees it. Raises Paused."""
        watched = _Watched(self._breaker, self._breaker.admit())
        try:
            yield watched
        except Refused:
            watched.answered()
            raise
        except Busy:
            raise
        except Exception as error:
            watched.failed(error)
            raise
        finally:
            watched.left()

    @contextmanager
    def _counted(self, what: str) -> Iterator[None]:
        begin, outcome = self._clock.monotonic(), "left"
        try:
            yield
            outcome = "answered"
        except Exception as error:
            outcome = _outcome(error)
            raise
        finally:
            self._metrics.calls(what, outcome).inc()
            self._metrics.seconds(what).observe(self._clock.monotonic() - begin)


class _Watched:
    """A call that is told of once."""

    def __init__(self, breaker: Breaker, call: Try) -> None:
        self._breaker = breaker
        self._call = call
        self._told = False

    def answered(self) -> None:
        self._told = True
        self._breaker.answered(self._call)

    def failed(self, why: Exception) -> None:
        self._told = True
        self._breaker.failed(self._call, why)

    def left(self) -> None:
        if not self._told:
            self._breaker.left(self._call)


def _outcome(error: Exception) -> str:
    match error:
        case Refused():
            return "refused"
        case Late():
            return "late"
        case Busy():
            return "busy"
        case Paused():
            return "paused"
    return "failed"


class Source(Protocol[O, C_contra]):
    """A FlightSource or a StaySource."""

    @property
    def name(self) -> str: ...

    async def search(self, criteria: C_contra) -> Found[O]: ...

    async def check(self, offer: O) -> O: ...


class Guarded(Generic[O, C_contra]):
    """A source of offers that is asked through its guard only."""

    def __init__(self, source: Source[O, C_contra], guard: Guard) -> None:
        self._source: Source[O, C_contra] = source
        self._guard = guard

    @property
    def name(self) -> str:
        """Of the source."""
        return self._source.name

    async def search(self, criteria: C_contra) -> Found[O]:
        """As of the source. Raises what the guard raises besides."""
        return await self._guard.call("search", lambda: self._source.search(criteria))

    async def check(self, offer: O) -> O:
        """As of the source. Raises what the guard raises besides."""
        return await self._guard.call("check", lambda: self._source.check(offer))


class GuardedCalendar:
    """A source of lowest fares that is asked through its guard only."""

    def __init__(self, source: CalendarSource, guard: Guard) -> None:
        self._source = source
        self._guard = guard

    @property
    def name(self) -> str:
        """Of the source."""
        return self._source.name

    async def lowest(self, criteria: CalendarCriteria) -> LowestFares:
        """As of the source. Raises what the guard raises besides."""
        return await self._guard.call("calendar", lambda: self._source.lowest(criteria))
