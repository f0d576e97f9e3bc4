"""A daemon's day: start, ready, drain, stop.

Stop runs backwards: say that we are not ready and wait until nobody is sent to us any more, refuse new HTTP
and close idle sockets, finish the requests and messages in hand within one grace period, empty the relay,
close what was opened, the bus behind all that speaks through it. However the day ends, it ends in this
order: told to stop, cancelled, or because a part failed. Every wait is an event or a time-out.
"""

import asyncio
import gc
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web

from bookingd.actor.runtime import Runtime
from bookingd.service_manager import ServiceManager
from bookingd.sources import Clock
from bookingd.wiring.house import House, Work
from bookingd.wiring.refusals import PortTaken
from handlers.server import Runner

log = logging.getLogger(__name__)

LEAST_PATIENCE = 0.1
"""Seconds; aiohttp takes a shorter time-out of zero for none at all, and would wait for ever."""


LONG_AGO = 0.0
"""By the event loop's clock: a deadline that has passed."""

ECHO = 0.5
"""Seconds in which a second signal is the first one again: timeout(1) and a terminal tell a process and its
group."""

BACKLOG = 1024
"""Connections that wait to be accepted. One turn of the event loop accepts all of them; beyond it clients try
again after a second. What waits when we are killed is lost, so it is not larger."""

NEWCOMERS_STAY = 0.5
"""Seconds, at most: how long a connection that came in last may take to send its request."""

RELAY_SETTLES = 2.0
"""Seconds, at most, in which the broker confirms what was sent last; others would wait for it for longer."""

CLOSING = 30.0
"""Seconds to close what was opened; of these the embedded PostgreSQL alone may take 20."""


class PartFailed(Exception):
    """A part of the daemon failed, and with it the daemon; why is the `__cause__`."""


@contextmanager
def stop_on_signals(clock: Clock) -> Iterator[asyncio.Event]:
    """An event that is set by SIGINT or SIGTERM; told once more after that, the process ends at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    first = LONG_AGO

    def heed(number: signal.Signals) -> None:
        nonlocal first
        if not stop.is_set():
            first = clock.monotonic()
            stop.set()
        elif clock.monotonic() - first > ECHO:
            _leave_at_once(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, heed, number)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _leave_at_once(number: signal.Signals) -> None:
    """Die of the signal, as whoever sent it twice expects; for the data it is no worse than `kill -9`."""
    log.warning("%s once more: leaving at once, the next start goes on with what was in hand", number.name)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


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


async def live(
    house: House,
    *,
    stop: asyncio.Event,
    ready: Callable[[], None],
    manager: ServiceManager | None = None,
) -> None:
    """Run the house until `stop` is set. Raises PortTaken, and PartFailed when a part did."""
    manager = manager or ServiceManager()
    server = house.settings.server
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
        manager.ready(report=lambda: _report(house), alive=lambda: _lives(house, beside))
        ready()
        await beside.stand_until(stop)
        manager.stopping(within=server.lame_duck_seconds + server.drain_seconds + CLOSING)
        await _be_avoided(house, runner)
    finally:
        log.info("stopping: finishing what is in hand")
        house.readiness.ready = False
        manager.stopping(within=server.drain_seconds + CLOSING)
        await _drain(house, runner, beside)
        await beside.end()


def _report(house: House) -> str:
    """What the service manager shows: where we are, or what we wait for."""
    waits = [f"{part} {reason}" for part, reason in house.readiness.report().items() if reason]
    if waits:
        return f"not ready: {', '.join(waits)}"
    actors = ", ".join(runtime.actor.name for runtime in house.runtimes)
    served = f"ready at {house.settings.public_url}" if house.application else "ready"
    return f"{served}; actors: {actors or 'none'}"


def _lives(house: House, beside: "_Beside") -> bool:
    """Whether the loops of all actors, and the relay's, go on."""
    return all(beside.runs(name) for name in [*map(_name, house.runtimes), "relay"])


async def _be_avoided(house: House, runner: Runner | None) -> None:
    """Serve on, while load balancers learn from /readyz to send nobody here any more."""
    house.readiness.ready = False
    pause = house.settings.server.lame_duck_seconds
    if runner is not None and pause:
        log.info("stopping: not ready, and leaving in %g s", pause)
        runner.part_from_clients()
        await house.clock.sleep(pause)


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


async def _serve(house: House) -> Runner | None:
    if house.application is None:
        return None
    server = house.settings.server
    # It waits this long twice: for the answers, and after it has cut off what is still being sent to us.
    patience = max(server.drain_seconds / 2, LEAST_PATIENCE)
    runner = Runner(house.application, shutdown_timeout=patience)
    await runner.setup()
    try:
        await web.TCPSite(
            runner, server.host, server.port, reuse_port=server.reuse_port or None, backlog=BACKLOG
        ).start()
    except OSError as error:
        await runner.cleanup()
        raise PortTaken(
            f"{server.host}:{server.port} cannot be listened on ({error.strerror}):"
            " set server.port to another one, or stop who has it;"
            " bookingd processes that are to share it all need server.reuse_port = true"
        ) from error
    return runner


async def _drain(house: House, runner: Runner | None, beside: _Beside) -> None:
    """First the requests, which wait for the actors, then the actors with what is left of the grace."""
    grace = house.settings.server.drain_seconds
    deadline = house.clock.monotonic() + grace
    if runner is not None:
        await runner.stop_listening(patience=min(NEWCOMERS_STAY, grace / 4))
        await runner.cleanup()
    left = max(deadline - house.clock.monotonic(), 0.0)
    # A runtime that has failed finishes nothing any more.
    graces = [(runtime, left if beside.runs(_name(runtime)) else 0.0) for runtime in house.runtimes]
    await asyncio.gather(*(runtime.drain(patience) for runtime, patience in graces))
    if not house.settings.bus.embedded:  # there nothing is settled any more, and the next start frees it
        await house.relay.settle(min(RELAY_SETTLES, grace))
    house.relay.stop()
    await beside.until_it_ends("relay")
