"""Second factors in the database: what is shown is taken once, whoever else shows it at the same moment."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId, ProofId
from bookingd.storage import second_factors
from bookingd.storage.database import Connection, Database
from bookingd.storage.second_factors import Held, Passkey, Totp
from tests.fakes.accounts import plant_account
from tests.fakes.sources import START

CHALLENGE = ProofId(UUID(int=77))


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection)


def passkey(account: AccountId, name: bytes = b"one", sign_count: int = 0) -> Passkey:
    return Passkey(
        id=name,
        account_id=account,
        public_key=b"COSE",
        sign_count=sign_count,
        name="My telephone",
        transports=("internal", "hybrid"),
        created_at=START,
    )


async def confirmed(
    connection: Connection, account: AccountId, secret: bytes = b"sealed", step: int = 10
) -> None:
    await second_factors.set_up_totp(connection, account=account, sealed=secret)
    assert await second_factors.confirm_totp(
        connection, account=account, pending=secret, step=step, now=START
    )


async def test_an_account_begins_without_a_second_factor(connection: Connection, account: AccountId) -> None:
    held = await second_factors.held(connection, account=account)

    assert held == Held(totp=False, passkeys=0, recovery_codes=0)
    assert not held.any


async def test_an_app_counts_from_its_first_code_on(connection: Connection, account: AccountId) -> None:
    await second_factors.set_up_totp(connection, account=account, sealed=b"sealed")
    before = await second_factors.held(connection, account=account)

    await second_factors.confirm_totp(connection, account=account, pending=b"sealed", step=10, now=START)

    assert (before.totp, (await second_factors.held(connection, account=account)).any) == (False, True)
    assert await second_factors.totp(connection, account=account) == Totp(
        sealed=b"sealed", pending=None, last_step=10
    )


async def test_an_app_that_replaces_another_leaves_it_until_its_own_first_code(
    connection: Connection, account: AccountId
) -> None:
    await confirmed(connection, account)
    await second_factors.set_up_totp(connection, account=account, sealed=b"new")
    meanwhile = await second_factors.totp(connection, account=account)

    await second_factors.confirm_totp(connection, account=account, pending=b"new", step=3, now=START)

    assert meanwhile == Totp(sealed=b"sealed", pending=b"new", last_step=10)
    assert await second_factors.totp(connection, account=account) == Totp(
        sealed=b"new", pending=None, last_step=3
    )


async def test_a_code_of_an_app_that_was_set_up_again_meanwhile_confirms_nothing(
    connection: Connection, account: AccountId
) -> None:
    await second_factors.set_up_totp(connection, account=account, sealed=b"first")
    await second_factors.set_up_totp(connection, account=account, sealed=b"second")

    assert not await second_factors.confirm_totp(
        connection, account=account, pending=b"first", step=1, now=START
    )


async def test_of_many_who_show_a_code_at_once_one_is_let_in(database: Database, account: AccountId) -> None:
    async def show() -> bool:
        async with database.transaction() as connection:
            return await second_factors.take_step(connection, account=account, step=11)

    async with database.connection() as connection:
        await confirmed(connection, account)

    assert sorted(await asyncio.gather(*(show() for _ in range(6)))) == [False] * 5 + [True]


async def test_no_code_from_before_the_last_one_is_taken(connection: Connection, account: AccountId) -> None:
    await confirmed(connection, account, step=10)

    taken = [
        await second_factors.take_step(connection, account=account, step=step) for step in (9, 10, 12, 11)
    ]

    assert taken == [False, False, True, False]


async def test_an_app_that_was_only_set_up_takes_no_code(connection: Connection, account: AccountId) -> None:
    await second_factors.set_up_totp(connection, account=account, sealed=b"sealed")

    assert not await second_factors.take_step(connection, account=account, step=11)
    assert not await second_factors.remove_totp(connection, account=account)


async def test_an_app_is_removed(connection: Connection, account: AccountId) -> None:
    await confirmed(connection, account)

    assert await second_factors.remove_totp(connection, account=account)
    assert await second_factors.totp(connection, account=account) is None


async def test_a_recovery_code_is_good_for_once_and_for_its_account(
    connection: Connection, account: AccountId
) -> None:
    other = await plant_account(connection, 2)
    code = bytes(32)
    await second_factors.replace_recovery_codes(connection, account=account, hashes=[code, b"x" * 32])

    used = [
        await second_factors.use_recovery_code(connection, account=whose, hashed=code, now=START)
        for whose in (other, account, account)
    ]

    assert used == [False, True, False]
    assert (await second_factors.held(connection, account=account)).recovery_codes == 1


async def test_new_recovery_codes_end_the_old_ones(connection: Connection, account: AccountId) -> None:
    old, new = bytes(32), b"n" * 32
    await second_factors.replace_recovery_codes(connection, account=account, hashes=[old])

    await second_factors.replace_recovery_codes(connection, account=account, hashes=[new])

    assert not await second_factors.use_recovery_code(connection, account=account, hashed=old, now=START)
    assert await second_factors.use_recovery_code(connection, account=account, hashed=new, now=START)


async def test_recovery_codes_alone_are_no_second_factor(connection: Connection, account: AccountId) -> None:
    await second_factors.replace_recovery_codes(connection, account=account, hashes=[bytes(32)])

    assert not (await second_factors.held(connection, account=account)).any


async def test_a_passkey_is_found_by_its_id_and_listed_by_its_account(
    connection: Connection, account: AccountId
) -> None:
    assert await second_factors.add_passkey(connection, passkey=passkey(account))

    assert await second_factors.passkey(connection, passkey_id=b"one") == passkey(account)
    assert await second_factors.passkeys(connection, account=account) == [passkey(account)]
    assert (await second_factors.held(connection, account=account)).any


async def test_a_passkey_that_somebody_has_is_nobody_elses(
    connection: Connection, account: AccountId
) -> None:
    other = await plant_account(connection, 2)
    await second_factors.add_passkey(connection, passkey=passkey(account))

    assert not await second_factors.add_passkey(connection, passkey=passkey(other))
    assert await second_factors.remove_passkey(connection, account=other, passkey_id=b"one") is None
    assert (
        await second_factors.remove_passkey(connection, account=account, passkey_id=b"one") == "My telephone"
    )


async def test_a_passkey_of_an_account_that_is_not_open_is_not_found(connection: Connection) -> None:
    suspended = await plant_account(connection, 3, state="suspended")
    await second_factors.add_passkey(connection, passkey=passkey(suspended))

    assert await second_factors.passkey(connection, passkey_id=b"one") is None
    assert await second_factors.lock(connection, account=suspended) is None


@pytest.mark.parametrize(
    ("kept", "signed", "taken"), [(0, 0, True), (0, 1, True), (5, 6, True), (5, 5, False), (5, 0, False)]
)
async def test_a_passkeys_count_only_grows(
    connection: Connection, account: AccountId, kept: int, signed: int, taken: bool
) -> None:
    await second_factors.add_passkey(connection, passkey=passkey(account, sign_count=kept))

    assert (
        await second_factors.use_passkey(connection, passkey_id=b"one", sign_count=signed, now=START) is taken
    )
    found = await second_factors.passkey(connection, passkey_id=b"one")
    assert found is not None
    assert (found.sign_count, found.used_at) == ((signed, START) if taken else (kept, None))


async def test_a_challenge_is_answered_once(connection: Connection, account: AccountId) -> None:
    later = START + timedelta(minutes=5)

    taken = [
        await second_factors.take_challenge(
            connection, challenge=CHALLENGE, account=account, now=START, expires_at=later
        )
        for _ in range(2)
    ]

    assert taken == [True, False]


async def test_a_reset_leaves_nothing(connection: Connection, account: AccountId) -> None:
    await confirmed(connection, account)
    await second_factors.add_passkey(connection, passkey=passkey(account))
    await second_factors.replace_recovery_codes(connection, account=account, hashes=[bytes(32)])

    await second_factors.reset(connection, account=account)

    assert await second_factors.held(connection, account=account) == Held(
        totp=False, passkeys=0, recovery_codes=0
    )


async def test_the_roles_of_an_account_are_read_under_its_lock(connection: Connection) -> None:
    agent = await plant_account(connection, 2, Role.AGENT, Role.TRAVELLER)

    async with connection.transaction():
        assert await second_factors.lock(connection, account=agent) == frozenset({Role.AGENT, Role.TRAVELLER})
