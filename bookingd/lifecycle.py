"""A daemon's day: start, ready, drain, stop.

Stop runs backwards: refuse new HTTP and close idle sockets, finish the requests and messages in hand within
one grace period, empty the relay, close what was opened. However the day ends, it ends in this order: told
to stop, cancelled, or because a part failed. Every wait is an event or a time-out.
"""

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web

from bookingd.actor.runtime import Runtime
from bookingd.wiring.house import House, Work
from bookingd.wiring.refusals import PortTaken
from handlers.server import Runner

log = logging.getLogger(__name__)

LEAST_PATIENCE = 0.1
"""Seconds; aiohttp takes a shorter time-out of zero for none at all, and would wait for ever."""


LONG_AGO = 0.0
"""By the event loop's clock: a deadline that has passed."""


class PartFailed(Exception):
    """A part of the daemon failed, and with it the daemon; why is the `__cause__`."""


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


class Stopped(Exception):
    """We were told to stop before we were ready."""


@asynccontextmanager
async def given_up_when(stop: asyncio.Event) -> AsyncIterator[None]:
    """Cancels the block as soon as `stop` is set, and raises Stopped once it has cleaned up after itself."""
    scope = asyncio.timeout(None)

    async def watch() -> None:
        await stop.wait()
        scope.reschedule(LONG_AGO)

    watching = asyncio.create_task(watch(), name="stop while starting")
    try:
        async with scope:
            yield
    except TimeoutError as error:
        if scope.expired():
            raise Stopped from error
        raise
    finally:
        watching.cancel()


async def live(house: House, *, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Run the house until `stop` is set. Raises PortTaken, and PartFailed when a part did."""
    beside = _Beside()
    runner = None
    try:
        for name, work in house.background.items():
            beside.start(name, work)
        for runtime in house.runtimes:
            beside.start(_name(runtime), runtime.run)
            await runtime.open()
        beside.start("relay", house.relay.run)
        runner = await _serve(house)
        _spare_the_collector()
        house.readiness.ready = True
        ready()
        await beside.stand_until(stop)
    finally:
        log.info("stopping: finishing what is in hand")
        house.readiness.ready = False
        await _drain(house, runner, beside)
        await beside.end()


def _spare_the_collector() -> None:
    """What was built lives as long as the daemon: the collector need not look at it again and again.

    Measured at 64 bookings at once: looking took 6.5 % of the daemon's processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class _Beside:
    """What runs beside the HTTP server. One that fails leaves the others running, to be stopped in order."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failed = asyncio.get_running_loop().create_future()

    def start(self, name: str, work: Work) -> None:
        task = asyncio.create_task(work(), name=name)
        task.add_done_callback(self._look_at)
        self._tasks[name] = task

    def runs(self, name: str) -> bool:
        """Whether it was started and has not ended."""
        return name in self._tasks and not self._tasks[name].done()

    async def stand_until(self, stop: asyncio.Event) -> None:
        """Return when `stop` is set. Raises PartFailed when a part fails before."""
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait([stopping, self._failed], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        if self._failed.done():
            name, error = self._failed.result()
            raise PartFailed(f"{name} failed, and bookingd stops") from error

    async def until_it_ends(self, name: str) -> None:
        """Wait for a part; how it ended is told by `stand_until` or nobody's matter any more."""
        if name in self._tasks:
            await asyncio.wait([self._tasks[name]])

    async def end(self) -> None:
        """Cancel what still runs."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _look_at(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        if self._failed.done():
            log.error("%s failed too", task.get_name(), exc_info=error)
        else:
            self._failed.set_result((task.get_name(), error))


def _name(runtime: Runtime) -> str:
    return f"actor {runtime.actor.name}"


async def _serve(house: House) -> web.AppRunner | None:
    if house.application is None:
        return None
    server = house.settings.server
    # It waits this long twice: for the answers, and after it has cut off what is still being sent to us.
    patience = max(server.drain_seconds / 2, LEAST_PATIENCE)
    runner = Runner(house.application, shutdown_timeout=patience)
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


async def _drain(house: House, runner: web.AppRunner | None, beside: _Beside) -> None:
    """First the requests, which wait for the actors, then the actors with what is left of the grace."""
    deadline = house.clock.monotonic() + house.settings.server.drain_seconds
    if runner is not None:
        await runner.cleanup()
    grace = max(deadline - house.clock.monotonic(), 0.0)
    # A runtime that has failed finishes nothing any more.
    graces = [(runtime, grace if beside.runs(_name(runtime)) else 0.0) for runtime in house.runtimes]
    await asyncio.gather(*(runtime.drain(patience) for runtime, patience in graces))
    house.relay.stop()
    await beside.until_it_ends("relay")
