"""Search: an answer that is kept beside a bare handler with the same bytes; and searches nobody made before.

Cached, the two servers are measured in turn (A B A B), one process each, by the same load generator, which
shares the machine with them: therefore the CPU of an answer is compared beside the rate.
"""

import itertools
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlencode

import aiohttp
import asyncpg

from benchmarks import raw_http
from benchmarks.api import Api
from benchmarks.figures import Cpu, Figure, Spread
from benchmarks.processes import child, first_line
from benchmarks.progress import Progress
from benchmarks.servers import Servers

CONNECTIONS = 32
BODY = 20_000
"""Bytes that an answer should have, up to twice as many: a page as people look at it."""
WARM_UP = 1.0
"""Seconds before the first measurement: connections, caches, branch predictors."""
BUSY_PLACES = 60
"""Searches go between this many of the places with the most traffic."""

PLACES = """
SELECT code FROM (
    SELECT DISTINCT ON (city_code) code, traffic_rank FROM airports
     WHERE traffic_rank IS NOT NULL AND code IN (SELECT origin FROM departures)
     ORDER BY city_code, traffic_rank) AS busiest
 ORDER BY traffic_rank LIMIT $1
"""
"""One of each city: nobody flies from one to another of the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """The rounds of the daemon and of the bare handler, in pairs."""

    body: int
    """Bytes of the answer."""
    ours: list[Figure] = field(default_factory=list)
    bare: list[Figure] = field(default_factory=list)

    @property
    def rate_ratio(self) -> Spread:
        """Our answers a second for one of the bare handler's."""
        return Spread([ours.rate / bare.rate for ours, bare in zip(self.ours, self.bare, strict=True)])

    @property
    def cpu_ratio(self) -> Spread:
        """The same for a millisecond of the server's CPU, whatever the load generator took."""
        pairs = zip(self.ours, self.bare, strict=True)
        return Spread([bare.each("server") / ours.each("server") for ours, bare in pairs])


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncached:
    """One search after the other, each new."""

    figure: Figure
    offers: float
    """Found by a search, in mean."""


async def cached(servers: Servers, *, seconds: float, rounds: int, progress: Progress) -> Cached:
    """A page of about BODY bytes, asked for again and again."""
    url, body = await _page(servers)
    found = Cached(body=len(body))
    async with _bare(servers, body) as (bare_url, bare_pid):
        sides = (
            ("bookingd", url, servers.pids["daemon"], found.ours),
            ("bare aiohttp", bare_url, bare_pid, found.bare),
        )
        for _, at, server, _ in sides:
            await raw_http.measure(at, connections=CONNECTIONS, seconds=min(WARM_UP, seconds), server=server)
        for number in range(1, rounds + 1):
            for name, at, server, figures in sides:
                async with progress.step(f"cached search, round {number}: {name}", seconds) as tell:
                    figure = await raw_http.measure(
                        at, connections=CONNECTIONS, seconds=seconds, server=server
                    )
                    tell(f"{figure.rate:8,.0f} answers/s")
                figures.append(figure)
    return found


async def uncached(servers: Servers, *, seconds: float, progress: Progress) -> Uncached:
    """Searches between busy places on any day, one after the other."""
    latencies: list[float] = []
    offers, paths = 0, searches(await busy_places(servers), servers.days)
    async with Api.anonymous(servers.url) as api, progress.step("new searches", seconds) as tell:
        await api.get(next(paths))
        cpu, begin = Cpu(**servers.pids), time.perf_counter()
        while (now := time.perf_counter()) < begin + seconds:
            offers += (await api.get(next(paths)))["count"]
            latencies.append(time.perf_counter() - now)
        took = time.perf_counter() - begin
        figure = Figure(done=len(latencies), seconds=took, latencies=latencies, cpu=cpu.used())
        tell(f"{figure.rate:8,.0f} searches/s")
    return Uncached(figure=figure, offers=offers / len(latencies))


async def busy_places(servers: Servers) -> Sequence[str]:
    """Airports with the most traffic among those that have flights."""
    connection = await asyncpg.connect(servers.dsn())
    try:
        return [row["code"] for row in await connection.fetch(PLACES, BUSY_PLACES)]
    finally:
        await connection.close()


def searches(places: Sequence[str], days: Sequence[date]) -> Iterator[str]:
    """Paths of different searches for two adults and a child, by chance, and in the same order each time."""
    chance, seen = random.Random(1), set[tuple[str, str, date]]()
    while len(seen) < len(places) * (len(places) - 1) * len(days):
        origin, destination = chance.sample(places, 2)
        day = chance.choice(days)
        if (origin, destination, day) not in seen:
            seen.add((origin, destination, day))
            yield path(origin, destination, day)


def path(origin: str, destination: str, day: date, *, limit: int = 20) -> str:
    """Of a search for two adults and a child."""
    asked = {"origin": origin, "destination": destination, "depart": day.isoformat(), "limit": str(limit)}
    return "/v1/flights/offers?" + urlencode(asked | {"adults": "2", "children": "1"})


async def _page(servers: Servers) -> tuple[str, bytes]:
    """The address and the bytes of a search's first page of BODY bytes or a little more.

    In a small network no page may be that big: then it is the biggest.
    """
    places, day = await busy_places(servers), servers.days[len(servers.days) // 2]
    biggest = "", b""
    async with aiohttp.ClientSession() as session:
        for destination, limit in itertools.product(places[1:], (20, 10, 5)):
            url = servers.url + path(places[0], destination, day, limit=limit)
            async with session.get(url, raise_for_status=True) as response:
                found = url, await response.read()
            biggest = max(biggest, found, key=lambda page: len(page[1]))
            if BODY <= len(found[1]) <= 2 * BODY:
                return found
    return biggest


@asynccontextmanager
async def _bare(servers: Servers, body: bytes) -> AsyncIterator[tuple[str, int]]:
    """The bare handler: its address and its process."""
    file, log = servers.place / "page.json", servers.place / "bare-http.log"
    file.write_bytes(body)
    async with child("-m", "benchmarks.bare_http", file, log=log) as process:
        port = await first_line(process, log)
        yield f"http://127.0.0.1:{port}/v1/flights/offers", process.pid
