"""A hotel search refined: the page that is shown, and everything that is told beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from bookingd.domain.ids import OfferId
from bookingd.domain.stay_filters import StayFilters, StaySort
from bookingd.domain.stays import StayOffer, StayRoom, StayTerms
from bookingd.results.cursors import Place
from bookingd.results.facets import Count
from bookingd.results.histogram import Prices, prices_of
from bookingd.results.packing import ResultSet
from bookingd.results.refining import Result, Sieve, all_counts, in_order
from bookingd.results.sellable import only_sellable
from bookingd.results.stay_filters import chosen_in, facets_of, filters_of


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherStay:
    """Another offer of the same hotel, without what all of them have in common."""

    id: OfferId
    supplier: str
    rooms: tuple[StayRoom, ...]
    terms: StayTerms
    rooms_left: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StayAlternative:
    """Another offer, and its total in minor units."""

    offer: OtherStay
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StayResult:
    """A hotel: its leading offer, and its others that pass the filters, the cheapest first."""

    offer: StayOffer
    metres: int
    """From the place that was asked for."""
    alternatives: tuple[StayAlternative, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefinedStays:
    """What is told of a search under its filters."""

    results: tuple[StayResult, ...]
    """Of the page."""
    count: int
    """Results on all pages."""
    next: Place | None
    counts: Mapping[str, tuple[Count, ...]]
    """By facet, see `bookingd.results.stay_filters.facets_of`."""
    prices: Prices
    """Of the whole stay, under all filters but that of prices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StayRefinement:
    """What is done with a set."""

    filters: StayFilters
    nights: int
    sort: StaySort = StaySort.PRICE
    limit: int
    after: Place | None = None
    refused: Mapping[int, int] = field(default_factory=dict)
    """What has proved unsellable, see `bookingd.results.sellable`."""


_offer = msgspec.json.Decoder(StayOffer)
_other = msgspec.json.Decoder(OtherStay)


def refine(found: ResultSet, wish: StayRefinement) -> RefinedStays:
    """The set under its filters, in its order, cut to its page."""
    columns = found.columns
    filters = filters_of(wish.filters, nights=wish.nights)
    sieve = Sieve(columns, [*filters, *only_sellable(wish.refused)])
    ordered = in_order(columns, sieve.left, by=wish.sort.value)
    page = ordered.page(limit=wish.limit, after=wish.after)
    return RefinedStays(
        results=tuple(_result(found, one) for one in page.results),
        count=ordered.count,
        next=page.next,
        counts=all_counts(sieve, facets_of(wish.filters), chosen_in(wish.filters)),
        prices=prices_of(columns.lowest_prices(sieve.without("price"))),
    )


def _result(found: ResultSet, one: Result) -> StayResult:
    columns = found.columns
    return StayResult(
        offer=_offer.decode(found.body(one.row)),
        metres=int(columns.numbers[StaySort.DISTANCE.value][one.row]),
        alternatives=tuple(
            StayAlternative(offer=_other.decode(found.body(row)), total=int(columns.prices[row]))
            for row in one.others
        ),
    )
