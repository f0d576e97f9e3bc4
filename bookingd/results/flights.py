"""Flights as a set: what of each offer stands in which column.

Its one rule: one journey is one result. It is the same journey when the same flights, by marketing airline
and number, leave the same airports at the same local times, whoever sells them and under whatever fare.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec

from bookingd.domain.filters import FlightSort
from bookingd.domain.flights import Segment, Slice
from bookingd.domain.offers import Offer
from bookingd.domain.packages import nights_between
from bookingd.domain.places import local
from bookingd.domain.ranking import score
from bookingd.results import sellable
from bookingd.results.columns import PRICE
from bookingd.results.packing import Entry, Layout, ResultSet, gather

UNENDING = 10**9
"""The shortest wait, in minutes, of a journey without connections; its longest one is 0."""

JOURNEY = (
    "duration",
    "departure",
    "arrival",
    "stops",
    "shortest_wait",
    "longest_wait",
    "check_in",
    "check_out",
)
FARE = ("checked_bags", "refundable", "changeable")

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class _Journey:
    """What the offers of a journey have in common."""

    name: bytes
    minutes: int
    stops: int
    numbers: tuple[int, ...]
    each_slice: tuple[int, ...]
    terms: tuple[tuple[str, ...], ...]


def layout(slices: int) -> Layout:
    """The columns of journeys of so many slices; those of a slice end in its number, from 0."""
    each = range(slices)
    return Layout(
        numbers=(
            PRICE,
            FlightSort.BEST.value,
            *JOURNEY,
            *FARE,
            *sellable.LAYOUT,
            *(f"{name}.{number}" for number in each for name in ("leaves", "lands", "minutes")),
        ),
        terms=(
            "airlines",
            "via",
            *(f"{name}.{number}" for number in each for name in ("origin", "destination")),
        ),
    )


def flight_set(offers: Sequence[Offer], *, slices: int, about: bytes) -> ResultSet:
    """The offers of a search for journeys of so many slices, all in one currency."""
    return gather(map(Entering().entry, offers), layout=layout(slices), about=about)


class Entering:
    """Makes the entries of a search's offers, one by one as they come."""

    def __init__(self) -> None:
        self._journeys: dict[tuple[Slice, ...], _Journey] = {}

    def entry(self, offer: Offer) -> Entry:
        """An offer on its way into a set."""
        slices = offer.itinerary.slices
        journey = self._journeys.get(slices)
        if journey is None:
            journey = self._journeys[slices] = _journey(slices)
        return _entry(offer, journey)


def _entry(offer: Offer, journey: _Journey) -> Entry:
    conditions, total = offer.itinerary.conditions, offer.total.amount
    flights = [segment.supplier_key for segment in offer.itinerary.segments]
    return Entry(
        result=journey.name,
        offer=_encode((offer.supplier, flights, offer.itinerary.cabin, conditions)),
        numbers=(
            total,
            score(price=total, minutes=journey.minutes, stops=journey.stops),
            *journey.numbers,
            conditions.checked_bags,
            conditions.cancel_fee is not None,
            conditions.change_fee is not None,
            *sellable.numbers_of(offer),
            *journey.each_slice,
        ),
        terms=journey.terms,
        body=_encode(offer),
    )


def _journey(slices: tuple[Slice, ...]) -> _Journey:
    minutes = [_minutes(part.duration) for part in slices]
    changes = [change for part in slices for change in pairwise(part.segments)]
    waits = [_minutes(two.departs_at - one.arrives_at) for one, two in changes]
    return _Journey(
        name=_encode([_flight(segment) for part in slices for segment in part.segments]),
        minutes=sum(minutes),
        stops=len(changes),
        numbers=(
            sum(minutes),
            int(slices[0].departs_at.timestamp()),
            int(slices[0].arrives_at.timestamp()),
            max(part.stops for part in slices),
            min(waits, default=UNENDING),
            max(waits, default=0),
            *_nights(slices),
        ),
        each_slice=tuple(number for part in slices for number in (*_clocks(part), _minutes(part.duration))),
        terms=(
            tuple(segment.airline for part in slices for segment in part.segments),
            tuple(code for one, two in changes for code in (one.destination, two.origin)),
            *((code,) for part in slices for code in (part.origin, part.destination)),
        ),
    )


def _nights(slices: Sequence[Slice]) -> tuple[int, int]:
    """Ordinals of the nights at the end of the first slice; zeros where nobody stays."""
    nights = nights_between(slices)
    return (0, 0) if nights is None else (nights.check_in.toordinal(), nights.check_out.toordinal())


def _flight(segment: Segment) -> tuple[str, int, str, str, str]:
    leaves = local(segment.departs_at, segment.origin_zone)
    return segment.airline, segment.number, segment.origin, segment.destination, f"{leaves:%Y-%m-%dT%H:%M}"


def _clocks(part: Slice) -> tuple[int, int]:
    """Minutes of the day, by local clocks, at which a slice begins and ends."""
    first, last = part.segments[0], part.segments[-1]
    return (
        _of_day(local(part.departs_at, first.origin_zone)),
        _of_day(local(part.arrives_at, last.destination_zone)),
    )


def _of_day(at: datetime) -> int:
    return at.hour * 60 + at.minute


def _minutes(time: timedelta) -> int:
    return time // timedelta(minutes=1)
