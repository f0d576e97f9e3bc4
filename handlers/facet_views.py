"""Counts and prices beside the results of a search, of whatever kind they are."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from msgspec import Meta

from bookingd.domain.money import Money
from bookingd.results.facets import Count
from bookingd.results.histogram import Prices
from handlers.views import Amount, View, amount


class FacetValue(View, frozen=True, kw_only=True):
    """A value to choose, and what choosing it alone would leave under all other filters.

    An amenity is chosen besides those that are chosen already.
    """

    value: Annotated[str, Meta(description="As the filter takes it.")]
    label: Annotated[str | None, Meta(description="Its name, where it has one.")]
    count: Annotated[int, Meta(description="Results that would be left.")]
    occurs: Annotated[int, Meta(description="Results in which it occurs, beside other values too.")]
    lowest_price: Annotated[Amount | None, Meta(description="Of the cheapest of them.")]


class PriceBar(View, frozen=True, kw_only=True):
    """Results whose lowest price is at least `low` and below `high`, in minor units."""

    low: int
    high: int
    count: int


class PriceFacet(View, frozen=True, kw_only=True):
    """The lowest prices of all results under all filters but that of prices; null where there are none."""

    min: Amount | None
    max: Amount | None
    histogram: tuple[PriceBar, ...]


def facet_view(
    counts: Iterable[Count], currency: str, labels: Mapping[str, str] | None = None
) -> tuple[FacetValue, ...]:
    """The values of a facet."""
    known = labels or {}
    return tuple(
        FacetValue(
            value=count.value,
            label=known.get(count.value),
            count=count.results,
            occurs=count.occurs,
            lowest_price=_amount(count.lowest, currency),
        )
        for count in counts
    )


def price_facet(prices: Prices, currency: str) -> PriceFacet:
    """How prices are spread."""
    return PriceFacet(
        min=_amount(prices.least, currency),
        max=_amount(prices.most, currency),
        histogram=tuple(PriceBar(low=bar.low, high=bar.high, count=bar.results) for bar in prices.bars),
    )


def _amount(minor: int | None, currency: str) -> Amount | None:
    return None if minor is None else amount(Money(minor, currency))
