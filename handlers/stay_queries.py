"""A hotel search as it is understood: what suppliers are asked, and what is done with their answers.

The one rule is that of `flight_queries`: everything that is wrong with it is said at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from bookingd.domain.stay_filters import StayFilters, StaySort
from bookingd.domain.stays import MOST_NIGHTS, Around, StayCriteria, hotel_key
from bookingd.results.cursors import Place as PageEnd
from bookingd.results.cursors import fingerprint
from bookingd.results.stay_refining import StayRefinement
from bookingd.results.stays import Position
from bookingd.storage import amenities, hotels, places
from bookingd.storage.amenities import AmenityName
from bookingd.storage.database import Connection, Database
from bookingd.storage.hotels import Centre
from bookingd.storage.places import Place
from bookingd.suppliers.own_stays import own_hotels
from bookingd.suppliers.own_stock import NAME
from handlers.criteria import currency_mistakes, currency_of, today_at, wrong
from handlers.errors import FieldError, invalid
from handlers.fields import MISSING, load_query
from handlers.paging import place_behind
from handlers.requests import schema
from handlers.stay_filters import filter_mistakes, filters_in
from handlers.stay_requests import StaySearch

DAYS_AHEAD = 500
"""Until the last night; the large sites take stays about 16 months ahead."""
USUAL_RADIUS_KM = 10.0
FARTHEST_WEST = timedelta(hours=12)
"""Behind Greenwich: where a day ends last."""

POSITION = ("latitude", "longitude", "radius_km")


@dataclass(frozen=True, slots=True, kw_only=True)
class StayQuery:
    """A search that was found good."""

    criteria: StayCriteria
    wish: StayRefinement
    centre: Position | None = None
    """Where distances are from."""
    place: Place | None = None
    """The place that was asked for by its code."""
    amenities: Mapping[str, AmenityName]
    """All that there are, by code."""
    fingerprint: str
    """The same for all pages of a search, and for no other search."""


async def understand(
    pairs: Any, *, database: Database, currencies: Sequence[str], now: datetime
) -> StayQuery:
    """The search that a query string (a multi-dictionary) means. Raises Problem with all that is wrong."""
    asked = load_query(schema(StaySearch), pairs)
    filters, code = filters_in(asked), _code(asked)
    async with database.connection() as connection:
        known = await places.known(connection, codes=[code] if code else [])
        there = {one.code: one for one in await amenities.every(connection)}
        place, around = known.get(code or ""), _around(asked)
        centre = await centre_of(connection, around=around, place=place)
        hotel_known = asked["hotel"] is None or await _may_be(connection, asked["hotel"])
    mistakes = [
        *_where_mistakes(asked, place),
        *([] if hotel_known else [_unknown_hotel(asked["hotel"])]),
        *date_mistakes(asked["check_in"], asked["check_out"], today=_today(place, now)),
        *currency_mistakes(currencies, asked["currency"]),
        *filter_mistakes(filters, amenities=there),
    ]
    if mistakes:
        raise invalid(*mistakes)
    query = _query(_criteria(asked, currency_of(currencies, asked["currency"])), filters, there, asked)
    return replace(query, place=place, centre=centre)


async def _may_be(connection: Connection, shown: str) -> bool:
    """Whether there may be a hotel of this id. Those of other suppliers are known to them alone."""
    supplier, key = hotel_key(shown)
    if supplier != NAME:
        return key != ""
    own = own_hotels(shown)
    return own != [] and await hotels.on_sale(connection, hotel=own[0])


def _unknown_hotel(shown: str) -> FieldError:
    return wrong(
        "hotel", "unknown_hotel", f"{shown} is no hotel that we know; offers and places have their ids."
    )


def date_mistakes(check_in: date, check_out: date, *, today: date) -> Iterator[FieldError]:
    """What keeps a stay from being looked for."""
    last = today + timedelta(days=DAYS_AHEAD)
    if check_in < today:
        yield wrong("check_in", "past", f"{check_in} is over; where the hotel is, it is {today}.")
    if check_out <= check_in:
        yield wrong("check_out", "before_check_in", "This has to be behind `check_in`: a stay has a night.")
    elif (check_out - check_in).days > MOST_NIGHTS:
        yield wrong("check_out", "too_long", f"A stay has {MOST_NIGHTS} nights at most.")
    if check_in > last:
        yield wrong("check_in", "too_far", f"Stays are sold {DAYS_AHEAD} days ahead, until {last}.")


def _query(
    criteria: StayCriteria,
    filters: StayFilters,
    there: Mapping[str, AmenityName],
    asked: Mapping[str, Any],
) -> StayQuery:
    sort = StaySort(asked["sort"])
    of = fingerprint(criteria, filters, sort)
    after: PageEnd | None = place_behind(asked["cursor"], of)
    wish = StayRefinement(
        filters=filters, nights=criteria.nights, sort=sort, limit=asked["limit"], after=after
    )
    return StayQuery(
        criteria=criteria,
        wish=wish,
        amenities=there,
        fingerprint=of,
    )


async def centre_of(connection: Connection, *, around: Around | None, place: Place | None) -> Position | None:
    """Where distances are from: the position that was asked for, or the middle of a place's hotels."""
    there: Around | Place | Centre | None = around or place
    if around is None and place is not None:
        there = await hotels.centre(connection, code=place.code) or place
    return None if there is None else Position(latitude=there.latitude, longitude=there.longitude)


def _criteria(asked: Mapping[str, Any], currency: str) -> StayCriteria:
    return StayCriteria(
        place=_code(asked),
        around=_around(asked),
        hotel=asked["hotel"],
        check_in=asked["check_in"],
        check_out=asked["check_out"],
        rooms=tuple(asked["rooms"]),
        currency=currency,
    )


def _around(asked: Mapping[str, Any]) -> Around | None:
    if asked["latitude"] is None:
        return None
    return Around(
        latitude=asked["latitude"],
        longitude=asked["longitude"],
        radius_km=asked["radius_km"] or USUAL_RADIUS_KM,
    )


def _code(asked: Mapping[str, Any]) -> str | None:
    return asked["place"].strip().upper() if asked["place"] else None


def _where_mistakes(asked: Mapping[str, Any], place: Place | None) -> Iterator[FieldError]:
    by_position = [name for name in POSITION if asked[name] is not None][:1]
    told = [name for name in ("place", "hotel") if asked[name] is not None] + by_position
    if not told:
        yield wrong("place", "required", "Say where: `place`, `latitude` and `longitude`, or `hotel`.")
    for name in told[1:]:
        yield wrong(name, "both", f"Where is told by `{told[0]}`: leave this out, or leave that out.")
    if told and told == by_position:
        for name in ("latitude", "longitude"):
            if asked[name] is None:
                yield wrong(name, MISSING.code, str(MISSING))
    if asked["place"] is not None and place is None:
        yield wrong(
            "place", "unknown_place", f"{_code(asked)} is neither an airport nor a city that we know."
        )
    if asked["max_distance_km"] is not None and asked["hotel"] is not None:
        yield wrong("max_distance_km", "both", "One hotel has no distance from anything: leave this out.")


def _today(place: Place | None, now: datetime) -> date:
    """The date there; where that is not known, the earliest that it is anywhere."""
    return today_at(place, now if place else now - FARTHEST_WEST)
