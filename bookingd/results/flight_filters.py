"""What each filter of a flight search looks at, and which facets it shows.

Its one rule: a facet and the filter that is chosen in it have one name, so that a facet never counts under
its own filter.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bookingd.domain.filters import FlightFilters, TimeWindow
from bookingd.results.columns import Columns, Mask
from bookingd.results.facets import Choices, Count, EachTerm, Facet, From, UpTo, behind
from bookingd.results.filters import AnyOf, Filter, Flag, Minimum, NoneOf, Only, Range

PERIODS = tuple(TimeWindow(begin=hour * 60, end=(hour + 6) % 24 * 60) for hour in (0, 6, 12, 18))
"""Parts of the day that can be chosen from, besides any other window."""

Chosen = Mapping[str, frozenset[str]]
"""By facet the values that are chosen in it, as the filters take them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """The airports that will do for a slice."""

    origins: tuple[str, ...]
    destinations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InWindow:
    """Those whose minute of the day is in one of the windows."""

    facet: str
    column: str
    windows: tuple[TimeWindow, ...]

    def mask(self, columns: Columns) -> Mask:
        minutes = columns.numbers[self.column]
        passes = np.zeros(columns.size, bool)
        for window in self.windows:
            after, before = minutes >= window.begin, minutes < window.end
            passes |= after & before if window.begin < window.end else after | before
        return passes


@dataclass(frozen=True, slots=True, kw_only=True)
class EachAirport:
    """The airports at which slices begin and end, for the filters of `_at_airports`, by the alphabet."""

    ends: tuple[Ends, ...]

    def counts(self, columns: Columns, left: Mask, chosen: frozenset[str]) -> Iterator[Count]:
        names = {name for _, column in _end_columns(self.ends) for name in columns.terms[column].names}
        for name in sorted(names | chosen):
            mask = left.copy()
            for one in _at_airports((name,), self.ends):
                mask &= one.mask(columns)
            yield behind(name, columns, mask)


def filters_of(chosen: FlightFilters, ends: Sequence[Ends]) -> list[Filter]:
    """The filters that are set, for a search with these ends of its slices."""
    return [
        *_fare(chosen),
        *_connections(chosen),
        *_whose(chosen),
        *_at_airports(chosen.airports, ends),
        *_not_at_airports(chosen.without_airports, ends),
        *_times(chosen),
    ]


def facets_of(chosen: FlightFilters, ends: Sequence[Ends]) -> dict[str, Facet]:
    """The facets of such a search; those of a slice end in its number, from 0."""
    flags = {
        name: Choices(choices=(("true", Flag(facet=name, column=name)),))
        for name in ("refundable", "changeable")
    }
    times = {
        f"{name}.{number}": _periods(f"{column}.{number}", _entry(windows, number))
        for name, column, windows in _windows(chosen)
        for number in range(len(ends))
    }
    return {
        "stops": UpTo(column="stops"),
        "airlines": EachTerm(column="airlines", alone=True),
        "via": EachTerm(column="via", alone=True),
        "airports": EachAirport(ends=tuple(ends)),
        "checked_bags": From(column="checked_bags"),
        **flags,
        **times,
    }


def chosen_in(chosen: FlightFilters) -> Chosen:
    """The values that are in or out by the filters, by facet."""
    found = {
        "stops": () if chosen.max_stops is None else (str(chosen.max_stops),),
        "airlines": chosen.airlines + chosen.without_airlines,
        "via": chosen.via + chosen.without_via,
        "airports": chosen.airports + chosen.without_airports,
        "checked_bags": (str(chosen.checked_bags),) if chosen.checked_bags else (),
        "refundable": ("true",) if chosen.refundable else (),
        "changeable": ("true",) if chosen.changeable else (),
        **{
            f"{name}.{number}": tuple(map(str, of_slice))
            for name, _, windows in _windows(chosen)
            for number, of_slice in enumerate(windows)
        },
    }
    return {name: frozenset(values) for name, values in found.items()}


def _fare(chosen: FlightFilters) -> Iterator[Filter]:
    if chosen.min_price is not None or chosen.max_price is not None:
        yield Range(facet="price", column="price", low=chosen.min_price, high=chosen.max_price)
    if chosen.checked_bags:
        yield Minimum(facet="checked_bags", column="checked_bags", least=chosen.checked_bags)
    if chosen.refundable:
        yield Flag(facet="refundable", column="refundable")
    if chosen.changeable:
        yield Flag(facet="changeable", column="changeable")


def _connections(chosen: FlightFilters) -> Iterator[Filter]:
    if chosen.max_stops is not None:
        yield Range(facet="stops", column="stops", high=chosen.max_stops)
    if chosen.min_connection is not None:
        yield Range(facet="connection", column="shortest_wait", low=chosen.min_connection)
    if chosen.max_connection is not None:
        yield Range(facet="connection", column="longest_wait", high=chosen.max_connection)


def _whose(chosen: FlightFilters) -> Iterator[Filter]:
    for name, within, without in (
        ("airlines", chosen.airlines, chosen.without_airlines),
        ("via", chosen.via, chosen.without_via),
    ):
        if within:
            yield Only(facet=name, column=name, names=within)
        if without:
            yield NoneOf(facet=name, column=name, names=without)


def _at_airports(names: tuple[str, ...], ends: Sequence[Ends]) -> Iterator[Filter]:
    """Each place that may be one of these airports is one of them."""
    for airports, column in _end_columns(ends):
        if wanted := tuple(name for name in names if name in airports):
            yield AnyOf(facet="airports", column=column, names=wanted)


def _not_at_airports(names: tuple[str, ...], ends: Sequence[Ends]) -> Iterator[Filter]:
    if names:
        for _, column in _end_columns(ends):
            yield NoneOf(facet="airports", column=column, names=names)


def _times(chosen: FlightFilters) -> Iterator[Filter]:
    for name, column, windows in _windows(chosen):
        for number, of_slice in enumerate(windows):
            if of_slice:
                yield InWindow(facet=f"{name}.{number}", column=f"{column}.{number}", windows=of_slice)
    for number, most in enumerate(chosen.max_duration):
        if most is not None:
            yield Range(facet=f"duration.{number}", column=f"minutes.{number}", high=most)


def _windows(chosen: FlightFilters) -> tuple[tuple[str, str, tuple[tuple[TimeWindow, ...], ...]], ...]:
    """The windows that are chosen, with the facet and the column that they are of."""
    return ("departure", "leaves", chosen.departure), ("arrival", "lands", chosen.arrival)


def _end_columns(ends: Sequence[Ends]) -> Iterator[tuple[tuple[str, ...], str]]:
    for number, of_slice in enumerate(ends):
        yield of_slice.origins, f"origin.{number}"
        yield of_slice.destinations, f"destination.{number}"


def _entry(windows: tuple[tuple[TimeWindow, ...], ...], number: int) -> tuple[TimeWindow, ...]:
    return windows[number] if number < len(windows) else ()


def _periods(column: str, chosen: tuple[TimeWindow, ...]) -> Facet:
    """The parts of the day, and whatever other windows are chosen."""
    windows = dict.fromkeys((*PERIODS, *chosen))
    return Choices(
        choices=tuple(
            (str(window), InWindow(facet=column, column=column, windows=(window,))) for window in windows
        )
    )
