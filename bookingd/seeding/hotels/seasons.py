"""When it is dear where: seasons by climate, New Year, a fair a year in every city, and weekdays.

Factors are of the price of an ordinary night.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType

from bookingd.domain.hotels import WHOLE
from bookingd.domain.stays import HotelKind
from bookingd.seeding.chance import Die
from bookingd.seeding.hotels.houses import House
from bookingd.seeding.hotels.places import Character, Climate

NEW_YEAR = (12, 28)
"""The first night; it lasts until January 2, for all years begin with a season on the next day."""
NEW_YEAR_SHARE, FAIR_SHARE = 0.5, 0.25
"""Of a city's hotels, those whose prices follow New Year, and those that follow the city's fair."""

_Begins = Mapping[tuple[int, int], float]
_SEASONS: Mapping[Climate, _Begins] = MappingProxyType(
    {
        Climate.TEMPERATE: {(1, 3): 0.85, (3, 16): 1.08, (11, 1): 0.92},
        Climate.MEDITERRANEAN: {(1, 3): 0.66, (4, 1): 0.95, (6, 16): 1.42, (9, 11): 1.02, (11, 1): 0.68},
        Climate.SOUTHERN: {(1, 3): 1.18, (4, 1): 0.9, (10, 1): 1.06},
        Climate.DESERT: {(1, 3): 1.15, (5, 1): 0.74, (10, 1): 1.12},
        Climate.WINTER_SUN: {(1, 3): 1.25, (4, 16): 0.88, (11, 16): 1.15},
        Climate.MONSOON: {(1, 3): 1.14, (4, 1): 0.85, (10, 1): 1.1},
        Climate.EVEN: {(1, 3): 0.96, (7, 1): 1.12, (9, 1): 0.98},
        Climate.SNOW: {(1, 3): 1.3, (4, 1): 0.84, (6, 16): 1.1, (10, 1): 0.88},
    }
)
"""From which month and day on; the last one of a year lasts to New Year."""

_BUSINESS = (100, 106, 108, 104, 96, 94, 86)
_LEISURE = (93, 92, 93, 97, 112, 118, 97)
_HOLIDAY = (98, 98, 98, 99, 104, 106, 99)
_HOSTEL = (95, 95, 96, 99, 112, 116, 97)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Nights of one price, from `first` to `last`."""

    first: date
    last: date
    factor: float
    min_stay: int = 1
    """Nights that one has to stay at least, whatever the rate plan asks."""


def spans(house: House, first: date, last: date) -> Iterator[Span]:
    """The nights from `first` to `last` without a gap and without an overlap."""
    fair = _fair(house, first)
    for span in _calendar(house.place.climate, _new_year_nights(house), first, last):
        yield from [span] if fair is None else _cut(span, fair)


def _new_year_nights(house: House) -> int:
    """That one has to stay then at least; 0 where New Year is nothing special."""
    if house.die.share("new year") > NEW_YEAR_SHARE:
        return 0
    return 4 if house.by_the_sea else 2


def weekdays(house: House) -> tuple[int, ...]:
    """Factors from Monday on, in basis points."""
    percent = _BUSINESS if house.place.character is Character.CITY else _LEISURE
    if house.kind is HotelKind.RESORT or house.place.character is Character.BEACH:
        percent = _HOLIDAY
    if house.kind is HotelKind.HOSTEL:
        percent = _HOSTEL
    return tuple(one * WHOLE // 100 for one in percent)


@cache
def _calendar(climate: Climate, new_year_nights: int, first: date, last: date) -> tuple[Span, ...]:
    begins = sorted(_beginnings(climate, new_year_nights, first, last), key=lambda span: span.first)
    found = []
    for span, behind in zip(begins, [*begins[1:], None], strict=True):
        until = last if behind is None else min(last, behind.first - timedelta(days=1))
        if until >= first and span.first <= last:
            found.append(replace(span, first=max(first, span.first), last=until))
    return tuple(found)


def _beginnings(climate: Climate, new_year_nights: int, first: date, last: date) -> Iterator[Span]:
    """A span a season that begins in these years; when it ends tells the next one."""
    for year in range(first.year - 1, last.year + 1):
        for (month, day), factor in _SEASONS[climate].items():
            begin = date(year, month, day)
            yield Span(first=begin, last=begin, factor=factor)
        if new_year_nights:
            begin = date(year, *NEW_YEAR)
            yield Span(first=begin, last=begin, factor=1.5, min_stay=new_year_nights)


def _fair(house: House, first: date) -> Span | None:
    """Some nights a year when a city is full: the same ones for all of its hotels."""
    city = Die(house.place.level, *house.place.code.encode())
    if house.place.character is Character.BEACH or house.die.share("fair") > FAIR_SHARE:
        return None
    begin = date(first.year, city.pick((2, 3, 4, 5, 6, 9, 10, 11), "month"), city.whole(1, 24, "day"))
    if begin < first:
        begin = begin.replace(year=first.year + 1)
    nights = city.whole(3, 5, "nights")
    factor = city.between(1.3, 1.85, "factor")
    return Span(first=begin, last=begin + timedelta(days=nights - 1), factor=factor, min_stay=2)


def _cut(span: Span, fair: Span) -> Iterator[Span]:
    """The span, with the nights of the fair at their own price."""
    first, last = max(span.first, fair.first), min(span.last, fair.last)
    if first > last:
        yield span
        return
    day = timedelta(days=1)
    if span.first < first:
        yield Span(first=span.first, last=first - day, factor=span.factor, min_stay=span.min_stay)
    yield Span(first=first, last=last, factor=fair.factor, min_stay=fair.min_stay)
    if last < span.last:
        yield Span(first=last + day, last=span.last, factor=span.factor, min_stay=span.min_stay)
