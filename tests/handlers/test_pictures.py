"""Pictures over HTTP: what is answered to whom, once made and kept, and never at the price of a search."""

import asyncio
import io
import time
from dataclasses import replace

import aiohttp
import pytest
from PIL import Image

from bookingd.config import Settings
from bookingd.config.sections import Pictures
from bookingd.domain.pictures import PictureId
from bookingd.pictures.gallery import KNOWN_FOR
from bookingd.pictures.sizes import TOGETHER, WIDTHS
from bookingd.storage.database import Connection
from tests.fakes.pictures import plant_drawn
from tests.handlers.conftest import PUBLIC, Api, MakeApi

BROWSER = {"Accept": "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"}


@pytest.fixture
async def picture(connection: Connection) -> PictureId:
    return await plant_drawn(connection)


async def looked_at(api: Api, path: str, **headers: str) -> tuple[str, Image.Image]:
    async with api.client.get(path, headers={**BROWSER, **headers}) as answer:
        assert answer.status == 200, await answer.text()
        body = await answer.read()
        return answer.content_type, Image.open(io.BytesIO(body))


def counted(api: Api, name: str, **labels: str) -> float:
    return api.parts.metrics.registry.get_sample_value(name, labels) or 0


def outcomes(api: Api) -> dict[str, float]:
    found = {
        one: counted(api, "bookingd_pictures_total", outcome=one) for one in "kept made unknown away".split()
    }
    return {name: count for name, count in found.items() if count}


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_picture_comes_in_every_width(api: Api, picture: PictureId, width: int) -> None:
    kind, shown = await looked_at(api, f"/v1/pictures/{picture}/{width}")

    assert (kind, shown.format, shown.width) == ("image/webp", "WEBP", width)


@pytest.mark.parametrize("accept", ["", "*/*", "image/*", "image/jpeg", "image/webp;q=0, image/*"])
async def test_who_does_not_ask_for_webp_gets_jpeg(api: Api, picture: PictureId, accept: str) -> None:
    kind, shown = await looked_at(api, f"/v1/pictures/{picture}/160", Accept=accept)

    assert (kind, shown.format) == ("image/jpeg", "JPEG")


async def test_it_may_be_kept_for_ever_and_can_do_nothing(api: Api, picture: PictureId) -> None:
    await api.client.get(f"/v1/pictures/{picture}/160")

    async with api.client.get(f"/v1/pictures/{picture}/160", headers=BROWSER) as answer:
        headers = answer.headers

    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Vary"] == "Accept"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]


async def test_who_has_it_already_is_not_sent_it_again(api: Api, picture: PictureId) -> None:
    address = f"/v1/pictures/{picture}/160"
    async with api.client.get(address, headers=BROWSER) as answer:
        etag = answer.headers["ETag"]

    async with api.client.get(address, headers={**BROWSER, "If-None-Match": f'"x", {etag}'}) as known:
        body = await known.read()
    async with api.client.get(address, headers={"If-None-Match": etag}) as other:
        other_form = other.status

    assert (known.status, known.headers["ETag"], body) == (304, etag, b"")
    assert other_form == 200


async def test_its_head_is_that_of_the_whole(api: Api, picture: PictureId) -> None:
    address = f"/v1/pictures/{picture}/160"
    async with api.client.get(address) as whole:
        body = await whole.read()

    async with api.client.head(address) as head:
        assert (head.status, head.headers["Content-Length"]) == (200, str(len(body)))


@pytest.mark.parametrize(
    "path",
    [
        "{unknown}/160",
        "{picture}/161",
        "{picture}/0160",
        "{picture}/-160",
        "{picture}/99999999999999999999",
        "{picture}/٣٢٠",
        "{picture}x/160",
        "{upper}/160",
        "..%2F..%2Fetc%2Fpasswd/160",
        "%00/160",
        "'; DROP TABLE pictures; --/160",
    ],
)
async def test_there_is_no_other_picture(api: Api, picture: PictureId, path: str) -> None:
    named = path.format(picture=picture, unknown="a" * 16, upper=picture.upper())

    problem = await api.get(f"/v1/pictures/{named}")

    assert (api.status, problem["type"]) == (404, "/problems/not-found")
    assert api.headers["Cache-Control"] == "no-store"


async def test_it_is_made_once_for_all_who_ask_together(api: Api, picture: PictureId) -> None:
    answers = await asyncio.gather(
        *(looked_at(api, f"/v1/pictures/{picture}/{width}") for width in WIDTHS * 8)
    )

    assert [shown.width for _, shown in answers] == list(WIDTHS * 8)
    assert counted(api, "bookingd_picture_making_seconds_count", job="Draw") == len(TOGETHER)


async def test_once_made_it_is_kept(api: Api, make_api: MakeApi, picture: PictureId) -> None:
    first = await looked_at(api, f"/v1/pictures/{picture}/160")
    second = await looked_at(api, f"/v1/pictures/{picture}/640")
    elsewhere = await make_api()  # another process of the host
    third = await looked_at(elsewhere, f"/v1/pictures/{picture}/160")

    assert first[1].tobytes() == third[1].tobytes()
    assert second[1].width == 640
    assert (outcomes(api), outcomes(elsewhere)) == ({"made": 1, "kept": 1}, {"kept": 1})


async def test_whoever_leaves_does_not_take_it_away_from_others(api: Api, picture: PictureId) -> None:
    address = f"/v1/pictures/{picture}/160"
    leaving = asyncio.create_task(looked_at(api, address))
    await asyncio.sleep(0.05)
    staying = asyncio.create_task(looked_at(api, address))
    await asyncio.sleep(0.02)
    leaving.cancel()

    _, shown = await staying

    assert shown.width == 160


async def test_what_was_removed_is_gone_soon(api: Api, connection: Connection, picture: PictureId) -> None:
    address = f"/v1/pictures/{picture}/160"
    await looked_at(api, address)
    await connection.execute("DELETE FROM pictures")
    api.clock.advance(KNOWN_FOR)

    await api.get(address)

    assert api.status == 404


async def test_what_we_have_no_recipe_for_is_not_there(api: Api, connection: Connection) -> None:
    broken = await plant_drawn(connection, 9, recipe='{"scene": "dragon"}')

    await api.get(f"/v1/pictures/{broken}/160")

    assert api.status == 404


async def test_without_its_worker_a_picture_is_away_and_not_a_lie(
    api: Api, picture: PictureId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookingd.workers.sys.executable", "/bin/false")

    problem = await api.get(f"/v1/pictures/{picture}/160")

    assert (api.status, problem["type"], api.headers["Retry-After"]) == (503, "/problems/unavailable", "60")


async def test_a_flood_of_new_pictures_is_turned_away_and_holds_up_no_search(
    make_api: MakeApi, api: Api, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More at once than may wait for a worker; others are answered as fast as ever."""
    flooded = await make_api(settings=Settings(public_url=PUBLIC, pictures=replace(Pictures(), workers=1)))
    monkeypatch.setattr(flooded.parts.pictures, "_patience", 4.0)
    pictures = [await plant_drawn(connection, number) for number in range(100, 500)]
    # A client of its own: others ask for a hundred at a time, which an idle machine makes while they wait.
    crowd = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    flood = [
        asyncio.create_task(crowd.get(flooded.client.make_url(f"/v1/pictures/{one}/320"), headers=BROWSER))
        for one in pictures
    ]
    await asyncio.sleep(0.2)

    times = []
    for _ in range(20):
        begin = time.monotonic()
        await flooded.nobody().get("/v1/gateways")
        async with flooded.parts.database.connection() as reading:
            await reading.fetchval("SELECT count(*) FROM pictures")
        times.append(time.monotonic() - begin)

    answers = [await one for one in flood]
    statuses = [one.status for one in answers]
    assert sorted(times)[-3] < 0.25, times
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= 3
    assert all(int(one.headers["Retry-After"]) >= 1 for one in answers if one.status == 503)
    for one in answers:
        one.release()
    await crowd.close()
