"""Flights and stays as packages: each stay with the cheapest flight that has its nights.

Its one rule: the price in a column is what `compose_package` makes of the two offers. Which flight leads to a
stay depends on what is wanted of flights, so the pairs are made anew for each choice; no supplier is asked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import msgspec
import numpy as np

from bookingd.domain.offers import Offer
from bookingd.domain.package_prices import discountable, flown, package_context, reductions, sold_on
from bookingd.domain.packages import Nights
from bookingd.domain.price_matches import Endpoint, Flown, PriceContext, Stayed
from bookingd.domain.price_rules import RuleBook
from bookingd.domain.prices import LineKind
from bookingd.domain.ranking import UNRATED, stay_score
from bookingd.domain.stay_filters import StaySort
from bookingd.results.columns import NO_PRICE, PRICE, Columns, Mask, Numbers, Rows, places
from bookingd.results.packing import ResultSet

MOST_NIGHTS = 4
"""How many different nights a search looks at: flights of one day land on two days, and leave on two."""

FLOWN = "flown"
"""The column of stays that tells whether a flight has their nights."""

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
    """The nights between a set's flights, those of the cheapest ones first; MOST_NIGHTS at most."""
    columns = flights.columns
    return tuple(_cheapest(columns, columns.numbers["check_in"] > 0))[:MOST_NIGHTS]


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
    columns = stays.columns
    taken = np.array(list(_reduced(stays, rows, flight, book)), np.int64)
    totals: Numbers = columns.prices[rows] + flight.total.amount - taken
    return totals


def _reduced(stays: ResultSet, rows: Rows, flight: Offer, book: Book) -> Iterator[int]:
    net, own = flight.price.of_kind(LineKind.NET).amount, discountable(flight.price)
    way, currency = flown(flight.itinerary, book.airports), flight.price.currency
    numbers = stays.columns.numbers
    for row in rows:
        context = _context(flight, _stay.decode(stays.body(int(row))), way)
        taken = reductions(
            book.rules.charges(context, currency).discount,
            net=net + int(numbers["net"][row]),
            discountable=own + int(numbers["discountable"][row]),
            heads=context.heads,
        )
        yield sum(one.each * one.times for one in taken)


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
