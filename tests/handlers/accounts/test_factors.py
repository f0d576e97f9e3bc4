"""Second factors as they are shown: right, of this account, for the first time; or nothing comes of them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from bookingd.domain.accounts.factors import Factor
from bookingd.domain.ids import AccountId
from bookingd.messages.envelope import Origin
from bookingd.security import recovery, totp
from bookingd.security.passkeys import InvalidPasskey
from bookingd.storage import second_factors
from bookingd.storage.database import Connection
from bookingd.storage.second_factors import Passkey
from bookingd.tokens import Purpose
from handlers.accounts import factors
from handlers.parts import Parts
from tests.fakes.accounts import plant_account
from tests.fakes.authenticator import Authenticator
from tests.fakes.sources import ManualClock
from tests.handlers.conftest import PUBLIC, MakeApi

SECRET = b"12345678901234567890"


@pytest.fixture
async def parts(make_api: MakeApi) -> Parts:
    return (await make_api()).parts


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection)


@pytest.fixture
def now(parts: Parts) -> datetime:
    return parts.sources.clock.now()


async def shown(parts: Parts, account: AccountId, given: dict[str, Any]) -> Factor | None:
    """What signing in makes of it."""
    origin = Origin(principal=f"account:{account}", correlation_id=UUID(int=1))
    async with parts.transactions.begin() as transaction:
        return await factors.shown(transaction, parts, account=account, given=given, origin=origin)


async def with_app(connection: Connection, parts: Parts, account: AccountId) -> None:
    place = second_factors.totp_place(account)
    sealed = parts.accounts.keyring.seal(SECRET, place=place)
    await second_factors.set_up_totp(connection, account=account, sealed=sealed)
    await second_factors.confirm_totp(
        connection, account=account, pending=sealed, step=1, now=parts.sources.clock.now()
    )


async def with_passkey(connection: Connection, parts: Parts, account: AccountId) -> Authenticator:
    """An authenticator with a passkey that the account registered."""
    authenticator, now = Authenticator(PUBLIC), parts.sources.clock.now()
    answer = authenticator.make(asked_to_register(parts, account))
    made = await factors.registered(connection, parts, account=account, given=answer, now=now)
    passkey = Passkey(
        id=made.id,
        account_id=account,
        public_key=made.public_key,
        sign_count=made.sign_count,
        name="Key",
        transports=made.transports,
        created_at=now,
    )
    assert await second_factors.add_passkey(connection, passkey=passkey)
    return authenticator


def asked_to_register(parts: Parts, account: AccountId, challenge: str | None = None) -> dict[str, Any]:
    now = parts.sources.clock.now()
    return parts.accounts.relying_party.ask_to_register(
        challenge or factors.new_challenge(parts, now),
        account=account,
        address="a@b.example",
        name="A",
        known=[],
    )


async def test_nothing_is_asked_for_where_there_is_nothing(
    connection: Connection, account: AccountId
) -> None:
    await second_factors.replace_recovery_codes(connection, account=account, hashes=[bytes(32)])

    assert await factors.asked_for(connection, account=account) == ()


async def test_what_can_be_shown_is_asked_for(
    connection: Connection, parts: Parts, account: AccountId
) -> None:
    await with_app(connection, parts, account)
    await with_passkey(connection, parts, account)
    await second_factors.replace_recovery_codes(connection, account=account, hashes=[bytes(32)])

    assert await factors.asked_for(connection, account=account) == tuple(Factor)


async def test_an_apps_code_counts_once(
    connection: Connection, parts: Parts, account: AccountId, now: datetime
) -> None:
    await with_app(connection, parts, account)
    given = {"code": totp.code_at(SECRET, totp.step_at(now))}

    answers = [await shown(parts, account, given) for _ in range(2)]

    assert answers == [Factor.TOTP, None]


async def test_an_app_that_was_only_set_up_does_not_count(
    connection: Connection, parts: Parts, account: AccountId, now: datetime
) -> None:
    sealed = parts.accounts.keyring.seal(SECRET, place=second_factors.totp_place(account))
    await second_factors.set_up_totp(connection, account=account, sealed=sealed)
    given = {"code": totp.code_at(SECRET, totp.step_at(now))}

    assert await shown(parts, account, given) is None


async def test_a_recovery_code_counts_once(
    connection: Connection, parts: Parts, account: AccountId, now: datetime
) -> None:
    code, *_ = recovery.new_codes(parts.sources.chance)
    hashed = recovery.hash_of(code)
    assert hashed
    await second_factors.replace_recovery_codes(connection, account=account, hashes=[hashed])

    answers = [await shown(parts, account, {"recovery_code": code.lower()}) for _ in range(2)]

    assert answers == [Factor.RECOVERY_CODE, None]
    assert await connection.fetchval("SELECT count(*) FROM audit_entries") == 1
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 1


async def test_a_passkeys_signature_counts_once(
    connection: Connection, parts: Parts, account: AccountId, now: datetime
) -> None:
    """Also that of a synced passkey, which does not count its signatures."""
    authenticator = await with_passkey(connection, parts, account)
    authenticator._counts = False
    asked = await factors.ask_to_sign(connection, parts, account=account, now=now)
    given = {"passkey": authenticator.sign(asked)}

    answers = [await shown(parts, account, given) for _ in range(2)]

    assert len(asked["allowCredentials"]) == 1
    assert answers == [Factor.PASSKEY, None]


async def test_a_passkey_of_another_account_is_refused(
    connection: Connection, parts: Parts, account: AccountId, now: datetime
) -> None:
    other = await plant_account(connection, 2)
    authenticator = await with_passkey(connection, parts, other)
    given = {
        "passkey": authenticator.sign(await factors.ask_to_sign(connection, parts, account=None, now=now))
    }

    assert await shown(parts, account, given) is None


async def test_a_passkey_alone_says_whose_it_is_and_whether_its_owner_showed_themselves(
    connection: Connection, parts: Parts, account: AccountId, now: datetime
) -> None:
    authenticator = await with_passkey(connection, parts, account)
    asked = await factors.ask_to_sign(connection, parts, account=None, now=now)

    found = await factors.signed_in(connection, parts, given=authenticator.sign(asked), now=now)

    assert found is not None
    passkey, signed = found
    assert (passkey.account_id, signed.verified, asked["allowCredentials"]) == (account, True, [])


@pytest.mark.parametrize("late", [timedelta(minutes=5), timedelta(days=1)])
async def test_a_challenge_that_is_too_old_is_refused(
    connection: Connection,
    parts: Parts,
    account: AccountId,
    clock: ManualClock,
    late: timedelta,
) -> None:
    authenticator = await with_passkey(connection, parts, account)
    asked = await factors.ask_to_sign(connection, parts, account=account, now=clock.now())

    given = {"passkey": authenticator.sign(asked)}
    clock.advance(late)
    assert await shown(parts, account, given) is None


@pytest.mark.parametrize("purpose", [Purpose.GUEST, Purpose.ACCESS, Purpose.SIGN_IN])
async def test_a_challenge_that_is_another_token_of_ours_is_refused(
    connection: Connection, parts: Parts, account: AccountId, now: datetime, purpose: Purpose
) -> None:
    authenticator = await with_passkey(connection, parts, account)
    foreign = parts.signer.sign(purpose, str(parts.sources.ids.new()), expires_at=now + timedelta(hours=1))
    asked = parts.accounts.relying_party.ask_to_sign(foreign)

    assert await factors.signed_in(connection, parts, given=authenticator.sign(asked), now=now) is None
    with pytest.raises(InvalidPasskey, match="something else"):
        await factors.registered(
            connection,
            parts,
            account=account,
            given=authenticator.make(asked_to_register(parts, account, foreign)),
            now=now,
        )


async def test_what_was_made_for_one_registration_is_not_registered_again(
    connection: Connection, parts: Parts, account: AccountId, now: datetime
) -> None:
    answer = Authenticator(PUBLIC).make(asked_to_register(parts, account))
    await factors.registered(connection, parts, account=account, given=answer, now=now)

    with pytest.raises(InvalidPasskey, match="answered before"):
        await factors.registered(connection, parts, account=account, given=answer, now=now)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"code": ""},
        {"code": "000000"},
        {"recovery_code": ""},
        {"recovery_code": "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA"},
        {"passkey": {}},
        {"passkey": {"rawId": "eA", "response": {"clientDataJSON": "e30"}}},
    ],
)
async def test_what_is_nothing_of_the_account_is_refused(
    connection: Connection, parts: Parts, account: AccountId, now: datetime, given: dict[str, Any]
) -> None:
    await with_app(connection, parts, account)

    assert await shown(parts, account, given) is None
