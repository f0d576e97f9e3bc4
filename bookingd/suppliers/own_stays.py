"""Own hotels as a supplier: offers of stays made of what is in PostgreSQL now.

Its one rule: an offer is a hint. It is priced here and checked here, and decided when its rooms are held.

What a search finds is bounded, so that its cost is too: of a place or circle the MOST_HOTELS nearest hotels;
of each hotel MOST_OFFERS offers, the cheapest of every rate plan among them and then the cheapest of all. All
rooms of an offer are under one plan, so that one set of terms holds for it; for several rooms each plan gives
the MOST_WAYS cheapest ways to combine room types, and further ways do not count as more that there is.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from bookingd.domain.stays import Around, RoomGuests, StayCriteria, StayOffer, hotel_key
from bookingd.outcomes import Refused
from bookingd.sources import Clock
from bookingd.storage import hotels
from bookingd.storage.database import Connection, Database
from bookingd.storage.hotels import Rate
from bookingd.suppliers.inventory import Rules
from bookingd.suppliers.own_database import asking
from bookingd.suppliers.own_stays_combining import Way, Ways, by_plan, cheapest_ways, net
from bookingd.suppliers.own_stays_pricing import StayPricer, read_facts, times_left
from bookingd.suppliers.own_stock import NAME
from bookingd.suppliers.port import SOLD_OUT, Found

MOST_HOTELS = 200
MOST_OFFERS = 20
MOST_WAYS = 6
LONGEST_KEY = 18
"""Digits that are certainly within 64 bits."""
AIRPORT_KM = 25.0
"""An airport as a place means the hotels of its city, and those within so much of it."""


class OwnStays:
    """The stay source `inventory`."""

    def __init__(self, *, database: Database, clock: Clock, rules: Rules) -> None:
        self._database = database
        self._clock = clock
        self._rules = rules

    @property
    def name(self) -> str:
        return NAME

    async def search(self, criteria: StayCriteria) -> Found[StayOffer]:
        """Offers without ids, good until the sale of their rates ends, hotel by hotel.

        Nothing in another currency than that of our rates. Raises Unavailable when the database cannot be
        asked.
        """
        now = self._clock.now()
        kinds = list(dict.fromkeys(criteria.rooms))
        async with asking(self._database, "own hotels") as connection:
            there = await _hotels(connection, criteria)
            rates = await hotels.rates(
                connection,
                hotels=there[:MOST_HOTELS],
                check_in=criteria.check_in,
                check_out=criteria.check_out,
                rooms=kinds,
                sold_at=now,
                currency=criteria.currency,
            )
            facts = await read_facts(connection, rates=rates)
            rules = await self._rules.get(connection, now=now)
        pricer = StayPricer(
            facts=facts,
            rules=rules,
            check_in=criteria.check_in,
            check_out=criteria.check_out,
            guests=criteria.rooms,
            currency=criteria.currency,
            now=now,
        )
        # Thousands of prices are some tenths of a second: not on the event loop.
        offers, whole = await asyncio.to_thread(_offers, pricer, rates, criteria.rooms, kinds)
        return Found(offers=offers, complete=whole and len(there) <= MOST_HOTELS)

    async def check(self, offer: StayOffer) -> StayOffer:
        """The offer as it is now, rooms included; it lasts no longer than it was shown to.

        Raises Refused (`sold_out`, `gone`) and Unavailable.
        """
        now = self._clock.now()
        guests = tuple(room.guests for room in offer.rooms)
        async with asking(self._database, "own hotels") as connection:
            rates = await hotels.rates(
                connection,
                hotels=[int(offer.hotel.key)],
                check_in=offer.check_in,
                check_out=offer.check_out,
                rooms=guests,
                sold_at=now,
                currency=offer.price.currency,
            )
            way = _same(offer, rates)
            if way is None:
                raise await _refusal(connection, offer)
            facts = await read_facts(connection, rates=way)
            rules = await self._rules.get(connection, now=now)
        pricer = StayPricer(
            facts=facts,
            rules=rules,
            check_in=offer.check_in,
            check_out=offer.check_out,
            guests=guests,
            currency=offer.price.currency,
            now=now,
        )
        made = pricer.offer(way)
        return replace(made, id=offer.id, made_at=offer.made_at, expires_at=offer.expires_at)


async def _hotels(connection: Connection, criteria: StayCriteria) -> list[int]:
    """The hotels where the criteria look; one more than MOST_HOTELS where there are more."""
    if criteria.hotel is not None:
        return own_hotels(criteria.hotel)
    around, city = criteria.around, None
    if criteria.place is not None:
        centre = await hotels.centre(connection, code=criteria.place)
        if centre is None:
            return []
        city = centre.city_code
        radius = AIRPORT_KM if centre.is_airport else 0.0
        around = Around(latitude=centre.latitude, longitude=centre.longitude, radius_km=radius)
    if around is None:
        return []
    return await hotels.found(connection, around=around, city_code=city, limit=MOST_HOTELS + 1)


def own_hotels(shown: str) -> list[int]:
    """The own hotel that an id means as we show it, if it means one."""
    supplier, key = hotel_key(shown)
    ours = supplier == NAME and key.isascii() and key.isdecimal() and len(key) <= LONGEST_KEY
    return [int(key)] if ours else []


def _offers(
    pricer: StayPricer, rates: Sequence[Rate], rooms: Sequence[RoomGuests], kinds: Sequence[RoomGuests]
) -> tuple[list[StayOffer], bool]:
    """The offers of every hotel, and whether they are all that there are."""
    made: list[StayOffer] = []
    whole = True
    for _, of_hotel in groupby(rates, key=lambda rate: rate.hotel):
        ways = list(_ways(list(of_hotel), rooms, kinds))
        chosen = _chosen([of_plan.found for of_plan in ways])
        made += map(pricer.offer, chosen)
        if len(rooms) == 1:
            whole = whole and len(chosen) == sum(len(of_plan.found) for of_plan in ways)
        else:
            whole = whole and all(of_plan.tried_all for of_plan in ways)
    return made, whole


def _ways(rates: Sequence[Rate], rooms: Sequence[RoomGuests], kinds: Sequence[RoomGuests]) -> Iterator[Ways]:
    """The ways to have all rooms of one hotel, plan by plan."""
    most = MOST_OFFERS + 1 if len(rooms) == 1 else MOST_WAYS
    for of_plan in by_plan(rates).values():
        ways = cheapest_ways([of_plan.get(kinds.index(guests), ()) for guests in rooms], most=most)
        if ways.found:
            yield ways


def _chosen(ways: Sequence[Sequence[Way]]) -> list[Way]:
    """The cheapest of each plan, and then the cheapest of the others: MOST_OFFERS, or one a plan."""
    firsts = [of_plan[0] for of_plan in ways]
    others = sorted((way for of_plan in ways for way in of_plan[1:]), key=net)
    return firsts + others[: max(0, MOST_OFFERS - len(firsts))]


def _same(offer: StayOffer, rates: Sequence[Rate]) -> Way | None:
    """The offer's rooms under its rates, as they can be booked now."""
    open_now = {(rate.room_number, str(rate.room), str(rate.plan)): rate for rate in rates}
    way = [open_now.get((number, room.key, room.rate)) for number, room in enumerate(offer.rooms)]
    found = tuple(rate for rate in way if rate is not None)
    return found if len(found) == len(way) and times_left(found) else None


async def _refusal(connection: Connection, offer: StayOffer) -> Refused:
    """Why it is not to be had: for want of rooms, or because it is not sold any more."""
    needed = Counter(int(room.key) for room in offer.rooms)
    left = await hotels.rooms_left(
        connection, rooms=needed, check_in=offer.check_in, check_out=offer.check_out
    )
    for kind, count in needed.items():
        if kind in left and left[kind] < count:
            return Refused(SOLD_OUT, f"{left[kind]} rooms left of type {kind}, {count} are needed")
    return Refused("gone", "the rooms are not sold any more at this rate for these nights")
