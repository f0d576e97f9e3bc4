"""Filters of a flight search as they stand in its query, and what cannot be meant by them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from bookingd.domain.filters import FlightFilters
from bookingd.results.flight_filters import Ends
from bookingd.storage.places import Names
from handlers.criteria import wrong
from handlers.errors import FieldError

AIRPORT_LISTS = ("airports", "without_airports", "via", "without_via")
AIRLINE_LISTS = ("airlines", "without_airlines")
EACH_SLICE = ("departure", "arrival", "max_duration")


def filters_in(asked: Mapping[str, Any]) -> FlightFilters:
    """The filters of a query whose form is right; lists of codes in one order, however they were given."""
    values: dict[str, Any] = {field.name: asked[field.name] for field in fields(FlightFilters)}
    values |= {name: tuple(sorted(values[name])) for name in (*AIRPORT_LISTS, *AIRLINE_LISTS)}
    values |= {name: tuple(values[name]) for name in EACH_SLICE}
    return FlightFilters(**values)


def codes_in(filters: FlightFilters) -> tuple[set[str], set[str]]:
    """The airports and the airlines that are named."""
    airports = {code for name in AIRPORT_LISTS for code in getattr(filters, name)}
    return airports, {code for name in AIRLINE_LISTS for code in getattr(filters, name)}


def filter_mistakes(filters: FlightFilters, *, slices: int, names: Names) -> Iterator[FieldError]:
    """What cannot be meant, for a journey of so many slices; `names` are those of the codes that exist."""
    yield from _unknown(filters, AIRPORT_LISTS, names.airports, "airport")
    yield from _unknown(filters, AIRLINE_LISTS, names.airlines, "airline")
    yield from _in_and_out(filters)
    yield from _above(filters, "price")
    yield from _above(filters, "connection")
    yield from _without_stops(filters)
    yield from _too_many(filters, slices)


def airport_mistakes(filters: FlightFilters, ends: Sequence[Ends]) -> Iterator[FieldError]:
    """What cannot be meant of airports, for a search with these ends."""
    places = [airports for of_slice in ends for airports in (of_slice.origins, of_slice.destinations)]
    for code in filters.airports:
        if not any(code in airports for airports in places):
            yield wrong("airports", "elsewhere", f"{code} is none of the airports of this search.")
    for airports in dict.fromkeys(places):
        if set(airports) <= set(filters.without_airports):
            words = f"Without {', '.join(airports)} there is no airport left."
            yield wrong("without_airports", "contradiction", words)


def _unknown(
    filters: FlightFilters, lists: Sequence[str], known: Collection[str], what: str
) -> Iterator[FieldError]:
    for field in lists:
        for code in getattr(filters, field):
            if code not in known:
                yield wrong(field, f"unknown_{what}", f"{code} is no {what} that we know.")


def _in_and_out(filters: FlightFilters) -> Iterator[FieldError]:
    for field in ("airlines", "via", "airports"):
        for code in sorted({*getattr(filters, field)} & {*getattr(filters, f"without_{field}")}):
            yield wrong(
                f"without_{field}", "contradiction", f"{code} is wanted by `{field}`, and not wanted here."
            )


def _above(filters: FlightFilters, what: str) -> Iterator[FieldError]:
    low, high = getattr(filters, f"min_{what}"), getattr(filters, f"max_{what}")
    if low is not None and high is not None and low > high:
        yield wrong(f"min_{what}", "contradiction", f"This is more than `max_{what}`.")


def _without_stops(filters: FlightFilters) -> Iterator[FieldError]:
    if filters.max_stops == 0 and filters.via:
        yield wrong("via", "contradiction", "Without stops (`max_stops=0`) there are no connections.")


def _too_many(filters: FlightFilters, slices: int) -> Iterator[FieldError]:
    for field in EACH_SLICE:
        if len(getattr(filters, field)) > slices:
            yield wrong(field, "too_many", f"There are more of these than slices, {slices}.")
