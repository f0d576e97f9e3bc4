"""Joins all parts into a daemon: reads like the parts list."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from aiohttp import web

from bookingd.actor.places import Company
from bookingd.actor.runtime import Limits, Runtime
from bookingd.bus.port import Bus
from bookingd.bus.relay import Relay
from bookingd.cache import Cache
from bookingd.config import Settings
from bookingd.documents.printer import Printer
from bookingd.leases import Leases
from bookingd.messages.catalogue import CATALOGUE
from bookingd.pictures.gallery import Gallery
from bookingd.redis_calls import Client, Rest, client_at
from bookingd.sources import Clock, Sources
from bookingd.storage.processes import Process
from bookingd.storage.rates import CurrentRates
from bookingd.storage.transactions import Transactions
from bookingd.suppliers.exchange import RateDesk
from bookingd.suppliers.seen_fares import SeenFares
from bookingd.suppliers.unsellable import Unsellable
from bookingd.telemetry.event_loop import watch_event_loop
from bookingd.telemetry.metrics import Metrics
from bookingd.tokens import TokenSigner
from bookingd.wiring.accounts import open_account_parts
from bookingd.wiring.actors import Tools, brake, build_actors, times
from bookingd.wiring.burials import Burials
from bookingd.wiring.gauges import Gauges
from bookingd.wiring.ground import Ground, Say, open_ground
from bookingd.wiring.heirs import Heirs
from bookingd.wiring.housekeeping import Housekeeping
from bookingd.wiring.listener import serve_watch
from bookingd.wiring.office import office_gateways
from bookingd.wiring.outside import Outside, open_outside
from bookingd.wiring.pictures import open_gallery
from bookingd.wiring.presence import Presence, this_process
from bookingd.wiring.reconciling import reconciliation_round
from bookingd.wiring.stand_ins import StandIns, start_stand_ins
from bookingd.wiring.suppliers import Guards
from bookingd.wiring.transport import choose_bus, open_bus
from handlers.application import build as build_application
from handlers.health import Watch
from handlers.parts import AccountParts, Parts

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Readiness:
    """Whether this process may be sent work, and why not."""

    relay: Relay
    bus: Bus
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
            "broker": "waiting for it" if self.bus.waiting_for_broker else None,
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
    settings: Settings, sources: Sources, *, metrics: Metrics, stack: AsyncExitStack, say: Say
) -> House:
    """Open and join everything; what was opened is closed by `stack`. Raises what a part refuses with."""
    ground = await open_ground(settings, sources, metrics=metrics.pool, stack=stack, say=say)

    async def bury(actor: str, payload: bytes, reason: str) -> None:
        await burials.keep(actor, payload, reason)

    process = this_process(settings, sources)
    bus = await choose_bus(
        settings, sources, ground, undertaker=bury, metrics=metrics.bus, process=process.id, stack=stack
    )
    stand_ins = await start_stand_ins(settings, sources, stack=stack)
    outside = await open_outside(settings, sources, stand_ins, stack=stack)
    office = office_gateways(settings, ground.database, sources)
    outside = replace(outside, gateways={**outside.gateways, **office})

    relay = Relay(database=ground.database, bus=bus, clock=sources.clock)
    transactions = Transactions(database=ground.database, sources=sources, catalogue=CATALOGUE, outlet=relay)
    burials = Burials(transactions=transactions, sources=sources)
    await open_bus(bus, settings)
    redis = client_at(settings.cache.url.reveal())
    rest = Rest(clock=sources.clock, meanwhile="searches are made anew")
    guards = Guards(settings=settings, clock=sources.clock, redis=redis, rest=rest, metrics=metrics)
    stack.push_async_callback(guards.close)
    unsellable = Unsellable(
        redis,
        clock=sources.clock,
        seconds=settings.search.unsellable_seconds,
        redis_errors=metrics.cache.errors,
        rest=rest,
    )
    stack.push_async_callback(unsellable.close)
    stack.callback(bus.watch(unsellable.hear))
    seen_fares = SeenFares(redis, clock=sources.clock, redis_errors=metrics.cache.errors, rest=rest)
    stack.push_async_callback(seen_fares.close)
    tools = Tools(
        settings=settings,
        bus=bus,
        transactions=transactions,
        database=ground.database,
        sources=sources,
        catalogue=CATALOGUE,
        metrics=metrics,
        signer=TokenSigner(*settings.security.signing_keys),
        guards=guards,
        rate_desk=RateDesk(
            database=ground.database,
            clock=sources.clock,
            rates=CurrentRates(made_up=not settings.production),
            terms=settings.exchange.terms,
            metrics=metrics.exchange,
        ),
        unsellable=unsellable,
        seen_fares=seen_fares,
    )
    runtimes = _runtimes(tools, outside, process)
    readiness = Readiness(relay=relay, bus=bus, runtimes=runtimes)
    app = None
    if settings.server.enabled:
        cache = _cache(tools, redis, rest)
        stack.push_async_callback(cache.close)
        accounts = open_account_parts(tools, stack)
        gallery = open_gallery(
            settings,
            database=ground.database,
            sources=sources,
            metrics=metrics.pictures,
            stack=stack,
        )
        printer = Printer()
        stack.push_async_callback(printer.close)
        app = _application(
            tools, outside, cache, accounts, gallery=gallery, printer=printer, readiness=readiness
        )
    metrics.ready.set_function(lambda: not any(readiness.report().values()))
    watch = Watch(metrics=metrics, readiness=readiness.report)
    await serve_watch(watch, settings.metrics, stack=stack)
    return House(
        settings=settings,
        clock=sources.clock,
        stand_ins=stand_ins,
        runtimes=runtimes,
        relay=relay,
        application=app,
        background=_background(ground, tools, outside, readiness, process),
        readiness=readiness,
    )


def _runtimes(tools: Tools, outside: Outside, process: Process) -> list[Runtime]:
    company = Company()
    return [
        Runtime(
            actor=actor,
            bus=tools.bus,
            transactions=tools.transactions,
            catalogue=tools.catalogue,
            sources=tools.sources,
            metrics=tools.metrics,
            limits=Limits(**tools.settings.actors.bounds(name)),
            company=company,
            process=process.id,
        )
        for name, actor in build_actors(tools, outside).items()
    ]


def _application(
    tools: Tools,
    outside: Outside,
    cache: Cache,
    accounts: AccountParts,
    *,
    gallery: Gallery,
    printer: Printer,
    readiness: Readiness,
) -> web.Application:
    parts = Parts(
        settings=tools.settings,
        bus=tools.bus,
        transactions=tools.transactions,
        database=tools.database,
        sources=tools.sources,
        signer=tools.signer,
        accounts=accounts,
        brake=brake(tools),
        terms=times(tools.settings).at,
        gateways=outside.gateways,
        gateway_facts=outside.gateway_facts,
        metrics=tools.metrics,
        cache=cache,
        unsellable=tools.unsellable,
        pictures=gallery,
        printer=printer,
        readiness=readiness.report,
    )
    return build_application(parts=parts)


def _cache(tools: Tools, redis: Client, rest: Rest) -> Cache:
    """In a process that is alone nobody else makes what it wants."""
    clock, metrics = tools.sources.clock, tools.metrics.cache
    leases = None
    if not tools.settings.cache.embedded:
        leases = Leases(redis, clock=clock, ids=tools.sources.ids, redis_errors=metrics.errors, rest=rest)
    return Cache(redis, clock=clock, metrics=metrics, leases=leases, rest=rest)


def _background(
    ground: Ground, tools: Tools, outside: Outside, readiness: Readiness, process: Process
) -> Mapping[str, Work]:
    keeping = Housekeeping(
        database=ground.database, sources=tools.sources, retention=tools.settings.retention
    )
    presence = Presence(
        process=process,
        database=ground.database,
        clock=tools.sources.clock,
        readiness=readiness.report,
        mailboxes=tools.bus,
        metrics=tools.metrics,
    )
    gauges = Gauges(
        database=ground.database,
        bus=tools.bus,
        clock=tools.sources.clock,
        metrics=tools.metrics,
        settings=tools.settings,
    )
    work: dict[str, Work] = {
        "housekeeping": keeping.run,
        "presence": presence.run,
        "gauges": gauges.run,
        "event loop lag": partial(watch_event_loop, tools.sources.clock, tools.metrics.loop_lag),
    }
    if (
        tools.settings.server.enabled
    ):  # who shows what is found asks Redis what was refused; others hear of it
        work["unsellable"] = tools.unsellable.run
    if "payment" in tools.settings.actors.run:
        work["reconciliation"] = reconciliation_round(tools, outside).run
    if not tools.settings.bus.embedded:
        work["heirs"] = Heirs(database=ground.database, clock=tools.sources.clock).run
    if ground.engine is not None:
        work["embedded PostgreSQL"] = ground.engine.keep_running
    return work
