"""A search for packages as it is understood. The one rule is that of `flight_queries`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bookingd.domain.packages import Nights, flying_party
from bookingd.domain.passengers import MOST_SEATS, Party
from bookingd.domain.search import FlightCriteria
from bookingd.domain.stay_filters import StaySort
from bookingd.domain.stays import MOST_NIGHTS, RoomGuests, StayCriteria
from bookingd.results.cursors import fingerprint
from bookingd.results.package_refining import PackageRefinement
from bookingd.storage import amenities, places
from bookingd.storage.amenities import AmenityName
from bookingd.storage.database import Connection, Database
from bookingd.storage.places import Place
from handlers.criteria import currency_mistakes, currency_of, wrong
from handlers.errors import FieldError
from handlers.fields import load_query
from handlers.flight_queries import Journey, journey_in
from handlers.flight_requests import AskedSlice
from handlers.package_requests import PackageSearch
from handlers.paging import place_behind
from handlers.requests import schema
from handlers.stay_filters import filter_mistakes, filters_in

TOLD = (("origin", "destination", "depart"), ("destination", "origin", "return"))
"""Where the mistakes of the way there and of the way back are told."""

OF_PACKAGES: Mapping[str, Any] = {"min_price": None, "max_price": None}
"""What is not wanted of flights: prices are those of packages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageQuery:
    """A search that was found good."""

    journey: Journey
    place: Place
    """Where the hotel is."""
    rooms: tuple[RoomGuests, ...]
    wish: PackageRefinement
    amenities: Mapping[str, AmenityName]
    """All that there are, by code."""
    fingerprint: str
    """The same for all pages of a search, and for no other search."""

    @property
    def flights(self) -> FlightCriteria:
        """What suppliers of flights are asked."""
        return self.journey.criteria

    def stays(self, nights: Nights) -> StayCriteria:
        """What suppliers of stays are asked for these nights."""
        return StayCriteria(
            place=self.place.code,
            check_in=nights.check_in,
            check_out=nights.check_out,
            rooms=self.rooms,
            currency=self.flights.currency,
        )


async def understand(
    pairs: Any, *, database: Database, currencies: Sequence[str], now: datetime
) -> PackageQuery:
    """The search that a query string (a multi-dictionary) means. Raises Problem with all that is wrong."""
    asked = load_query(schema(PackageSearch), pairs)
    rooms = tuple(asked["rooms"])
    party = flying_party(rooms)
    async with database.connection() as connection:
        there = {one.code: one for one in await amenities.every(connection)}
        place = await _place(connection, asked)
        mistakes = [
            *_party_mistakes(party),
            *_length_mistakes(asked),
            *_place_mistakes(asked, place),
            *currency_mistakes(currencies, asked["currency"]),
            *filter_mistakes(filters_in(asked), amenities=there),
        ]
        journey = await journey_in(
            connection,
            {**asked, **OF_PACKAGES},
            slices=_slices(asked),
            told=TOLD,
            party=party,
            currency=currency_of(currencies, asked["currency"]),
            mistakes=mistakes,
            now=now,
        )
    return _query(journey, place or journey.known[_slices(asked)[0].destination], rooms, there, asked)


def _query(
    journey: Journey,
    place: Place,
    rooms: tuple[RoomGuests, ...],
    there: Mapping[str, AmenityName],
    asked: Mapping[str, Any],
) -> PackageQuery:
    sort, filters = StaySort(asked["sort"]), filters_in(asked)
    of = fingerprint(journey.criteria, place.code, rooms, journey.filters, filters, sort)
    wish = PackageRefinement(
        flights=journey.filters,
        ends=journey.ends,
        stays=filters,
        sort=sort,
        limit=asked["limit"],
        after=place_behind(asked["cursor"], of),
    )
    return PackageQuery(journey=journey, place=place, rooms=rooms, wish=wish, amenities=there, fingerprint=of)


def _slices(asked: Mapping[str, Any]) -> Sequence[AskedSlice]:
    origin, destination = asked["origin"].strip().upper(), asked["destination"].strip().upper()
    return (
        AskedSlice(origin=origin, destination=destination, day=asked["depart"]),
        AskedSlice(origin=destination, destination=origin, day=asked["return_on"]),
    )


async def _place(connection: Connection, asked: Mapping[str, Any]) -> Place | None:
    """Where the hotel is, if that was said and is known."""
    if asked["place"] is None:
        return None
    code = asked["place"].strip().upper()
    return (await places.known(connection, codes=[code])).get(code)


def _place_mistakes(asked: Mapping[str, Any], place: Place | None) -> Iterator[FieldError]:
    if asked["place"] is not None and place is None:
        code = asked["place"].strip().upper()
        yield wrong("place", "unknown_place", f"{code} is neither an airport nor a city that we know.")


def _party_mistakes(party: Party) -> Iterator[FieldError]:
    """The guests of all rooms fly on one booking."""
    if party.seats > MOST_SEATS:
        words = f"One booking takes {MOST_SEATS} seats at most; these rooms need {party.seats}."
        yield wrong("room", "too_many", words)
    if party.infants > party.adults:
        words = "Each infant (under 2) travels on the lap of an adult of its own."
        yield wrong("room", "infants_without_adults", words)


def _length_mistakes(asked: Mapping[str, Any]) -> Iterator[FieldError]:
    days = (asked["return_on"] - asked["depart"]).days
    if days > MOST_NIGHTS:
        yield wrong("return", "too_long", f"A stay has {MOST_NIGHTS} nights at most.")
    if days == 0:
        yield wrong("return", "same_day", "A package has a night: this is the day of departure.")
