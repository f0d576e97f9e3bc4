"""Flights and stays as packages: each stay with the cheapest flight that has its nights.

Its one rule: the price in a column is what `compose_package` makes of the two offers. Which flight leads to a
stay depends on what is wanted of flights, so the pairs are made anew for each choice; no supplier is asked.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import msgspec
import numpy as np

from bookingd.domain.offers import Offer
from bookingd.domain.package_prices import discountable, discounts, flown, package_context, sold_on
from bookingd.domain.packages import Nights
from bookingd.domain.price_matches import Endpoint, Flown, PriceContext, Stayed
from bookingd.domain.price_rules import MILLION, Charge, Per, RuleBook
from bookingd.domain.prices import LineKind
from bookingd.domain.ranking import UNRATED, stay_score
from bookingd.domain.stay_filters import StaySort
from bookingd.results.columns import NO_PRICE, PRICE, Columns, Mask, Numbers, Rows, places
from bookingd.results.packing import ResultSet

MOST_NIGHTS = 4
"""How many different nights a search looks at: flights of one day land on two days, and leave on two.

With odd connections there are more: the cheapest count, and the search says that it is not complete.
"""

FLOWN = "flown"
"""The column of stays that tells whether a flight has their nights."""

MILLISECONDS_A_DAY = 86_400_000

_offer = msgspec.json.Decoder(Offer)


class _Hotel(msgspec.Struct, frozen=True):
    key: str
    stars: int
    city_code: str
    country: str


class _Stay(msgspec.Struct, frozen=True):
    """Of a stay's JSON what rules look at."""

    supplier: str
    hotel: _Hotel
    made_at: datetime


_stay = msgspec.json.Decoder(_Stay)


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The rules, and where airports are: what discounts are reckoned by."""

    rules: RuleBook
    airports: Mapping[str, Endpoint]


def nights_of(flights: ResultSet) -> tuple[Nights, ...]:
    """The nights between a set's flights, those of the cheapest ones first."""
    columns = flights.columns
    return tuple(_cheapest(columns, columns.numbers["check_in"] > 0))


def leads(flights: ResultSet, left: Mask) -> dict[Nights, Offer]:
    """For each of the nights the cheapest flight that is left."""
    rows = _cheapest(flights.columns, left & (flights.columns.numbers["check_in"] > 0))
    return {nights: _offer.decode(flights.body(row)) for nights, row in rows.items()}


def with_flights(stays: ResultSet, flights: Mapping[Nights, Offer], book: Book) -> Columns:
    """The columns of the stays with the prices of packages; stays that no flight goes with are not FLOWN."""
    columns = stays.columns
    prices, flown_to = np.full(columns.size, NO_PRICE, np.int64), np.zeros(columns.size, np.int64)
    for nights, flight in flights.items():
        rows = places(has_nights(columns, nights))
        prices[rows] = _totals(stays, rows, flight, book)
        flown_to[rows] = 1
    rating = columns.numbers["guest_rating"]
    best = stay_score(price=prices.astype(float), rating=np.where(rating < 0, UNRATED, rating))
    numbers = {**columns.numbers, PRICE: prices, StaySort.BEST.value: best, FLOWN: flown_to}
    return replace(columns, numbers=numbers)


def has_nights(columns: Columns, nights: Nights) -> Mask:
    """The flights or stays with these nights."""
    begins, ends = columns.numbers["check_in"], columns.numbers["check_out"]
    mask: Mask = (begins == nights.check_in.toordinal()) & (ends == nights.check_out.toordinal())
    return mask


def row_nights(columns: Columns, row: int) -> Nights:
    """The nights of one of them."""
    begins, ends = columns.numbers["check_in"], columns.numbers["check_out"]
    return Nights(check_in=date.fromordinal(int(begins[row])), check_out=date.fromordinal(int(ends[row])))


def _cheapest(columns: Columns, mask: Mask) -> dict[Nights, int]:
    """Of the nights of the mask's flights the row of the cheapest, the cheapest of all first."""
    found: dict[Nights, int] = {}
    ordered = columns.order(PRICE)
    begins, ends = columns.numbers["check_in"], columns.numbers["check_out"]
    ordered = ordered[mask[ordered]]
    _, first = np.unique(np.stack((begins[ordered], ends[ordered])), axis=1, return_index=True)
    for row in ordered[np.sort(first)]:
        found[row_nights(columns, int(row))] = int(row)
    return found


def _totals(stays: ResultSet, rows: Rows, flight: Offer, book: Book) -> Numbers:
    """What the flight with each of the stays costs."""
    numbers, price = stays.columns.numbers, flight.price
    net = numbers["net"][rows].astype(np.int64) + price.of_kind(LineKind.NET).amount
    left = numbers["discountable"][rows].astype(np.int64) + discountable(price)
    totals: Numbers = stays.columns.prices[rows] + flight.total.amount
    for charges, of_them in _discounts(stays, rows, flight, book):
        taken = _taken(charges, net[of_them], left[of_them], flight.party.size)
        totals[of_them] -= taken
    return totals


def _discounts(
    stays: ResultSet, rows: Rows, flight: Offer, book: Book
) -> Iterator[tuple[tuple[Charge, ...], Rows]]:
    """Which discounts go with which of the rows: rules look at the hotel, and at the day of sale."""
    numbers = stays.columns.numbers
    days = numbers["made"][rows] // MILLISECONDS_A_DAY
    _, first, of = np.unique(
        np.stack((numbers["hotel"][rows], days)), axis=1, return_index=True, return_inverse=True
    )
    way = flown(flight.itinerary, book.airports)
    groups: dict[tuple[Charge, ...], list[int]] = {}
    for number, row in enumerate(rows[first]):
        context = _context(flight, _stay.decode(stays.body(int(row))), way)
        charges = discounts(book.rules, context, flight)
        groups.setdefault(charges, []).append(number)
    for charges, hotels in groups.items():
        yield charges, np.flatnonzero(np.isin(of.ravel(), hotels))


def _taken(charges: Iterable[Charge], net: Rows, left: Rows, heads: int) -> Rows:
    """What `reductions` takes off, for many at once."""
    before = left
    for charge in charges:
        count = heads if charge.per is Per.PASSENGER else 1
        left = left - np.minimum(charge_on(charge, net, count), left // count) * count
    taken: Rows = before - left
    return taken


def charge_on(charge: Charge, net: Rows, parts: int) -> Rows:
    """`Charge.on` for many at once: halves are rounded up, and no net is below zero."""
    if not charge.millionths:
        return np.full(len(net), max(charge.fixed, charge.minimum or 0), np.int64)
    whole = MILLION * parts
    amounts: Rows = (net * charge.millionths * 2 + whole) // (whole * 2)
    return np.clip(amounts, charge.minimum, charge.maximum)


def _context(flight: Offer, stay: _Stay, way: Flown) -> PriceContext:
    hotel = stay.hotel
    place = Endpoint(city=hotel.city_code, country=hotel.country)
    return package_context(
        flight,
        supplier=stay.supplier,
        stay=Stayed(place=place, hotel=hotel.key, stars=hotel.stars),
        sold=sold_on(flight.made_at, stay.made_at),
        way=way,
    )
