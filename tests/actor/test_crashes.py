"""`kill -9` at any point of a message's way: what was accepted takes effect once (P4), also outside (P9)."""

import asyncio
import signal
from uuid import UUID

import pytest

from tests.toy.courier import FakeCourier
from tests.toy.fixtures import Daemon
from tests.toy.house import House, until
from tests.toy.messages import Deposit

NUMBER = 20
ACCOUNTS = [UUID(int=100 + number) for number in range(NUMBER)]


@pytest.mark.parametrize(
    ("point", "times"),
    [
        ("before commit", 1),
        ("before commit of sent", 1),
        ("after commit", 1),
        ("after commit", 2),
        ("after commit", 4),
        ("after deed", 1),
        ("after deed", 3),
        ("before settle", 1),
        ("before settle", 3),
    ],
)
async def test_a_daemon_that_is_killed_loses_and_doubles_nothing(
    point: str, times: int, client: House, courier: FakeCourier, daemon: Daemon
) -> None:
    await client.send(*(Deposit(account=account, parcels=1) for account in ACCOUNTS))
    killed = daemon("--die-at", point, "--times", str(times))
    status = await asyncio.to_thread(killed.wait, 20)
    heir = daemon()
    await client.rest(within=20)

    assert status == -signal.SIGKILL
    assert heir.poll() is None
    assert await client.rows("SELECT DISTINCT balance, sent FROM toy_accounts") == [(1, 1)]
    assert await client.value("SELECT count(*) FROM toy_accounts") == NUMBER
    assert await client.rows("SELECT DISTINCT times FROM toy_parcels") == [(1,)]
    assert await client.value("SELECT count(*) FROM toy_seen WHERE name = 'post.sent'") == NUMBER
    assert len(courier.deeds) == len(set(courier.deeds)) == NUMBER
    assert await client.value("SELECT count(*) FROM dead_letters") == 0


async def test_a_daemon_killed_again_and_again_gets_there(
    client: House, courier: FakeCourier, daemon: Daemon
) -> None:
    for start, delay in enumerate((0.0, 0.02, 0.06)):
        running = daemon()
        assert running.stdout
        assert await asyncio.to_thread(running.stdout.readline) == "ready\n"
        for account in ACCOUNTS[start::3]:
            await client.send(Deposit(account=account, parcels=1))
        await asyncio.sleep(delay)
        running.kill()
    daemon()
    await client.rest(within=20)

    async def all_told() -> bool:
        return bool(await client.value("SELECT count(*) = $1 FROM toy_accounts WHERE sent = 1", NUMBER))

    await until(all_told)
    assert await client.rows("SELECT DISTINCT times FROM toy_parcels") == [(1,)]
    assert len(courier.deeds) == len(set(courier.deeds)) == NUMBER
