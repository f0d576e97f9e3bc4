"""Filters of a hotel search as they stand in its query, and what cannot be meant by them."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from bookingd.domain.stay_filters import PricePer, StayFilters
from bookingd.domain.stays import Board, HotelKind
from handlers.criteria import wrong
from handlers.errors import FieldError
from handlers.fields import did_you_mean


def filters_in(asked: Mapping[str, Any]) -> StayFilters:
    """The filters of a query whose form is right; lists in one order, however they were given."""
    return StayFilters(
        stars=tuple(sorted(int(stars) for stars in asked["stars"])),
        kinds=tuple(sorted(map(HotelKind, asked["kinds"]))),
        amenities=tuple(sorted(asked["amenities"])),
        districts=tuple(sorted(set(asked["districts"]))),
        boards=tuple(sorted(map(Board, asked["boards"]))),
        name=asked["name"],
        min_rating=asked["min_rating"],
        max_distance_km=asked["max_distance_km"],
        min_price=asked["min_price"],
        max_price=asked["max_price"],
        price_per=PricePer(asked.get("price_per", PricePer.STAY)),
        refundable=asked["refundable"],
        pay_at_property=asked["pay_at_property"],
    )


def filter_mistakes(filters: StayFilters, *, amenities: Collection[str]) -> Iterator[FieldError]:
    """What cannot be meant; `amenities` are all that there are."""
    for code in filters.amenities:
        if code not in amenities:
            yield FieldError(
                field="amenities",
                code="unknown_amenity",
                message=f"{code} is no amenity that we know.",
                hint=did_you_mean(code, sorted(amenities)),
            )
    low, high = filters.min_price, filters.max_price
    if low is not None and high is not None and low > high:
        yield wrong("min_price", "contradiction", "This is more than `max_price`.")
