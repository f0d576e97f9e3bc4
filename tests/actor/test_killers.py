"""What kills its process is found and buried, its neighbours succeed; what was only there survives.

Real processes, killed as the kernel does it, and started again at once by the test as systemd would.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from bookingd.actor.isolation import DEATHS, TRUSTED
from bookingd.actor.runtime import Limits
from bookingd.messages.envelope import BUNDLE_LIMIT
from tests.toy.courier import FakeCourier
from tests.toy.fixtures import Daemon
from tests.toy.house import House, until
from tests.toy.messages import Deposit, Send

KILLER = UUID(int=1000)
NEIGHBOURS = [UUID(int=1001 + number) for number in range(BUNDLE_LIMIT - 1)]
MOST_DEATHS = TRUSTED + DEATHS


class Life:
    """One process of the toy bank."""

    def __init__(self, daemon: Daemon, *options: str) -> None:
        self.process = daemon(*options)
        self._over = asyncio.ensure_future(asyncio.to_thread(self.process.wait))

    async def lasts_until(self, done: Callable[[], Awaitable[bool]]) -> bool:
        """Whether it still lived when that was done."""
        waiting = asyncio.ensure_future(until(done, within=60))
        await asyncio.wait([waiting, self._over], return_when=asyncio.FIRST_COMPLETED)
        if self._over.done():
            waiting.cancel()
            return False
        await waiting
        return True

    async def ready(self) -> None:
        assert self.process.stdout
        assert await asyncio.to_thread(self.process.stdout.readline) == "ready\n"

    async def killed(self) -> None:
        self.process.kill()
        assert await self._over == -signal.SIGKILL


class Supervisor:
    """Starts the toy bank, over one of the transports."""

    def __init__(self, daemon: Daemon, pace: float, *options: str) -> None:
        self.pace = pace
        """How many seconds pass for every process in one of ours."""
        self._daemon = daemon
        self._options = ("--pace", str(pace), "--start", datetime.now(UTC).isoformat(), *options)

    def start(self, *options: str) -> Life:
        return Life(self._daemon, *self._options, *options)

    async def restarts_until(self, done: Callable[[], Awaitable[bool]]) -> int:
        """Start it as often as it dies of a message; how often it died."""
        for deaths in range(MOST_DEATHS + 2):
            if await self.start("--die-at", "deadly message").lasts_until(done):
                return deaths
        pytest.fail("it dies for ever")


@pytest.fixture(params=["memory", pytest.param("rabbitmq", marks=pytest.mark.full)])
def supervisor(request: pytest.FixtureRequest, daemon: Daemon) -> Supervisor:
    """Whoever is alone needs no leases to find out who is dead, so that more time can pass."""
    if request.param == "memory":
        return Supervisor(daemon, 60.0)
    return Supervisor(daemon, 20.0, "--broker", request.getfixturevalue("broker").url)


async def _nothing_is_left(client: House) -> None:
    async def nothing() -> bool:
        return not await client.value(
            "SELECT EXISTS (SELECT FROM announcements) OR EXISTS (SELECT FROM outbox)"
        )

    await until(nothing)


async def _facts_of_burial(client: House) -> list[tuple[object, ...]]:
    return await client.rows(
        "SELECT message_name, d.reason, a.reason, owner, closed_at"
        "  FROM dead_letters AS d JOIN attention AS a ON a.subject = d.id"
    )


def _buried(name: str) -> list[tuple[object, ...]]:
    why = f"KilledItsProcess: its process died {DEATHS} times while handling it"
    return [(name, why, "dead_letter", "operator", None)]


async def test_a_killer_among_decisions_is_found_and_its_neighbours_are_decided_once(
    client: House, supervisor: Supervisor
) -> None:
    deposits = [Deposit(account=account) for account in NEIGHBOURS]
    await client.send(*deposits[:20], Deposit(account=KILLER, deadly=True), *deposits[20:])
    assert await client.value("SELECT count(*) FROM outbox") == 1

    async def at_peace() -> bool:
        return bool(await client.value("SELECT count(*) FROM dead_letters")) and bool(
            await client.value("SELECT count(*) = $1 FROM toy_seen", len(NEIGHBOURS))
        )

    deaths = await supervisor.restarts_until(at_peace)

    assert DEATHS < deaths <= MOST_DEATHS + 1  # the last where a copy of it was about
    assert await _facts_of_burial(client) == _buried("bank.deposit")
    assert await client.rows("SELECT DISTINCT balance FROM toy_accounts") == [(1,)]
    assert await client.value("SELECT count(*) FROM toy_accounts") == len(NEIGHBOURS)
    await _nothing_is_left(client)


async def test_a_killer_among_calls_outside_is_found_and_its_neighbours_are_called_for_once(
    client: House, courier: FakeCourier, supervisor: Supervisor
) -> None:
    sends = [Send(account=account, parcel=account) for account in NEIGHBOURS]
    await client.send(*sends[:20], Send(account=KILLER, parcel=KILLER, deadly=True), *sends[20:])

    async def at_peace() -> bool:
        return bool(await client.value("SELECT count(*) FROM dead_letters")) and bool(
            await client.value("SELECT count(*) = $1 FROM toy_seen", len(NEIGHBOURS))
        )

    deaths = await supervisor.restarts_until(at_peace)

    assert DEATHS < deaths <= MOST_DEATHS + 1  # the last where a copy of it was about
    assert await _facts_of_burial(client) == _buried("post.send")
    assert await client.rows("SELECT DISTINCT times FROM toy_parcels") == [(1,)]
    assert sorted(courier.deeds) == NEIGHBOURS
    await _nothing_is_left(client)


async def test_ten_kills_in_a_row_with_full_prefetch_bury_nothing(
    client: House, courier: FakeCourier, supervisor: Supervisor
) -> None:
    courier.pause = 5.0 / supervisor.pace
    parcels = [UUID(int=1000 + number) for number in range(Limits().prefetch)]
    for parcel in parcels:
        await client.send(Send(account=parcel, parcel=parcel))

    for number in range(10):
        life = supervisor.start()
        await life.ready()
        met = len(courier.calls)

        async def under_way(more: int = met + 1 + number % 3) -> bool:
            return len(courier.calls) >= more

        await until(under_way)
        await life.killed()
    courier.pause = 0.0
    supervisor.start()

    async def all_sent() -> bool:
        return bool(await client.value("SELECT count(*) = $1 FROM toy_parcels", len(parcels)))

    await until(all_sent, within=60)
    await _nothing_is_left(client)
    assert await client.value("SELECT count(*) FROM dead_letters") == 0
    assert await client.rows("SELECT DISTINCT times FROM toy_parcels") == [(1,)]
    assert sorted(courier.deeds) == parcels
