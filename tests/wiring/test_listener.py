"""A listener of each process's own: for those that serve no HTTP, or share its port."""

import asyncio
import socket
from contextlib import AsyncExitStack

import aiohttp
import pytest

from bookingd.config import Metrics as Where
from bookingd.lifecycle import live
from bookingd.telemetry.metrics import Metrics
from bookingd.wiring.listener import serve_watch
from bookingd.wiring.refusals import PortTaken
from handlers.health import Watch
from tests.acceptance.daemon import free_port
from tests.wiring.conftest import Build, SettingsOf


async def got(port: int, path: str) -> tuple[int, str, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return answer.status, await answer.text(), answer.headers["Server"]


def watch() -> Watch:
    return Watch(metrics=Metrics(), readiness=lambda: {"daemon": None})


async def test_a_process_without_http_is_watched_through_its_whole_day(
    settings_of: SettingsOf, build_house: Build
) -> None:
    port = free_port()
    house = await build_house(settings_of(server={"enabled": False}, metrics={"port": port}))
    stop, ready = asyncio.Event(), asyncio.Event()
    assert (await got(port, "/healthz"))[0] == 200
    assert (await got(port, "/readyz"))[0] == 503

    day = asyncio.create_task(live(house, stop=stop, ready=ready.set))
    await ready.wait()
    status, page, server = await got(port, "/metrics")
    assert (await got(port, "/readyz"))[0] == 200
    stop.set()
    await day

    assert (status, server) == (200, "bookingd")
    assert "bookingd_ready 1.0" in page
    assert "bookingd_build_info" in page
    assert "process_cpu_seconds_total" in page
    assert "bookingd_database_pool_connections" in page
    assert "bookingd_bus_connected 1.0" in page
    told = await got(port, "/readyz")
    assert told[0] == 503
    assert "starting or stopping" in told[1]


async def test_nothing_else_is_served_there() -> None:
    async with AsyncExitStack() as stack:
        port = free_port()
        await serve_watch(watch(), Where(port=port), stack=stack)

        assert (await got(port, "/v1/bookings"))[0] == 404


async def test_a_port_that_somebody_has_is_named_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        async with AsyncExitStack() as stack:
            with pytest.raises(PortTaken, match=rf"^127.0.0.1:{port} cannot .* set metrics.port"):
                await serve_watch(watch(), Where(port=port), stack=stack)


async def test_without_a_port_there_is_no_listener() -> None:
    async with AsyncExitStack() as stack:
        await serve_watch(watch(), Where(), stack=stack)
        tasks = len(asyncio.all_tasks())

    assert tasks == 1
