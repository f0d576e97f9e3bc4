"""A hotel as everybody may look at it."""

from typing import Any

import pytest

from bookingd.domain.hotels import AgeBand, Amenity, Charge, ChargePer, Contract, Fee
from bookingd.domain.stays import PaidAt
from bookingd.storage import contracts
from bookingd.storage.database import Connection
from tests.fakes.sources import START
from tests.handlers.conftest import Api
from tests.hotels import CITY_TAX, contract, hotel, plan, room, sell

POOL = Amenity(code="swimming_pool", label="Swimming pool", category="Wellness", rank=2)
PETS = Amenity(code="pets_allowed", label="Pets allowed", category="Rules", rank=1)
VAT = Charge(code="vat", label="VAT", per=ChargePer.SHARE, share=750, included=True)


def palace() -> Contract:
    return contract(
        hotel=hotel(
            amenities=("swimming_pool", "pets_allowed"),
            description="In the old town.\n\nQuiet.",
            phone="+49 69 1234567",
            district="Altstadt",
        ),
        rooms=(room(size_m2=21), room(2, name="Suite")),
        plans=(plan(), plan(2, name="Saver", deadlines=(), paid_at=PaidAt.PROPERTY, fee=Fee(share=9050))),
        age_bands=(
            AgeBand(age_to=2, share=0, cot=True),
            AgeBand(age_to=11, fixed=1234),
            AgeBand(age_to=15, share=10_000),
        ),
        charges=(CITY_TAX, VAT),
    )


@pytest.fixture
async def page(api: Api, connection: Connection) -> Any:
    await contracts.add_amenities(connection, amenities=[POOL, PETS])
    await sell(connection, palace(), contract(3, hotel=hotel(3, on_sale=False)))
    await connection.executemany(
        "INSERT INTO pictures"
        " (id, hotel_id, position, caption, kind, recipe, state, width, height, created_at)"
        " VALUES ($1, 1, $2, $3, 'drawn', '{}', 'ready', 1280, 854, $4)",
        [("b" * 16, 0, "The house", START), ("a" * 16, 1, "The pool", START)],
    )
    return await api.nobody().get("/v1/hotels/inventory-1")


async def test_a_hotel_is_told_with_its_place_and_its_times(page: Any) -> None:
    told = {
        name: page[name] for name in ("id", "name", "kind", "stars", "rating", "city", "city_code", "zone")
    }
    assert told == {
        "id": "inventory-1",
        "name": "Hotel 1",
        "kind": "hotel",
        "stars": 3,
        "rating": 82,
        "city": "FRA",
        "city_code": "FRA",
        "zone": "Europe/Berlin",
    }
    assert (page["check_in_from"], page["check_in_until"], page["check_out_until"]) == (
        "15:00:00",
        None,
        "11:00:00",
    )
    assert page["description"] == ["In the old town.", "Quiet."]
    assert [one["code"] for one in page["amenities"]] == ["pets_allowed", "swimming_pool"]
    assert "email" not in page


async def test_its_rooms_and_pictures_are_in_order(page: Any) -> None:
    assert [(one["id"], one["name"], one["size_m2"]) for one in page["rooms"]] == [
        ("1", "Double room", 21),
        ("2", "Suite", None),
    ]
    assert page["pictures"] == [
        {"url": "/v1/pictures/" + "b" * 16, "caption": "The house"},
        {"url": "/v1/pictures/" + "a" * 16, "caption": "The pool"},
    ]


async def test_its_policies_are_told_and_no_amount_that_is_between_it_and_us(page: Any) -> None:
    assert [(one["age_from"], one["age_to"], one["pays"], one["cot"]) for one in page["children"]] == [
        (0, 2, "nothing", True),
        (3, 11, "less", False),
        (12, 15, "adult", False),
    ]
    assert page["rate_plans"] == [
        {
            "name": "Flexible",
            "board": "breakfast",
            "paid_at": "booking",
            "deadlines": [
                {"days_before": 2, "until": "18:00:00", "fee": {"percent": "0", "nights": None}},
                {"days_before": 0, "until": "00:00:00", "fee": {"percent": None, "nights": 1}},
            ],
            "fee": {"percent": "100", "nights": None},
        },
        {
            "name": "Saver",
            "board": "breakfast",
            "paid_at": "property",
            "deadlines": [],
            "fee": {"percent": "90.5", "nights": None},
        },
    ]
    assert [(one["code"], one["amount"], one["percent"], one["included"]) for one in page["charges"]] == [
        ("city_tax", {"amount": 200, "currency": "EUR", "decimal": "2.00"}, None, False),
        ("vat", None, "7.5", True),
    ]
    assert "1234" not in str(page["children"])


@pytest.mark.parametrize(
    "name", ["inventory-2", "inventory-3", "inventory-x", "other-1", "1", "inventory-" + "9" * 40]
)
async def test_what_is_not_there_or_not_on_sale_is_not_found(api: Api, page: Any, name: str) -> None:
    problem = await api.get(f"/v1/hotels/{name}")

    assert api.status == 404
    assert problem["type"].endswith("not-found")


async def test_who_has_the_page_is_told_that_it_is_the_same(api: Api, page: Any) -> None:
    await api.get("/v1/hotels/inventory-1")
    tag = api.headers["ETag"]

    await api.get("/v1/hotels/inventory-1", headers={"If-None-Match": tag})

    assert api.status == 304
