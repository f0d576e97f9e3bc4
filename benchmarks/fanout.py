"""Asking suppliers: what we add to the slowest of them, and what equal searches at once cost one of them.

Behind the port stand suppliers that answer after a known time ([pretended.py](pretended.py)), in daemons that
are real otherwise: HTTP, actors, guards, PostgreSQL, RabbitMQ and Redis. Nobody made any of the searches
before.
"""

import asyncio
import itertools
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from benchmarks.figures import Cpu, Figure, Spread
from benchmarks.progress import Progress
from benchmarks.search import busy_places, searches
from benchmarks.servers import Servers

DELAYS = {"fast": 0.02, "medium": 0.06, "slow": 0.15}
"""Seconds after which each supplier answers, with 30 offers."""
PRETENDED = ",".join(f"{name}={seconds}" for name, seconds in DELAYS.items())
SLOWEST = max(DELAYS.values())
AT_ONCE = (1, 4)
"""Searches under way while the added latency is measured."""
EQUAL = 200
"""Equal searches at once, half of them in each of two processes."""

_CALLS = re.compile(r"^bookingd_supplier_calls_total\{(?P<labels>[^}]*)\} (?P<value>\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What searches took beyond the slowest supplier, so many at a time."""

    at_once: int
    rounds: list[Figure] = field(default_factory=list)

    @property
    def p95(self) -> Spread:
        """Milliseconds."""
        return Spread([one.percentile(0.95) for one in self.rounds])


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Equal searches at once over two processes, one set of them after the other."""

    searches: int
    """Of one set."""
    calls: list[int] = field(default_factory=list)
    """Of the slowest supplier, for each set."""
    figure: Figure
    """A set is one piece of work: its latency is that of the last answer, beyond the slowest supplier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FanOut:
    """What was measured."""

    added: Sequence[Added]
    together: Together


async def measure(servers: Servers, *, seconds: float, rounds: int, progress: Progress) -> FanOut:
    """With the topology `twins` and suppliers PRETENDED."""
    paths = searches(await busy_places(servers), servers.days)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        for _ in range(5):  # connections, plans, imports
            await asyncio.gather(*(_get(session, url + next(paths)) for url in servers.urls.values()))
        added = [Added(at_once=number) for number in AT_ONCE]
        for number, one in itertools.product(range(1, rounds + 1), added):
            what = f"{one.at_once} searches at a time, round {number}"
            async with progress.step(what, seconds) as tell:
                one.rounds.append(await _added(session, servers, paths, one.at_once, seconds))
                tell(f"{one.rounds[-1].percentile(0.95):8.1f} ms added, p95")
        together = await _together(session, servers, paths, seconds * rounds, progress)
    return FanOut(added=added, together=together)


async def _added(
    session: aiohttp.ClientSession, servers: Servers, paths: Iterator[str], at_once: int, seconds: float
) -> Figure:
    latencies: list[float] = []
    cpu, begin = Cpu(**servers.pids), time.perf_counter()

    async def search() -> None:
        while time.perf_counter() < begin + seconds:
            before = time.perf_counter()
            answer = await _get(session, servers.url + next(paths))
            latencies.append(time.perf_counter() - before - SLOWEST)
            assert set(answer["suppliers"].values()) == {"answered"}, answer["suppliers"]

    await asyncio.gather(*(search() for _ in range(at_once)))
    took = time.perf_counter() - begin
    return Figure(done=len(latencies), seconds=took, latencies=latencies, cpu=cpu.used())


async def _together(
    session: aiohttp.ClientSession,
    servers: Servers,
    paths: Iterator[str],
    seconds: float,
    progress: Progress,
) -> Together:
    urls, calls, latencies = itertools.cycle(servers.urls.values()), list[int](), list[float]()
    async with progress.step(f"{EQUAL} equal searches at once", seconds) as tell:
        cpu, begin = Cpu(**servers.pids), time.perf_counter()
        while time.perf_counter() < begin + seconds:
            path, asked = next(paths), await _asked(session, servers)
            before = time.perf_counter()
            answers = await asyncio.gather(*(_get(session, next(urls) + path) for _ in range(EQUAL)))
            latencies.append(time.perf_counter() - before - SLOWEST)
            calls.append(await _asked(session, servers) - asked)
            ids = {tuple(offer["id"] for offer in answer["offers"]) for answer in answers}
            assert len(ids) == 1, "equal searches were answered differently"
        took = time.perf_counter() - begin
        tell(f"{max(calls)} calls at most")
    figure = Figure(done=len(calls), seconds=took, latencies=latencies, cpu=cpu.used())
    return Together(searches=EQUAL, calls=calls, figure=figure)


async def _asked(session: aiohttp.ClientSession, servers: Servers) -> int:
    """How often the slowest supplier was asked to search, by all processes, as they tell Prometheus."""
    slowest = max(DELAYS, key=DELAYS.__getitem__)
    count = 0.0
    for url in servers.urls.values():
        async with session.get(f"{url}/metrics") as answer:
            for found in _CALLS.finditer(await answer.text()):
                if f'supplier="{slowest}"' in found["labels"] and 'call="search"' in found["labels"]:
                    count += float(found["value"])
    return int(count)


async def _get(session: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    async with session.get(url, raise_for_status=True) as answer:
        found: dict[str, Any] = await answer.json()
        return found
