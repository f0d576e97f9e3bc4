"""Own hotels as they are kept: where they are, what they are like, what rooms cost and how many are left.

Its one rule: what is read here is a hint until rooms are held. Prices and restrictions are judged by one
function of the database (`stay_rates_v2`), whether somebody searches or an offer is checked.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import asyncpg

from bookingd.domain.hotels import AgeBand, Charge, ChargePer, Deadline, Fee, RatePlan, RoomType
from bookingd.domain.places import boxes_around
from bookingd.domain.stays import Around, Board, HotelFacts, HotelKind, PaidAt, RoomGuests
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

CENTRE = query("hotels.centre")
FOUND = query("hotels.found")
RATES = query("hotels.rates")
FACTS = query("hotels.facts")
PAGE = query("hotels.page")
ON_SALE = query("hotels.on_sale")
AGE_BANDS = query("hotels.age_bands")
ROOMS_OF = query("hotels.rooms_of")
PLANS_OF = query("hotels.plans_of")
PLANS = query("hotels.plans")
ROOMS = query("hotels.rooms")
CHARGES = query("hotels.charges")
STOCK = query("hotels.stock")

MOST_PICTURES = 8
"""Of a hotel in offers; its page has all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """Where a place is: what distances are from."""

    is_airport: bool
    city_code: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A room type under a rate plan, for the guests of one room, as it can be booked now."""

    hotel: int
    room_number: int
    """Which of the rooms that were asked for."""
    plan: int
    room: int
    rooms_left: int
    """Of the night that has the fewest."""
    release_days: int
    nights: tuple[int, ...]
    """Net, in parts of a minor unit (bookingd.domain.stay_prices.EXACT)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HotelPage:
    """All that is told of a hotel to whoever looks at it."""

    facts: HotelFacts
    description: str
    phone: str
    check_in_from: time
    check_in_until: time | None
    check_out_until: time
    currency: str
    age_bands: tuple[AgeBand, ...]
    rooms: tuple[RoomType, ...]
    plans: tuple[RatePlan, ...]
    charges: tuple[Charge, ...]


async def centre(connection: Connection, *, code: str) -> Centre | None:
    """Where a city (its middle, or that of its hotels) or an airport is; a code that is both is the city's.

    None of a code that we do not know, or a city without hotels and an airport of its code.
    """
    row = await connection.fetchrow(CENTRE, code)
    return None if row is None else Centre(**row)


async def found(
    connection: Connection, *, around: Around, city_code: str | None = None, limit: int
) -> list[int]:
    """The hotels on sale within the circle, and all of the city; the nearest first, `limit` at most."""
    # Positions finer than a centimetre mean nothing, and the sine of a next to nothing is an underflow.
    latitude, longitude = round(around.latitude, 7), round(around.longitude, 7)
    boxes = boxes_around(latitude, longitude, around.radius_km)
    rows = await connection.fetch(
        FOUND,
        city_code,
        latitude,
        longitude,
        around.radius_km,
        [box.south for box in boxes],
        [box.west for box in boxes],
        [box.north for box in boxes],
        [box.east for box in boxes],
        limit,
    )
    return [row["id"] for row in rows]


async def rates(
    connection: Connection,
    *,
    hotels: Collection[int],
    check_in: date,
    check_out: date,
    rooms: Sequence[RoomGuests],
    sold_at: datetime,
    currency: str,
) -> list[Rate]:
    """Every room type and plan that can be booked for the guests of each room, which are numbered from 0.

    In the order of hotels, rooms' numbers, plans and room types.
    """
    children = [(number, age) for number, room in enumerate(rooms) for age in room.children]
    rows = await connection.fetch(
        RATES,
        list(hotels),
        check_in,
        check_out,
        list(range(len(rooms))),
        [room.adults for room in rooms],
        [number for number, _ in children],
        [age for _, age in children],
        sold_at,
        currency,
    )
    return [_rate(row) for row in rows]


async def rooms_left(
    connection: Connection, *, rooms: Collection[int], check_in: date, check_out: date
) -> dict[int, int]:
    """Of each room type, how many are left on the night that has the fewest."""
    rows = await connection.fetch(STOCK, list(rooms), check_in, check_out)
    return {row["id"]: row["rooms_left"] for row in rows}


async def facts(connection: Connection, *, hotels: Collection[int]) -> dict[int, HotelFacts]:
    """What hotels are like."""
    rows = await connection.fetch(FACTS, list(hotels), MOST_PICTURES)
    return {row["id"]: _facts(row) for row in rows}


async def page(connection: Connection, *, hotel: int) -> HotelPage | None:
    """All that is told of a hotel; None where there is none, or it is not on sale."""
    row = await connection.fetchrow(PAGE, hotel)
    if row is None:
        return None
    plan_ids = [plan["id"] for plan in await connection.fetch(PLANS_OF, hotel)]
    known = await plans(connection, plans=plan_ids)
    return HotelPage(
        facts=(await facts(connection, hotels=[hotel]))[hotel],
        age_bands=tuple(AgeBand(**band) for band in await connection.fetch(AGE_BANDS, hotel)),
        rooms=tuple(RoomType(**room) for room in await connection.fetch(ROOMS_OF, hotel)),
        plans=tuple(known[plan] for plan in plan_ids),
        charges=(await charges(connection, hotels=[hotel])).get(hotel, ()),
        **row,
    )


async def on_sale(connection: Connection, *, hotel: int) -> bool:
    """Whether there is such a hotel, and it is on sale."""
    found: bool = await connection.fetchval(ON_SALE, hotel)
    return found


async def plans(connection: Connection, *, plans: Collection[int]) -> dict[int, RatePlan]:
    """The rate plans with their deadlines."""
    return {row["id"]: _plan(row) for row in await connection.fetch(PLANS, list(plans))}


async def rooms(connection: Connection, *, rooms: Collection[int]) -> dict[int, RoomType]:
    """The room types."""
    return {row["id"]: RoomType(**row) for row in await connection.fetch(ROOMS, list(rooms))}


async def charges(connection: Connection, *, hotels: Collection[int]) -> Mapping[int, tuple[Charge, ...]]:
    """What hotels take besides, or within their rates; a hotel that takes nothing is left out."""
    found: dict[int, tuple[Charge, ...]] = {}
    for row in await connection.fetch(CHARGES, list(hotels)):
        found[row["hotel_id"]] = (*found.get(row["hotel_id"], ()), _charge(row))
    return found


def _rate(row: asyncpg.Record) -> Rate:
    return Rate(
        hotel=row["hotel_id"],
        room_number=row["room_number"],
        plan=row["rate_plan_id"],
        room=row["room_type_id"],
        rooms_left=row["rooms_left"],
        release_days=row["release"],
        nights=tuple(row["nights"]),
    )


def _facts(row: asyncpg.Record) -> HotelFacts:
    return HotelFacts(
        key=str(row["id"]),
        name=row["name"],
        kind=HotelKind(row["kind"]),
        stars=row["stars"],
        rating=row["rating"],
        reviews=row["reviews"],
        city=row["city"],
        city_code=row["city_code"],
        country=row["country"],
        district=row["district"],
        address=row["address"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        zone=row["zone"],
        amenities=tuple(row["amenities"]),
        pictures=tuple(row["pictures"]),
    )


def _plan(row: asyncpg.Record) -> RatePlan:
    columns = [row[name] or () for name in ("days_before", "until", "shares", "nights")]
    return RatePlan(
        id=row["id"],
        name=row["name"],
        board=Board(row["board"]),
        paid_at=PaidAt(row["paid_at"]),
        deadlines=tuple(
            Deadline(days_before=days, until=until, fee=Fee(share=share, nights=nights))
            for days, until, share, nights in zip(*columns, strict=True)
        ),
        fee=Fee(share=row["fee_share"], nights=row["fee_nights"]),
    )


def _charge(row: asyncpg.Record) -> Charge:
    return Charge(
        code=row["code"],
        label=row["label"],
        per=ChargePer(row["per"]),
        amount=row["amount"],
        share=row["share"],
        age_from=row["age_from"],
        nights_max=row["nights_max"],
        included=row["included"],
        paid_at=PaidAt(row["paid_at"]),
    )
