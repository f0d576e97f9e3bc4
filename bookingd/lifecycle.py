"""A daemon's day: start, ready, drain, stop.

Stop runs backwards: refuse new HTTP and close sockets, take no new messages, finish what is in hand within
the grace period, empty the relay, close what was opened. Every wait is an event or a time-out.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

from bookingd.wiring.house import House
from bookingd.wiring.refusals import PortTaken

log = logging.getLogger(__name__)

CLOSE_WITHIN = 2.0
"""Seconds that open HTTP requests get to end by themselves."""


@contextmanager
def stop_on_signals() -> Iterator[asyncio.Event]:
    """An event that is set by SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def live(house: House, *, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Run the house until `stop` is set. Raises PortTaken, or what a part failed with."""
    async with asyncio.TaskGroup() as tasks:
        beside: list[asyncio.Task[None]] = [
            tasks.create_task(work(), name=name) for name, work in house.background.items()
        ]
        for runtime in house.runtimes:
            beside.append(tasks.create_task(runtime.run(), name=f"actor {runtime.actor.name}"))
            await runtime.open()
        relay = tasks.create_task(house.relay.run(), name="relay")
        runner = await _serve(house)
        house.readiness.ready = True
        ready()
        await stop.wait()
        log.info("stopping: finishing what is in hand")
        house.readiness.ready = False
        await _drain(house, runner)
        house.relay.stop()
        await relay
        for task in beside:
            task.cancel()


async def _serve(house: House) -> web.AppRunner | None:
    if house.application is None:
        return None
    server = house.settings.server
    runner = web.AppRunner(
        house.application, access_log=None, shutdown_timeout=CLOSE_WITHIN, handle_signals=False
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, server.host, server.port).start()
    except OSError as error:
        await runner.cleanup()
        raise PortTaken(
            f"{server.host}:{server.port} cannot be listened on ({error.strerror}):"
            " set server.port to another one, or stop who has it"
        ) from error
    return runner


async def _drain(house: House, runner: web.AppRunner | None) -> None:
    if runner is not None:
        await runner.cleanup()
    grace = house.settings.server.drain_seconds
    await asyncio.gather(*(runtime.drain(grace) for runtime in house.runtimes))
