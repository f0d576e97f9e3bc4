"""What Prometheus is told of suppliers: how each is asked, and how it answers.

Its one rule: as in metrics.py no label takes a value that a client chooses; suppliers are named in the
configuration, and products are flights, stays and calendars.
"""

from dataclasses import dataclass
from functools import cache, partial
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""From our own database to a slow network of hotels."""


class Counters(Protocol):
    """Gives the counter of what was called, and how it ended."""

    def __call__(self, what: str, outcome: str, /) -> Counter: ...


class Histograms(Protocol):
    """Gives the histogram of what was called."""

    def __call__(self, what: str, /) -> Histogram: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OfSupplier:
    """The metrics of one supplier for one product."""

    calls: Counters
    seconds: Histograms
    in_flight: Gauge
    waiting: Gauge
    breaker: Gauge


class SupplierMetrics:
    """What guards of suppliers tell. Without a registry it is counted and not told."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        whose = ["supplier", "product"]
        self._calls = Counter(
            "bookingd_supplier_calls_total",
            "Calls of suppliers by how they ended: answered, refused (it said no), failed, late, left (nobody"
            " waited any more); not made at all: busy (asked as much as it allows already), paused (it has"
            " failed too often). Growth of all but the first two: ask the supplier, or its limits",
            [*whose, "call", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "bookingd_supplier_seconds",
            "From wanting to ask a supplier to its answer, with waiting for a turn",
            [*whose, "call"],
            buckets=SECONDS,
            registry=registry,
        )
        self._in_flight = Gauge(
            "bookingd_supplier_in_flight",
            "Calls of a supplier that are under way. At its concurrency for long: it is slow",
            whose,
            registry=registry,
        )
        self._waiting = Gauge(
            "bookingd_supplier_waiting",
            "Calls that wait for their turn at a supplier. Above 0 for long: its concurrency or its rate is"
            " too low for what is asked",
            whose,
            registry=registry,
        )
        self._breaker = Gauge(
            "bookingd_supplier_breaker",
            "0 while a supplier is asked, 2 while it is left alone since it has failed too often, 1 when that"
            " is over and one call tries it for all",
            whose,
            registry=registry,
        )

    def of(self, supplier: str, product: str) -> OfSupplier:
        """Of one supplier for one product."""
        return OfSupplier(
            calls=cache(partial(self._calls.labels, supplier, product)),
            seconds=cache(partial(self._seconds.labels, supplier, product)),
            in_flight=self._in_flight.labels(supplier, product),
            waiting=self._waiting.labels(supplier, product),
            breaker=self._breaker.labels(supplier, product),
        )


class CalendarMetrics:
    """What calendars of lowest fares tell. Without a registry it is counted and not told."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        days = Counter(
            "bookingd_calendar_days_total",
            "Days of fare calendars that were made, by whose fare was the lowest: asked (somebody who can be"
            " asked for many days, as own inventory), seen (in a search, at most a day ago), none",
            ["found"],
            registry=registry,
        )
        self.asked = days.labels("asked")
        self.seen = days.labels("seen")
        self.none = days.labels("none")
