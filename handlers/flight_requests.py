"""What a flight search may ask: criteria, filters, order and page, as they stand in a query string."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from bookingd.domain.filters import MINUTES_A_DAY, FlightSort, TimeWindow
from bookingd.domain.flights import Cabin
from bookingd.domain.search import MOST_SLICES, MOST_STOPS
from handlers.fields import (
    MISSING,
    NEEDED,
    Choice,
    Code,
    Codes,
    Day,
    Repeated,
    Request,
    Said,
    Text,
    TrueOrFalse,
    Whole,
)

FARTHEST_NEARBY = 300
"""Kilometres; farther away is another journey."""
MOST_FLEXIBLE = 3
MOST_BAGS = 5
LONGEST_JOURNEY = 7 * MINUTES_A_DAY
MOST_WINDOWS = 4
"""Of one slice."""
DEAREST = 10**12
"""Minor units."""

ANY = "any"
"""Leaves a slice open in a list that has an entry a slice."""

WAY_THERE = ("origin", "destination", "depart")
WAY = (*WAY_THERE, "return")

_SLICE = re.compile(r"([A-Za-z]{3})-([A-Za-z]{3}):([0-9]{4}-[0-9]{2}-[0-9]{2})")
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_WINDOW = re.compile(f"({_CLOCK})-({_CLOCK}|24:00)")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSlice:
    """A slice as it was asked for; codes in capitals."""

    origin: str
    destination: str
    day: date


class SliceOfJourney(fields.String):
    """From where to where on which day: `FRA-JFK:2027-01-05`."""

    default_error_messages = {  # noqa: RUF012
        **NEEDED,
        "invalid": Said("slice", "This has to be as FRA-JFK:2027-01-05."),
        "date": Said("date", "There is no such day."),
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = _SLICE.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise self.make_error("invalid")
        try:
            day = date.fromisoformat(found[3])
        except ValueError as error:
            raise self.make_error("date") from error
        return AskedSlice(origin=found[1].upper(), destination=found[2].upper(), day=day)


class Windows(fields.String):
    """Parts of the day of which one will do: `22:00-02:00`, `06:00-09:00,18:00-24:00`; or `any`."""

    default_error_messages = {  # noqa: RUF012
        **NEEDED,
        "invalid": Said("window", "This has to be as 06:00-12:00, several parted by commas, or any."),
        "empty": Said("empty_window", "This window ends where it begins; the whole day is any."),
        "many": Said("length", f"A slice has {MOST_WINDOWS} windows at most."),
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if value == ANY:
            return ()
        if not isinstance(value, str):
            raise self.make_error("invalid")
        windows = tuple(self._window(part) for part in value.split(",", MOST_WINDOWS))
        if len(windows) > MOST_WINDOWS:
            raise self.make_error("many")
        return windows

    def _window(self, text: str) -> TimeWindow:
        found = _WINDOW.fullmatch(text.strip())
        if found is None:
            raise self.make_error("invalid")
        window = TimeWindow(begin=_minutes(found[1]), end=_minutes(found[2]))
        if window.begin == window.end:
            raise self.make_error("empty")
        return window


class Minutes(Whole):
    """A whole number of minutes, or `any`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return None if value == ANY else super()._deserialize(value, attr, data, **kwargs)

    def _validate(self, value: Any) -> None:
        if value is not None:
            super()._validate(value)


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _airlines(about: str) -> Codes:
    return Codes("[A-Z0-9]{2}", example="LH", load_default=(), metadata={"description": about})


def _airports(about: str) -> Codes:
    return Codes("[A-Z]{3}", example="MUC", load_default=(), metadata={"description": about})


def _each_slice(of: fields.Field[Any], about: str) -> Repeated:
    return Repeated(of, most=MOST_SLICES, load_default=(), metadata={"description": about})


def _perhaps(low: int, high: int, about: str) -> Whole:
    return Whole(low, high, load_default=None, metadata={"description": about})


class FlightFilterFields(Request):
    """What may be wanted of journeys and their fares."""

    max_stops = _perhaps(0, MOST_STOPS, "Filter: connections on each slice at most.")
    airlines = _airlines("Filter: all flights are marketed by these (IATA, parted by commas).")
    without_airlines = _airlines("Filter: no flight is marketed by one of these.")
    via = _airports("Filter: there are connections, and all of them are at these airports.")
    without_via = _airports("Filter: there is no connection at one of these airports.")
    airports = _airports(
        "Filter: where a place has several airports (a city, or with `nearby_km`) and one of these is among"
        " them, it is one of these; other places are left alone."
    )
    without_airports = _airports("Filter: no slice begins or ends at one of these airports.")
    departure = _each_slice(
        Windows(metadata={"example": "06:00-12:00"}),
        "Filter: when slices begin, by the clocks there; from the first time until before the second, over"
        " midnight where that is earlier. Several windows of a slice are parted by commas. The first"
        " `departure` is for the first slice, and so on; `any` leaves one open.",
    )
    arrival = _each_slice(
        Windows(metadata={"example": "18:00-23:00"}),
        "Filter: the same of when slices end, by the clocks there.",
    )
    max_duration = _each_slice(
        Minutes(1, LONGEST_JOURNEY),
        "Filter: minutes from door to door, with the waiting; the first `max_duration` is for the first"
        " slice, and so on; `any` leaves one open.",
    )
    min_connection = _perhaps(0, MINUTES_A_DAY, "Filter: minutes of each connection at least.")
    max_connection = _perhaps(0, MINUTES_A_DAY, "Filter: minutes of each connection at most.")
    checked_bags = Whole(
        0,
        MOST_BAGS,
        load_default=0,
        metadata={"description": "Filter: so many checked bags a passenger are included at least."},
    )
    changeable = TrueOrFalse(
        load_default=False, metadata={"description": "Filter: true for fares that can be changed."}
    )


class FlightSearch(FlightFilterFields):
    """Flights one way, there and back where `return` is given, or slice by slice with `slice`."""

    origin = Code(metadata={"description": "Airport or city (IATA).", "example": "FRA"})
    destination = Code(metadata={"description": "Airport or city (IATA).", "example": "LON"})
    depart = Day(metadata={"description": "Local date at the origin."})
    return_ = Day(
        data_key="return",
        attribute="return_on",
        load_default=None,
        metadata={"description": "Local date at the destination; left out for one way."},
    )
    slice_ = Repeated(
        SliceOfJourney(metadata={"example": "FRA-JFK:2027-01-05"}),
        most=MOST_SLICES,
        data_key="slice",
        attribute="slices",
        load_default=(),
        metadata={
            "description": "Instead of the four above: the slices of a multi-city journey or an open jaw in"
            f" the order of travel, 1 to {MOST_SLICES}, each from where to where and the local date there."
        },
    )
    nearby_km = _perhaps(
        1,
        FARTHEST_NEARBY,
        "Other airports within so many kilometres will do too; the 6 nearest to each place.",
    )
    flexible_days = Whole(
        0,
        MOST_FLEXIBLE,
        load_default=0,
        metadata={"description": "So many days earlier or later will do, for each slice."},
    )
    adults = Whole(0, 99, load_default=1, metadata={"description": "12 years and older."})
    children = Whole(0, 99, load_default=0, metadata={"description": "2 to 11 years old when flying."})
    infants = Whole(0, 99, load_default=0, metadata={"description": "Under 2, on an adult's lap."})
    cabin = Choice([cabin.value for cabin in Cabin], load_default=Cabin.ECONOMY.value)
    currency = Text(
        longest=3,
        shortest=3,
        load_default=None,
        metadata={"description": "One that the agency sells in; its own unless said."},
    )
    min_price = _perhaps(0, DEAREST, "Filter: the total for everybody at least, in minor units (cents).")
    max_price = _perhaps(0, DEAREST, "Filter: the total for everybody at most, in minor units (cents).")
    refundable = TrueOrFalse(
        load_default=False, metadata={"description": "Filter: true for fares that can be cancelled."}
    )
    sort = Choice(
        [sort.value for sort in FlightSort],
        load_default=FlightSort.PRICE.value,
        metadata={
            "description": "Least first; times are those of the way there. docs/search.md tells `best`."
        },
    )
    limit = Whole(1, 100, load_default=20, metadata={"description": "Results on a page."})
    cursor = Text(
        longest=200, load_default=None, metadata={"description": "`next` of the page before this one."}
    )

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _one_form_or_the_other(self, data: Any, original: Any, **_: Any) -> None:
        given = set(original) if isinstance(original, Mapping) else set()
        if "slice" in given:
            words = "The journey is told by `slice`: leave this out, or leave that out."
            wrong = {name: [Said("both", words)] for name in WAY if name in given}
        else:
            wrong = {name: [MISSING] for name in WAY_THERE if name not in given}
        if wrong:
            raise ValidationError(wrong)


def slices_of(asked: Mapping[str, Any]) -> tuple[AskedSlice, ...]:
    """The slices that a checked query asks for, in either form."""
    if asked["slices"]:
        return tuple(asked["slices"])
    origin, destination = asked["origin"].strip().upper(), asked["destination"].strip().upper()
    out = AskedSlice(origin=origin, destination=destination, day=asked["depart"])
    if asked["return_on"] is None:
        return (out,)
    return out, AskedSlice(origin=destination, destination=origin, day=asked["return_on"])


def told_at(asked: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The fields in which a client finds the mistakes of each slice: its origin, its destination, its day."""
    if asked["slices"]:
        return [(f"slice[{number}]",) * 3 for number in range(len(asked["slices"]))]
    return [("origin", "destination", "depart"), ("destination", "origin", "return")]
