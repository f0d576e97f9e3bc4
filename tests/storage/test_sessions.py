"""Sessions and their refresh tokens: good once, and what becomes of one that is shown again."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId, SessionId
from bookingd.storage import sessions
from bookingd.storage.database import Connection, Database
from bookingd.storage.sessions import FORGIVEN, MOST_OPEN, Ending, NewSession, Replayed, Rotated
from tests.fakes.accounts import plant_account
from tests.fakes.sources import START

SESSION = SessionId(UUID(int=71))
LATER = START + timedelta(minutes=5)
END = START + timedelta(days=30)
FIRST, SECOND, THIRD, FOURTH = (bytes([number]) * 32 for number in range(1, 5))


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection)


@pytest.fixture(autouse=True)
async def opened(connection: Connection, account: AccountId) -> NewSession:
    """A session with its first refresh token."""
    new = NewSession(
        id=SESSION,
        account=account,
        expires_at=END,
        second_factor=False,
        device="Firefox on Linux",
        client_address="192.0.2.7",
    )
    await sessions.open_session(connection, new=new, token=FIRST, now=START)
    return new


async def is_open(connection: Connection) -> bool:
    return SESSION in await sessions.who(connection, ids=[SESSION], now=LATER)


async def test_an_open_session_tells_who_is_behind_it(connection: Connection, account: AccountId) -> None:
    who = (await sessions.who(connection, ids=[SESSION], now=LATER))[SESSION]

    assert (who.principal, who.account, who.session) == (f"account:{account}", account, SESSION)
    assert who.roles == {Role.TRAVELLER}
    assert (who.second_factor, who.proved_at) == (False, START)


async def test_nobody_is_behind_what_is_over(connection: Connection, account: AccountId) -> None:
    assert await sessions.who(connection, ids=[SESSION], now=END) == {}
    await connection.execute("UPDATE accounts SET state = 'suspended'")
    assert not await is_open(connection)


async def test_tokens_are_not_stored(connection: Connection) -> None:
    assert FIRST not in [row["hash"] for row in await connection.fetch("SELECT hash FROM refresh_tokens")]


async def test_a_refresh_token_gives_the_next_one(connection: Connection, account: AccountId) -> None:
    rotated = await sessions.rotate(connection, token=FIRST, successor=SECOND, now=LATER)
    again = await sessions.rotate(connection, token=SECOND, successor=THIRD, now=LATER)

    assert rotated == again == Rotated(session=SESSION, account=account, second_factor=False, expires_at=END)
    [listed] = await sessions.listed(connection, account=account, now=LATER)
    assert (listed.seen_at, listed.device) == (LATER, "Firefox on Linux")


async def test_a_token_shown_again_ends_the_session(connection: Connection, account: AccountId) -> None:
    await sessions.rotate(connection, token=FIRST, successor=SECOND, now=START)

    replayed = await sessions.rotate(
        connection, token=FIRST, successor=THIRD, now=START + FORGIVEN + timedelta(seconds=1)
    )

    assert replayed == Replayed(session=SESSION, account=account, device="Firefox on Linux", ended=True)
    assert not await is_open(connection)
    assert await sessions.rotate(connection, token=SECOND, successor=FOURTH, now=LATER) is None


async def test_an_answer_that_got_lost_is_asked_for_again(connection: Connection) -> None:
    await sessions.rotate(connection, token=FIRST, successor=SECOND, now=LATER)

    again = await sessions.rotate(connection, token=FIRST, successor=THIRD, now=LATER + FORGIVEN)

    assert isinstance(again, Rotated)
    assert isinstance(
        await sessions.rotate(connection, token=THIRD, successor=FOURTH, now=LATER + FORGIVEN), Rotated
    )


async def test_whoever_derives_successors_gets_the_same_one_again(connection: Connection) -> None:
    """Two tabs have one cookie: it must not matter whose answer came last."""
    await sessions.rotate(connection, token=FIRST, successor=SECOND, now=LATER)

    again = await sessions.rotate(connection, token=FIRST, successor=SECOND, now=LATER + FORGIVEN)

    assert isinstance(again, Rotated)
    assert await connection.fetchval("SELECT count(*) FROM refresh_tokens") == 2
    later = LATER + timedelta(hours=1)
    assert isinstance(await sessions.rotate(connection, token=SECOND, successor=THIRD, now=later), Rotated)


async def test_of_two_refreshes_at_once_neither_is_a_replay(
    database: Database, connection: Connection
) -> None:
    """The second has read the token before the first used it, and waited for the session ever since."""
    begun, waits = asyncio.Event(), asyncio.Event()

    async def first() -> object:
        async with database.transaction() as held:
            rotated = await sessions.rotate(held, token=FIRST, successor=SECOND, now=LATER)
            begun.set()
            await waits.wait()
            return rotated

    async def second() -> object:
        await begun.wait()
        async with database.transaction() as held:
            asking = asyncio.create_task(sessions.rotate(held, token=FIRST, successor=SECOND, now=LATER))
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            while not await connection.fetchval(waiting):  # noqa: ASYNC110 - no event tells of a lock
                await asyncio.sleep(0.01)
            waits.set()
            return await asking

    assert [type(one) for one in await asyncio.gather(first(), second())] == [Rotated, Rotated]


async def test_a_session_is_ended_by_any_token_of_it(connection: Connection, account: AccountId) -> None:
    await sessions.rotate(connection, token=FIRST, successor=SECOND, now=START)

    ended = await sessions.end_by_token(connection, token=FIRST, because=Ending.SIGNED_OUT, now=LATER)
    again = await sessions.end_by_token(connection, token=SECOND, because=Ending.SIGNED_OUT, now=LATER)
    unknown = await sessions.end_by_token(connection, token=THIRD, because=Ending.SIGNED_OUT, now=LATER)

    assert (ended, again, unknown) == ((SESSION, account), None, None)
    assert not await is_open(connection)


async def test_once_its_successor_was_used_a_token_is_not_forgiven(connection: Connection) -> None:
    await sessions.rotate(connection, token=FIRST, successor=SECOND, now=LATER)
    await sessions.rotate(connection, token=SECOND, successor=THIRD, now=LATER)

    assert isinstance(await sessions.rotate(connection, token=FIRST, successor=FOURTH, now=LATER), Replayed)


async def test_a_token_that_was_never_ours_harms_nobody(connection: Connection) -> None:
    assert await sessions.rotate(connection, token=FOURTH, successor=SECOND, now=LATER) is None
    assert await is_open(connection)


async def test_the_token_of_a_session_that_is_over_gives_nothing(
    connection: Connection, account: AccountId
) -> None:
    await sessions.end(connection, account=account, ids=[SESSION], because=Ending.SIGNED_OUT, now=START)

    assert await sessions.rotate(connection, token=FIRST, successor=SECOND, now=LATER) is None
    because = await connection.fetchval("SELECT ended_because FROM sessions")
    assert because == "signed_out"


async def test_nobody_ends_a_strangers_session(connection: Connection) -> None:
    stranger = await plant_account(connection, 2)

    ended = await sessions.end(connection, account=stranger, ids=[SESSION], because=Ending.REVOKED, now=LATER)

    assert ended == ()
    assert await is_open(connection)


async def test_all_sessions_but_one_end(
    connection: Connection, account: AccountId, opened: NewSession
) -> None:
    other = SessionId(UUID(int=72))
    await sessions.open_session(connection, new=replace(opened, id=other), token=FOURTH, now=START)

    ended = await sessions.end_all(
        connection, account=account, because=Ending.PASSWORD_CHANGED, now=LATER, but=SESSION
    )

    assert ended == (other,)
    assert [one.id for one in await sessions.listed(connection, account=account, now=LATER)] == [SESSION]


async def test_what_ended_keeps_no_address_and_is_forgotten_after_a_while(
    connection: Connection, account: AccountId
) -> None:
    await sessions.end_all(connection, account=account, because=Ending.SIGNED_OUT, now=LATER)

    assert await connection.fetchval("SELECT client_address FROM sessions") == ""
    assert await sessions.forget(connection, before=LATER, limit=9) == 0
    assert await sessions.forget(connection, before=LATER + timedelta(seconds=1), limit=9) == 1
    assert await connection.fetchval("SELECT count(*) FROM refresh_tokens") == 0


async def test_who_proves_themselves_again_keeps_what_they_had_shown(connection: Connection) -> None:
    await sessions.prove(connection, session=SESSION, second_factor=True, now=START)
    await sessions.prove(connection, session=SESSION, second_factor=False, now=LATER)

    who = (await sessions.who(connection, ids=[SESSION], now=LATER))[SESSION]
    assert (who.second_factor, who.proved_at) == (True, LATER)


async def test_of_too_many_the_longest_unseen_end(
    connection: Connection, account: AccountId, opened: NewSession
) -> None:
    """Or whoever signs in without end has lists made that everybody waits for."""
    ended = []
    for number in range(MOST_OPEN + 1):
        new = replace(opened, id=SessionId(UUID(int=100 + number)))
        token, now = bytes([number, 200]) * 16, START + timedelta(seconds=number + 1)
        ended.append(await sessions.open_session(connection, new=new, token=token, now=now))

    assert ended == [0] * (MOST_OPEN - 1) + [1, 1]
    listed = await sessions.listed(connection, account=account, now=LATER)
    assert [one.id.int for one in listed] == [100 + number for number in range(MOST_OPEN, 0, -1)]
