"""Another password: by a link, or by who knows the present one. What the former one began ends."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId, ProofId
from bookingd.messages.accounts import PasswordChanged, RequestReset
from bookingd.security.totp import code_at, new_secret, step_at
from bookingd.storage import accounts, proofs, second_factors
from bookingd.storage.database import Connection
from bookingd.storage.proofs import Proof, ProofPurpose
from bookingd.storage.second_factors import totp_place
from bookingd.tokens import Purpose, TokenSigner
from tests.fakes.accounts import plant_account
from tests.handlers.accounts.mailroom import Mail, delivered, taken
from tests.handlers.conftest import Api, MakeApi

RESETS = "/v1/password-resets"
RESET = "/v1/password-resets/confirmations"
PASSWORD = "/v1/me/password"
ADA = "ada@example.org"
FORMER, NEXT = "correct horse battery", "staple of another kind"


@pytest.fixture
async def api(make_api: MakeApi) -> Api:
    """Somebody who has no session."""
    return await make_api()


@pytest.fixture
async def ada(api: Api, connection: Connection) -> AccountId:
    """An account with a password."""
    hashed = await api.parts.accounts.hasher.hash(FORMER)
    return await plant_account(connection, address=ADA, password=hashed)


async def asked_for(api: Api, email: str = ADA) -> Mail:
    """The mail that somebody who forgot the password gets."""
    told = await api.post(RESETS, {"email": email})
    assert api.status == 202, told
    (mail,) = await delivered(api)
    return mail


async def set_anew(api: Api, mail: Mail, password: str = NEXT) -> Any:
    return await api.post(RESET, {"token": mail.token, "password": password})


async def sign_in(api: Api, password: str) -> Any:
    return await api.post("/v1/sessions", {"kind": "account", "email": ADA, "password": password})


async def change(api: Api, password: str = NEXT, current: str | None = FORMER) -> Any:
    body = {"password": password, "current_password": current}
    return await api.ask("PUT", PASSWORD, json={name: value for name, value in body.items() if value})


async def told(api: Api) -> list[Any]:
    return [letter.message for letter in await taken(api)]


async def audited(connection: Connection, action: str) -> int:
    number: int = await connection.fetchval("SELECT count(*) FROM audit_entries WHERE action = $1", action)
    return number


# By a link


async def test_a_link_sets_the_password_anew_and_signs_nobody_in(
    api: Api, ada: AccountId, connection: Connection
) -> None:
    mail = await asked_for(api)

    answer = await set_anew(api, mail)

    assert (api.status, answer, "Set-Cookie" in api.headers) == (204, "", False)
    assert await connection.fetchval("SELECT count(*) FROM sessions") == 0
    assert await told(api) == [PasswordChanged(account_id=ada, reset=True, at=api.clock.now())]
    assert await audited(connection, "account.password_changed") == 1
    await sign_in(api, FORMER)
    assert api.status == 401
    await sign_in(api, NEXT)
    assert api.status == 201


async def test_all_sessions_end_with_the_former_password(api: Api, ada: AccountId) -> None:
    here, there = await api.signed_in(ada), await api.signed_in(ada)
    await here.get("/v1/me")
    assert here.status == 200

    await set_anew(api, await asked_for(api))

    for session in (here, there):
        await session.get("/v1/me")
        assert session.status == 401


async def test_all_other_links_end_with_it(api: Api, ada: AccountId) -> None:
    first, second = await asked_for(api), await asked_for(api)

    await set_anew(api, second)
    again = await set_anew(api, first, "and a third one of its kind")

    assert (api.status, again["type"]) == (410, "/problems/link-spent")


async def test_half_a_sign_in_ends_with_it(api: Api, ada: AccountId, connection: Connection) -> None:
    """Whoever knew the password, and waited to show a code, starts anew."""
    secret = await with_app(api, ada, connection)
    needed = await sign_in(api, FORMER)
    await set_anew(api, await asked_for(api))

    code = code_at(secret, step_at(api.clock.now()))
    await api.post("/v1/sessions", {"kind": "second_factor", "sign_in": needed["sign_in"], "code": code})

    assert api.status == 401


async def with_app(api: Api, account: AccountId, connection: Connection) -> bytes:
    """The secret of an authenticator app that the account has."""
    secret = new_secret(api.parts.sources.chance)
    sealed = api.parts.accounts.keyring.seal(secret, place=totp_place(account))
    await second_factors.set_up_totp(connection, account=account, sealed=sealed)
    await second_factors.confirm_totp(
        connection, account=account, pending=sealed, step=0, now=api.clock.now()
    )
    return secret


async def test_a_link_does_not_go_round_the_second_factor(
    api: Api, ada: AccountId, connection: Connection
) -> None:
    await with_app(api, ada, connection)
    await set_anew(api, await asked_for(api))

    needed = await sign_in(api, NEXT)

    assert (api.status, needed["methods"]) == (202, ["totp"])


async def test_a_link_is_good_once(api: Api, ada: AccountId) -> None:
    mail = await asked_for(api)
    await set_anew(api, mail)

    again = await set_anew(api, mail, "and a third one of its kind")

    assert (api.status, again["type"]) == (410, "/problems/link-spent")
    await sign_in(api, NEXT)
    assert api.status == 201


async def test_of_two_who_use_a_link_at_once_one_wins(api: Api, ada: AccountId) -> None:
    mail = await asked_for(api)
    both = [replace(api), replace(api)]
    passwords = ["the first of the two", "the other of the two"]

    await asyncio.gather(*(set_anew(one, mail, text) for one, text in zip(both, passwords, strict=True)))

    assert sorted(one.status for one in both) == [204, 410]
    won = passwords[[one.status for one in both].index(204)]
    await sign_in(api, won)
    assert api.status == 201


async def test_a_link_and_a_change_at_once_do_not_wait_for_each_other_for_ever(
    api: Api, ada: AccountId
) -> None:
    """Both lock the account first."""
    for _ in range(5):
        mail, here = await asked_for(api), await api.signed_in(ada)
        async with api.parts.database.transaction() as connection:
            now, hashed = api.clock.now(), await api.parts.accounts.hasher.hash(FORMER)
            await accounts.set_password(connection, account=ada, hashed=hashed, now=now)
        other = replace(api)

        await asyncio.gather(set_anew(other, mail), change(here, "what was chosen here"))

        assert {other.status, here.status} <= {204, 410, 401, 422}
        assert 204 in {other.status, here.status}
        await taken(api)
        api.clock.advance(timedelta(hours=1))


async def test_a_link_is_good_for_an_hour(api: Api, ada: AccountId) -> None:
    mail = await asked_for(api)
    api.clock.advance(timedelta(hours=1))

    answer = await set_anew(api, mail)

    assert (api.status, answer["type"]) == (410, "/problems/link-spent")


@pytest.mark.parametrize("path", ["/v1/accounts/verifications", "/v1/me/address-changes/confirmations"])
async def test_a_link_is_good_for_nothing_else(
    api: Api, ada: AccountId, connection: Connection, path: str
) -> None:
    mail = await asked_for(api)

    answer = await api.post(path, {"token": mail.token, "password": FORMER})

    assert (api.status, answer["type"]) == (410, "/problems/link-spent")
    assert await connection.fetchval("SELECT count(*) FROM sessions") == 0
    await set_anew(api, mail)
    assert api.status == 204


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - {Purpose.RESET}))
async def test_a_token_of_another_purpose_sets_no_password(
    api: Api, ada: AccountId, purpose: Purpose
) -> None:
    proof = (await asked_for(api)).proof
    token = api.parts.signer.sign(purpose, str(proof.id), expires_at=proof.expires_at)

    await api.post(RESET, {"token": token, "password": NEXT})

    assert api.status == 410


async def test_a_forged_token_sets_no_password(api: Api, ada: AccountId) -> None:
    proof = (await asked_for(api)).proof
    forged = TokenSigner(b"f" * 32).sign(Purpose.RESET, str(proof.id), expires_at=proof.expires_at)

    await api.post(RESET, {"token": forged, "password": NEXT})

    assert api.status == 410


async def test_a_proof_that_nobody_has_answered_yet_sets_no_password(
    api: Api, ada: AccountId, connection: Connection
) -> None:
    proof = Proof(
        id=ProofId(api.parts.sources.ids.new()),
        purpose=ProofPurpose.RESET,
        subject=ada,
        created_at=api.clock.now(),
        expires_at=api.clock.now() + timedelta(hours=1),
    )
    await proofs.add(connection, proof=replace(proof, subject=proof.id))
    token = api.parts.signer.sign(Purpose.RESET, str(proof.id), expires_at=proof.expires_at)

    await api.post(RESET, {"token": token, "password": NEXT})

    assert api.status == 410


async def test_a_password_that_is_refused_leaves_the_link_good(api: Api, ada: AccountId) -> None:
    mail = await asked_for(api)

    for password in ("short", "password1", "x" * 257, ADA, "Somebody 1"):
        await set_anew(api, mail, password)
        assert api.status == 422, password

    await set_anew(api, mail)
    assert api.status == 204


async def test_an_account_that_was_suspended_meanwhile_gets_no_password(
    api: Api, ada: AccountId, connection: Connection
) -> None:
    mail = await asked_for(api)
    await connection.execute("UPDATE accounts SET state = 'suspended'")

    await set_anew(api, mail)

    assert api.status == 410


async def test_known_and_unknown_addresses_get_the_same_answer(
    api: Api, ada: AccountId, connection: Connection
) -> None:
    await plant_account(connection, 2, address="suspended@example.org", state="suspended")
    seen = []
    for email in (ADA, "nobody@example.org", "suspended@example.org"):
        answer = await api.post(RESETS, {"email": email})
        messages = await told(api)
        seen.append((api.status, answer, sorted(set(api.headers) - {"Date"}), list(map(type, messages))))

    assert seen[0] == seen[1] == seen[2]
    assert seen[0][3] == [RequestReset]
    assert await audited(connection, "account.reset_asked") == 3


async def test_an_unknown_address_gets_no_mail(api: Api) -> None:
    await api.post(RESETS, {"email": "nobody@example.org"})

    assert (api.status, await delivered(api)) == (202, [])


@pytest.mark.parametrize("email", ["", "ada", "\u0430da@example.org", "a" * 255 + "@x.org", None])
async def test_what_is_no_address_is_refused(api: Api, email: object) -> None:
    answer = await api.post(RESETS, {"email": email})

    assert (api.status, answer["errors"][0]["field"]) == (422, "email")


async def test_nobodys_mailbox_is_filled(api: Api) -> None:
    statuses = []
    for _ in range(7):
        await api.post(RESETS, {"email": ADA})
        statuses.append(api.status)

    assert statuses[:5] == [202] * 5
    assert statuses[-1] == 429


@pytest.mark.parametrize("field", ["roles", "state", "id", "account", "email", "second_factor"])
async def test_a_link_changes_nothing_but_the_password(api: Api, ada: AccountId, field: str) -> None:
    mail = await asked_for(api)

    answer = await api.post(RESET, {"token": mail.token, "password": NEXT, field: "x"})

    assert (api.status, answer["errors"][0]["code"]) == (422, "unknown")


# By who knows it


async def test_who_knows_the_password_changes_it_and_stays_signed_in(
    api: Api, ada: AccountId, connection: Connection
) -> None:
    there = await api.signed_in(ada)
    session = await sign_in(api, FORMER)
    here = replace(api, token=session["token"])
    await taken(api)

    await change(here)

    assert here.status == 204
    assert await told(api) == [PasswordChanged(account_id=ada, reset=False, at=api.clock.now())]
    assert await audited(connection, "account.password_changed") == 1
    await here.get("/v1/me")
    await there.get("/v1/me")
    assert (here.status, there.status) == (200, 401)
    await here.post("/v1/sessions/refresh", {"refresh_token": session["refresh_token"]})
    assert here.status == 200


async def test_the_present_password_is_asked_for(api: Api, ada: AccountId, connection: Connection) -> None:
    here = await api.signed_in(ada)

    missing = await change(here, current=None)
    wrong = await change(here, current="not the present one")

    assert [(one["errors"][0]["field"], one["errors"][0]["code"]) for one in (missing, wrong)] == [
        ("current_password", "required"),
        ("current_password", "wrong"),
    ]
    assert await audited(connection, "account.password_wrong") == 1
    await sign_in(api, FORMER)
    assert api.status == 201


async def test_the_present_password_is_no_new_one(api: Api, ada: AccountId, connection: Connection) -> None:
    here = await api.signed_in(ada)

    same = await change(here, FORMER)

    assert (same["errors"][0]["field"], same["errors"][0]["code"]) == ("password", "same")
    assert await audited(connection, "account.password_changed") == 0


async def test_the_present_password_is_guessed_ever_more_slowly(api: Api, ada: AccountId) -> None:
    """Whoever finds a session open cannot learn the password by it."""
    here, statuses = await api.signed_in(ada), []

    for number in range(8):
        await change(here, current=f"not the present one {number}")
        statuses.append(here.status)

    assert statuses[:5] == [422] * 5
    assert statuses[-1] == 429


async def test_an_old_sign_in_is_not_enough(api: Api, ada: AccountId) -> None:
    here = await api.signed_in(ada, proved=timedelta(hours=1))

    answer = await change(here)

    assert (here.status, answer["type"]) == (403, "/problems/sign-in-again")


async def test_a_session_without_the_accounts_second_factor_changes_nothing(
    api: Api, ada: AccountId, connection: Connection
) -> None:
    await with_app(api, ada, connection)
    here = await api.signed_in(ada)

    answer = await change(here)

    assert (here.status, answer["type"]) == (403, "/problems/second-factor-needed")


async def test_a_link_that_was_asked_for_ends_with_the_former_password(api: Api, ada: AccountId) -> None:
    mail = await asked_for(api)

    await change(await api.signed_in(ada))
    await set_anew(api, mail, "and a third one of its kind")

    assert api.status == 410


@pytest.mark.parametrize("password", ["short", "password1", "x" * 257, ADA, "Somebody 1", ""])
async def test_a_new_password_is_judged_as_the_first_one_was(api: Api, ada: AccountId, password: str) -> None:
    here = await api.signed_in(ada)

    body = {"password": password, "current_password": FORMER}
    answer = await here.ask("PUT", PASSWORD, json=body)

    assert (here.status, answer["errors"][0]["field"]) == (422, "password")


async def test_an_account_whose_password_was_taken_away_gets_one_by_mail_alone(
    api: Api, connection: Connection
) -> None:
    """A passkey of whoever had taken the account over would set it otherwise, and end its owner's link."""
    account = await plant_account(connection, address=ADA)

    refused = await change(here := await api.signed_in(account, second_factor=True))
    await set_anew(api, await asked_for(api))

    assert (here.status, refused["type"]) == (409, "/problems/password-needed")
    assert api.status == 204


async def test_of_two_who_change_it_at_once_one_does(api: Api, ada: AccountId) -> None:
    both = [await api.signed_in(ada), await api.signed_in(ada)]

    await asyncio.gather(*(change(one, f"what was chosen by {number}") for number, one in enumerate(both)))

    assert [one.status for one in both].count(204) == 1


async def test_staff_change_theirs_with_their_second_factor(api: Api, connection: Connection) -> None:
    hashed = await api.parts.accounts.hasher.hash(FORMER)
    agent = await plant_account(connection, 1, Role.AGENT, address=ADA, password=hashed)
    await with_app(api, agent, connection)

    await change(here := await api.signed_in(agent, second_factor=True))

    assert here.status == 204
