"""Joins all parts into a daemon: reads like the parts list."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, TypeAlias

from aiohttp import web

from bookingd.actor.runtime import Limits, Runtime
from bookingd.bus.memory import MemoryBus
from bookingd.bus.relay import Relay
from bookingd.cache import Cache
from bookingd.config import ACTORS, Settings
from bookingd.messages.catalogue import CATALOGUE
from bookingd.sources import Clock, Sources
from bookingd.storage import intents, outbox
from bookingd.storage.exclusive import hold_exclusively
from bookingd.storage.transactions import Transactions
from bookingd.telemetry.metrics import Metrics
from bookingd.tokens import TokenSigner
from bookingd.wiring.actors import Tools, build_actors, topology
from bookingd.wiring.ground import Ground, Say, open_ground
from bookingd.wiring.housekeeping import Housekeeping
from bookingd.wiring.outside import Outside, open_outside
from bookingd.wiring.refusals import SubsetOnMemory
from bookingd.wiring.stand_ins import StandIns, start_stand_ins
from handlers.application import build as build_application
from handlers.parts import Parts

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Readiness:
    """Whether this process may be sent work, and why not."""

    relay: Relay
    runtimes: Sequence[Runtime]
    ready: bool = False

    def report(self) -> Mapping[str, str | None]:
        """Part -> None if it is well, or else what it waits for."""
        waiting = [runtime.actor.name for runtime in self.runtimes if runtime.waiting_for_database]
        if self.relay.waiting_for_database:
            waiting.append("relay")
        return {
            "daemon": None if self.ready else "starting or stopping",
            "database": f"waiting for it: {', '.join(waiting)}" if waiting else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A daemon whose parts are joined and not running yet; see bookingd.lifecycle."""

    settings: Settings
    clock: Clock
    stand_ins: StandIns
    runtimes: Sequence[Runtime]
    relay: Relay
    application: web.Application | None
    """None where no HTTP is served."""
    background: Mapping[str, Work]
    """What runs beside the actors, by name."""
    readiness: Readiness


async def build(
    settings: Settings, sources: Sources, *, stack: AsyncExitStack, http: bool, say: Say
) -> House:
    """Open and join everything; what was opened is closed by `stack`. Raises what a part refuses with."""
    _refuse_subset(settings)
    ground = await open_ground(settings, sources, stack=stack, say=say)
    await _start_alone(ground, stack)
    stand_ins = await start_stand_ins(settings, sources, stack=stack)
    outside = await open_outside(settings, sources, stand_ins, stack=stack)

    bus = MemoryBus(topology=topology(CATALOGUE), catalogue=CATALOGUE, clock=sources.clock, ids=sources.ids)
    stack.push_async_callback(bus.close)
    relay = Relay(database=ground.database, bus=bus, clock=sources.clock)
    transactions = Transactions(database=ground.database, sources=sources, catalogue=CATALOGUE, outlet=relay)
    tools = Tools(
        settings=settings,
        bus=bus,
        transactions=transactions,
        database=ground.database,
        sources=sources,
        catalogue=CATALOGUE,
        metrics=Metrics(),
        signer=TokenSigner(settings.security.signing_key.reveal_bytes()),
    )
    runtimes = _runtimes(tools, outside)
    readiness = Readiness(relay=relay, runtimes=runtimes)
    app = None
    if http:
        cache = _open_cache(settings, sources, stack)
        app = _application(tools, outside, cache, readiness)
    return House(
        settings=settings,
        clock=sources.clock,
        stand_ins=stand_ins,
        runtimes=runtimes,
        relay=relay,
        application=app,
        background=_background(ground, tools),
        readiness=readiness,
    )


def _runtimes(tools: Tools, outside: Outside) -> list[Runtime]:
    return [
        Runtime(
            actor=actor,
            bus=tools.bus,
            transactions=tools.transactions,
            catalogue=tools.catalogue,
            sources=tools.sources,
            metrics=tools.metrics,
            limits=Limits(**tools.settings.actors.bounds(name)),
        )
        for name, actor in build_actors(tools, outside).items()
    ]


def _application(tools: Tools, outside: Outside, cache: Cache, readiness: Readiness) -> web.Application:
    parts = Parts(
        settings=tools.settings,
        bus=tools.bus,
        transactions=tools.transactions,
        database=tools.database,
        sources=tools.sources,
        signer=tools.signer,
        gateways=outside.gateways,
        gateway_facts=outside.gateway_facts,
        metrics=tools.metrics,
        cache=cache,
        readiness=readiness.report,
    )
    return build_application(parts=parts)


def _refuse_subset(settings: Settings) -> None:
    missing = [name for name in ACTORS if name not in settings.actors.run]
    if missing:
        raise SubsetOnMemory(
            f"memory:// reaches this process only, and nobody would run {', '.join(missing)}:"
            " run all actors here"
        )


async def _start_alone(ground: Ground, stack: AsyncExitStack) -> None:
    """On memory:// one process owns the database, and whatever a former one had claimed is free."""
    await stack.enter_async_context(hold_exclusively(ground.dsn))
    async with ground.database.transaction() as connection:
        await outbox.release_all(connection)
        await intents.release_all(connection)


def _open_cache(settings: Settings, sources: Sources, stack: AsyncExitStack) -> Cache:
    cache = Cache.at(settings.cache.url.reveal(), clock=sources.clock)
    stack.push_async_callback(cache.close)
    return cache


def _background(ground: Ground, tools: Tools) -> Mapping[str, Work]:
    keeping = Housekeeping(database=ground.database, sources=tools.sources, metrics=tools.metrics)
    work: dict[str, Work] = {"housekeeping": keeping.run}
    if ground.engine is not None:
        work["embedded PostgreSQL"] = ground.engine.keep_running
    return work
