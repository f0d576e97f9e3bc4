"""A flight search as it is understood: what suppliers are asked, and what is done with their answers.

The one rule: a query that is understood can be answered. Everything that is wrong with it is said at once.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bookingd.domain.filters import FlightFilters, FlightSort
from bookingd.domain.flights import Cabin
from bookingd.domain.passengers import Party
from bookingd.domain.search import MOST_STOPS, FlightCriteria, WantedSlice
from bookingd.results.cursors import fingerprint
from bookingd.results.flight_filters import Ends
from bookingd.results.flight_refining import Refinement
from bookingd.storage import places
from bookingd.storage.database import Connection, Database
from handlers.criteria import Fields, currency_mistakes, currency_of, party_mistakes, slice_mistakes, today_at
from handlers.errors import FieldError, invalid
from handlers.fields import load_query
from handlers.flight_filters import airport_mistakes, codes_in, filter_mistakes, filters_in
from handlers.flight_requests import AskedSlice, FlightSearch, slices_of, told_at
from handlers.paging import place_behind
from handlers.requests import schema

MOST_NEARBY = 6
"""Airports near a place that are looked at besides it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightQuery:
    """A search that was found good."""

    criteria: FlightCriteria
    wish: Refinement
    known: Mapping[str, places.Place]
    """The places that were asked for, by their codes."""
    fingerprint: str
    """The same for all pages of a search, and for no other search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """The flights that are looked for, and what is wanted of them."""

    criteria: FlightCriteria
    filters: FlightFilters
    ends: tuple[Ends, ...]
    """Of each slice."""
    known: Mapping[str, places.Place]
    """The places that were asked for, by their codes."""


async def understand(
    pairs: Any, *, database: Database, currencies: Sequence[str], now: datetime
) -> FlightQuery:
    """The search that a query string (a multi-dictionary) means. Raises Problem with all that is wrong."""
    asked = load_query(schema(FlightSearch), pairs)
    party = _party(asked)
    mistakes = [*party_mistakes(party), *currency_mistakes(currencies, asked["currency"])]
    async with database.connection() as connection:
        journey = await journey_in(
            connection,
            asked,
            slices=slices_of(asked),
            told=told_at(asked),
            party=party,
            currency=currency_of(currencies, asked["currency"]),
            mistakes=mistakes,
            now=now,
        )
    return _query(journey, asked)


async def journey_in(
    connection: Connection,
    asked: Mapping[str, Any],
    *,
    slices: Sequence[AskedSlice],
    told: Sequence[Fields],
    party: Party,
    currency: str,
    mistakes: Sequence[FieldError],
    now: datetime,
) -> Journey:
    """The journey of a checked query for that party. Raises Problem with all that is wrong, `mistakes` too.

    `told` is where the mistakes of each slice are told.
    """
    filters = filters_in(asked)
    airports, airlines = codes_in(filters)
    known = await places.known(connection, codes=_codes(slices))
    names = await places.names(connection, airports=airports, airlines=airlines)
    refuse_all(
        *slice_mistakes(slices, told, known=known, now=now),
        *mistakes,
        *filter_mistakes(filters, slices=len(slices), names=names),
    )
    around = await _around(connection, known, asked["nearby_km"], now)
    wanted = tuple(_wanted(one, known, around) for one in slices)
    ends = tuple(_ends(one, known) for one in wanted)
    refuse_all(*airport_mistakes(filters, ends))
    criteria = FlightCriteria(
        slices=wanted,
        party=party,
        cabin=Cabin(asked["cabin"]),
        max_stops=MOST_STOPS,
        flexible_days=asked.get("flexible_days", 0),
        currency=currency,
    )
    return Journey(criteria=criteria, filters=filters, ends=ends, known=known)


def _query(journey: Journey, asked: Mapping[str, Any]) -> FlightQuery:
    criteria, filters = journey.criteria, journey.filters
    sort = FlightSort(asked["sort"])
    of = fingerprint(criteria, filters, sort)
    after = place_behind(asked["cursor"], of)
    wish = Refinement(filters=filters, ends=journey.ends, sort=sort, limit=asked["limit"], after=after)
    return FlightQuery(criteria=criteria, wish=wish, known=journey.known, fingerprint=of)


def _party(asked: Mapping[str, Any]) -> Party:
    return Party(adults=asked["adults"], children=asked["children"], infants=asked["infants"])


def _codes(slices: Sequence[AskedSlice]) -> set[str]:
    return {code for one in slices for code in (one.origin, one.destination)}


async def _around(
    connection: Connection, known: Mapping[str, places.Place], radius_km: int | None, now: datetime
) -> dict[str, list[places.Nearby]]:
    """The airports near each of the places, the nearest first."""
    if radius_km is None:
        return {code: [] for code in known}
    return {
        code: await places.nearby(
            connection, code=code, radius_km=radius_km, limit=MOST_NEARBY, today=today_at(place, now)
        )
        for code, place in known.items()
    }


def _wanted(
    one: AskedSlice, known: Mapping[str, places.Place], around: Mapping[str, Sequence[places.Nearby]]
) -> WantedSlice:
    """With the airports nearby; what is near both ends, or is the other end, is near the nearer one alone."""
    origins = {near.code: near.km for near in around[one.origin]} | _here(known[one.origin])
    destinations = {near.code: near.km for near in around[one.destination]} | _here(known[one.destination])
    far = math.inf
    return WantedSlice(
        origin=one.origin,
        destination=one.destination,
        day=one.day,
        nearby_origins=tuple(
            near.code for near in around[one.origin] if near.km <= destinations.get(near.code, far)
        ),
        nearby_destinations=tuple(
            near.code for near in around[one.destination] if near.km < origins.get(near.code, far)
        ),
    )


def _here(place: places.Place) -> dict[str, float]:
    return dict.fromkeys(place.airports, 0.0)


def _ends(one: WantedSlice, known: Mapping[str, places.Place]) -> Ends:
    return Ends(
        origins=known[one.origin].airports + one.nearby_origins,
        destinations=known[one.destination].airports + one.nearby_destinations,
    )


def refuse_all(*mistakes: FieldError) -> None:
    """Raises Problem where there is a mistake."""
    if mistakes:
        raise invalid(*mistakes)
