"""Staff upload, describe, arrange and remove pictures of own hotels; what is no picture gets nowhere."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from bookingd.config import Settings
from bookingd.config.sections import Pictures
from bookingd.domain.accounts.permissions import Role
from bookingd.storage.database import Connection
from handlers.admin.pictures import AT_ONCE, MOST_PICTURES, WAITING
from tests.fakes.accounts import plant_account
from tests.fakes.pictures import plant_drawn
from tests.handlers.conftest import PUBLIC, Api, MakeApi
from tests.hotels import contract, sell
from tests.pictures.pixels import encoded, jpeg, noise, plain, png
from tests.pictures.test_reading import SCRIPT, SECRET, SVG, png_of

HERE = "/v1/admin/hotels/7/pictures"


@pytest.fixture
async def operator(api: Api, connection: Connection) -> Api:
    """Somebody of the staff, beside hotels 7 and 8 of our own."""
    await sell(connection, contract(7), contract(8))
    return await api.signed_in(await plant_account(connection, 1, Role.OPERATOR), second_factor=True)


async def upload(api: Api, given: Any, path: str = HERE, **headers: str) -> Any:
    return await api.ask("POST", path, data=given, headers={"Content-Type": "image/jpeg", **headers})


async def entries(connection: Connection, action: str) -> list[dict[str, Any]]:
    rows = await connection.fetch("SELECT canonical FROM audit_entries ORDER BY at, id")
    found = [json.loads(row["canonical"]) for row in rows]
    return [entry for entry in found if entry["action"] == action]


async def order(api: Api) -> list[str]:
    return [one["id"] for one in (await api.get(HERE))["pictures"]]


async def served(api: Api, picture: str, width: int = 320) -> Image.Image:
    async with api.client.get(f"/v1/pictures/{picture}/{width}") as answer:
        assert answer.status == 200
        return Image.open(io.BytesIO(await answer.read()))


async def test_an_uploaded_picture_is_served_at_once(operator: Api) -> None:
    made = await upload(operator, jpeg(900, 600), f"{HERE}?caption=The%20pool")

    assert operator.status == 201
    assert operator.headers["Location"] == f"{HERE}/{made['id']}"
    assert operator.headers["ETag"] == made["etag"]
    assert {name: made[name] for name in ("kind", "caption", "position", "width", "height")} == {
        "kind": "uploaded",
        "caption": "The pool",
        "position": 0,
        "width": 900,
        "height": 600,
    }
    assert made["address"] == f"/v1/pictures/{made['id']}"
    assert (await served(operator.nobody(), made["id"])).size == (320, 213)
    assert await order(operator) == [made["id"]]


async def test_every_process_can_serve_it_whatever_its_disk_has(
    operator: Api, make_api: MakeApi, connection: Connection, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = await upload(operator, jpeg(900, 600))
    elsewhere = await make_api(var=tmp_path_factory.mktemp("another-host"))

    shown = await served(elsewhere, made["id"], 1280)

    assert shown.size == (900, 600)
    kept = await connection.fetchval("SELECT bytes FROM picture_originals")
    assert Image.open(io.BytesIO(kept)).format == "WEBP"


async def test_the_same_picture_sent_again_is_one_picture(operator: Api, connection: Connection) -> None:
    first = await upload(operator, png(300, 200), f"{HERE}?caption=First")
    again = await upload(operator, png(300, 200), f"{HERE}?caption=Again")

    assert (operator.status, again) == (200, first)
    assert len(await entries(connection, "hotel.picture_added")) == 1


async def test_the_same_picture_sent_by_two_at_once_is_one_picture(operator: Api) -> None:
    both = [replace(operator), replace(operator)]

    made = await asyncio.gather(*(upload(one, png(300, 200)) for one in both))

    assert made[0]["id"] == made[1]["id"]
    assert sorted(one.status for one in both) == [200, 201]


async def test_another_hotel_has_a_picture_of_its_own(operator: Api) -> None:
    one = await upload(operator, png(300, 200))
    other = await upload(operator, png(300, 200), "/v1/admin/hotels/8/pictures")

    assert operator.status == 201
    assert one["id"] != other["id"]


async def test_what_was_done_stands_in_the_audit_trail(operator: Api, connection: Connection) -> None:
    """P11."""
    made = await upload(operator, jpeg(900, 600))
    await operator.ask(
        "PATCH", f"{HERE}/{made['id']}", json={"caption": "Sea"}, headers={"If-Match": made["etag"]}
    )
    await operator.ask("DELETE", f"{HERE}/{made['id']}")

    found = [
        (await entries(connection, f"hotel.picture_{deed}"))[0] for deed in ("added", "changed", "removed")
    ]
    assert {entry["principal"].partition("/")[0] for entry in found} == {operator.principal}
    assert {json.dumps(entry["subject"], sort_keys=True) for entry in found} == {
        '{"id": "7", "kind": "hotel"}'
    }
    assert {entry["details"]["picture"] for entry in found} == {made["id"]}
    assert found[0]["details"]["width"] == 900
    assert found[1]["details"]["written"] == ["caption"]


# Describing, arranging, removing


async def test_a_picture_is_described_and_moved(operator: Api) -> None:
    made = [await upload(operator, png(100 + number, 80)) for number in range(4)]
    last = made[3]

    moved = await operator.ask(
        "PATCH",
        f"{HERE}/{last['id']}",
        json={"caption": "Das Meer", "position": 1},
        headers={"If-Match": last["etag"]},
    )

    assert (moved["caption"], moved["position"]) == ("Das Meer", 1)
    assert moved["etag"] != last["etag"]
    assert await order(operator) == [made[0]["id"], last["id"], made[1]["id"], made[2]["id"]]


async def test_a_place_behind_all_others_is_the_last_one(operator: Api) -> None:
    made = [await upload(operator, png(100 + number, 80)) for number in range(3)]

    moved = await operator.ask(
        "PATCH", f"{HERE}/{made[0]['id']}", json={"position": 999}, headers={"If-Match": "*"}
    )

    assert moved["position"] == 2
    assert (await order(operator))[-1] == made[0]["id"]


async def test_nobody_overwrites_what_somebody_else_has_just_written(operator: Api) -> None:
    made = await upload(operator, png(100, 80))
    path, caption = f"{HERE}/{made['id']}", {"caption": "Mine"}

    await operator.ask("PATCH", path, json=caption)
    without = operator.status
    await operator.ask("PATCH", path, json=caption, headers={"If-Match": made["etag"]})
    first = operator.status
    await operator.ask("PATCH", path, json={"caption": "Theirs"}, headers={"If-Match": made["etag"]})
    second = operator.status
    await operator.ask("DELETE", path, headers={"If-Match": made["etag"]})

    assert (without, first, second, operator.status) == (428, 200, 412, 412)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"caption": "x" * 301}, "caption"),
        ({"caption": "line\nbreak"}, "caption"),
        ({"caption": None}, "caption"),
        ({"position": -1}, "position"),
        ({"position": 1000}, "position"),
        ({"position": "first"}, "position"),
        ({"capton": "x"}, "capton"),
    ],
)
async def test_what_cannot_be_written_is_named(operator: Api, body: dict[str, Any], field: str) -> None:
    made = await upload(operator, png(100, 80))

    problem = await operator.ask(
        "PATCH", f"{HERE}/{made['id']}", json=body, headers={"If-Match": made["etag"]}
    )

    assert (operator.status, [error["field"] for error in problem["errors"]]) == (422, [field])


async def test_a_removed_picture_is_served_no_more_and_leaves_nothing(
    operator: Api, connection: Connection
) -> None:
    made = await upload(operator, jpeg(300, 200))
    await served(operator, made["id"])

    await operator.ask("DELETE", f"{HERE}/{made['id']}")

    assert operator.status == 204
    await operator.get(f"/v1/pictures/{made['id']}/320")
    assert operator.status == 404
    assert await connection.fetchval("SELECT count(*) FROM picture_originals") == 0


async def test_a_removed_picture_may_come_back(operator: Api) -> None:
    made = await upload(operator, jpeg(300, 200))
    await operator.ask("DELETE", f"{HERE}/{made['id']}")

    again = await upload(operator, jpeg(300, 200))

    assert (operator.status, again["id"]) == (201, made["id"])
    assert (await served(operator, made["id"])).width == 300


async def test_drawings_can_be_arranged_and_removed_too(operator: Api, connection: Connection) -> None:
    drawn = await plant_drawn(connection)
    made = await upload(operator, jpeg(300, 200))
    assert await order(operator) == [drawn, made["id"]]

    await operator.ask("DELETE", f"{HERE}/{drawn}")

    assert await order(operator) == [made["id"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/admin/hotels/9/pictures"),
        ("GET", "/v1/admin/hotels/0/pictures"),
        ("GET", "/v1/admin/hotels/-7/pictures"),
        ("GET", "/v1/admin/hotels/\u0667/pictures"),
        ("GET", "/v1/admin/hotels/99999999999999999999/pictures"),
        ("GET", "/v1/admin/hotels/9223372036854775808/pictures"),
        ("POST", "/v1/admin/hotels/9/pictures"),
        ("PATCH", "/v1/admin/hotels/8/pictures/{picture}"),
        ("PATCH", "/v1/admin/hotels/7/pictures/aaaaaaaaaaaaaaaa"),
        ("DELETE", "/v1/admin/hotels/8/pictures/{picture}"),
        ("DELETE", "/v1/admin/hotels/7/pictures/'; DROP TABLE pictures; --"),
    ],
)
async def test_what_there_is_not_is_not_found(operator: Api, method: str, path: str) -> None:
    made = await upload(operator, jpeg(300, 200))

    body = {"json": {"caption": "x"}} if method == "PATCH" else {"data": png(64, 64)}
    kind = {} if method == "PATCH" else {"Content-Type": "image/png"}
    where = path.format(picture=made["id"])
    await operator.ask(method, where, headers={"If-Match": "*", **kind}, **body)

    assert operator.status == 404
    assert await order(operator) == [made["id"]]


# What is no picture


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (b"", "unreadable"),
        (SVG, "unreadable"),
        (b"GIF89a/*" + SCRIPT, "unreadable"),
        (b"<!doctype html>" + SCRIPT, "unreadable"),
        (b"%PDF-1.7\n", "unreadable"),
        (jpeg(300, 200, noise)[:4000], "unreadable"),
        (encoded(plain(80, 60), "TIFF"), "unreadable"),
        (png_of(60_000, 60_000), "too-large"),
        (png(20, 20), "too-small"),
        (png(1000, 40), "too-narrow"),
    ],
)
async def test_what_is_no_picture_is_refused_and_leaves_nothing(
    operator: Api, connection: Connection, given: bytes, code: str
) -> None:
    problem = await upload(operator, given)

    assert (operator.status, problem["type"]) == (422, "/problems/invalid-fields")
    assert [error["code"] for error in problem["errors"]] == [code]
    assert await connection.fetchval("SELECT count(*) FROM pictures") == 0
    assert await entries(connection, "hotel.picture_added") == []


async def test_of_a_polyglot_only_the_picture_is_kept(operator: Api, connection: Connection) -> None:
    made = await upload(
        operator, jpeg(300, 200, comment=SECRET) + SCRIPT + SECRET, **{"Content-Type": "image/svg+xml"}
    )

    assert operator.status == 201
    kept = await connection.fetchval("SELECT bytes FROM picture_originals")
    async with operator.client.get(f"/v1/pictures/{made['id']}/640") as answer:
        body, kind = await answer.read(), answer.content_type
    assert kind == "image/jpeg"
    for whole in (kept, body):
        assert SECRET not in whole
        assert b"script" not in whole


async def test_a_body_that_is_too_large_is_not_read_to_its_end(operator: Api, make_api: MakeApi) -> None:
    tight = await make_api(settings=Settings(public_url=PUBLIC, pictures=replace(Pictures(), upload_mib=1)))
    there = replace(operator, client=tight.client, parts=tight.parts)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield bytes(65_536)

    problem = await upload(there, endless())

    assert (there.status, problem["type"]) == (413, "/problems/body-too-large")
    assert sent < 20 * 1024 * 1024


async def test_a_hotel_has_only_so_many(operator: Api, connection: Connection) -> None:
    for number in range(MOST_PICTURES):
        await plant_drawn(connection, number)

    problem = await upload(operator, jpeg(300, 200))

    assert (operator.status, problem["type"]) == (409, "/problems/limit-reached")


async def test_a_rush_of_uploads_is_turned_away(operator: Api) -> None:
    """Each would be in memory whole."""
    many = [replace(operator) for _ in range(AT_ONCE + WAITING + 5)]

    await asyncio.gather(*(upload(one, png(200 + number, 100)) for number, one in enumerate(many)))

    statuses = [one.status for one in many]
    assert set(statuses) == {201, 503}
    assert statuses.count(201) >= AT_ONCE + WAITING
    assert all(one.headers["Retry-After"] == "5" for one in many if one.status == 503)


async def test_no_other_site_uploads(operator: Api) -> None:
    await upload(operator, png(64, 64), Origin="https://evil.example")

    assert operator.status == 403


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded", "application/json"]
)
async def test_what_is_not_said_to_be_a_picture_is_not_read(operator: Api, kind: str) -> None:
    problem = await upload(operator, png(64, 64), **{"Content-Type": kind})

    assert (operator.status, problem["type"]) == (415, "/problems/media-type")
    assert "image/jpeg" in operator.headers["Accept-Post"]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPERATOR])
async def test_only_who_looks_after_inventory_uploads(
    operator: Api, api: Api, connection: Connection, role: Role
) -> None:
    other = await api.signed_in(await plant_account(connection, 2, role), second_factor=True)

    await upload(other, png(64, 64))

    assert other.status == 403
    assert await connection.fetchval("SELECT count(*) FROM pictures") == 0
