"""Booking for people whom the account keeps: their names and birth dates, and their documents for as long."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from bookingd.domain.passengers import Party
from bookingd.storage.database import Connection
from tests.fakes.accounts import plant_account
from tests.handlers.accounts.test_travellers import OLGA, TRAVELLERS
from tests.handlers.conftest import AMADOU, Api

LANDS = date(2026, 12, 2)
"""The last day of the trip in tests.factories: ten days from the first."""


@pytest.fixture
async def owner(api: Api, connection: Connection) -> Api:
    """Somebody with an account."""
    return await api.signed_in(await plant_account(connection))


async def saved(api: Api, **changes: Any) -> str:
    told = await api.post(TRAVELLERS, {**OLGA, **changes})
    assert api.status == 201, told
    made: str = told["id"]
    return made


async def test_a_saved_traveller_is_booked_under_the_passports_name(owner: Api) -> None:
    traveller = await saved(owner)
    offer = await owner.shown(Party(adults=2))

    accepted = await owner.book(owner.order(offer, passengers=[AMADOU, {"traveller_id": traveller}]))

    assert owner.status == 202, accepted
    _, olga = (await owner.get(accepted["links"]["self"]))["passengers"]
    assert (olga["given_name"], olga["surname"], olga["born"], olga["type"]) == (
        "Olga",
        "Ivanova",
        "1985-03-07",
        "adult",
    )


async def test_the_documents_are_needed_until_the_trip_is_over(owner: Api) -> None:
    traveller = await saved(owner)
    unused = await saved(owner, name="Other")

    await owner.book(owner.order(await owner.shown(), passengers=[{"traveller_id": traveller}]))

    assert (await owner.get(f"{TRAVELLERS}/{traveller}"))["documents_until"] == LANDS.isoformat()
    assert (await owner.get(f"{TRAVELLERS}/{unused}"))["documents_until"] is None


async def test_an_earlier_trip_does_not_shorten_that(owner: Api, connection: Connection) -> None:
    traveller = await saved(owner)
    later = LANDS + timedelta(days=99)
    await connection.execute("UPDATE travellers SET documents_until = $1", later)

    await owner.book(owner.order(await owner.shown(), passengers=[{"traveller_id": traveller}]))

    assert (await owner.get(f"{TRAVELLERS}/{traveller}"))["documents_until"] == later.isoformat()


async def test_new_documents_were_not_used_for_trips_that_are_over(
    owner: Api, connection: Connection
) -> None:
    traveller = await saved(owner)
    await connection.execute("UPDATE travellers SET documents_until = '2026-11-01'")
    passport = {**OLGA["documents"][0], "number": "NEW12345"}

    told = await owner.ask(
        "PATCH",
        f"{TRAVELLERS}/{traveller}",
        json={"documents": [passport]},
        headers={"If-Match": '"1"'},
    )

    assert told["documents_until"] is None


async def test_a_booking_that_is_not_taken_in_uses_nobodys_documents(owner: Api) -> None:
    traveller = await saved(owner)

    await owner.book({**owner.order(await owner.shown(), passengers=[{"traveller_id": traveller}]), "x": 1})

    assert owner.status == 422
    assert (await owner.get(f"{TRAVELLERS}/{traveller}"))["documents_until"] is None


async def test_a_repeated_request_is_answered_though_the_traveller_is_gone(owner: Api) -> None:
    traveller = await saved(owner)
    order = owner.order(await owner.shown(), passengers=[{"traveller_id": traveller}])
    first = await owner.book(order, key="once")
    await owner.ask("DELETE", f"{TRAVELLERS}/{traveller}")

    again = await owner.book(order, key="once")

    assert (owner.status, again["reference"]) == (202, first["reference"])


@pytest.mark.parametrize("whose", ["a stranger's", "a guest's wish", "nobody's"])
async def test_who_is_not_the_accounts_is_not_there(
    api: Api, owner: Api, connection: Connection, whose: str
) -> None:
    traveller = await saved(owner) if whose != "nobody's" else str(uuid4())
    other = api if whose == "a guest's wish" else await api.signed_in(await plant_account(connection, 2))

    told = await other.book(other.order(await other.shown(), passengers=[{"traveller_id": traveller}]))

    assert (other.status, told["errors"]) == (
        422,
        [
            {
                "field": "passengers[0].traveller_id",
                "code": "unknown_traveller",
                "message": "You keep no such traveller.",
            }
        ],
    )
    assert await api.count("bookings") == 0


@pytest.mark.parametrize(
    ("passenger", "field", "code"),
    [
        ({"traveller_id": "none"}, "traveller_id", "unknown_traveller"),
        ({"traveller_id": 7}, "traveller_id", "unknown_traveller"),
        ({"traveller_id": None}, "traveller_id", "required"),
        ({"traveller_id": str(uuid4()), "born": "1985-03-07"}, "born", "both"),
        ({"traveller_id": str(uuid4()), "surname": "Other"}, "surname", "both"),
        ({"given_name": "Ada", "surname": "Lovelace"}, "born", "required"),
        ({}, "surname", "required"),
    ],
)
async def test_a_passenger_is_saved_or_typed_in(
    owner: Api, passenger: dict[str, Any], field: str, code: str
) -> None:
    told = await owner.book(owner.order(await owner.shown(), passengers=[passenger]))

    assert owner.status == 422, told
    assert (f"passengers[0].{field}", code) in [(one["field"], one["code"]) for one in told["errors"]]


async def test_nobody_travels_twice_on_one_booking(owner: Api) -> None:
    traveller = {"traveller_id": await saved(owner)}
    offer = await owner.shown(Party(adults=2))

    told = await owner.book(owner.order(offer, passengers=[traveller, traveller]))

    assert [(one["field"], one["code"]) for one in told["errors"]] == [
        ("passengers[1].traveller_id", "repeated")
    ]


async def test_a_type_that_does_not_fit_the_saved_birth_date_is_told(owner: Api) -> None:
    child = await saved(owner, born="2020-01-01")

    told = await owner.book(owner.order(await owner.shown(), passengers=[{"traveller_id": child}]))

    assert owner.status == 422
    assert told["errors"][0]["field"] == "passengers"


async def test_the_last_day_of_the_trip_stands_beside_each_passenger(
    api: Api, connection: Connection
) -> None:
    await api.book()

    assert await connection.fetchval("SELECT travels_until FROM booking_passengers") == LANDS


async def test_a_booking_without_birth_dates_and_names_is_shown(api: Api, connection: Connection) -> None:
    booking = await api.booked()
    await connection.execute("UPDATE booking_passengers SET born = NULL, given_name = '', surname = ''")
    await connection.execute("DELETE FROM booking_contacts")

    shown = await api.get(f"/v1/bookings/{booking.reference}")
    page = await api.get(f"/v1/bookings/{booking.reference}", headers={"Accept": "text/html"})

    assert (shown["passengers"][0]["born"], shown["passengers"][0]["surname"]) == (None, "")
    assert api.status == 200
    assert "erased" in page
