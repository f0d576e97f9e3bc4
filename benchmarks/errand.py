"""The least that an actor can be asked: messages, an actor and its process, for measuring what carries them.

    python -m benchmarks.errand AMQP_URL DSN

Says `ready` in a line when it consumes. Its one rule: the handlers do nothing, so that what is measured is
the bus, the runtime, the outbox and the inbox.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import uvloop

from bookingd.actor.kinds import Acting, Answer, Decide, Letter, Reading
from bookingd.actor.places import Company
from bookingd.actor.runtime import Limits, Runtime
from bookingd.bus.port import Topology
from bookingd.bus.rabbitmq import RabbitBus
from bookingd.bus.relay import Relay
from bookingd.messages.catalogue import Catalogue, Entry, Kind
from bookingd.messages.envelope import Origin
from bookingd.sources import Sources
from bookingd.storage.database import Database
from bookingd.storage.transactions import Transaction, Transactions
from bookingd.telemetry.metrics import Metrics

ACTOR = "errands"
LIMITS = Limits(concurrency=64, prefetch=64, batch=64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Query: what an offer costs. Of the size of a small request, answered by Priced."""

    offer: str = "off_0000Aqx7Bc9"
    passengers: tuple[str, ...] = ("adult", "adult")
    amount: str = "412.50"
    currency: str = "EUR"
    note: str = "n" * 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """The answer to Price."""

    offer: str
    reference: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Command: half a kilobyte to be taken note of."""

    text: str = "n" * 512


CATALOGUE = Catalogue(
    (
        Entry(type=Price, name="errands.price", kind=Kind.QUERY, owner=ACTOR, answer=Priced),
        Entry(type=Note, name="errands.note", kind=Kind.COMMAND, owner=ACTOR),
    )
)
TOPOLOGY = Topology(subscribers={}, actors=frozenset({ACTOR}))


class Errands:
    """Answers and takes note."""

    name: ClassVar[str] = ACTOR
    accepts: ClassVar[tuple[type, ...]] = (Price, Note)
    acting: Mapping[type, Acting | Reading] = {}
    loops: Sequence[Any] = ()

    def __init__(self) -> None:
        self.deciding: Mapping[type, Decide] = {Note: self.note}
        self.answering: Mapping[type, Answer] = {Price: self.price}

    async def price(self, query: Price, origin: Origin) -> AsyncIterator[Priced]:
        """One part."""
        yield Priced(offer=query.offer, reference="ABC123", amount=query.amount)

    async def note(self, transaction: Transaction, letters: Sequence[Letter]) -> Sequence[Letter]:
        """The inbox has it, and that is all."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spine:
    """What a process needs to send and to handle."""

    bus: RabbitBus
    relay: Relay
    transactions: Transactions
    metrics: Metrics
    sources: Sources


def spine(url: str, database: Database, *, name: str) -> Spine:
    """A process's parts, not opened yet."""
    sources, metrics = Sources.system(), Metrics()
    bus = RabbitBus(
        url=url,
        topology=TOPOLOGY,
        catalogue=CATALOGUE,
        sources=sources,
        name=name,
        shortcut=False,
        undertaker=_nobody_dies,
        metrics=metrics.bus,
    )
    relay = Relay(database=database, bus=bus, clock=sources.clock)
    transactions = Transactions(database=database, sources=sources, catalogue=CATALOGUE, outlet=relay)
    return Spine(bus=bus, relay=relay, transactions=transactions, metrics=metrics, sources=sources)


async def _nobody_dies(actor: str, _payload: bytes, reason: str) -> None:
    raise RuntimeError(f"the broker gave up a message to {actor}: {reason}")


async def _serve(url: str, dsn: str) -> None:
    parts = spine(url, await Database.open(dsn=dsn), name="errands")
    runtime = Runtime(
        actor=Errands(),
        bus=parts.bus,
        transactions=parts.transactions,
        catalogue=CATALOGUE,
        sources=parts.sources,
        metrics=parts.metrics,
        limits=LIMITS,
        company=Company(),
        process=parts.sources.ids.new(),
    )
    await parts.bus.open()
    await runtime.open()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(parts.relay.run())
        tasks.create_task(runtime.run())
        print("ready", flush=True)


if __name__ == "__main__":
    uvloop.run(_serve(*sys.argv[1:]))
