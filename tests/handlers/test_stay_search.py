"""Hotel search over HTTP, with own hotels behind it: what is refused, what is shown, what is filtered."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bookingd.domain.hotels import ALL, Amenity
from bookingd.domain.money import Money
from bookingd.domain.stays import Board, HotelKind, PaidAt
from bookingd.messages.search import StayResults
from bookingd.storage import contracts
from bookingd.storage.database import Connection
from handlers.stay_search import StayGathering
from tests import factories
from tests.fakes.sources import START
from tests.handlers.conftest import Api
from tests.handlers.own_hotels import OwnHotelsBehind
from tests.handlers.test_live import connected
from tests.hotels import contract, hotel, plan, room, season, sell

CHECK_IN = START.date() + timedelta(days=10)
STAY = {
    "place": "FRA",
    "check_in": CHECK_IN.isoformat(),
    "check_out": (CHECK_IN + timedelta(days=2)).isoformat(),
}
DATES = {name: value for name, value in STAY.items() if name != "place"}
AMENITIES = [
    Amenity(code="swimming_pool", label="Swimming pool", category="Wellness", rank=1),
    Amenity(code="wifi", label="Free WiFi", category="Internet", rank=2),
]


@pytest.fixture
async def behind(api: Api, connection: Connection) -> OwnHotelsBehind:
    """Five hotels, four of them in Frankfurt."""
    await contracts.add_amenities(connection, amenities=AMENITIES)
    saver = plan(2, name="Saver", board=Board.ROOM_ONLY, deadlines=(), fee=ALL)
    both = ("wifi", "swimming_pool")
    suite = season(4, 40, nightly=(20_000, 20_000))
    later = plan(3, name="Later", board=Board.HALF_BOARD, paid_at=PaidAt.PROPERTY)
    await sell(
        connection,
        contract(
            1,
            hotel=hotel(1, name="Hôtel Bergère", stars=5, rating=95, amenities=("wifi",), longitude=8.7),
        ),
        contract(
            2,
            hotel=hotel(2, name="Zur Post", stars=2, rating=61, district="Höchst", amenities=both),
            plans=(saver,),
            seasons=(season(2, 2, nightly=(3000, 4000)),),
        ),
        contract(
            3,
            hotel=hotel(3, kind=HotelKind.HOSTEL, stars=0, rating=None, reviews=0, latitude=50.2),
            plans=(later,),
            seasons=(season(3, 3, nightly=(2000, 2500)),),
        ),
        contract(
            4,
            hotel=hotel(4, name="Post am Markt", stars=4, rating=80, district="Höchst", latitude=50.1),
            rooms=(room(4), room(40, name="Suite", adults_max=2, children_max=2, occupancy=4)),
            plans=(plan(4), plan(41, name="Saver", board=Board.ROOM_ONLY, deadlines=(), fee=ALL)),
            seasons=(season(4, 4), season(41, 4, nightly=(7000, 9000)), suite),
        ),
        contract(5, hotel=hotel(5, city_code="MUC", latitude=48.1, longitude=11.5)),
    )
    there = OwnHotelsBehind(api)
    await api.bus.serve(actor="search.hotels", backlog=8, receive=there.receive)
    return there


async def look(api: Api, *rooms: str, **asked: Any) -> Any:
    wanted = [*(STAY | {name: str(value) for name, value in asked.items()}).items()]
    return await api.get("/v1/hotels/offers", params=[*wanted, *(("room", one) for one in rooms)])


def keys(answer: Any) -> list[str]:
    return [one["hotel"]["id"].removeprefix("inventory-") for one in answer["offers"]]


def counts(answer: Any, facet: str) -> dict[str, int]:
    return {one["value"]: one["count"] for one in answer["facets"][facet]}


BOTH = {"latitude": "50.1", "longitude": "8.6"}


@pytest.mark.parametrize(
    ("asked", "field", "code"),
    [
        ({"place": "QQQ"}, "place", "unknown_place"),
        ({"place": "Frankfurt"}, "place", "code"),
        ({"check_in": "2026-11-20"}, "check_in", "past"),
        ({"check_in": "2026-02-30"}, "check_in", "date"),
        ({"check_in": "02.12.2026"}, "check_in", "date"),
        ({"check_out": CHECK_IN.isoformat()}, "check_out", "before_check_in"),
        ({"check_out": "2026-11-30"}, "check_out", "before_check_in"),
        ({"check_out": "2027-01-02"}, "check_out", "too_long"),
        ({"check_in": "2028-06-01", "check_out": "2028-06-02"}, "check_in", "too_far"),
        ({"room": "0"}, "room[0]", "adults"),
        ({"room": "10"}, "room[0]", "adults"),
        ({"room": "0:5"}, "room[0]", "adults"),
        ({"room": "2:18"}, "room[0]", "age"),
        ({"room": "2:-1"}, "room[0]", "room"),
        ({"room": "2:1,2,3,4,5,6,7"}, "room[0]", "children"),
        ({"room": "two"}, "room[0]", "room"),
        ({"room": ""}, "room[0]", "room"),
        ({"room": "\uff12"}, "room[0]", "room"),
        ({"latitude": "91", "longitude": "0"}, "latitude", "range"),
        ({"latitude": "0", "longitude": "181"}, "longitude", "range"),
        ({"latitude": "nan", "longitude": "0"}, "latitude", "type"),
        (BOTH, "latitude", "both"),
        ({"hotel": "inventory-1"}, "hotel", "both"),
        ({"radius_km": "5"}, "radius_km", "both"),
        ({"radius_km": "500"}, "radius_km", "range"),
        ({"radius_km": "0"}, "radius_km", "range"),
        ({"min_price": "-1"}, "min_price", "range"),
        ({"max_price": "-1"}, "max_price", "range"),
        ({"min_price": "200", "max_price": "100"}, "min_price", "contradiction"),
        ({"price_per": "week"}, "price_per", "choice"),
        ({"stars": "6"}, "stars", "choice"),
        ({"kinds": "castle"}, "kinds", "choice"),
        ({"boards": "lunch"}, "boards", "choice"),
        ({"amenities": "swiming_pool"}, "amenities", "unknown_amenity"),
        ({"min_rating": "101"}, "min_rating", "range"),
        ({"max_distance_km": "-3"}, "max_distance_km", "range"),
        ({"sort": "colour"}, "sort", "choice"),
        ({"currency": "SEK"}, "currency", "currency"),
        ({"limit": "0"}, "limit", "range"),
        ({"cursor": "abc"}, "cursor", "foreign_cursor"),
        ({"colour": "red"}, "colour", "unknown"),
    ],
)
async def test_what_cannot_be_meant_names_its_field(
    api: Api, behind: OwnHotelsBehind, asked: dict[str, str], field: str, code: str
) -> None:
    problem = await look(api, **asked)

    assert api.status == 422, problem
    assert [(one["field"], one["code"]) for one in problem["errors"]] == [(field, code)]
    assert behind.searches == 0


@pytest.mark.parametrize(
    "unknown", ["foo", "foo-", "inventory-", "inventory-99", "inventory-x", "inventory-1e1"]
)
async def test_a_hotel_that_is_none_is_no_search_without_results(
    api: Api, behind: OwnHotelsBehind, unknown: str
) -> None:
    problem = await api.get("/v1/hotels/offers", params=DATES | {"hotel": unknown})

    assert api.status == 422
    assert [(one["field"], one["code"]) for one in problem["errors"]] == [("hotel", "unknown_hotel")]
    assert behind.searches == 0
    await api.get(f"/v1/hotels/{unknown}")
    assert api.status == 404


@pytest.mark.parametrize(
    ("left_out", "field"), [("check_in", "check_in"), ("check_out", "check_out"), ("place", "place")]
)
async def test_what_is_missing_is_named(api: Api, behind: OwnHotelsBehind, left_out: str, field: str) -> None:
    problem = await api.get(
        "/v1/hotels/offers", params={name: value for name, value in STAY.items() if name != left_out}
    )

    assert [(one["field"], one["code"]) for one in problem["errors"]] == [(field, "required")]


async def test_ten_rooms_are_too_many(api: Api, behind: OwnHotelsBehind) -> None:
    problem = await look(api, *["2"] * 10)

    assert [one["field"] for one in problem["errors"]] == ["room"]


async def test_a_misspelt_amenity_is_told_what_it_may_be(api: Api, behind: OwnHotelsBehind) -> None:
    problem = await look(api, amenities="swiming_pool")

    assert "swimming_pool" in problem["errors"][0]["hint"]


async def test_half_a_position_is_none(api: Api, behind: OwnHotelsBehind) -> None:
    problem = await api.get(
        "/v1/hotels/offers",
        params={name: value for name, value in STAY.items() if name != "place"} | {"latitude": "50"},
    )

    assert [(one["field"], one["code"]) for one in problem["errors"]] == [("longitude", "required")]


async def test_a_hotel_is_a_result_with_its_other_offers(api: Api, behind: OwnHotelsBehind) -> None:
    answer = await look(api)

    assert keys(answer) == ["3", "2", "4", "1"]
    assert answer["count"] == 4
    assert answer["suppliers"] == {"inventory": "answered"}
    assert answer["complete"]
    post = answer["offers"][2]
    assert post["price"]["total"]["decimal"] == "188.00"
    assert post["price"]["at_property"]["decimal"] == "8.00"
    assert post["per_night"]["decimal"] == "94.00"
    assert [one["total"]["decimal"] for one in post["alternatives"]] == ["208.00", "408.00"]
    assert [one["rate"] for one in post["rooms"]] == ["Saver"]


async def test_every_line_is_in_the_total(api: Api, behind: OwnHotelsBehind) -> None:
    for one in (await look(api, "2", "2:1"))["offers"]:
        lines = one["price"]["lines"]
        assert sum(line["amount"]["amount"] for line in lines) == one["price"]["total"]["amount"]
        there = sum(line["amount"]["amount"] for line in lines if line.get("at_property"))
        assert there == one["price"]["at_property"]["amount"]
        assert {line.get("room") for line in lines if line["kind"] == "fare"} == {1, 2}


async def test_deadlines_are_told_by_the_hotels_clocks(api: Api, behind: OwnHotelsBehind) -> None:
    answer = await look(api, name="bergere")
    terms = answer["offers"][0]["terms"]

    assert terms["free_until"] == {
        "local": "2026-11-30T18:00:00+01:00",
        "utc": "2026-11-30T17:00:00Z",
        "zone": "Europe/Berlin",
    }
    assert [step["fee"]["decimal"] for step in terms["cancellation"]] == ["0.00", "100.00", "200.00"]
    assert terms["cancellation"][-1]["until"] is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"stars": "4,5"}, ["4", "1"]),
        ({"stars": "0"}, ["3"]),
        ({"kinds": "hostel"}, ["3"]),
        ({"amenities": "wifi"}, ["2", "1"]),
        ({"amenities": "wifi,swimming_pool"}, ["2"]),
        ({"boards": "room_only"}, ["2", "4"]),
        ({"boards": "breakfast,half_board"}, ["3", "4", "1"]),
        ({"refundable": "true"}, ["3", "4", "1"]),
        ({"pay_at_property": "true"}, ["3"]),
        ({"min_rating": "80"}, ["4", "1"]),
        ({"district": "Höchst"}, ["2", "4"]),
        ({"name": "POST"}, ["2", "4"]),
        ({"name": "hotel berg"}, ["1"]),
        ({"name": "%"}, []),
        ({"max_distance_km": "2"}, ["2", "4", "1"]),
        ({"min_price": "10000", "max_price": "20000"}, ["4"]),
        ({"min_price": "10000", "price_per": "night"}, ["4", "1"]),
        ({"max_price": "4000", "price_per": "night"}, ["3"]),
        ({"stars": "4", "refundable": "true", "max_price": "19000"}, []),
    ],
)
async def test_filters_leave_what_they_say(
    api: Api, behind: OwnHotelsBehind, asked: dict[str, str], expected: list[str]
) -> None:
    assert keys(await look(api, **asked)) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("price", ["3", "2", "4", "1"]),
        ("rating", ["1", "4", "2", "3"]),
        ("stars", ["1", "4", "2", "3"]),
        ("distance", ["2", "4", "1", "3"]),
    ],
)
async def test_the_best_comes_first(
    api: Api, behind: OwnHotelsBehind, sort: str, expected: list[str]
) -> None:
    assert keys(await look(api, sort=sort)) == expected


async def test_filters_orders_and_pages_ask_nobody_again(api: Api, behind: OwnHotelsBehind) -> None:
    first = await look(api, limit=3)
    second = await look(api, limit=3, cursor=first["next"])
    await look(api, stars="4", sort="best")
    problem = await look(api, limit=3, cursor=first["next"], sort="rating")

    assert (keys(first), keys(second), second["next"]) == (["3", "2", "4"], ["1"], None)
    assert [(one["field"], one["code"]) for one in problem["errors"]] == [("cursor", "foreign_cursor")]
    assert behind.searches == 1


async def test_what_looks_alike_unquoted_is_another_search(api: Api, behind: OwnHotelsBehind) -> None:
    chosen = "Bed & Bath", "Bed %26 Bath", "Bed + Bath", "Bed %2B Bath"
    told = [await look(api, district=one) for one in chosen]

    none_there = [[one["value"] for one in page["facets"]["districts"] if not one["count"]] for page in told]
    assert none_there == [[one] for one in chosen]


async def test_each_count_is_what_choosing_it_leaves(api: Api, behind: OwnHotelsBehind) -> None:
    chosen = {"boards": "breakfast,room_only"}
    answer = await look(api, **chosen)

    for facet, parameter in (
        ("stars", "stars"),
        ("kinds", "kinds"),
        ("amenities", "amenities"),
        ("boards", "boards"),
        ("districts", "district"),
        ("rating", "min_rating"),
        ("distance", "max_distance_km"),
        ("refundable", "refundable"),
        ("pay_at_property", "pay_at_property"),
    ):
        for value, count in counts(answer, facet).items():
            left = await look(api, **(chosen | {parameter: value}))
            assert left["count"] == count, (facet, value)
    assert counts(answer, "boards") == {"half_board": 1, "room_only": 2, "breakfast": 2}


async def test_a_stay_is_asked_for_by_position_or_by_hotel_too(api: Api, behind: OwnHotelsBehind) -> None:
    there = await api.get(
        "/v1/hotels/offers", params=DATES | {"latitude": "48.1", "longitude": "11.5", "radius_km": "3"}
    )
    one = await api.get("/v1/hotels/offers", params=DATES | {"hotel": "inventory-5"})
    nowhere = await api.get(
        "/v1/hotels/offers", params=DATES | {"latitude": "0.00000001", "longitude": "-0.0"}
    )

    assert (keys(there), there["offers"][0]["distance_km"]) == (["5"], 0.0)
    assert keys(one) == ["5"]
    assert keys(nowhere) == []


async def test_several_rooms_keep_their_guests(api: Api, behind: OwnHotelsBehind) -> None:
    answer = await look(api, "1", "2:9,1", "2")

    for hotel_found in answer["offers"]:
        assert [room["guests"] for room in hotel_found["rooms"]] == [
            {"adults": 1, "children": []},
            {"adults": 2, "children": [9, 1]},
            {"adults": 2, "children": []},
        ]
    assert keys(answer) == ["3", "2", "4", "1"]


async def test_an_offer_is_looked_at_again_by_its_id(
    api: Api, behind: OwnHotelsBehind, connection: Connection
) -> None:
    offer = (await look(api, name="zur post"))["offers"][0]

    now = await api.get(f"/v1/offers/{offer['id']}")
    await connection.execute("UPDATE rates SET nightly = '{5000, 5000}' WHERE room_type_id = 2")
    dearer = await api.get(f"/v1/offers/{offer['id']}")
    await connection.execute("INSERT INTO room_nights VALUES (2, $1, 3, 3)", CHECK_IN)
    gone = await api.get(f"/v1/offers/{offer['id']}")

    assert offer["id"].startswith("st_")
    assert (now["status"], now["offer"]["price"]) == ("available", offer["price"])
    assert (dearer["status"], dearer["offer"]["price"]["total"]["amount"]) == ("changed", 10_800)
    assert gone == {"status": "unavailable", "as_of": now["as_of"], "offer": None}


async def test_what_proved_unsellable_is_not_offered_for_a_while(
    api: Api, behind: OwnHotelsBehind, connection: Connection
) -> None:
    offers: Sequence[Any] = (await look(api))["offers"]
    await connection.execute("INSERT INTO room_nights VALUES (3, $1, 3, 3)", CHECK_IN)
    await api.get(f"/v1/offers/{offers[0]['id']}")

    assert keys(await look(api)) == ["2", "4", "1"]
    assert behind.searches == 1


async def test_over_the_websocket_the_last_message_is_what_http_answers(
    api: Api, behind: OwnHotelsBehind
) -> None:
    asked = STAY | {"stars": "2,4", "sort": "rating"}
    async with connected(api) as socket:
        await socket.send_json({"subscribe": "search", "kind": "hotels", "query": asked | {"room": ["2"]}})
        assert await socket.receive_json() == {"subscribed": "search"}
        told = await socket.receive_json()

    assert told["final"]
    assert told["answer"] == await look(api, "2", stars="2,4", sort="rating")
    assert behind.searches == 1


async def test_a_stay_in_another_currency_or_without_a_price_costs_its_own_offer_only(api: Api) -> None:
    criteria = factories.wanted_stay()
    prices = Money(10_000, criteria.currency), Money(2**64, criteria.currency), Money(10_000, "JPY")
    offers = [factories.stay(number, total=total) for number, total in enumerate(prices, start=1)]

    gathering = StayGathering(api.parts, criteria)
    found = await gathering.whole(StayResults(offers=tuple(offers), suppliers={}))

    assert found.columns.prices.tolist() == [10_000]
