"""Makes calendars of lowest fares: of those who can be asked for many days, and of what searches have seen.

The one rule: whoever fails or is late costs its own days only, and is named.
"""

import asyncio
from collections.abc import Collection, Sequence

from actors.search.asking import status_of
from bookingd.domain.fare_calendar import CalendarCriteria, DayFare, lowest
from bookingd.domain.offers import Offer
from bookingd.domain.search import FlightCriteria
from bookingd.messages.search import FareCalendarFound, SupplierStatus
from bookingd.sources import Clock
from bookingd.suppliers.port import CalendarSource
from bookingd.suppliers.seen_fares import SeenFares
from bookingd.telemetry.suppliers import CalendarMetrics


class Calendars:
    """The lowest fare of each day, whoever has it."""

    def __init__(
        self,
        *,
        sources: Sequence[CalendarSource],
        others: Collection[str],
        seen: SeenFares,
        clock: Clock,
        metrics: CalendarMetrics,
    ) -> None:
        """`others` are the suppliers of flights that can be asked for one day only."""
        self._sources = sources
        self._others = sorted(others)
        self._seen = seen
        self._clock = clock
        self._metrics = metrics

    async def find(self, criteria: CalendarCriteria) -> FareCalendarFound:
        """What is known of each day; own inventory as it is now, others as searches saw them."""
        asking = asyncio.gather(*(self._ask(source, criteria) for source in self._sources))
        seen, asked = await asyncio.gather(self._seen.lowest(criteria, self._others), asking)
        now = [fare for fares, _ in asked for fare in fares]
        found = lowest([*now, *seen])
        self._count(criteria, found, {fare.supplier for fare in now})
        names = [source.name for source in self._sources]
        return FareCalendarFound(
            fares=tuple(found),
            suppliers={name: status for name, (_, status) in zip(names, asked, strict=True)},
        )

    def note(self, supplier: str, criteria: FlightCriteria, offers: Sequence[Offer]) -> None:
        """A search was answered with these."""
        if supplier in self._others:
            self._seen.note(supplier, criteria, offers)

    async def _ask(
        self, source: CalendarSource, criteria: CalendarCriteria
    ) -> tuple[Sequence[DayFare], SupplierStatus]:
        try:
            found = await source.lowest(criteria)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no reason to show nothing of the others
            return (), status_of(source.name, error)
        now = self._clock.now()
        fares = [
            DayFare(day=day, total=price.total, as_of=now, supplier=source.name)
            for day, price in found.prices.items()
        ]
        return fares, SupplierStatus.NO_RATE if found.unconverted else SupplierStatus.ANSWERED

    def _count(self, criteria: CalendarCriteria, found: Sequence[DayFare], asked: set[str]) -> None:
        own = sum(fare.supplier in asked for fare in found)
        self._metrics.asked.inc(own)
        self._metrics.seen.inc(len(found) - own)
        self._metrics.none.inc(len(list(criteria.days)) - len(found))
