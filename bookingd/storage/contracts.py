"""Contracts with hotels into the database: rows by COPY, so that thousands of hotels take seconds.

Its one rule: the caller names the ids, also those of room types and rate plans, so that what is loaded twice
from the same source has the same ids; `number_on` afterwards, and new rows come behind them.
"""

from collections.abc import Iterable, Iterator, Sequence

from bookingd.domain.hotels import Amenity, Contract, Deadline, Fee, Hotel, RatePlan
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

NUMBER_ON = query("hotels.number_on")

_Row = tuple[object, ...]

AMENITY_COLUMNS = "code label category rank".split()
HOTEL_COLUMNS = """
    id name kind stars rating reviews city_code district address latitude longitude zone check_in_from
    check_in_until check_out_until amenities description email phone currency on_sale
    """.split()
AGE_BAND_COLUMNS = "hotel_id age_to share fixed cot".split()
ROOM_COLUMNS = """
    id hotel_id name description beds size_m2 adults_max children_max occupancy cots allotment
    """.split()
PLAN_COLUMNS = "id hotel_id name board paid_at fee_share fee_nights".split()
DEADLINE_COLUMNS = "rate_plan_id days_before until fee_share fee_nights".split()
SEASON_COLUMNS = """
    hotel_id rate_plan_id room_type_id first_night last_night nightly per_adult weekdays min_stay max_stay
    release_days
    """.split()
DAY_COLUMNS = """
    hotel_id night rate_plan_id room_type_id nightly per_adult closed closed_to_arrival closed_to_departure
    min_stay max_stay release_days
    """.split()
CHARGE_COLUMNS = "hotel_id code label per amount share age_from nights_max included paid_at".split()


async def add_amenities(connection: Connection, *, amenities: Iterable[Amenity]) -> None:
    """What hotels can have; before the hotels that have it."""
    records = [(one.code, one.label, one.category, one.rank) for one in amenities]
    await connection.copy_records_to_table("amenities", columns=AMENITY_COLUMNS, records=records)


async def add(connection: Connection, *, contracts: Sequence[Contract]) -> None:
    """Hotels with all that is sold of them. To be called within a transaction, some hundred at a time.

    Raises asyncpg.IntegrityConstraintViolationError for one that contradicts the schema, or is there already.
    """
    for table, columns, records in (
        ("hotels", HOTEL_COLUMNS, (_hotel(one.hotel) for one in contracts)),
        ("hotel_age_bands", AGE_BAND_COLUMNS, _age_bands(contracts)),
        ("room_types", ROOM_COLUMNS, _rooms(contracts)),
        ("rate_plans", PLAN_COLUMNS, (_plan(one.hotel, plan) for one in contracts for plan in one.plans)),
        ("rate_plan_deadlines", DEADLINE_COLUMNS, _deadlines(contracts)),
        ("rates", SEASON_COLUMNS, _seasons(contracts)),
        ("rate_days", DAY_COLUMNS, _days(contracts)),
        ("hotel_charges", CHARGE_COLUMNS, _charges(contracts)),
    ):
        await connection.copy_records_to_table(table, columns=columns, records=records)


async def number_on(connection: Connection) -> None:
    """Give new hotels, room types and rate plans ids behind those that were loaded with theirs."""
    await connection.execute(NUMBER_ON)


def _hotel(hotel: Hotel) -> _Row:
    whole = (hotel.id, hotel.name, hotel.kind.value, hotel.stars, hotel.rating, hotel.reviews)
    place = (hotel.city_code, hotel.district, hotel.address, hotel.latitude, hotel.longitude, hotel.zone)
    times = (hotel.check_in_from, hotel.check_in_until, hotel.check_out_until)
    rest = (hotel.description, hotel.email, hotel.phone, hotel.currency, hotel.on_sale)
    return (*whole, *place, *times, hotel.amenities, *rest)


def _age_bands(contracts: Sequence[Contract]) -> Iterator[_Row]:
    for one in contracts:
        for band in one.age_bands:
            yield one.hotel.id, band.age_to, band.share, band.fixed, band.cot


def _rooms(contracts: Sequence[Contract]) -> Iterator[_Row]:
    for one in contracts:
        for room in one.rooms:
            told = (room.id, one.hotel.id, room.name, room.description, room.beds, room.size_m2)
            yield (*told, room.adults_max, room.children_max, room.occupancy, room.cots, room.allotment)


def _plan(hotel: Hotel, plan: RatePlan) -> _Row:
    return plan.id, hotel.id, plan.name, plan.board.value, plan.paid_at.value, *_fee(plan.fee)


def _deadlines(contracts: Sequence[Contract]) -> Iterator[_Row]:
    for one in contracts:
        for plan in one.plans:
            yield from (_deadline(plan, deadline) for deadline in plan.deadlines)


def _deadline(plan: RatePlan, deadline: Deadline) -> _Row:
    return plan.id, deadline.days_before, deadline.until, *_fee(deadline.fee)


def _fee(fee: Fee) -> _Row:
    return fee.share, fee.nights


def _seasons(contracts: Sequence[Contract]) -> Iterator[_Row]:
    for one in contracts:
        for season in one.seasons:
            key = (one.hotel.id, season.plan, season.room, season.first_night, season.last_night)
            price = (season.nightly, season.per_adult, season.weekdays)
            yield (*key, *price, season.min_stay, season.max_stay, season.release_days)


def _days(contracts: Sequence[Contract]) -> Iterator[_Row]:
    for one in contracts:
        for day in one.days:
            key = (one.hotel.id, day.night, day.plan, day.room, day.nightly, day.per_adult)
            shut = (day.closed, day.closed_to_arrival, day.closed_to_departure)
            yield (*key, *shut, day.min_stay, day.max_stay, day.release_days)


def _charges(contracts: Sequence[Contract]) -> Iterator[_Row]:
    for one in contracts:
        for charge in one.charges:
            told = (one.hotel.id, charge.code, charge.label, charge.per.value, charge.amount, charge.share)
            yield (*told, charge.age_from, charge.nights_max, charge.included, charge.paid_at.value)
