"""Places and airlines, looked up while somebody types."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import hdrs
from yarl import URL

from bookingd.storage.database import Connection, Database
from handlers import atlas
from handlers.atlas import LOOK_EVERY, Atlas
from handlers.errors import Problem
from tests.fakes.inventory import plant_world
from tests.fakes.sources import ManualClock
from tests.handlers.conftest import Api, MakeApi

NAMES = """
UPDATE cities SET name = 'London', population = 9000000 WHERE code = 'LON';
UPDATE airports SET name = 'London Heathrow Airport', traffic_rank = 3 WHERE code = 'LHR';
UPDATE airports SET name = 'London Gatwick Airport', traffic_rank = 20 WHERE code = 'LGW';
UPDATE cities SET name = 'Munich', population = 1500000, latitude = 48.137, longitude = 11.575
 WHERE code = 'MUC';
INSERT INTO place_names VALUES ('MUC', 'München', ''), ('LON', 'Londres', 'fr'), ('MUC', '慕尼黑', 'zh-Hant');
UPDATE airlines SET name = 'Lufthansa' WHERE code = 'LH';
UPDATE airlines SET name = 'British Airways', country = 'GB' WHERE code = 'BA';
"""
HOTEL = """
INSERT INTO hotels (id, name, stars, city_code, kind, address, latitude, longitude, zone, check_in_from,
                    check_out_until, email, currency)
VALUES (17, $1, 4, 'MUC', 'hotel', 'Marienplatz 1', 48.1, 11.5, 'Europe/Berlin', '15:00', '11:00',
        'desk@example.org', 'EUR')
"""


@pytest.fixture
async def api(make_api: MakeApi, owner_connection: Connection) -> Api:
    """A server that has read a small world."""
    await plant_world(owner_connection)
    await owner_connection.execute(NAMES)
    await owner_connection.execute(HOTEL, "Bayerischer Hof")
    return await make_api()


async def find(api: Api, typed: str, **more: str) -> list[dict[str, Any]]:
    found = await api.get(URL("/v1/places").with_query({"q": typed, **more}))
    assert api.status == 200, found
    places: list[dict[str, Any]] = found["places"]
    return places


async def until(ask: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so; a reading of a few places takes milliseconds."""
    async with asyncio.timeout(5):
        while not await ask():  # noqa: ASYNC110 - what another thread reads is seen in answers only
            await asyncio.sleep(0.01)


async def test_a_city_is_shown_with_its_airports_and_country(api: Api) -> None:
    (city, heathrow, gatwick) = await find(api, "london")

    assert city == {
        "kind": "city",
        "code": "LON",
        "id": None,
        "name": "London",
        "matched": None,
        "city": {"code": "LON", "name": "London"},
        "country": {"code": "GB", "name": "United Kingdom"},
        "position": {"latitude": 51.4706, "longitude": -0.4619},
        "airports": [
            {"code": "LHR", "name": "London Heathrow Airport"},
            {"code": "LGW", "name": "London Gatwick Airport"},
        ],
    }
    assert (heathrow["kind"], heathrow["code"], heathrow["city"]["name"]) == ("airport", "LHR", "London")
    assert gatwick["code"] == "LGW"


async def test_a_hotel_is_shown_by_its_id(api: Api) -> None:
    (hotel,) = await find(api, "bayerischer")

    assert (hotel["kind"], hotel["id"], hotel["code"]) == ("hotel", "inventory-17", None)
    assert (hotel["city"], hotel["country"]["code"]) == ({"code": "MUC", "name": "Munich"}, "DE")
    assert hotel["position"] == {"latitude": 48.1, "longitude": 11.5}


async def test_it_is_told_which_name_fits(api: Api) -> None:
    (city, *_) = await find(api, "münc", kinds="city")

    assert (city["name"], city["matched"]) == ("Munich", "München")
    assert city["position"] == {"latitude": 48.137, "longitude": 11.575}


@pytest.mark.parametrize(
    ("locale", "city", "country"),
    [
        ("fr", "Londres", "Royaume-Uni"),
        ("fr-CA", "Londres", "Royaume-Uni"),
        ("de", "London", "Vereinigtes Königreich"),
        ("en", "London", "United Kingdom"),
    ],
)
async def test_names_are_shown_in_the_language_asked_for(
    api: Api, locale: str, city: str, country: str
) -> None:
    (found, *_) = await find(api, "LON", locale=locale)

    assert (found["name"], found["city"]["name"], found["country"]["name"]) == (city, city, country)


async def test_a_script_follows_from_the_region(api: Api) -> None:
    (city, *_) = await find(api, "MUC", locale="zh-TW", kinds="city")

    assert city["name"] == "慕尼黑"


async def test_only_some_kinds_and_so_many_are_shown(api: Api) -> None:
    assert {one["kind"] for one in await find(api, "", kinds="airport, hotel", limit="9")} == {
        "airport",
        "hotel",
    }
    assert len(await find(api, "", limit="2")) == 2


async def test_of_nothing_typed_the_busiest_come_first(api: Api) -> None:
    await api.get("/v1/places?kinds=airport&limit=2")
    found = await api.get("/v1/places?kinds=airport&limit=2")

    assert [one["code"] for one in found["places"]] == ["LHR", "LGW"]


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"q": "x" * 81}, "q", "length"),
        ({"q": "a\x00b"}, "q", "characters"),
        ({"kinds": "city,planet"}, "kinds", "choice"),
        ({"kinds": ""}, "kinds", "choice"),
        ({"limit": "0"}, "limit", "range"),
        ({"limit": "51"}, "limit", "range"),
        ({"limit": "many"}, "limit", "type"),
        ({"locale": "klingon"}, "locale", "locale"),
        ({"locale": "!!"}, "locale", "locale"),
        ({"locale": "xx"}, "locale", "locale"),
        ({"query": "london"}, "query", "unknown"),
    ],
)
async def test_what_is_wrong_is_told_by_its_field(
    api: Api, query: dict[str, str], field: str, code: str
) -> None:
    told = await api.get(URL("/v1/places").with_query(query))

    assert (api.status, told["type"]) == (422, "/problems/invalid-fields")
    assert [(field, code)] == [(one["field"], one["code"]) for one in told["errors"]]


async def test_a_change_is_seen_after_a_few_seconds(api: Api, owner_connection: Connection) -> None:
    assert await find(api, "bayerischer") != []
    await owner_connection.execute("UPDATE hotels SET on_sale = false")
    assert await find(api, "bayerischer") != []

    api.clock.advance(LOOK_EVERY)

    async def gone() -> bool:
        return await find(api, "bayerischer") == []

    await until(gone)


async def test_answers_that_were_given_are_forgotten_with_what_they_tell_of(
    api: Api, owner_connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same question twice is answered alike; and once something has changed, anew."""
    monkeypatch.setattr(atlas, "ANSWERS_KEPT", 2)
    first = await find(api, "london")
    assert [await find(api, typed) for typed in ("munich", "lon", "london")][-1] == first
    await owner_connection.execute("UPDATE cities SET name = 'Londinium' WHERE code = 'LON'")
    api.clock.advance(LOOK_EVERY)

    async def renamed() -> bool:
        return "Londinium" in {one["name"] for one in await find(api, "LON")}

    await until(renamed)
    assert (await find(api, "london")) != first


async def test_without_the_database_the_last_reading_is_answered_from(
    api: Api, administrator: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    assert await find(api, "london") != []
    await administrator.execute("ALTER TABLE gazetteer_version RENAME TO away")
    api.clock.advance(LOOK_EVERY)

    async def noticed() -> bool:
        return "places stay as they were" in caplog.text

    await until(noticed)
    assert await find(api, "london") != []


async def test_before_the_first_reading_who_asks_waits_and_is_told_to_come_again(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atlas, "PATIENCE", 0.01)

    with pytest.raises(Problem) as refused:
        await Atlas(database=database, clock=clock).open()

    assert refused.value.kind.slug == "unavailable"


async def test_joiners_are_letters_to_their_readers(api: Api) -> None:
    assert await find(api, "lon\u200cdon") == await find(api, "london")


# Airlines


async def test_airlines_are_listed_by_name(api: Api) -> None:
    found = await api.get("/v1/airlines")

    assert [one["code"] for one in found["airlines"]] == ["BA", "LH", "UA"]
    assert found["airlines"][0] == {
        "code": "BA",
        "name": "British Airways",
        "alliance": "oneworld",
        "country": {"code": "GB", "name": "United Kingdom"},
    }


@pytest.mark.parametrize(
    ("typed", "codes"),
    [("lh", ["LH"]), ("luft", ["LH"]), ("AIRW", ["BA"]), ("air brit", ["BA"]), ("xx", []), ("?", [])],
)
async def test_airlines_are_found_by_code_and_by_the_beginnings_of_words(
    api: Api, typed: str, codes: list[str]
) -> None:
    found = await api.get(URL("/v1/airlines").with_query({"q": typed}))

    assert [one["code"] for one in found["airlines"]] == codes


async def test_airlines_that_are_the_same_are_not_sent_again(api: Api) -> None:
    await api.get("/v1/airlines?locale=de")
    tag = api.headers[hdrs.ETAG]

    await api.get("/v1/airlines?locale=de", headers={hdrs.IF_NONE_MATCH: tag})
    assert (api.status, api.headers[hdrs.ETAG]) == (304, tag)
    await api.get("/v1/airlines?locale=fr", headers={hdrs.IF_NONE_MATCH: tag})
    assert api.status == 200


@pytest.mark.parametrize("query", ["q=" + "x" * 81, "locale=x"])
async def test_a_wrong_question_for_airlines_names_its_field(api: Api, query: str) -> None:
    told = await api.get(f"/v1/airlines?{query}")

    assert (api.status, told["errors"][0]["field"]) == (422, query.partition("=")[0])
