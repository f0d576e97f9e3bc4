"""Contracts with hotels for tests: each with a sensible default for the rest."""

from datetime import date, time, timedelta

from bookingd.domain.hotels import (
    ALL,
    FREE,
    AgeBand,
    Charge,
    ChargePer,
    Contract,
    Deadline,
    Fee,
    Hotel,
    RatePlan,
    RoomType,
    Season,
)
from bookingd.domain.stays import Board, HotelKind, PaidAt
from bookingd.storage import contracts
from bookingd.storage.database import Connection
from tests.fakes.sources import START

FIRST_NIGHT = START.date()
LAST_NIGHT = FIRST_NIGHT + timedelta(days=300)


def hotel(number: int = 1, **different: object) -> Hotel:
    """In Frankfurt, unless said otherwise."""
    facts: dict[str, object] = {
        "id": number,
        "name": f"Hotel {number}",
        "kind": HotelKind.HOTEL,
        "stars": 3,
        "rating": 82,
        "reviews": 120,
        "city_code": "FRA",
        "address": f"Kaiserstraße {number}, 60311 Frankfurt",
        "latitude": 50.1109,
        "longitude": 8.6821,
        "zone": "Europe/Berlin",
        "check_in_from": time(15),
        "check_out_until": time(11),
        "email": f"reservations{number}@hotel.example",
    }
    return Hotel(**(facts | different))  # type: ignore[arg-type]


def room(number: int = 1, **different: object) -> RoomType:
    """For two adults, and a child in a third bed."""
    facts: dict[str, object] = {
        "id": number,
        "name": "Double room",
        "beds": "1 double bed",
        "adults_max": 2,
        "children_max": 1,
        "occupancy": 3,
        "cots": 1,
        "allotment": 3,
    }
    return RoomType(**(facts | different))  # type: ignore[arg-type]


def plan(number: int = 1, **different: object) -> RatePlan:
    """Breakfast; free until 18:00 two days before, then the first night, from the day of arrival on all."""
    facts: dict[str, object] = {
        "id": number,
        "name": "Flexible",
        "board": Board.BREAKFAST,
        "deadlines": (
            Deadline(days_before=2, until=time(18), fee=FREE),
            Deadline(days_before=0, until=time(0), fee=Fee(nights=1)),
        ),
        "fee": ALL,
    }
    return RatePlan(**(facts | different))  # type: ignore[arg-type]


def season(
    of_plan: int = 1,
    of_room: int = 1,
    *,
    first: date = FIRST_NIGHT,
    last: date = LAST_NIGHT,
    **different: object,
) -> Season:
    facts: dict[str, object] = {"nightly": (8000, 10000), "per_adult": 3000}
    return Season(
        plan=of_plan,
        room=of_room,
        first_night=first,
        last_night=last,
        **(facts | different),  # type: ignore[arg-type]
    )


CITY_TAX = Charge(
    code="city_tax",
    label="City tax",
    per=ChargePer.PERSON_NIGHT,
    amount=200,
    age_from=18,
    paid_at=PaidAt.PROPERTY,
)
BABIES_AND_CHILDREN = (AgeBand(age_to=2, share=0, cot=True), AgeBand(age_to=11, share=5000))


def contract(number: int = 1, **different: object) -> Contract:
    """One room type, one plan, one season, all with the hotel's number."""
    parts: dict[str, object] = {
        "hotel": hotel(number),
        "rooms": (room(number),),
        "plans": (plan(number),),
        "seasons": (season(number, number),),
        "age_bands": BABIES_AND_CHILDREN,
        "charges": (CITY_TAX,),
    }
    return Contract(**(parts | different))  # type: ignore[arg-type]


async def sell(connection: Connection, *signed: Contract) -> None:
    """Put the contracts into a database that has their cities."""
    async with connection.transaction():
        await contracts.add(connection, contracts=signed)
