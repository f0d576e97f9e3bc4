"""How the messages of this process travel, chosen by `bus.url`: in memory and alone, or over RabbitMQ.

The one rule: before a bus is opened, a lock keeps away the processes that it could not reach. On memory://
that is everybody; over RabbitMQ it is whoever is on memory://.
"""

import os
import platform
from contextlib import AsyncExitStack
from uuid import UUID

from bookingd.bus.counted import CountedBus
from bookingd.bus.memory import MemoryBus
from bookingd.bus.port import BrokerRefused, BrokerUnavailable, Bus
from bookingd.bus.rabbitmq import RabbitBus, Undertaker
from bookingd.config import Settings
from bookingd.messages.catalogue import CATALOGUE
from bookingd.sources import Sources
from bookingd.storage import announcements, intents, outbox
from bookingd.storage.exclusive import hold_exclusively, hold_together
from bookingd.telemetry.metrics import BusMetrics
from bookingd.wiring.actors import topology
from bookingd.wiring.ground import Ground
from bookingd.wiring.refusals import NotNow, UnusableSetting


async def choose_bus(
    settings: Settings,
    sources: Sources,
    ground: Ground,
    *,
    undertaker: Undertaker,
    metrics: BusMetrics,
    stack: AsyncExitStack,
    process: UUID,
) -> Bus:
    """A bus, still to be opened by `open_bus`; `stack` closes it. Raises AlreadyRunning.

    `undertaker` gets what the broker gives up once the bus is open.
    """
    if settings.bus.embedded:
        await _be_alone(ground, stack)
        bus: Bus = MemoryBus(
            topology=topology(CATALOGUE), catalogue=CATALOGUE, clock=sources.clock, ids=sources.ids
        )
    else:
        await stack.enter_async_context(hold_together(ground.dsn, process=process))
        bus = _rabbit(settings, sources, undertaker, metrics)
    stack.push_async_callback(bus.close)
    return CountedBus(bus, catalogue=CATALOGUE, clock=sources.clock, metrics=metrics)


async def _be_alone(ground: Ground, stack: AsyncExitStack) -> None:
    """One process owns the database, and whatever a former one had claimed is free."""
    await stack.enter_async_context(hold_exclusively(ground.dsn))
    async with ground.database.transaction() as connection:
        await outbox.release_all(connection)
        await intents.release_all(connection)
        await announcements.lapse_all(connection)


def _rabbit(settings: Settings, sources: Sources, undertaker: Undertaker, metrics: BusMetrics) -> Bus:
    return RabbitBus(
        url=settings.bus.url.reveal(),
        topology=topology(CATALOGUE),
        catalogue=CATALOGUE,
        sources=sources,
        name=process_name(settings),
        shortcut=settings.bus.local_shortcut,
        undertaker=undertaker,
        metrics=metrics,
    )


def process_name(settings: Settings) -> str:
    """What the broker shows of us: `bookingd booking at host7 (4711)`, after the configuration file."""
    kind = settings.file.stem if settings.file else "bookingd"
    label = kind if kind.startswith("bookingd") else f"bookingd {kind}"
    return f"{label} at {platform.node()} ({os.getpid()})"


async def open_bus(bus: Bus, settings: Settings) -> None:
    """Connect and declare the topology. Raises UnusableSetting, NotNow."""
    where = f"See {settings.spelling_of('bus', 'url')} ({settings.bus.url})"
    try:
        await bus.open()
    except BrokerRefused as error:
        raise UnusableSetting(f"{error}. {where}") from error
    except BrokerUnavailable as error:
        if isinstance(error.__cause__, FileNotFoundError):  # by ssl, which does not say which one
            raise UnusableSetting(f"a certificate or key for RabbitMQ is not there. {where}") from error
        raise NotNow(f"{error}. {where}") from error
