"""The calendar of lowest fares: for each day the lowest total of the party, its age, and how to search it."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from msgspec import Meta

from bookingd.bus.port import ask_once
from bookingd.cache import Kept
from bookingd.domain.fare_calendar import CalendarCriteria, DayFare
from bookingd.domain.search import MOST_STOPS
from bookingd.messages.envelope import Origin
from bookingd.messages.search import FareCalendar, FareCalendarFound, SupplierStatus
from bookingd.results.cursors import fingerprint
from handlers.asking import GRACE, NOBODY
from handlers.calendar_requests import CalendarQuery, understand
from handlers.found import INCOMPLETE
from handlers.middlewares import CORRELATION, trace_of
from handlers.parts import PARTS, Parts
from handlers.reply import encode, kept_reply
from handlers.search_budget import Client, paid
from handlers.views import Amount, View, amount

VERSION = 1
"""Of what is kept; another one for every change of the answer."""

SEARCH = "/v1/flights/offers"


class CalendarDay(View, frozen=True, kw_only=True):
    """A day of departure."""

    depart: Annotated[date, Meta(description="Local date at the origin.")]
    return_: Annotated[date | None, Meta(description="Of the way back; null for one way.")] = msgspec.field(
        name="return"
    )
    total: Annotated[Amount | None, Meta(description="The lowest for everybody; null where none is known.")]
    as_of: Annotated[datetime | None, Meta(description="When it was so.")]
    supplier: Annotated[str | None, Meta(description="Whose it is.")]
    search: Annotated[
        str, Meta(description="The search of that day, in which an offer at this total is found.")
    ]


class FareCalendarView(View, frozen=True, kw_only=True):
    """The lowest fares of some days."""

    origin: str
    destination: str
    currency: str
    days: Annotated[tuple[CalendarDay, ...], Meta(description="All that were asked for, by date.")]
    suppliers: Annotated[
        dict[str, SupplierStatus],
        Meta(description="Those who were asked now; prices of others are such as searches have seen."),
    ]


DAYS_FOR_ONE = 15
"""Days that count as much as a search."""


async def fare_calendar(request: web.Request) -> web.Response:
    """The lowest fare of each day."""
    parts = request.app[PARTS]
    query = await understand(
        request.query,
        database=parts.database,
        currencies=parts.settings.sale_currencies,
        now=parts.sources.clock.now(),
    )
    origin = Origin(principal=NOBODY, correlation_id=request[CORRELATION], trace=trace_of(request))
    key = f"calendar:{VERSION}:{fingerprint(query.criteria, query.days)}"
    hit = await parts.cache.get(key)
    kept = hit or await paid(
        parts.cache, key, lambda: _make(parts, query, origin), Client(request), _cost(query)
    )
    return kept_reply(kept, now=parts.sources.clock.now(), hit=hit is not None)


def _cost(query: CalendarQuery) -> int:
    """Two months take some five times as long as a search."""
    return 1 + sum(1 for _ in query.days) // DAYS_FOR_ONE


async def _make(parts: Parts, query: CalendarQuery, origin: Origin) -> Kept:
    """Raises QueryTimeout, QueryFailed."""
    chosen = parts.settings.search
    found: FareCalendarFound = await ask_once(
        parts.bus,
        FareCalendar(criteria=query.criteria),
        origin=origin,
        timeout=chosen.deadline_seconds + GRACE,
    )
    life = timedelta(seconds=chosen.calendar_seconds)
    if any(status is not SupplierStatus.ANSWERED for status in found.suppliers.values()):
        life = min(life, INCOMPLETE)
    now = parts.sources.clock.now()
    return Kept(value=encode(_shown(query, found)), made_at=now, until=now + life)


def _shown(query: CalendarQuery, found: FareCalendarFound) -> FareCalendarView:
    fares, criteria = {fare.day: fare for fare in found.fares}, query.criteria
    return FareCalendarView(
        origin=criteria.origin,
        destination=criteria.destination,
        currency=criteria.currency,
        days=tuple(_day(query, day, fares.get(day)) for day in query.days),
        suppliers=found.suppliers,
    )


def _day(query: CalendarQuery, day: date, fare: DayFare | None) -> CalendarDay:
    return CalendarDay(
        depart=day,
        return_=query.criteria.returns_on(day),
        total=amount(fare.total) if fare else None,
        as_of=fare.as_of if fare else None,
        supplier=fare.supplier if fare else None,
        search=f"{SEARCH}?{urlencode(_parameters(query, day))}",
    )


def _parameters(query: CalendarQuery, day: date) -> dict[str, Any]:
    """Of the search of the day."""
    criteria = query.criteria
    back = criteria.returns_on(day)
    return {
        "origin": criteria.origin,
        "destination": criteria.destination,
        "depart": day.isoformat(),
        **({"return": back.isoformat()} if back else {}),
        **{kind: count for kind, count in _heads(criteria).items() if count},
        "cabin": criteria.cabin.value,
        **({"max_stops": criteria.max_stops} if criteria.max_stops < MOST_STOPS else {}),
        **({"currency": query.currency} if query.currency else {}),
    }


def _heads(criteria: CalendarCriteria) -> Mapping[str, int]:
    party = criteria.party
    return {"adults": party.adults, "children": party.children, "infants": party.infants}
