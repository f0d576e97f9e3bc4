"""The guards of this process's suppliers: one for each supplier and kind of travel, as the settings say."""

from typing import TypeVar

from bookingd.config import Settings, Supplier
from bookingd.domain.offers import Offer
from bookingd.domain.stays import StayOffer
from bookingd.redis_calls import Client, Rest
from bookingd.sources import Clock
from bookingd.storage.offers import Kind
from bookingd.suppliers.budget import Budget, Rate
from bookingd.suppliers.guard import Guard, Guarded, GuardedCalendar, Limits, Source
from bookingd.suppliers.port import CalendarSource
from bookingd.telemetry.metrics import Metrics

O = TypeVar("O", Offer, StayOffer)  # noqa: E741 - an offer of either kind
C = TypeVar("C")

CALENDAR = "calendar"
"""The product under which calendars of lowest fares are counted."""


class Guards:
    """Puts guards before sources; what a supplier allows is counted once for all that it sells."""

    def __init__(
        self, *, settings: Settings, clock: Clock, redis: Client, rest: Rest, metrics: Metrics
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._redis = redis
        self._rest = rest
        self._metrics = metrics
        self._budgets: dict[str, Budget] = {}

    def before(self, source: Source[O, C], kind: Kind[O, C]) -> Guarded[O, C]:
        """The source, as it may be asked."""
        return Guarded(source, self._guard(source.name, kind.name))

    def before_calendar(self, source: CalendarSource) -> GuardedCalendar:
        """The same of a source of lowest fares."""
        return GuardedCalendar(source, self._guard(source.name, CALENDAR))

    def _guard(self, name: str, product: str) -> Guard:
        chosen = self._settings.suppliers.of(name)
        return Guard(
            supplier=name,
            product=product,
            limits=self._limits(chosen),
            budget=self._budget(name, chosen),
            clock=self._clock,
            metrics=self._metrics.suppliers,
        )

    async def close(self) -> None:
        """Leave Redis."""
        for budget in self._budgets.values():
            await budget.close()

    def _limits(self, chosen: Supplier) -> Limits:
        return Limits(
            deadline=min(chosen.deadline_seconds, self._settings.search.deadline_seconds),
            concurrency=chosen.concurrency,
            breaker_failures=chosen.breaker_failures,
            breaker_seconds=chosen.breaker_seconds,
        )

    def _budget(self, name: str, chosen: Supplier) -> Budget | None:
        if not chosen.rate_per_second:
            return None
        if name not in self._budgets:
            self._budgets[name] = Budget(
                name,
                Rate(per_second=chosen.rate_per_second, burst=chosen.burst),
                client=self._redis,
                clock=self._clock,
                redis_errors=self._metrics.cache.errors,
                rest=self._rest,
            )
        return self._budgets[name]
