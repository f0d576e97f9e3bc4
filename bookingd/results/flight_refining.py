"""A flight search refined: the page that is shown, and everything that is told beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from bookingd.domain.filters import FlightFilters, FlightSort
from bookingd.domain.flights import Cabin, Conditions
from bookingd.domain.ids import OfferId
from bookingd.domain.offers import Offer
from bookingd.results.columns import Columns, Mask
from bookingd.results.cursors import Place
from bookingd.results.facets import Count
from bookingd.results.filters import Filter
from bookingd.results.flight_filters import Ends, chosen_in, facets_of, filters_of
from bookingd.results.histogram import Prices, prices_of
from bookingd.results.packing import ResultSet
from bookingd.results.refining import Result, Sieve, all_counts, in_order
from bookingd.results.sellable import only_sellable


@dataclass(frozen=True, slots=True, kw_only=True)
class Fare:
    """Of an offer's itinerary what an alternative has of its own."""

    cabin: Cabin
    conditions: Conditions


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherOffer:
    """Another offer of the same journey, without what all of them have in common."""

    id: OfferId
    supplier: str
    itinerary: Fare
    seats_left: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Another offer, and its total in minor units."""

    offer: OtherOffer
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightResult:
    """A journey: its leading offer, and its others that pass the filters, the cheapest first."""

    offer: Offer
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The least and the most minutes."""

    least: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refined:
    """What is told of a search under its filters."""

    results: tuple[FlightResult, ...]
    """Of the page."""
    count: int
    """Results on all pages."""
    next: Place | None
    counts: Mapping[str, tuple[Count, ...]]
    """By facet, see `bookingd.results.flight_filters.facets_of`."""
    prices: Prices
    """Under all filters but that of prices."""
    durations: tuple[Span | None, ...]
    """Of each slice, under all filters but its own; None where nothing is left."""
    connections: Span | None
    """The same of connections; None where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refinement:
    """What is done with a set."""

    filters: FlightFilters
    ends: tuple[Ends, ...]
    """Of each slice."""
    sort: FlightSort = FlightSort.PRICE
    limit: int
    after: Place | None = None
    refused: Mapping[int, int] = field(default_factory=dict)
    """What has proved unsellable, see `bookingd.results.sellable`."""


_offer = msgspec.json.Decoder(Offer)
_other = msgspec.json.Decoder(OtherOffer)


def refine(found: ResultSet, wish: Refinement, further: Sequence[Filter] = ()) -> Refined:
    """The set under its filters, and `further` ones, in its order, cut to its page."""
    columns = found.columns
    sieve = Sieve(columns, [*filters_of(wish.filters, wish.ends), *only_sellable(wish.refused), *further])
    ordered = in_order(columns, sieve.left, by=wish.sort.value)
    page = ordered.page(limit=wish.limit, after=wish.after)
    return Refined(
        results=tuple(_result(found, one) for one in page.results),
        count=ordered.count,
        next=page.next,
        counts=all_counts(sieve, facets_of(wish.filters, wish.ends), chosen_in(wish.filters)),
        prices=prices_of(columns.lowest_prices(sieve.without("price"))),
        durations=tuple(_duration(columns, sieve, number) for number in range(len(wish.ends))),
        connections=_connections(columns, sieve),
    )


def _result(found: ResultSet, one: Result) -> FlightResult:
    return FlightResult(
        offer=_offer.decode(found.body(one.row)),
        alternatives=tuple(_alternatives(found, one.others)),
    )


def _alternatives(found: ResultSet, rows: Sequence[int]) -> list[Alternative]:
    prices = found.columns.prices
    return [Alternative(offer=_other.decode(found.body(row)), total=int(prices[row])) for row in rows]


def _duration(columns: Columns, sieve: Sieve, number: int) -> Span | None:
    return _span(columns, sieve.without(f"duration.{number}"), f"minutes.{number}", f"minutes.{number}")


def _connections(columns: Columns, sieve: Sieve) -> Span | None:
    with_stops = sieve.without("connection") & (columns.numbers["stops"] > 0)
    return _span(columns, with_stops, "shortest_wait", "longest_wait")


def _span(columns: Columns, mask: Mask, low: str, high: str) -> Span | None:
    if not mask.any():
        return None
    return Span(least=int(columns.numbers[low][mask].min()), most=int(columns.numbers[high][mask].max()))
