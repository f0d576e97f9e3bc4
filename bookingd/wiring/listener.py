"""A listener of this process's own for those who watch it: opened last, closed when all else has stopped.

So it answers through the whole of a stop, when the HTTP server has gone already.
"""

from contextlib import AsyncExitStack

from aiohttp import web

from bookingd.config import Metrics
from bookingd.wiring.refusals import PortTaken
from handlers.health import Watch, build

PATIENCE = 1.0
"""Seconds that a scrape under way has at the end."""


async def serve_watch(watch: Watch, where: Metrics, *, stack: AsyncExitStack) -> None:
    """Serve until `stack` ends; nothing where the settings name no port. Raises PortTaken."""
    if not where.port:
        return
    runner = web.AppRunner(build(watch), access_log=None, handle_signals=False, shutdown_timeout=PATIENCE)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, where.host, where.port).start()
    except OSError as error:
        raise PortTaken(
            f"{where.host}:{where.port} cannot be listened on ({error.strerror}):"
            " set metrics.port to another one (each process needs its own), or stop who has it"
        ) from error
