"""Webhooks taken in a second, and how long their senders wait, while very many wait to be applied.

In turn with ours a bare aiohttp handler takes the same events with one INSERT each: the ceiling. What waits
are events about payments that we do not have, due already: the payment actor looks for each of them again and
again while it is measured how fast more come.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import uuid_utils.compat as uuid_utils

from benchmarks import events
from benchmarks.events import Event, Writer
from benchmarks.figures import Cpu, Figure, Spread
from benchmarks.processes import child, first_line
from benchmarks.progress import Progress
from benchmarks.servers import Servers
from benchmarks.wire import Wire
from bookingd.domain.ids import PaymentId
from bookingd.messages.catalogue import CATALOGUE
from bookingd.messages.envelope import SYSTEM, Origin
from bookingd.messages.payments import ApplyNotice
from bookingd.sources import Sources
from bookingd.storage.database import Database
from bookingd.storage.transactions import Transactions

SENDERS = 32
"""Connections of a gateway, each of which sends its next event when the one before was taken."""

MOST_A_SECOND = 3_000
"""Events that are made beforehand, for each second."""

PLANTED_AT_ONCE = 5_000
WAITING = "SELECT count(*) FROM outbox WHERE destination = 'payment'"
TAKEN = "SELECT count(*) FROM webhook_events WHERE gateway = $1"


class Untrue(Exception):
    """What was answered 200 is not stored; there is no figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The rounds of a gateway's events, and of the bare handler's, in pairs."""

    gateway: str
    topology: str
    waiting: int
    """Bundles that waited to be applied when it was over, at least."""
    ours: list[Figure] = field(default_factory=list)
    bare: list[Figure] = field(default_factory=list)

    @property
    def ratio(self) -> Spread:
        """Our events for one of the bare handler's."""
        return Spread([ours.rate / bare.rate for ours, bare in zip(self.ours, self.bare, strict=True)])


async def measure(
    servers: Servers, *, topology: str, waiting: int, seconds: float, rounds: int, progress: Progress
) -> list[Taken]:
    """Of both gateways. Raises Untrue, RuntimeError for any answer but 200."""
    writers = {
        "stripe": events.of_stripe(),
        "paypal": events.of_paypal(servers.vendors, servers.paypal),
    }
    found = {
        name: Taken(gateway=name, topology=topology, waiting=waiting, ours=[], bare=[]) for name in writers
    }
    log = servers.place / "bare-webhooks.log"
    async with child("-m", "benchmarks.bare_webhooks", servers.dsn("postgres"), log=log) as bare:
        bare_url = f"http://127.0.0.1:{await first_line(bare, log)}"
        await _plant(servers, waiting, progress)
        for number in range(1, rounds + 1):
            for name, write in writers.items():
                async with progress.step(f"webhooks of {name}, {topology}, round {number}", seconds) as tell:
                    found[name].ours.append(figure := await _ours(servers, name, write, seconds))
                    tell(f"{figure.rate:8,.0f} events/s")
                async with progress.step(f"bare, as of {name}, round {number}", seconds) as tell:
                    pids = {"bare handler": bare.pid, "PostgreSQL": servers.pids["PostgreSQL"]}
                    figure = await _send(bare_url, name, _made(write, seconds), seconds, pids)
                    found[name].bare.append(figure)
                    tell(f"{figure.rate:8,.0f} events/s")
        await _still_waiting(servers, waiting)
    return list(found.values())


async def _ours(servers: Servers, name: str, write: Writer, seconds: float) -> Figure:
    """What was answered is stored."""
    connection = await asyncpg.connect(servers.dsn())
    try:
        before = await connection.fetchval(TAKEN, name)
        figure = await _send(servers.url, name, _made(write, seconds), seconds, servers.pids)
        stored = await connection.fetchval(TAKEN, name) - before
    finally:
        await connection.close()
    if stored < figure.done:
        raise Untrue(f"{figure.done} events of {name} were taken, and {stored} are stored")
    return figure


def _made(write: Writer, seconds: float) -> Iterator[Event]:
    return events.written(write, round(MOST_A_SECOND * seconds))


async def _send(
    url: str, name: str, letters: Iterator[Event], seconds: float, pids: dict[str, int]
) -> Figure:
    """All senders at once, until the time is over."""
    wire, path = Wire(url, connections=SENDERS, timeout=60.0), f"/webhooks/{name}"
    latencies: list[float] = []
    cpu, begin = Cpu(**pids), time.perf_counter()

    async def send() -> None:
        for letter in letters:
            sent = time.perf_counter()
            if sent > begin + seconds:
                return
            answer = await wire.ask("POST", path, letter.headers, letter.body)
            if answer.status != 200:
                raise RuntimeError(f"{path} answered {answer.status}: {answer.body[:500]!r}")
            latencies.append(time.perf_counter() - sent)

    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(SENDERS):
                tasks.create_task(send())
    finally:
        wire.close()
    took = time.perf_counter() - begin
    return Figure(done=len(latencies), seconds=took, latencies=latencies, cpu=cpu.used())


async def _plant(servers: Servers, many: int, progress: Progress) -> None:
    """As receipts put off events about payments that we do not have, and due now."""
    sources = Sources.system()
    database = await Database.open(dsn=servers.dsn(), maximum=1)
    transactions = Transactions(database=database, sources=sources, catalogue=CATALOGUE)
    async with progress.step(f"{many:,} events that wait to be applied", many / 10_000):
        for start in range(0, many, PLANTED_AT_ONCE):
            async with transactions.begin() as transaction:
                for _ in range(min(PLANTED_AT_ONCE, many - start)):
                    transaction.send(_waiting(), origin=_origin(), due=datetime.now(UTC))
    await database.close()


def _waiting() -> ApplyNotice:
    payment = UUID(bytes=uuid_utils.uuid7().bytes)
    return ApplyNotice(
        gateway="stripe", event_id=f"evt_{payment.hex}", payment_id=PaymentId(payment), gateway_reference=None
    )


def _origin() -> Origin:
    return Origin(principal=SYSTEM, correlation_id=UUID(bytes=uuid_utils.uuid7().bytes))


async def _still_waiting(servers: Servers, planted: int) -> None:
    """An event that found nothing waits for its next look: none may have been dropped meanwhile."""
    connection = await asyncpg.connect(servers.dsn())
    try:
        left = await connection.fetchval(WAITING)
    finally:
        await connection.close()
    if left == 0 < planted:
        raise Untrue(f"of {planted} events none waits to be applied any more")
