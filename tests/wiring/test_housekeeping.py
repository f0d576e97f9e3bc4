"""Housekeeping makes partitions, forgets what is old, and outlives the database's absence."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from bookingd.config.sections import Retention
from bookingd.domain.ids import AccountId, PaymentId, ProofId, SessionId
from bookingd.sources import Sources
from bookingd.storage import accounts, proofs, sessions, webhooks
from bookingd.storage.accounts import Registration
from bookingd.storage.database import Connection, Database, take_turn
from bookingd.storage.proofs import Proof, ProofPurpose
from bookingd.storage.sessions import NewSession
from bookingd.storage.webhooks import Webhook
from bookingd.wiring import housekeeping
from bookingd.wiring.housekeeping import KEYS_KEPT, PROOFS_KEPT, SESSIONS_KEPT, WEBHOOKS_KEPT, Housekeeping
from tests.fakes.accounts import plant_account, plant_api_key
from tests.fakes.sources import ManualClock, SeededChance, SequentialIds


@pytest.fixture
def keeping(database: Database, clock: ManualClock, ids: SequentialIds, chance: SeededChance) -> Housekeeping:
    sources = Sources(clock=clock, ids=ids, chance=chance)
    return Housekeeping(database=database, sources=sources, retention=Retention())


async def receive(connection: Connection, name: str, *, clock: ManualClock) -> None:
    event = Webhook(
        gateway="stripe",
        event_id=name,
        kind="payment_intent.succeeded",
        payment_id=PaymentId(SequentialIds().new()),
        gateway_reference=None,
    )
    await webhooks.receive(connection, events=[event], now=clock.now())


async def test_old_webhooks_go_and_young_ones_stay(
    keeping: Housekeeping, connection: Connection, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BITE", 2)
    for number in range(5):
        await receive(connection, f"old_{number}", clock=clock)
    clock.advance(WEBHOOKS_KEPT + timedelta(seconds=1))
    await receive(connection, "young", clock=clock)

    await keeping.keep()

    left = await connection.fetch("SELECT event_id FROM webhook_events")
    assert [row["event_id"] for row in left] == ["young"]


async def test_api_keys_that_have_long_been_over_go(
    keeping: Housekeeping, connection: Connection, clock: ManualClock
) -> None:
    account = await plant_account(connection)
    for number, days in enumerate((1, 2), start=1):
        ends = clock.now() + timedelta(days=days)
        await plant_api_key(connection, account, number, expires_at=ends)
    clock.advance(KEYS_KEPT + timedelta(days=1, seconds=1))

    await keeping.keep()

    left = await connection.fetch("SELECT name FROM api_keys")
    assert [row["name"] for row in left] == ["Key 2"]


async def test_tomorrows_partitions_are_there_today(
    keeping: Housekeeping, connection: Connection, clock: ManualClock
) -> None:
    clock.advance(timedelta(days=40))

    await keeping.keep()

    day = (clock.now() + timedelta(days=1)).strftime("%Y%m%d")
    assert await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"inbox_p{day}")


async def test_two_processes_at_their_chores_do_not_get_in_each_others_way(
    keeping: Housekeeping, connection: Connection, owner_connection: Connection, clock: ManualClock
) -> None:
    """Who drops an old part waits for its reader; who comes meanwhile does not drop it a second time."""
    await keeping.keep()
    old = min(await _parts(connection))
    clock.advance(timedelta(days=60))

    async with owner_connection.transaction():
        await owner_connection.execute(f"SELECT FROM {old}")
        both = [asyncio.create_task(keeping.keep()) for _ in range(2)]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*both)

    assert old not in await _parts(connection)


async def test_who_finds_another_at_the_chores_leaves_them(
    keeping: Housekeeping, database: Database, connection: Connection, clock: ManualClock
) -> None:
    await receive(connection, "old", clock=clock)
    clock.advance(WEBHOOKS_KEPT + timedelta(seconds=1))

    async with database.transaction() as other:
        assert await take_turn(other)
        await keeping.keep()
        assert await connection.fetchval("SELECT count(*) FROM webhook_events") == 1

    await keeping.keep()
    assert await connection.fetchval("SELECT count(*) FROM webhook_events") == 0


async def register(connection: Connection, number: int, *, clock: ManualClock) -> None:
    """Somebody who has two days to show whose address it is."""
    now = clock.now()
    new = Registration(
        id=UUID(int=number),
        address="ada@example.org",
        address_key="ada@example.org",
        password="$argon2id$made-up",
        name="Ada",
        locale="en",
        created_at=now,
        expires_at=now + timedelta(days=2),
    )
    await accounts.register(connection, new=new)


async def prove(connection: Connection, number: int, *, clock: ManualClock) -> None:
    """A link that is good for an hour."""
    now = clock.now()
    proof = Proof(
        id=ProofId(UUID(int=number)),
        purpose=ProofPurpose.RESET,
        subject=UUID(int=1),
        created_at=now,
        expires_at=now + timedelta(hours=1),
    )
    await proofs.add(connection, proof=proof)


async def sign_in(connection: Connection, account: AccountId, number: int, *, clock: ManualClock) -> None:
    """A session of a day."""
    now = clock.now()
    new = NewSession(
        id=SessionId(UUID(int=number)),
        account=account,
        expires_at=now + timedelta(days=1),
        second_factor=False,
        device="Firefox on Linux",
        client_address="192.0.2.7",
    )
    await sessions.open_session(connection, new=new, token=bytes([number] * 32), now=now)


async def test_who_did_not_confirm_an_address_is_forgotten(
    keeping: Housekeeping, connection: Connection, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BITE", 2)
    for number in range(5):
        await register(connection, number, clock=clock)
    clock.advance(timedelta(days=1))
    await register(connection, 9, clock=clock)
    clock.advance(timedelta(days=1, seconds=1))

    await keeping.keep()

    left = await connection.fetch("SELECT id FROM registrations")
    assert [row["id"].int for row in left] == [9]


async def test_links_that_are_over_are_forgotten_a_day_later(
    keeping: Housekeeping, connection: Connection, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BITE", 2)
    for number in range(5):
        await prove(connection, number, clock=clock)
    clock.advance(PROOFS_KEPT)
    await prove(connection, 9, clock=clock)

    await keeping.keep()
    assert await connection.fetchval("SELECT count(*) FROM proofs") == 6

    clock.advance(timedelta(hours=1, seconds=1))
    await keeping.keep()
    left = await connection.fetch("SELECT id FROM proofs")
    assert [row["id"].int for row in left] == [9]


async def test_where_a_session_was_used_from_is_not_kept_beyond_its_time(
    keeping: Housekeeping, connection: Connection, clock: ManualClock
) -> None:
    account = await plant_account(connection)
    await sign_in(connection, account, 1, clock=clock)
    await keeping.keep()
    assert await connection.fetchval("SELECT client_address FROM sessions") == "192.0.2.7"

    clock.advance(timedelta(days=1, seconds=1))
    await keeping.keep()

    row = await connection.fetchrow("SELECT client_address, ended_because, device FROM sessions")
    assert row is not None
    assert tuple(row.values()) == ("", "expired", "Firefox on Linux")


async def test_devices_are_known_for_a_while_and_then_forgotten_with_their_tokens(
    keeping: Housekeeping, connection: Connection, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BITE", 2)
    account = await plant_account(connection)
    for number in range(1, 6):
        await sign_in(connection, account, number, clock=clock)
    clock.advance(timedelta(days=1, seconds=1))
    await sign_in(connection, account, 9, clock=clock)
    await keeping.keep()
    assert await connection.fetchval("SELECT count(*) FROM sessions") == 6

    clock.advance(SESSIONS_KEPT)
    await keeping.keep()

    assert [row["id"].int for row in await connection.fetch("SELECT id FROM sessions")] == [9]
    assert await connection.fetchval("SELECT count(*) FROM refresh_tokens") == 1


async def _parts(connection: Connection) -> set[str]:
    rows = await connection.fetch("SELECT relname FROM pg_class WHERE relname ~ '^inbox_p\\d+$'")
    return {row["relname"] for row in rows}
