"""What kills its process is found and buried, its neighbours succeed; what was only there survives.

Real processes, killed as the kernel does it, and started again at once by the test as systemd would.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
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

PACE = 20.0
"""How many seconds pass for the daemons in one of ours."""

KILLER = UUID(int=1000)
NEIGHBOURS = [UUID(int=1001 + number) for number in range(BUNDLE_LIMIT - 1)]
MOST_DEATHS = TRUSTED + DEATHS

Start = Callable[..., "Life"]


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


@pytest.fixture(
    params=["memory", pytest.param("rabbitmq", marks=pytest.mark.full)],
)
def start(request: pytest.FixtureRequest, daemon: Daemon) -> Iterator[Start]:
    """Starts a process over one of the transports; they all have the same hurried time."""
    common = ["--pace", str(PACE), "--start", datetime.now(UTC).isoformat()]
    if request.param == "rabbitmq":
        common += ["--broker", request.getfixturevalue("broker").url]
    lives: list[Life] = []

    def begin(*options: str) -> Life:
        lives.append(Life(daemon, *common, *options))
        return lives[-1]

    yield begin
    for life in lives:
        life.process.kill()


async def _restart_until(start: Start, done: Callable[[], Awaitable[bool]]) -> int:
    """Start it as often as it dies; how often that was."""
    for deaths in range(MOST_DEATHS + 1):
        life = start("--die-at", "deadly message")
        if await life.lasts_until(done):
            return deaths
    pytest.fail(f"it still dies after {MOST_DEATHS} deaths")


async def _facts_of_burial(client: House) -> list[tuple[object, ...]]:
    return await client.rows(
        "SELECT message_name, d.reason, a.reason, owner, closed_at"
        "  FROM dead_letters AS d JOIN attention AS a ON a.subject = d.id"
    )


def _buried(name: str) -> list[tuple[object, ...]]:
    why = f"KilledItsProcess: its process died {DEATHS} times while handling it"
    return [(name, why, "dead_letter", "operator", None)]


async def test_a_killer_among_decisions_is_found_and_its_neighbours_are_decided_once(
    client: House, start: Start
) -> None:
    deposits = [Deposit(account=account) for account in NEIGHBOURS]
    await client.send(*deposits[:20], Deposit(account=KILLER, deadly=True), *deposits[20:])
    assert await client.value("SELECT count(*) FROM outbox") == 1

    async def at_peace() -> bool:
        return bool(await client.value("SELECT count(*) FROM dead_letters")) and bool(
            await client.value("SELECT count(*) = $1 FROM toy_seen", len(NEIGHBOURS))
        )

    deaths = await _restart_until(start, at_peace)

    assert deaths == MOST_DEATHS
    assert await _facts_of_burial(client) == _buried("bank.deposit")
    assert await client.rows("SELECT DISTINCT balance FROM toy_accounts") == [(1,)]
    assert await client.value("SELECT count(*) FROM toy_accounts") == len(NEIGHBOURS)
    await client.rest()
    assert await client.value("SELECT count(*) FROM announcements") == 0


@pytest.mark.full
async def test_a_killer_among_calls_outside_is_found_and_its_neighbours_are_called_for_once(
    client: House, courier: FakeCourier, start: Start
) -> None:
    sends = [Send(account=account, parcel=account) for account in NEIGHBOURS]
    await client.send(*sends[:20], Send(account=KILLER, parcel=KILLER, deadly=True), *sends[20:])

    async def at_peace() -> bool:
        return bool(await client.value("SELECT count(*) FROM dead_letters")) and bool(
            await client.value("SELECT count(*) = $1 FROM toy_seen", len(NEIGHBOURS))
        )

    deaths = await _restart_until(start, at_peace)

    assert deaths == MOST_DEATHS
    assert await _facts_of_burial(client) == _buried("post.send")
    assert await client.rows("SELECT DISTINCT times FROM toy_parcels") == [(1,)]
    assert sorted(courier.deeds) == NEIGHBOURS
    await client.rest()
    assert await client.value("SELECT count(*) FROM announcements") == 0


@pytest.mark.full
async def test_ten_kills_in_a_row_with_full_prefetch_bury_nothing(
    client: House, courier: FakeCourier, start: Start
) -> None:
    courier.pause = 5.0 / PACE
    parcels = [UUID(int=1000 + number) for number in range(Limits().prefetch)]
    for parcel in parcels:
        await client.send(Send(account=parcel, parcel=parcel))

    for number in range(10):
        life = start()
        await life.ready()
        met = len(courier.calls)

        async def under_way(more: int = met + 1 + number % 3) -> bool:
            return len(courier.calls) >= more

        await until(under_way)
        await life.killed()
    courier.pause = 0.0
    start()

    async def all_sent() -> bool:
        return bool(await client.value("SELECT count(*) = $1 FROM toy_parcels", len(parcels)))

    await until(all_sent, within=60)
    await client.rest()
    assert await client.value("SELECT count(*) FROM dead_letters") == 0
    assert await client.rows("SELECT DISTINCT times FROM toy_parcels") == [(1,)]
    assert sorted(courier.deeds) == parcels
    assert await client.value("SELECT count(*) FROM announcements") == 0
