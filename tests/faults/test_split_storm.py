"""A split system whose processes are killed at random, under load, as if a supervisor started them again.

What happens is drawn from the seed; when, also depends on the machine. When it has been quiet for a while,
every promise holds: no answered request is lost, nothing is done twice, nothing hangs, the books balance.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence

import pytest

from tests.acceptance import truths
from tests.acceptance.conftest import Agency, Open, Topology
from tests.acceptance.daemon import Daemon, SplitDaemon
from tests.faults.test_broker import Crowd, offer_of
from tests.servers.rabbitmq import Broker

TWICE = ("http", "booking", "payment", "notify")
BUYERS = 8
PEACE = 60.0
"""Seconds after which nothing may hang any more."""


@pytest.fixture
def topology(broker: Broker, redis_url: str) -> Topology:
    """Two processes of what matters most, one of the rest."""
    return Topology.over(broker, redis_url, split=True, twice=TWICE)


class Reaper:
    """Kills processes at drawn moments; each comes back after a while, as systemd would have it."""

    def __init__(self, members: Sequence[Daemon], seed: int) -> None:
        self._up = list(members)
        self._drawn = random.Random(seed)
        self._returning: set[asyncio.Task[None]] = set()
        self.kills = 0

    async def reap(self, seconds: float) -> None:
        """For so long; then wait until everybody is back."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await asyncio.sleep(self._drawn.uniform(0.5, 4.0))
            if self._up:
                victim = self._up.pop(self._drawn.randrange(len(self._up)))
                victim.kill()
                self.kills += 1
                self._returning.add(asyncio.create_task(self._bring_back(victim)))
        await asyncio.gather(*self._returning)

    async def _bring_back(self, victim: Daemon) -> None:
        await asyncio.sleep(self._drawn.uniform(0.5, 2.0))
        await victim.start(within=90)
        self._up.append(victim)


@pytest.mark.full
@pytest.mark.alone
@pytest.mark.timeout(500)
@pytest.mark.may_block
@pytest.mark.parametrize(("seed", "seconds"), [(1, 20.0), (2, 120.0)])
async def test_processes_killed_at_random_lose_nothing_and_do_nothing_twice(
    agency_of: Open, seed: int, seconds: float
) -> None:
    agency = await agency_of(5000)
    assert isinstance(agency.daemon, SplitDaemon)
    crowd = Crowd(agency, await offer_of(agency), buyers=BUYERS)
    reaper = Reaper(list(agency.daemon.members.values()), seed)

    await reaper.reap(seconds)
    async with asyncio.timeout(PEACE):
        await crowd.stop()

    await _everything_holds(agency, crowd)
    assert reaper.kills >= seconds / 6
    assert len(crowd.ended) >= reaper.kills


async def _everything_holds(agency: Agency, crowd: Crowd) -> None:
    found = await agency.check(within=PEACE)
    assert set(crowd.ended) == {"confirmed"}
    assert Counter(one.state for one in found.values()) == {"confirmed": len(crowd.ended)}
    await truths.check_audit(agency.daemon)
