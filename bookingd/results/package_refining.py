"""A search for packages refined: hotels with a flight each, and the flights that there are besides.

Its one rule: results are hotels. What is wanted of flights decides which flight leads to a hotel; a flight
remains while there is a hotel for its nights.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np

from bookingd.domain.filters import FlightFilters, FlightSort
from bookingd.domain.ids import OfferId
from bookingd.domain.offers import Offer
from bookingd.domain.package_prices import compose_package
from bookingd.domain.packages import Nights, PackageOffer
from bookingd.domain.stay_filters import StayFilters, StaySort
from bookingd.domain.stays import StayOffer
from bookingd.results import flight_filters, flight_refining, stay_filters
from bookingd.results.columns import Columns, Mask
from bookingd.results.cursors import Place
from bookingd.results.facets import Count, behind, shown
from bookingd.results.filters import Filter, Flag
from bookingd.results.flight_refining import Refined
from bookingd.results.histogram import Prices, prices_of
from bookingd.results.packages import FLOWN, Book, has_nights, leads, row_nights, with_flights
from bookingd.results.packing import ResultSet
from bookingd.results.refining import Result, Sieve, all_counts, in_order
from bookingd.results.sellable import only_sellable
from bookingd.results.stay_refining import OtherStay

MOST_FLIGHTS = 10
"""Flights that are told besides the hotels: the cheapest."""

NameOf = Callable[[OfferId, OfferId], OfferId]
"""The id of the package of a flight and a stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageAlternative:
    """Another stay in the same hotel with its flight, and the total of both in minor units."""

    id: OfferId
    stay: OtherStay
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageResult:
    """A hotel with a flight to it."""

    offer: PackageOffer
    metres: int
    alternatives: tuple[PackageAlternative, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefinedPackages:
    """What is told of a search under its filters."""

    results: tuple[PackageResult, ...]
    count: int
    next: Place | None
    counts: Mapping[str, tuple[Count, ...]]
    """Of hotels, by facet of `stay_filters`; their prices are those of packages."""
    prices: Prices
    """Of packages, under all filters but that of prices."""
    flights: Refined
    """The cheapest journeys that go with a hotel; counts are of journeys, prices those of flights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRefinement:
    """What is done with the two sets. Prices in the filters of stays are those of packages."""

    flights: FlightFilters
    ends: tuple[flight_filters.Ends, ...]
    stays: StayFilters
    sort: StaySort = StaySort.PRICE
    limit: int
    after: Place | None = None
    refused: Mapping[int, int] = field(default_factory=dict)
    """What has proved unsellable, of flights and of stays, see `bookingd.results.sellable`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfNights:
    """The flights whose nights are some of these."""

    nights: frozenset[Nights]
    facet: str = "nights"

    def mask(self, columns: Columns) -> Mask:
        passes = np.zeros(columns.size, bool)
        for one in self.nights:
            passes |= has_nights(columns, one)
        return passes


_stay = msgspec.json.Decoder(StayOffer)
_other = msgspec.json.Decoder(OtherStay)


def refine(
    flights: ResultSet, stays: ResultSet, wish: PackageRefinement, book: Book, name: NameOf
) -> RefinedPackages:
    """The pairs under all filters, in their order, cut to their page."""
    paired = _paired(flights, stays, wish, book)
    columns, sieve = paired.columns, paired.sieve
    ordered = in_order(columns, sieve.left, by=wish.sort.value)
    page = ordered.page(limit=wish.limit, after=wish.after)
    pairs = _Pairs(stays=replace(stays, columns=columns), leading=paired.leading, book=book, name=name)
    counts = all_counts(sieve, stay_filters.facets_of(wish.stays), stay_filters.chosen_in(wish.stays))
    refundable = _paired(flights, stays, _refundable(wish), book)
    return RefinedPackages(
        results=tuple(pairs.result(one) for one in page.results),
        count=ordered.count,
        next=page.next,
        counts={**counts, "refundable": _both(wish, refundable.columns, refundable.sieve.left)},
        prices=prices_of(columns.lowest_prices(sieve.without("price"))),
        flights=_flights(flights, wish, paired.nights, refundable.nights),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paired:
    """The stays, each with the cheapest flight that is left for its nights, under their filters."""

    leading: Mapping[Nights, Offer]
    columns: Columns
    """With the prices of packages."""
    sieve: Sieve

    @property
    def nights(self) -> OfNights:
        """Those for which there is a hotel."""
        return OfNights(nights=frozenset(_nights_left(self.columns, self.sieve.left, self.leading)))


def _paired(flights: ResultSet, stays: ResultSet, wish: PackageRefinement, book: Book) -> _Paired:
    sellable = only_sellable(wish.refused)
    leading = leads(flights, Sieve(flights.columns, [*_flying(wish), *sellable]).left)
    columns = with_flights(stays, leading, book)
    staying = [*stay_filters.filters_of(wish.stays, nights=1), *sellable]
    sieve = Sieve(columns, [*staying, Flag(facet=FLOWN, column=FLOWN)])
    return _Paired(leading=leading, columns=columns, sieve=sieve)


def _flying(wish: PackageRefinement) -> list[Filter]:
    return flight_filters.filters_of(wish.flights, wish.ends)


def _refundable(wish: PackageRefinement) -> PackageRefinement:
    """The wish with both halves refundable, as choosing it means: one count cannot see the other half."""
    flying, staying = replace(wish.flights, refundable=True), replace(wish.stays, refundable=True)
    return replace(wish, flights=flying, stays=staying)


def _both(wish: PackageRefinement, columns: Columns, left: Mask) -> tuple[Count, ...]:
    """The count behind `refundable`, of what is left where both halves are."""
    chosen = frozenset({"true"} if wish.stays.refundable else ())
    return shown(iter([behind("true", columns, left)]), chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """Makes packages of rows."""

    stays: ResultSet
    """With the prices of packages."""
    leading: Mapping[Nights, Offer]
    book: Book
    name: NameOf

    def result(self, one: Result) -> PackageResult:
        columns = self.stays.columns
        return PackageResult(
            offer=self._offer(one.row),
            metres=int(columns.numbers[StaySort.DISTANCE.value][one.row]),
            alternatives=tuple(self._alternative(row) for row in one.others),
        )

    def _offer(self, row: int) -> PackageOffer:
        flight, stay = self._flight(row), _stay.decode(self.stays.body(row))
        price = compose_package(flight, stay, rules=self.book.rules, airports=self.book.airports)
        return PackageOffer(id=self.name(flight.id, stay.id), flight=flight, stay=stay, price=price)

    def _alternative(self, row: int) -> PackageAlternative:
        stay = _other.decode(self.stays.body(row))
        total = int(self.stays.columns.prices[row])
        return PackageAlternative(id=self.name(self._flight(row).id, stay.id), stay=stay, total=total)

    def _flight(self, row: int) -> Offer:
        return self.leading[row_nights(self.stays.columns, row)]


def _nights_left(columns: Columns, left: Mask, leading: Mapping[Nights, Offer]) -> Iterator[Nights]:
    for nights in leading:
        if (has_nights(columns, nights) & left).any():
            yield nights


def _flights(
    flights: ResultSet, wish: PackageRefinement, of_nights: OfNights, refundable: OfNights
) -> Refined:
    asked = flight_refining.Refinement(
        filters=wish.flights,
        ends=wish.ends,
        sort=FlightSort.PRICE,
        limit=MOST_FLIGHTS,
        refused=wish.refused,
    )
    refined = flight_refining.refine(flights, asked, [of_nights])
    both = [*_flying(_refundable(wish)), *only_sellable(wish.refused), refundable]
    count = _both(wish, flights.columns, Sieve(flights.columns, both).left)
    return replace(refined, counts={**refined.counts, "refundable": count})
