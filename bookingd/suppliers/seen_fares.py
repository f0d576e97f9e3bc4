"""The lowest fares that searches have seen of suppliers that are asked for one day at a time.

Its one rule: it is hearsay, and told with its age. It is kept in Redis for a day, and losing it costs a
calendar some days of these suppliers, and nothing else (P12). Only a search of the very day counts: one that
looks some days around, or at airports nearby, need not have found the lowest fare of each of them.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from prometheus_client import Counter

from bookingd.domain.fare_calendar import CalendarCriteria, DayFare, stops_of
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.search import MOST_STOPS, FlightCriteria
from bookingd.redis_calls import BUDGET, Client, RedisCalls, Rest
from bookingd.sources import Clock
from bookingd.telemetry.metrics import CacheMetrics

LIFE = timedelta(days=1)
"""An older price says too little of today's."""

KEY = "bookingd:fares"

REMEMBER = """
for number = 3, #ARGV, 2 do
    local known = redis.call('HGET', KEYS[1], ARGV[number])
    if not known or tonumber(string.match(known, '^%d+')) <= tonumber(ARGV[2]) then
        redis.call('HSET', KEYS[1], ARGV[number], ARGV[2] .. ' ' .. ARGV[number + 1])
    end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
"""
"""KEYS: the journey at a supplier. ARGV, times in milliseconds: how long it is kept, when it was seen; then
pairs of a day with a number of connections, and the lowest total in minor units, or nothing for none.
"""

RECALL = """
local found = {}
for number = 1, #KEYS do
    found[number] = redis.call('HGETALL', KEYS[number])
end
return found
"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class SeenFares:
    """What searches have seen."""

    def __init__(
        self,
        client: Client,
        *,
        clock: Clock,
        redis_errors: Counter | None = None,
        budget: float = BUDGET,
        rest: Rest | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._noting: set[asyncio.Task[Any]] = set()
        self._redis = RedisCalls(
            client,
            clock=clock,
            errors=CacheMetrics().errors if redis_errors is None else redis_errors,
            meanwhile="calendars show own flights only",
            budget=budget,
            rest=rest,
        )

    def note(self, supplier: str, criteria: FlightCriteria, offers: Sequence[Offer]) -> None:
        """A supplier has answered a search with these. It is written down behind the caller's back."""
        if (looked := _as_calendar(criteria)) is not None:
            noting = asyncio.ensure_future(self.remember(supplier, looked, offers))
            self._noting.add(noting)
            noting.add_done_callback(self._noting.discard)

    async def remember(self, supplier: str, looked: CalendarCriteria, offers: Sequence[Offer]) -> None:
        """Write down the lowest total of the one day that was looked at, for each number of connections."""
        totals = list(_lowest_totals(offers))
        arguments: list[str | int] = [LIFE // _MILLISECOND, self._now()]
        for stops, total in enumerate(totals):
            arguments += [_field(looked.first_day, stops), "" if total is None else total]
        key = _key(supplier, looked)
        await self._redis.answer(lambda: self._client.eval(REMEMBER, 1, key, *arguments), awaited=False)

    async def lowest(self, criteria: CalendarCriteria, suppliers: Sequence[str]) -> list[DayFare]:
        """What is known of the days, of each of the suppliers by itself."""
        if not suppliers:
            return []
        keys = [_key(supplier, criteria) for supplier in suppliers]
        found: list[list[bytes]] | None = await self._redis.answer(
            lambda: self._client.eval(RECALL, len(keys), *keys)
        )
        return [
            fare
            for supplier, pairs in zip(suppliers, found or (), strict=False)
            for fare in self._fares(supplier, criteria, dict(zip(pairs[::2], pairs[1::2], strict=True)))
        ]

    async def written(self) -> None:
        """Wait for what was noted so far."""
        await asyncio.gather(*self._noting, return_exceptions=True)

    async def close(self) -> None:
        """Stop what is being written, and leave Redis."""
        noting = [*self._noting]
        for task in noting:
            task.cancel()
        await asyncio.gather(*noting, return_exceptions=True)
        await self._redis.close()

    def _fares(
        self, supplier: str, criteria: CalendarCriteria, known: dict[bytes, bytes]
    ) -> Iterator[DayFare]:
        oldest = self._clock.now() - LIFE
        for day in criteria.days:
            at, _, total = known.get(_field(day, criteria.max_stops).encode(), b"0 ").partition(b" ")
            as_of = _EPOCH + int(at) * _MILLISECOND
            if total and as_of >= oldest:
                amount = Money(int(total), criteria.currency)
                yield DayFare(day=day, total=amount, as_of=as_of, supplier=supplier)

    def _now(self) -> int:
        return (self._clock.now() - _EPOCH) // _MILLISECOND


def _as_calendar(criteria: FlightCriteria) -> CalendarCriteria | None:
    """The day of a calendar that was looked at; None where it was another sort of search."""
    out, *more = criteria.slices
    nights = (more[0].day - out.day).days if more else None
    day = CalendarCriteria(
        origin=out.origin,
        destination=out.destination,
        first_day=out.day,
        last_day=out.day,
        stay_nights=nights,
        party=criteria.party,
        cabin=criteria.cabin,
        currency=criteria.currency,
    )
    return day if day.search(out.day) == criteria else None


def _lowest_totals(offers: Sequence[Offer]) -> Iterator[int | None]:
    """With no connection at most, with one, and so on."""
    for stops in range(MOST_STOPS + 1):
        yield min((offer.total.amount for offer in offers if stops_of(offer) <= stops), default=None)


def _key(supplier: str, criteria: CalendarCriteria) -> str:
    """The same for all days of a journey."""
    journey = (criteria.origin, criteria.destination, criteria.stay_nights, criteria.party, criteria.cabin)
    named = msgspec.json.encode((journey, criteria.currency))
    return f"{KEY}:{supplier}:{hashlib.blake2b(named, digest_size=12).hexdigest()}"


def _field(day: date, stops: int) -> str:
    return f"{day.isoformat()} {stops}"
