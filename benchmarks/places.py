"""Places looked up as people type them: each name letter by letter, some with a mistake; every answer timed.

One after the other over one connection, against one process of the daemon, so that an answer has one core.
What is typed are names of cities that are flown to, in all languages that we know, and of hotels. Each answer
has to be a good one, and of names as a whole it is told how many find their place among ten.
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import quote

import asyncpg

from benchmarks.api import Api
from benchmarks.figures import Cpu, Figure, Spread
from benchmarks.progress import Progress
from benchmarks.servers import Servers

LONGEST = 20
"""Letters of a name that are typed."""
WHOLE = 100
"""Names of each sort of which it is asked whether they find their place."""
SHORTEST_MISTAKEN = 6
"""Letters of a name that is typed with a mistake."""

NAMES = """
SELECT city.code AS place, name.name
  FROM cities AS city
  JOIN (SELECT code AS city_code, name FROM cities
         UNION ALL SELECT city_code, name FROM place_names) AS name ON name.city_code = city.code
 WHERE EXISTS (SELECT FROM airports WHERE city_code = city.code AND traffic_rank IS NOT NULL)
 UNION ALL
SELECT '', name FROM hotels
 ORDER BY 1, 2
"""

COUNTED = """
SELECT (SELECT count(*) FROM airports) + (SELECT count(*) FROM cities) AS places,
       (SELECT count(*) FROM hotels) AS hotels, (SELECT count(*) FROM place_names) AS names
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """The rounds of what was typed right, and with a mistake in each name."""

    places: int
    hotels: int
    names: int
    """Other names of cities."""
    found: float
    """The share of whole names that find their place among ten."""
    found_mistaken: float
    """The same of names with a mistake."""
    right: list[Figure] = field(default_factory=list)
    mistaken: list[Figure] = field(default_factory=list)

    @property
    def slowest_percent(self) -> Spread:
        """Milliseconds that one answer in a hundred takes longer than, mistakes included."""
        return Spread([one.percentile(0.99) for one in (*self.right, *self.mistaken)])


async def measure(servers: Servers, *, seconds: float, rounds: int, progress: Progress) -> LookedUp:
    """Both sides in turn."""
    connection = await asyncpg.connect(servers.dsn())
    try:
        names = [(row["place"], row["name"]) for row in await connection.fetch(NAMES)]
        (counted,) = await connection.fetch(COUNTED)
    finally:
        await connection.close()
    chance = random.Random(1)
    async with Api.anonymous(servers.url, connections=1) as api:
        looked_up = LookedUp(
            **counted,
            found=await _share_found(api, names, chance, mistaken=False),
            found_mistaken=await _share_found(api, names, chance, mistaken=True),
        )
        sides = (("typed right", False, looked_up.right), ("with a mistake", True, looked_up.mistaken))
        for number in range(1, rounds + 1):
            for name, mistaken, figures in sides:
                typed = _letters(names, chance, mistaken=mistaken)
                async with progress.step(f"places, {name}, round {number}", seconds) as tell:
                    figures.append(figure := await _look_up(servers, api, typed, seconds))
                    tell(f"{figure.percentile(0.99):8,.1f} ms p99")
    return looked_up


async def _share_found(
    api: Api, names: Sequence[tuple[str, str]], chance: random.Random, *, mistaken: bool
) -> float:
    cities = [(place, name) for place, name in names if place]
    found = 0
    for place, name in islice(_names(cities, chance, mistaken=mistaken), WHOLE):
        answer = await api.get(f"/v1/places?q={quote(name)}")
        found += any(one["city"]["code"] == place for one in answer["places"])
    return found / WHOLE


async def _look_up(servers: Servers, api: Api, typed: Iterator[str], seconds: float) -> Figure:
    latencies: list[float] = []
    cpu, begin = Cpu(**servers.pids), time.perf_counter()
    while (now := time.perf_counter()) < begin + seconds:
        await api.get(f"/v1/places?q={quote(next(typed))}")
        latencies.append(time.perf_counter() - now)
    took = time.perf_counter() - begin
    return Figure(done=len(latencies), seconds=took, latencies=latencies, cpu=cpu.used())


def _letters(names: Sequence[tuple[str, str]], chance: random.Random, *, mistaken: bool) -> Iterator[str]:
    """What is typed so far of names by chance, letter by letter."""
    for _, name in _names(names, chance, mistaken=mistaken):
        for length in range(1, min(len(name), LONGEST) + 1):
            yield name[:length]


def _names(
    names: Sequence[tuple[str, str]], chance: random.Random, *, mistaken: bool
) -> Iterator[tuple[str, str]]:
    """Names by chance, with their places."""
    while True:
        place, name = chance.choice(names)
        if not mistaken:
            yield place, name
        elif len(name) >= SHORTEST_MISTAKEN:
            yield place, _misspelt(name, chance)


def _misspelt(name: str, chance: random.Random) -> str:
    """Two letters in the middle change places, one is left out, or is another one."""
    at = chance.randrange(1, len(name) - 2)
    before, one, other, behind = name[:at], name[at], name[at + 1], name[at + 2 :]
    return before + chance.choice([other + one, other, "x" + other]) + behind
