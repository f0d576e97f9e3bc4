"""A daemon's day, and the ways in which it can end."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from bookingd.lifecycle import PartFailed, Stopped, given_up_when, live
from bookingd.service_manager import ServiceManager
from bookingd.wiring.house import House
from tests.fakes.service_manager import listening
from tests.wiring.conftest import Build, SettingsOf


@pytest.fixture
async def house(settings_of: SettingsOf, build_house: Build) -> House:
    return await build_house(settings_of())


async def _fail() -> None:
    raise ZeroDivisionError("the boiler is cold")


def _closed(house: House) -> None:
    """Nobody listens at its port any more, and none of its parts runs."""
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not {name for name in names if name.startswith(("actor ", "relay", "housekeeping"))}
    assert not house.readiness.ready


def _with_route(house: House, route: web.RouteDef) -> House:
    assert house.application is not None
    house.application.router.add_routes([route])
    return house


async def test_a_part_that_fails_ends_the_day_in_order_and_is_named(house: House) -> None:
    ready = asyncio.Event()

    with pytest.raises(PartFailed, match=r"^boiler failed, and bookingd stops$") as raised:
        await live(replace(house, background={"boiler": _fail}), stop=asyncio.Event(), ready=ready.set)

    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    _closed(house)
    with pytest.raises(aiohttp.ClientError):
        async with aiohttp.ClientSession() as session, session.get(house.settings.public_url):
            pass


async def test_a_day_that_is_cancelled_ends_in_order_too(house: House) -> None:
    ready = asyncio.Event()
    day = asyncio.create_task(live(house, stop=asyncio.Event(), ready=ready.set))
    await ready.wait()

    day.cancel()

    with pytest.raises(asyncio.CancelledError):
        await day
    _closed(house)


async def test_a_request_in_hand_gets_its_answer_and_idle_sockets_close_at_once(house: House) -> None:
    begun, ready, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def take_time(_: web.Request) -> web.Response:
        begun.set()
        # Longer than half of the grace: aiohttp's own first patience.
        await asyncio.sleep(1.2)
        return web.Response(text="done")

    day = asyncio.create_task(
        live(_with_route(house, web.get("/slow", take_time)), stop=stop, ready=ready.set)
    )
    await ready.wait()
    async with (
        aiohttp.ClientSession(house.settings.public_url) as session,
        session.ws_connect("/v1/live") as socket,
    ):
        slow = asyncio.create_task(session.get("/slow"))
        await begun.wait()

        stop.set()

        goodbye = await socket.receive(timeout=1)
        assert (goodbye.type, goodbye.data) == (WSMsgType.CLOSE, 1001)
        assert not slow.done()
        assert (await slow).status == 200
    await day
    _closed(house)


async def test_it_says_that_it_leaves_and_serves_on_until_nobody_is_sent_to_it(
    settings_of: SettingsOf, build_house: Build
) -> None:
    house = await build_house(settings_of(server={"lame_duck_seconds": 0.5}))
    ready, stop = asyncio.Event(), asyncio.Event()
    day = asyncio.create_task(live(house, stop=stop, ready=ready.set))
    await ready.wait()
    async with aiohttp.ClientSession(house.settings.public_url) as session:
        async with session.get("/readyz") as before:
            assert (before.status, before.headers.get("Connection")) == (200, None)

        stop.set()
        await asyncio.sleep(0.1)

        async with session.get("/readyz") as refusing, session.get("/healthz") as serving:
            assert (refusing.status, serving.status) == (503, 200)
            assert serving.headers["Connection"] == "close"
        assert not day.done()
    await day
    _closed(house)


async def test_the_service_manager_hears_of_the_day_and_of_its_end(house: House, tmp_path: Path) -> None:
    ready, stop, address = asyncio.Event(), asyncio.Event(), str(tmp_path / "notify")
    with listening(address) as ear:
        manager = ServiceManager(address=address)
        day = asyncio.create_task(live(house, stop=stop, ready=ready.set, manager=manager))
        await ready.wait()
        begun = ear.heard()
        stop.set()
        await day
        ended = ear.heard()

    ready_at = f"STATUS=ready at {house.settings.public_url}; actors: "
    assert begun == [
        f"READY=1\n{ready_at}auth, search.flights, search.hotels, booking, payment, notify, audit"
    ]
    # Two seconds of draining, thirty to close.
    assert ended[-1].splitlines() == [
        "STOPPING=1",
        "STATUS=stopping: finishing what is in hand",
        "EXTEND_TIMEOUT_USEC=32000000",
    ]


async def test_a_loop_of_an_actor_that_has_ended_is_no_life(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Any] = {}
    ready, stop, end = asyncio.Event(), asyncio.Event(), asyncio.Event()
    manager = ServiceManager()
    monkeypatch.setattr(manager, "ready", lambda **given: told.update(given))
    monkeypatch.setattr(house.runtimes[0], "run", end.wait)
    day = asyncio.create_task(live(house, stop=stop, ready=ready.set, manager=manager))
    await ready.wait()
    assert told["alive"]()

    end.set()
    await asyncio.sleep(0)

    assert not told["alive"]()
    stop.set()
    await day


async def test_a_request_that_never_ends_is_cut_off_after_the_grace(
    settings_of: SettingsOf, build_house: Build
) -> None:
    house = await build_house(settings_of(server={"drain_seconds": 0}))
    begun, ready, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def never(_: web.Request) -> web.Response:
        begun.set()
        await asyncio.Event().wait()
        return web.Response()

    day = asyncio.create_task(live(_with_route(house, web.get("/never", never)), stop=stop, ready=ready.set))
    await ready.wait()
    async with aiohttp.ClientSession(house.settings.public_url) as session:
        asked = asyncio.create_task(session.get("/never"))
        await begun.wait()
        stop.set()
        async with asyncio.timeout(3):
            await day
        with pytest.raises(aiohttp.ClientError):
            await asked


async def test_what_takes_long_at_the_start_is_given_up_when_told_to_stop() -> None:
    stop, cleaned = asyncio.Event(), asyncio.Event()

    async def start() -> None:
        async with given_up_when(stop):
            try:
                stop.set()
                await asyncio.Event().wait()
            finally:
                cleaned.set()

    with pytest.raises(Stopped):
        await start()
    assert cleaned.is_set()


async def test_a_time_out_of_the_start_itself_is_no_wish_to_stop() -> None:
    with pytest.raises(TimeoutError):
        async with given_up_when(asyncio.Event()):
            raise TimeoutError
