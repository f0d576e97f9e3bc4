"""What each filter of a hotel search looks at, and which facets it shows.

Its one rule is that of `flight_filters`: a facet and the filter that is chosen in it have one name. Amenities
are the exception: whoever chooses one more keeps the others, so their counts are under those that are chosen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from bookingd.domain.same_hotel import folded
from bookingd.domain.stay_filters import PricePer, StayFilters
from bookingd.results.columns import PRICE, Columns, Mask
from bookingd.results.facets import Choices, EachTerm, Facet
from bookingd.results.filters import AllOf, AnyOf, Filter, Flag, Minimum, Range

RATINGS = (90, 80, 70, 60)
"""Tenths: the steps that can be chosen from, besides any other."""
DISTANCES_KM = (1, 3, 5, 10)

FLAGS = ("refundable", "pay_at_property")


@dataclass(frozen=True, slots=True, kw_only=True)
class NameHas:
    """Those whose name has the text in it; both are folded."""

    facet: str
    text: str

    def mask(self, columns: Columns) -> Mask:
        names = columns.terms["name"]
        passes = np.zeros(columns.size, bool)
        for name in names.names:
            if self.text in name:
                passes[names.of(name)] = True
        return passes


def filters_of(chosen: StayFilters, *, nights: int) -> list[Filter]:
    """The filters that are set, for stays of so many nights."""
    return [*_price(chosen, nights), *_hotel(chosen), *_rate(chosen)]


def facets_of(chosen: StayFilters) -> dict[str, Facet]:
    """The facets of a hotel search."""
    ratings = sorted({*RATINGS, *_given(chosen.min_rating)}, reverse=True)
    distances = sorted({*map(float, DISTANCES_KM), *_given(chosen.max_distance_km)})
    return {
        "stars": EachTerm(column="stars"),
        "kinds": EachTerm(column="kinds"),
        "amenities": EachTerm(column="amenities"),
        "districts": EachTerm(column="districts"),
        "boards": EachTerm(column="boards"),
        "rating": Choices(choices=tuple((str(least), _rating(int(least))) for least in ratings)),
        "distance": Choices(choices=tuple((f"{most:g}", _distance(most)) for most in distances)),
        **{name: Choices(choices=(("true", Flag(facet=name, column=name)),)) for name in FLAGS},
    }


def chosen_in(chosen: StayFilters) -> Mapping[str, frozenset[str]]:
    """The values that are chosen, by facet."""
    return MappingProxyType(
        {
            "stars": frozenset(map(str, chosen.stars)),
            "kinds": frozenset(kind.value for kind in chosen.kinds),
            "amenities": frozenset(chosen.amenities),
            "districts": frozenset(chosen.districts),
            "boards": frozenset(board.value for board in chosen.boards),
            "rating": frozenset(map(str, _given(chosen.min_rating))),
            "distance": frozenset(f"{most:g}" for most in _given(chosen.max_distance_km)),
            **{name: frozenset(("true",) if getattr(chosen, name) else ()) for name in FLAGS},
        }
    )


def _price(chosen: StayFilters, nights: int) -> Iterator[Filter]:
    times = nights if chosen.price_per is PricePer.NIGHT else 1
    low, high = (None if end is None else end * times for end in (chosen.min_price, chosen.max_price))
    if low is not None or high is not None:
        yield Range(facet="price", column=PRICE, low=low, high=high)


def _hotel(chosen: StayFilters) -> Iterator[Filter]:
    if chosen.stars:
        yield AnyOf(facet="stars", column="stars", names=tuple(map(str, chosen.stars)))
    if chosen.kinds:
        yield AnyOf(facet="kinds", column="kinds", names=tuple(kind.value for kind in chosen.kinds))
    if chosen.amenities:
        yield AllOf(facet="all_amenities", column="amenities", names=chosen.amenities)
    if chosen.districts:
        yield AnyOf(facet="districts", column="districts", names=chosen.districts)
    if text := folded(chosen.name).strip():
        yield NameHas(facet="name", text=text)
    if chosen.min_rating is not None:
        yield _rating(chosen.min_rating)
    if chosen.max_distance_km is not None:
        yield _distance(chosen.max_distance_km)


def _rate(chosen: StayFilters) -> Iterator[Filter]:
    if chosen.boards:
        yield AnyOf(facet="boards", column="boards", names=tuple(board.value for board in chosen.boards))
    for name in FLAGS:
        if getattr(chosen, name):
            yield Flag(facet=name, column=name)


def _rating(least: int) -> Minimum:
    return Minimum(facet="rating", column="guest_rating", least=least)


def _distance(most_km: float) -> Range:
    return Range(facet="distance", column="distance", high=round(most_km * 1000))


def _given(value: float | None) -> tuple[float, ...]:
    return () if value is None else (value,)
