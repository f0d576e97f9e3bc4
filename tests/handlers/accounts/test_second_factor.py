"""Setting up, replacing and losing what an account proves itself with besides its password."""

import base64
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from bookingd.domain.accounts.factors import FactorChange
from bookingd.domain.accounts.permissions import Permission, Role
from bookingd.domain.ids import AccountId, SessionId
from bookingd.messages.accounts import SecondFactorChanged
from bookingd.security import recovery, totp
from bookingd.security.totp import code_at, step_at
from bookingd.storage import second_factors
from bookingd.storage.database import Connection
from handlers.accounts.passkeys import MOST
from handlers.signed_in import SIGNED_IN
from tests.fakes.accounts import plant_account
from tests.fakes.authenticator import Authenticator
from tests.handlers.conftest import PUBLIC, Api, MakeApi

TOTP = "/v1/me/second-factor/totp"
CONFIRM = f"{TOTP}/confirmations"
PASSKEYS = "/v1/me/passkeys"


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    """A traveller's."""
    return await plant_account(connection)


@pytest.fixture
async def api(make_api: MakeApi, account: AccountId) -> Api:
    """The traveller, who has just signed in."""
    return await (await make_api()).signed_in(account)


@pytest.fixture
async def agent(api: Api, connection: Connection) -> Api:
    """Somebody of the staff, who has just signed in."""
    return await api.signed_in(await plant_account(connection, 2, Role.AGENT))


async def app_set_up(api: Api) -> bytes:
    """The secret of an app that counts."""
    told = await api.post(TOTP, {})
    assert api.status == 201, told
    return base64.b32decode(told["secret"])


async def app_confirmed(api: Api) -> Any:
    secret = await app_set_up(api)
    return await api.post(CONFIRM, {"code": code_at(secret, step_at(api.clock.now()))})


async def passkey_added(api: Api, authenticator: Authenticator | None = None) -> Any:
    asked = await api.post(f"{PASSKEYS}/options", {})
    answer = (authenticator or Authenticator(PUBLIC)).make(asked["public_key"])
    return await api.post(PASSKEYS, {"name": "My telephone", "passkey": answer})


async def changes(api: Api) -> list[FactorChange]:
    """What its owner is told."""
    return [one.change for one in await api.outbox() if isinstance(one, SecondFactorChanged)]


async def audited(connection: Connection) -> list[str]:
    rows = await connection.fetch(
        "SELECT canonical FROM audit_entries WHERE action = 'account.second_factor_changed' ORDER BY at, id"
    )
    return [row["canonical"] for row in rows]


async def test_an_account_begins_with_a_password_alone(api: Api, account: AccountId) -> None:
    assert await api.get("/v1/me/second-factor") == {
        "required": False,
        "totp": False,
        "passkeys": 0,
        "recovery_codes": 0,
    }


async def test_staff_are_told_that_they_need_one(agent: Api) -> None:
    assert (await agent.get("/v1/me/second-factor"))["required"] is True


async def test_an_app_counts_from_its_first_code_on_and_brings_recovery_codes(
    api: Api, account: AccountId
) -> None:
    told = await app_confirmed(api)

    assert api.status == 200
    assert len(told["recovery_codes"]) == recovery.CODES
    assert await api.get("/v1/me/second-factor") == {
        "required": False,
        "totp": True,
        "passkeys": 0,
        "recovery_codes": recovery.CODES,
    }


async def test_the_qr_code_names_the_agency_and_the_account(api: Api, account: AccountId) -> None:
    told = await api.post(TOTP, {})

    assert told["uri"].startswith(
        "otpauth://totp/Test%20Travel:somebody-1@mail.example?secret=" + told["secret"]
    )


async def test_a_wrong_first_code_changes_nothing(api: Api, account: AccountId) -> None:
    await app_set_up(api)

    told = await api.post(CONFIRM, {"code": "000000"})

    assert (api.status, told["errors"][0]["code"]) == (422, "wrong")
    assert await changes(api) == []
    assert (await api.get("/v1/me/second-factor"))["totp"] is False


async def test_without_an_app_there_is_nothing_to_confirm_or_remove(api: Api, account: AccountId) -> None:
    await api.post(CONFIRM, {"code": "123456"})
    assert api.status == 404

    await api.ask("DELETE", TOTP)
    assert api.status == 404


async def test_an_app_is_replaced_without_a_moment_without_one(agent: Api, connection: Connection) -> None:
    await app_confirmed(agent)
    new = await app_set_up(agent)
    meanwhile = await agent.get("/v1/me/second-factor")
    agent.clock.advance(60)

    told = await agent.post(CONFIRM, {"code": code_at(new, step_at(agent.clock.now()))})

    assert (meanwhile["totp"], told["recovery_codes"]) == (True, [])
    assert (await changes(agent))[-1] is FactorChange.TOTP_REPLACED


async def test_the_first_code_is_not_taken_a_second_time_to_sign_in(
    api: Api, account: AccountId, connection: Connection
) -> None:
    await app_confirmed(api)

    found = await second_factors.totp(connection, account=account)

    assert found is not None
    assert found.last_step == step_at(api.clock.now())


async def test_the_secret_is_sealed(api: Api, account: AccountId, connection: Connection) -> None:
    secret = await app_set_up(api)

    kept = await second_factors.totp(connection, account=account)

    assert kept is not None
    assert kept.pending is not None
    assert secret not in kept.pending
    assert totp.spelled(secret).encode() not in kept.pending


async def test_a_traveller_may_do_without_and_recovery_codes_go_with_the_last_factor(
    api: Api, account: AccountId
) -> None:
    await app_confirmed(api)

    await api.ask("DELETE", TOTP)

    assert api.status == 204
    assert await api.get("/v1/me/second-factor") == {
        "required": False,
        "totp": False,
        "passkeys": 0,
        "recovery_codes": 0,
    }


async def test_staff_keep_their_last_factor(agent: Api) -> None:
    await app_confirmed(agent)

    told = await agent.ask("DELETE", TOTP)

    assert (agent.status, told["type"]) == (409, "/problems/last-factor")
    assert (await agent.get("/v1/me/second-factor"))["totp"] is True
    assert FactorChange.TOTP_REMOVED not in await changes(agent)


async def test_staff_may_lose_one_of_two(agent: Api) -> None:
    await app_confirmed(agent)
    added = await passkey_added(agent)

    await agent.ask("DELETE", TOTP)
    assert agent.status == 204

    await agent.ask("DELETE", f"{PASSKEYS}/{added['passkey']['id']}")
    assert agent.status == 409


async def test_a_passkey_is_added_listed_and_removed(api: Api, account: AccountId) -> None:
    added = await passkey_added(api)
    assert api.status == 201
    location = api.headers["Location"]
    listed = await api.get(PASSKEYS)

    await api.ask("DELETE", location)

    assert added["passkey"]["name"] == "My telephone"
    assert len(added["recovery_codes"]) == recovery.CODES
    assert listed == {"passkeys": [added["passkey"]]}
    assert api.status == 204
    assert await api.get(PASSKEYS) == {"passkeys": []}
    assert await changes(api) == [
        FactorChange.PASSKEY_ADDED,
        FactorChange.RECOVERY_CODES_MADE,
        FactorChange.PASSKEY_REMOVED,
    ]


async def test_a_passkey_that_is_known_is_not_added_again(api: Api, account: AccountId) -> None:
    authenticator = Authenticator(PUBLIC)
    await passkey_added(api, authenticator)

    told = await passkey_added(api, authenticator)

    assert (api.status, told["errors"][0]["code"]) == (422, "known")


async def test_a_passkey_of_somebody_else_is_not_there(api: Api, agent: Api) -> None:
    added = await passkey_added(api)

    await agent.ask("DELETE", f"{PASSKEYS}/{added['passkey']['id']}")

    assert agent.status == 404
    assert await agent.get(PASSKEYS) == {"passkeys": []}


@pytest.mark.parametrize("spelled", ["x", "%00", "..", "é", "a" * 3000])
async def test_what_was_never_shown_as_a_passkey_is_not_there(
    api: Api, account: AccountId, spelled: str
) -> None:
    await api.ask("DELETE", f"{PASSKEYS}/{spelled}")

    assert api.status in (404, 405)


@pytest.mark.parametrize(
    "passkey", [{}, {"rawId": "eA"}, {"id": 1, "rawId": None, "response": []}, [], "text", None]
)
async def test_what_is_no_passkey_is_refused(api: Api, account: AccountId, passkey: Any) -> None:
    told = await api.post(PASSKEYS, {"name": "x", "passkey": passkey})

    assert (api.status, told["errors"][0]["field"]) == (422, "passkey")


async def test_a_passkey_that_another_site_asked_for_is_refused(api: Api, account: AccountId) -> None:
    told = await passkey_added(api, Authenticator("https://evil.example"))

    assert (api.status, told["errors"][0]["code"]) == (422, "invalid")
    assert await changes(api) == []


async def test_there_is_an_end_to_passkeys(api: Api, account: AccountId) -> None:
    for _ in range(MOST):
        await passkey_added(api)
        assert api.status == 201

    told = await passkey_added(api)

    assert (api.status, told["type"]) == (409, "/problems/limit-reached")


async def test_new_recovery_codes_end_the_old_ones(
    api: Api, account: AccountId, connection: Connection
) -> None:
    old = (await app_confirmed(api))["recovery_codes"]

    new = (await api.post("/v1/me/recovery-codes", {}))["recovery_codes"]

    assert api.status == 201
    assert not set(old) & set(new)
    for code, good in ((old[0], False), (new[0], True)):
        hashed = recovery.hash_of(code)
        assert hashed is not None
        now = api.clock.now()
        used = await second_factors.use_recovery_code(connection, account=account, hashed=hashed, now=now)
        assert used is good


async def test_recovery_codes_stand_in_for_something(api: Api, account: AccountId) -> None:
    told = await api.post("/v1/me/recovery-codes", {})

    assert (api.status, told["type"]) == (409, "/problems/factor-needed")


async def test_each_change_is_audited_without_a_secret(
    api: Api, account: AccountId, connection: Connection
) -> None:
    codes = (await app_confirmed(api))["recovery_codes"]
    added = await passkey_added(api)
    await api.ask("DELETE", TOTP)

    entries = await audited(connection)

    assert [change for entry in entries for change in FactorChange if f'"{change}"' in entry] == [
        FactorChange.TOTP_ADDED,
        FactorChange.RECOVERY_CODES_MADE,
        FactorChange.PASSKEY_ADDED,
        FactorChange.TOTP_REMOVED,
    ]
    assert all(f'"principal":"account:{account}"' in entry for entry in entries)
    assert not any(code in entry for entry in entries for code in [*codes, added["passkey"]["id"]])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/me/second-factor", None),
        ("POST", TOTP, {}),
        ("POST", CONFIRM, {"code": "123456"}),
        ("DELETE", TOTP, None),
        ("POST", "/v1/me/recovery-codes", {}),
        ("GET", PASSKEYS, None),
        ("POST", f"{PASSKEYS}/options", {}),
        ("POST", PASSKEYS, {"name": "x", "passkey": {}}),
        ("DELETE", f"{PASSKEYS}/eA", None),
    ],
)
async def test_it_takes_an_account(api: Api, method: str, path: str, body: Any) -> None:
    """Neither nobody nor a guest has a second factor."""
    for who in (api.nobody(), await api.somebody()):
        await who.ask(method, path, **({} if body is None else {"json": body}))
        assert who.status == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (TOTP, {"secret": "JBSWY3DPEHPK3PXP"}),
        (CONFIRM, {"code": "123456", "account": "x"}),
        (CONFIRM, {"code": 123456}),
        (CONFIRM, {"code": "1" * 13}),
        (PASSKEYS, {"name": "", "passkey": {}}),
        (PASSKEYS, {"name": "x" * 61, "passkey": {}}),
        (PASSKEYS, {"name": "x", "passkey": {}, "account_id": "y"}),
    ],
)
async def test_what_is_not_asked_for_is_refused(api: Api, account: AccountId, path: str, body: Any) -> None:
    await api.post(path, body)

    assert api.status == 422


async def test_a_sign_in_from_a_while_ago_is_not_enough(api: Api, account: AccountId) -> None:
    earlier = await api.signed_in(account, proved=timedelta(minutes=11))

    told = await earlier.post(TOTP, {})

    assert (earlier.status, told["type"]) == (403, "/problems/sign-in-again")


async def test_setting_one_up_proves_the_session_and_drops_what_was_known_of_it(agent: Api) -> None:
    """So that staff who have just set it up need not sign in again for what it is there for."""
    await agent.post("/v1/me/recovery-codes", {})
    before = agent.status

    await app_confirmed(agent)
    session = SessionId(UUID((agent.token or "").split(".")[1]))
    who = await agent.client.app[SIGNED_IN].find(session)

    assert before == 409
    assert who is not None
    assert who.second_factor
    assert who.has(Permission.BOOKINGS_READ)


@pytest.mark.parametrize("method", ["app", "passkey", "codes", "remove"])
async def test_whoever_has_a_password_and_a_session_alone_changes_no_factor(
    api: Api, account: AccountId, method: str
) -> None:
    """A session from before there was a second factor has not shown it."""
    from_before = await api.signed_in(account)
    await app_confirmed(api)

    told = await {
        "app": lambda: from_before.post(TOTP, {}),
        "passkey": lambda: passkey_added(from_before),
        "codes": lambda: from_before.post("/v1/me/recovery-codes", {}),
        "remove": lambda: from_before.ask("DELETE", TOTP),
    }[method]()

    assert (from_before.status, told["type"]) == (403, "/problems/second-factor-needed")


async def test_anybody_may_ask_to_sign_in_with_a_passkey(api: Api) -> None:
    asked = await api.post("/v1/sessions/passkey-options", {})

    assert asked["public_key"]["userVerification"] == "required"
    assert asked["public_key"]["rpId"] == "bookingd.test"
