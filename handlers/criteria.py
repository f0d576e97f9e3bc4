"""What a flight search may ask, beyond the form of its fields: every mistake at once, by its field."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from bookingd.domain.passengers import MOST_SEATS, Party
from bookingd.domain.places import great_circle_km, instant, local
from bookingd.storage.places import Place
from handlers.errors import FieldError
from handlers.flight_requests import AskedSlice

DAYS_AHEAD = 361
"""Airlines open their flights 330 to 361 days ahead (Lufthansa and SAS say 361; read 2026-11)."""

FASTEST_KMH = 1000
"""No airliner comes faster from one place to another, tail wind and all."""

Fields = tuple[str, str, str]
"""Where the mistakes of a slice are told: of its origin, its destination and its day."""


def slice_mistakes(
    slices: Sequence[AskedSlice], fields: Sequence[Fields], *, known: Mapping[str, Place], now: datetime
) -> Iterator[FieldError]:
    """What keeps the slices from being looked for; `known` are the places among their ends."""
    yield from _distinct(_unknown(slices, fields, known))
    for one, (_, destination, _) in zip(slices, fields, strict=False):
        yield from _same_place(one, destination, known)
    out_of_range = [
        mistake
        for one, (_, _, day) in zip(slices, fields, strict=False)
        for mistake in _date(one, day, known, now)
    ]
    yield from out_of_range or _order(slices, fields, known)


def _order(
    slices: Sequence[AskedSlice], fields: Sequence[Fields], known: Mapping[str, Place]
) -> Iterator[FieldError]:
    for (before, one), (_, _, day) in zip(pairwise(slices), fields[1:], strict=False):
        if _too_early(before, one, known):
            words = f"{one.day} is over before the slice of {before.day} can have ended there."
            yield wrong(day, "before_departure", words)


def party_mistakes(party: Party) -> Iterator[FieldError]:
    """Who cannot travel together."""
    if party.adults == 0:
        words = "At least one adult travels; for children who travel alone, ask the agency's staff."
        yield wrong("adults", "no_adults", words)
    if party.seats > MOST_SEATS:
        field = "adults" if party.adults >= party.children else "children"
        yield wrong(field, "too_many", f"One booking takes {MOST_SEATS} seats at most, not {party.seats}.")
    if party.infants > party.adults:
        words = "Each infant travels on the lap of an adult of its own."
        yield wrong("infants", "infants_without_adults", words)


def currency_mistakes(sold: Sequence[str], asked: str | None) -> Iterator[FieldError]:
    """What is none of the currencies that the agency sells in."""
    if asked is not None and asked.upper() not in sold:
        *others, last = sold
        words = f"{', '.join(others)} or {last}" if others else f"{last} only"
        yield wrong("currency", "currency", f"Prices are in {words}.")


def currency_of(sold: Sequence[str], asked: str | None) -> str:
    """The currency that was asked for, else the agency's own."""
    return sold[0] if asked is None else asked.upper()


def wrong(field: str, code: str, message: str) -> FieldError:
    """A mistake."""
    return FieldError(field=field, code=code, message=message)


def _unknown(
    slices: Sequence[AskedSlice], fields: Sequence[Fields], known: Mapping[str, Place]
) -> Iterator[FieldError]:
    for one, (origin, destination, _) in zip(slices, fields, strict=False):
        for field, code in ((origin, one.origin), (destination, one.destination)):
            if code not in known:
                words = f"{code} is neither an airport nor a city that we know."
                yield wrong(field, "unknown_place", words)


def _distinct(found: Iterator[FieldError]) -> Iterator[FieldError]:
    """There and back, a place is told once."""
    seen: set[Any] = set()
    for error in found:
        if (error.field, error.message) not in seen:
            seen.add((error.field, error.message))
            yield error


def _same_place(one: AskedSlice, field: str, known: Mapping[str, Place]) -> Iterator[FieldError]:
    ends = [known[code].city_code for code in (one.origin, one.destination) if code in known]
    if len(ends) == 2 and ends[0] == ends[1]:
        yield wrong(field, "same_place", "Origin and destination are in the same place.")


def _date(one: AskedSlice, field: str, known: Mapping[str, Place], now: datetime) -> Iterator[FieldError]:
    today = today_at(known.get(one.origin), now)
    last = today + timedelta(days=DAYS_AHEAD)
    if one.day < today:
        yield wrong(field, "past", f"{one.day} is over; at the origin it is {today}.")
    elif one.day > last:
        yield wrong(field, "too_far", f"Flights are sold {DAYS_AHEAD} days ahead, until {last}.")


def today_at(place: Place | None, now: datetime) -> date:
    """The date there; in Greenwich, of a place that is not known."""
    return local(now, place.zone).date() if place else now.astimezone(UTC).date()


def _too_early(before: AskedSlice, one: AskedSlice, known: Mapping[str, Place]) -> bool:
    """Whether the day of a slice is over before the one before it can have landed, however it flies.

    Over the date line, eastwards, a flight lands on the day before it left: then an earlier date is right.
    """
    origin, destination, leaves = (
        known.get(code) for code in (before.origin, before.destination, one.origin)
    )
    if origin is None or destination is None or leaves is None:
        return one.day < before.day
    km = great_circle_km(origin.latitude, origin.longitude, destination.latitude, destination.longitude)
    lands = instant(before.day, time.min, origin.zone) + timedelta(hours=km / FASTEST_KMH)
    return instant(one.day + timedelta(days=1), time.min, leaves.zone) <= lands
