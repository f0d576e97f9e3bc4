"""Redis gone, and standing still, under searches and bookings: it costs speed, and nothing else (P12)."""

import asyncio
from datetime import timedelta
from itertools import count

import pytest
from redis.asyncio import Redis

from tests.acceptance.conftest import Agency, Open
from tests.acceptance.daemon import Daemon, SplitDaemon, free_port, until
from tests.acceptance.guest import Guest
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.alone  # it counts how often Redis, which has 50 ms, was not there

SEARCH_WITHIN = 2.0
"""Seconds, on a busy machine; an idle one needs 0.1, of which Redis may take its 0.05."""


async def _kept(server: RedisServer) -> int:
    """How many values are in it."""
    async with Redis.from_url(server.url) as redis:
        return int(await redis.dbsize())


async def _search(agency: Agency, guest: Guest, adults: int = 1) -> str:
    """The cheapest offer, found in time; a number of adults that was asked for lately is near at hand."""
    async with asyncio.timeout(SEARCH_WITHIN):
        found = await guest.search(agency.world, adults=str(adults))
    offer: str = found[0]["id"]
    return offer


async def _journey(agency: Agency, guest: Guest) -> None:
    reference = await guest.book(await _search(agency, guest))
    await guest.pay(reference)
    assert (await guest.sees(reference))["state"] == "confirmed"
    assert await agency.daemon.status_of("/readyz") == 200


def _processes(agency: Agency) -> list[Daemon]:
    """Those of the daemon, the one that serves HTTP first; each uses Redis for itself."""
    daemon = agency.daemon
    return [*daemon.members.values()] if isinstance(daemon, SplitDaemon) else [daemon]


async def test_while_redis_is_away_all_goes_on_and_then_it_is_used_again(
    agency_of: Open, redis_server: RedisServer
) -> None:
    agency = await agency_of(100, cache={"url": redis_server.url})
    async with agency.guest() as guest:
        await _search(agency, guest, adults=2)
        assert await _kept(redis_server) > 0

        redis_server.freeze()
        for adults in (3, 4, 5):
            await _search(agency, guest, adults)
        await _journey(agency, guest)
        redis_server.thaw()
        await redis_server.stop()
        for adults in (6, 7, 8):
            await _search(agency, guest, adults)
        await _journey(agency, guest)

        await redis_server.start()
        days = count(1)

        async def used_again() -> bool:
            day = agency.world.day + timedelta(days=next(days))  # never asked for: nothing is near at hand
            await guest.search(agency.world, depart=day.isoformat())
            return await _kept(redis_server) > 0

        await until(used_again, 30, every=0.25)
    logs = [one.log for one in _processes(agency)]
    for told in ("Redis is left alone", "Redis answers again"):
        assert logs[0].count(told) == 1
        assert [log.count(told) for log in logs if log.count(told) > 1] == []
    await agency.check()


async def test_it_starts_without_its_redis(agency_of: Open) -> None:
    agency = await agency_of(100, cache={"url": f"redis://127.0.0.1:{free_port()}/0"})
    async with agency.guest() as guest:
        await _journey(agency, guest)
