"""Suppliers' pictures: fetched once for all, kept, had again when lost, and what becomes of bad ones."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from PIL import Image

from bookingd.config import Settings
from bookingd.config.sections import Paths, Pictures
from bookingd.domain.pictures import PictureId, State
from bookingd.pictures.gallery import KNOWN_FOR, Gallery
from bookingd.pictures.making import FIRST_PAUSE, MOST_FAILURES, NoSuchPicture, PictureAway
from bookingd.pictures.sizes import WIDTHS, Format
from bookingd.sources import Sources
from bookingd.storage import pictures
from bookingd.storage.database import Connection, Database
from bookingd.storage.pictures import Picture
from bookingd.telemetry.metrics import Metrics
from bookingd.wiring.pictures import open_gallery
from tests.fakes.pictures import plant_drawn, plant_wanted
from tests.fakes.sources import ManualClock, SeededChance, SequentialIds
from tests.pictures.hosts import Host, cut_off, endless, giving, saying, silent
from tests.pictures.pixels import encoded, jpeg, plain
from tests.pictures.test_reading import SVG, png_of

MakeGallery = Callable[..., Awaitable[Gallery]]


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with Host().serving() as serving:
        serving.answer = giving(jpeg(900, 600))
        yield serving


@pytest.fixture
def sources(clock: ManualClock, ids: SequentialIds, chance: SeededChance) -> Sources:
    return Sources(clock=clock, ids=ids, chance=chance)


@pytest.fixture
async def make_gallery(
    host: Host, database: Database, sources: Sources, tmp_path: Path
) -> AsyncIterator[MakeGallery]:
    """A gallery of a process that may fetch from that host; settings may be changed."""
    stack, running = AsyncExitStack(), []

    async def make(metrics: Metrics | None = None, **changes: Any) -> Gallery:
        chosen = replace(Pictures(), **{"hosts": (host.origin,), "fetch_seconds": 5.0, **changes})
        gallery = open_gallery(
            Settings(pictures=chosen, paths=Paths(var=tmp_path)),
            database=database,
            sources=sources,
            metrics=(metrics or Metrics()).pictures,
            stack=stack,
        )
        running.append(asyncio.create_task(gallery.run()))
        return gallery

    yield make
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await stack.aclose()


@pytest.fixture
async def gallery(make_gallery: MakeGallery, metrics: Metrics) -> Gallery:
    return await make_gallery(metrics)


@pytest.fixture
async def wanted(connection: Connection, host: Host) -> PictureId:
    return await plant_wanted(connection, f"{host.origin}/pool.jpg")


async def known(connection: Connection, picture: PictureId) -> Picture:
    return (await pictures.by_ids(connection, ids=[picture]))[picture]


async def shown(
    gallery: Gallery, picture: PictureId, width: int = 320, form: Format = Format.WEBP
) -> Image.Image:
    kept = await gallery.show(picture, width, form)
    return Image.open(io.BytesIO(kept.content))


async def test_it_is_fetched_when_it_is_first_asked_for(
    gallery: Gallery, connection: Connection, host: Host, wanted: PictureId
) -> None:
    assert host.requests == []

    first = await shown(gallery, wanted)

    assert (first.format, first.size) == ("WEBP", (320, 213))
    now = await known(connection, wanted)
    assert (now.state, now.width, now.height, now.reason) == (State.READY, 900, 600, None)
    assert now.hash is not None


async def test_it_is_fetched_once_for_all_widths_formats_and_askers(
    gallery: Gallery, make_gallery: MakeGallery, host: Host, wanted: PictureId
) -> None:
    asked = [shown(gallery, wanted, width, form) for _ in range(4) for width in WIDTHS for form in Format]

    together = await asyncio.gather(*asked)
    later = await shown(gallery, wanted, 640)
    elsewhere = await shown(await make_gallery(), wanted, 1280, Format.JPEG)

    assert len(host.requests) == 1
    assert {one.width for one in together} == {160, 320, 640, 900}
    assert (later.width, elsewhere.width) == (640, 900)


async def test_what_the_disk_has_lost_is_fetched_again(
    gallery: Gallery, host: Host, wanted: PictureId, tmp_path: Path
) -> None:
    await shown(gallery, wanted)
    for file in (tmp_path / "pictures").rglob("*.*"):
        file.unlink()

    again = await shown(gallery, wanted)

    assert (again.width, len(host.requests)) == (320, 2)


async def test_what_a_supplier_tells_of_again_is_as_well_known_as_before(
    gallery: Gallery, connection: Connection, host: Host, wanted: PictureId
) -> None:
    await shown(gallery, wanted)

    assert await plant_wanted(connection, f"{host.origin}/pool.jpg") == wanted

    assert (await known(connection, wanted)).state is State.READY


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (saying(404), "gone"),
        (giving(b"<html>Sorry</html>", content_type="image/jpeg"), "unreadable"),
        (giving(SVG, content_type="image/svg+xml"), "unreadable"),
        (giving(jpeg(900, 600)[:9_000]), "unreadable"),
        (giving(png_of(60_000, 60_000), content_type="image/png"), "too-large"),
        (giving(jpeg(1, 1)), "too-small"),
        (endless, "too-large"),
    ],
)
async def test_what_is_no_picture_is_refused_for_ever(
    make_gallery: MakeGallery,
    connection: Connection,
    host: Host,
    wanted: PictureId,
    *,
    answer: Any,
    reason: str,
) -> None:
    gallery = await make_gallery(fetch_mib=1)
    host.answer = answer
    with pytest.raises(NoSuchPicture):
        await gallery.show(wanted, 320, Format.WEBP)
    host.answer = giving(jpeg(900, 600))

    for asked in (gallery, await make_gallery()):
        with pytest.raises(NoSuchPicture):
            await asked.show(wanted, 320, Format.WEBP)

    now = await known(connection, wanted)
    assert (now.state, now.reason, len(host.requests)) == (State.REFUSED, reason, 1)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(saying(503), "status-503"), (cut_off, "cut-off"), (silent, "slow"), (saying(302), "redirects")],
)
async def test_a_host_that_fails_is_left_in_peace_and_tried_again(
    make_gallery: MakeGallery,
    connection: Connection,
    host: Host,
    clock: ManualClock,
    *,
    wanted: PictureId,
    answer: Any,
    reason: str,
) -> None:
    gallery, elsewhere = await make_gallery(fetch_seconds=1.0), await make_gallery()
    host.answer = answer
    with pytest.raises(PictureAway) as away:
        await gallery.show(wanted, 320, Format.WEBP)
    host.answer = giving(jpeg(900, 600))

    for asked in (gallery, elsewhere):
        with pytest.raises(PictureAway):
            await asked.show(wanted, 320, Format.WEBP)
    failed, requests = await known(connection, wanted), len(host.requests)
    clock.advance(FIRST_PAUSE)
    at_last = await shown(gallery, wanted)

    assert away.value.seconds == FIRST_PAUSE.total_seconds()
    assert (failed.state, failed.reason, failed.failures, requests) == (State.WANTED, reason, 1, 1)
    now = await known(connection, wanted)
    assert (at_last.width, now.state, now.failures, now.try_after) == (320, State.READY, 0, None)


async def test_a_host_that_always_fails_is_given_up_after_days(
    gallery: Gallery, connection: Connection, host: Host, clock: ManualClock, wanted: PictureId
) -> None:
    host.answer = saying(500)
    began, tries = clock.now(), 0
    while (now := await known(connection, wanted)).state is State.WANTED:
        if now.try_after:
            clock.advance(now.try_after - clock.now())
        with pytest.raises((PictureAway, NoSuchPicture)):
            await gallery.show(wanted, 320, Format.WEBP)
        tries += 1

    assert (now.state, now.reason) == (State.REFUSED, "status-500")
    assert len(host.requests) == tries == MOST_FAILURES
    assert timedelta(days=3) < clock.now() - began < timedelta(days=7)


async def test_a_host_that_is_not_named_is_not_asked_until_it_is(
    make_gallery: MakeGallery, connection: Connection, host: Host, wanted: PictureId
) -> None:
    for hosts in ((), ("images.example.com",)):
        with pytest.raises(NoSuchPicture):
            await (await make_gallery(hosts=hosts)).show(wanted, 320, Format.WEBP)
    assert (host.requests, (await known(connection, wanted)).state) == ([], State.WANTED)

    assert (await shown(await make_gallery(), wanted)).width == 320


async def test_a_picture_that_takes_long_is_away_and_there_a_moment_later(
    gallery: Gallery, host: Host, wanted: PictureId, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = asyncio.Event()

    async def when_released(request: web.Request) -> web.StreamResponse:
        await release.wait()
        return await giving(jpeg(900, 600))(request)

    host.answer = when_released
    monkeypatch.setattr(gallery, "_patience", 0.1)
    with pytest.raises(PictureAway):
        await gallery.show(wanted, 320, Format.WEBP)
    release.set()
    monkeypatch.setattr(gallery, "_patience", 30.0)

    assert (await shown(gallery, wanted)).width == 320
    assert len(host.requests) == 1


async def test_hosts_that_hang_hold_up_no_drawing(
    make_gallery: MakeGallery, connection: Connection, host: Host
) -> None:
    """All ways to other hosts are taken, and more wait than may."""
    gallery = await make_gallery(fetches=2)
    host.answer = silent
    slow = [await plant_wanted(connection, f"{host.origin}/{number}.jpg") for number in range(60)]
    waiting = [asyncio.create_task(gallery.show(one, 320, Format.WEBP)) for one in slow]
    await asyncio.sleep(0.3)

    drawn = await shown(gallery, await plant_drawn(connection))

    assert drawn.width == 320
    assert len(host.requests) == 2
    turned_away = [one for one in waiting if one.done()]
    assert len(turned_away) == 60 - 2 - 32
    assert all(isinstance(one.exception(), PictureAway) for one in turned_away)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_what_changed_elsewhere_is_known_here_after_a_moment(
    gallery: Gallery, connection: Connection, host: Host, clock: ManualClock, wanted: PictureId
) -> None:
    for _ in range(2):  # made, and then looked at as what it has become
        await shown(gallery, wanted)
    await pictures.note_refusal(connection, picture=wanted, reason="gone")
    assert (await shown(gallery, wanted)).width == 320

    clock.advance(KNOWN_FOR)

    with pytest.raises(NoSuchPicture):
        await gallery.show(wanted, 320, Format.WEBP)


@pytest.mark.parametrize("form", ["PNG", "GIF", "WEBP"])
async def test_whatever_it_came_as_we_serve_our_own(
    gallery: Gallery, host: Host, wanted: PictureId, form: str
) -> None:
    given = encoded(plain(500, 300), form) + b"<script>"
    host.answer = giving(given, content_type="text/html")

    kept = await gallery.show(wanted, 1280, Format.JPEG)

    assert kept.content != given
    assert b"script" not in kept.content
    assert Image.open(io.BytesIO(kept.content)).format == "JPEG"
