"""Another address for an account: both are told, the new one confirms it, the former one has a way back."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bookingd.domain.accounts.factors import FactorChange
from bookingd.domain.ids import AccountId
from bookingd.messages.accounts import (
    AddressChangeAsked,
    AddressChanged,
    RequestAddressChange,
    SecondFactorChanged,
    SendProof,
)
from bookingd.security.totp import new_secret
from bookingd.storage import second_factors
from bookingd.storage.database import Connection
from bookingd.storage.second_factors import totp_place
from bookingd.tokens import Purpose, TokenSigner
from tests.fakes.accounts import plant_account, plant_api_key, plant_app
from tests.handlers.accounts.mailroom import Mail, delivered, found_out, taken
from tests.handlers.conftest import Api, MakeApi

CHANGES = "/v1/me/address-changes"
CONFIRM = "/v1/me/address-changes/confirmations"
ADA, NEW = "ada@example.org", "ada@new.example"
PASSWORD = "correct horse battery"


@pytest.fixture
async def api(make_api: MakeApi) -> Api:
    """Somebody who has no session."""
    return await make_api()


@pytest.fixture
async def ada(api: Api, connection: Connection) -> AccountId:
    """An account with a password."""
    hashed = await api.parts.accounts.hasher.hash(PASSWORD)
    return await plant_account(connection, address=ADA, password=hashed)


@pytest.fixture
async def here(api: Api, ada: AccountId) -> Api:
    """Its owner, who has just signed in."""
    return await api.signed_in(ada)


async def asked_for(here: Api, email: str = NEW) -> Mail:
    """The mail to the new address."""
    answer = await here.post(CHANGES, {"email": email})
    assert here.status == 202, answer
    (mail,) = await delivered(here)
    return mail


async def confirmed(api: Api, mail: Mail, password: str | None = PASSWORD) -> Any:
    body = {"token": mail.token} | ({"password": password} if password else {})
    return await api.post(CONFIRM, body)


async def changed(here: Api, email: str = NEW) -> Mail:
    """The mail with the way back, when the address was changed."""
    answer = await confirmed(here, await asked_for(here, email))
    assert here.status == 204, answer
    (mail,) = await delivered(here)
    return mail


async def sign_in(api: Api, email: str, password: str = PASSWORD) -> int:
    await api.post("/v1/sessions", {"kind": "account", "email": email, "password": password})
    return api.status


async def address_of(connection: Connection, account: AccountId) -> str:
    address: str = await connection.fetchval("SELECT address FROM accounts WHERE id = $1", account)
    return address


async def test_the_new_address_gets_a_link_and_the_present_one_hears_of_it(
    here: Api, ada: AccountId, connection: Connection
) -> None:
    await here.post(CHANGES, {"email": NEW})
    (letter,) = await taken(here)
    assert isinstance(letter.message, RequestAddressChange)

    mail = await asked_for(here)

    assert mail.to == NEW
    assert await address_of(connection, ada) == ADA


async def test_both_are_told(here: Api, ada: AccountId) -> None:
    await here.post(CHANGES, {"email": NEW})
    await found_out(here)

    sent = [letter.message for letter in await taken(here)]

    assert {type(one) for one in sent} == {SendProof, AddressChangeAsked}


async def test_the_link_with_the_password_makes_it_the_accounts(
    here: Api, api: Api, ada: AccountId, connection: Connection
) -> None:
    mail = await asked_for(here)

    await confirmed(here, mail)

    assert here.status == 204
    assert await address_of(connection, ada) == NEW
    (letter,) = await taken(here)
    assert isinstance(letter.message, AddressChanged)
    assert letter.message.account_id == ada
    assert [await sign_in(api, ADA), await sign_in(api, NEW)] == [401, 201]


async def test_a_stranger_who_gets_the_link_by_a_slip_of_the_pen_takes_nothing_over(
    here: Api, api: Api, ada: AccountId, connection: Connection
) -> None:
    mail = await asked_for(here, "asa@example.org")

    missing = await confirmed(api, mail, None)
    wrong = await confirmed(api, mail, "what a stranger guesses")

    assert [one["errors"][0]["code"] for one in (missing, wrong)] == ["required", "wrong"]
    assert await address_of(connection, ada) == ADA


async def test_passwords_are_guessed_ever_more_slowly(here: Api, api: Api) -> None:
    mail, statuses = await asked_for(here), []

    for number in range(8):
        await confirmed(api, mail, f"what a stranger guesses {number}")
        statuses.append(api.status)

    assert statuses[:5] == [422] * 5
    assert statuses[-1] == 429


async def test_all_sessions_end_but_the_one_in_which_it_is_confirmed(
    here: Api, api: Api, ada: AccountId
) -> None:
    there = await api.signed_in(ada)

    await changed(here)

    for session in (here, there):
        await session.get("/v1/me")
    assert (here.status, there.status) == (200, 401)


async def test_where_it_is_confirmed_by_nobody_all_of_them_end(here: Api, api: Api) -> None:
    mail = await asked_for(here)

    await confirmed(api, mail)
    await here.get("/v1/me")

    assert (api.status, here.status) == (204, 401)


async def test_the_session_of_somebody_else_is_none_of_the_accounts(
    here: Api, api: Api, connection: Connection
) -> None:
    """Who confirms it while signed in as another stays signed in as that one, and no other session does."""
    eve = await api.signed_in(await plant_account(connection, 2))
    mail = await asked_for(here)

    await confirmed(eve, mail)

    for session in (eve, here):
        await session.get("/v1/me")
    assert (eve.status, here.status) == (200, 401)


async def test_links_that_the_former_address_got_end(here: Api, api: Api, ada: AccountId) -> None:
    """Whoever reads the former address's mail sets no password any more."""
    await api.post("/v1/password-resets", {"email": ADA})
    (reset,) = await delivered(api)

    await changed(here)
    await api.post(
        "/v1/password-resets/confirmations", {"token": reset.token, "password": "another good one"}
    )

    assert api.status == 410


async def test_another_change_that_was_asked_for_ends(here: Api, api: Api) -> None:
    other = await asked_for(here, "ada@other.example")

    await changed(here)
    await confirmed(api, other)

    assert api.status == 410


async def test_a_new_password_ends_a_change_that_was_asked_for(here: Api, api: Api) -> None:
    mail = await asked_for(here)

    body = {"password": "staple of another kind", "current_password": PASSWORD}
    await here.ask("PUT", "/v1/me/password", json=body)
    assert here.status == 204
    await confirmed(api, mail, "staple of another kind")

    assert api.status == 410


async def test_a_link_is_good_once_and_for_a_day(here: Api, api: Api, ada: AccountId) -> None:
    mail = await asked_for(here)
    await confirmed(here, mail)
    await confirmed(here, mail)
    assert here.status == 410
    await taken(here)

    late = await asked_for(here, "ada@later.example")
    api.clock.advance(timedelta(days=1))
    await confirmed(api, late)
    assert api.status == 410


async def test_of_two_who_use_a_link_at_once_one_does(here: Api, api: Api) -> None:
    mail = await asked_for(here)
    both = [replace(api), replace(api)]

    await asyncio.gather(*(confirmed(one, mail) for one in both))

    assert sorted(one.status for one in both) == [204, 410]


async def test_an_address_is_one_accounts_whoever_confirms_it_at_once(
    here: Api, api: Api, connection: Connection
) -> None:
    hashed = await api.parts.accounts.hasher.hash(PASSWORD)
    eve = await api.signed_in(await plant_account(connection, 2, password=hashed))
    mails = [await asked_for(here), await asked_for(eve)]
    both = [replace(api), replace(api)]

    answers = await asyncio.gather(*(confirmed(one, mail) for one, mail in zip(both, mails, strict=True)))

    assert sorted(one.status for one in both) == [204, 409]
    assert "/problems/address-taken" in {one["type"] for one in answers if one}


async def test_an_address_that_got_an_account_meanwhile_is_not_taken_from_it(
    here: Api, api: Api, ada: AccountId, connection: Connection
) -> None:
    mail = await asked_for(here)
    await plant_account(connection, 2, address=NEW)

    answer = await confirmed(here, mail)

    assert (here.status, answer["type"]) == (409, "/problems/address-taken")
    assert await address_of(connection, ada) == ADA


async def test_who_asks_learns_nothing_of_the_address(
    here: Api, ada: AccountId, connection: Connection
) -> None:
    await plant_account(connection, 2, address="eve@example.org")
    seen = []
    for email in ("eve@example.org", "nobody@example.org"):
        answer = await here.post(CHANGES, {"email": email})
        seen.append((here.status, answer, [type(letter.message) for letter in await taken(here)]))

    assert seen[0] == seen[1]
    assert seen[0][0] == 202


@pytest.mark.parametrize(
    ("email", "code"),
    [
        (ADA, "same"),
        ("", "length"),
        ("ada", "email"),
        ("\u0430da@example.org", "email"),
        ("ada@new.example\r\nBcc: x@y.example", "characters"),
        ("a" * 250 + "@example.org", "length"),
        (None, "required"),
    ],
)
async def test_what_is_no_other_address_is_refused(here: Api, email: object, code: str) -> None:
    answer = await here.post(CHANGES, {"email": email})

    assert (here.status, answer["errors"][0]["code"]) == (422, code)


async def test_it_may_be_written_in_another_way(here: Api, ada: AccountId, connection: Connection) -> None:
    await changed(here, "Ada@Example.org")

    assert await address_of(connection, ada) == "Ada@Example.org"


async def test_an_old_sign_in_is_not_enough(api: Api, ada: AccountId) -> None:
    stale = await api.signed_in(ada, proved=timedelta(hours=1))

    answer = await stale.post(CHANGES, {"email": NEW})

    assert (stale.status, answer["type"]) == (403, "/problems/sign-in-again")


async def test_a_session_without_the_accounts_second_factor_asks_for_none(
    here: Api, ada: AccountId, connection: Connection
) -> None:
    secret = new_secret(here.parts.sources.chance)
    sealed = here.parts.accounts.keyring.seal(secret, place=totp_place(ada))
    await second_factors.set_up_totp(connection, account=ada, sealed=sealed)
    await second_factors.confirm_totp(connection, account=ada, pending=sealed, step=0, now=here.clock.now())

    answer = await here.post(CHANGES, {"email": NEW})

    assert (here.status, answer["type"]) == (403, "/problems/second-factor-needed")


async def test_an_account_without_a_password_sets_one_first(api: Api, connection: Connection) -> None:
    account = await api.signed_in(await plant_account(connection))

    answer = await account.post(CHANGES, {"email": NEW})

    assert (account.status, answer["type"]) == (409, "/problems/password-needed")


async def test_nobodys_mailbox_is_filled(here: Api) -> None:
    statuses = []
    for _ in range(7):
        await here.post(CHANGES, {"email": NEW})
        statuses.append(here.status)

    assert statuses[:5] == [202] * 5
    assert statuses[-1] == 429


@pytest.mark.parametrize("field", ["roles", "state", "id", "account", "email", "way_back"])
async def test_the_link_changes_nothing_else(here: Api, field: str) -> None:
    mail = await asked_for(here)

    answer = await here.post(CONFIRM, {"token": mail.token, "password": PASSWORD, field: "x"})

    assert (here.status, answer["errors"][0]["code"]) == (422, "unknown")


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - {Purpose.EMAIL_CHANGE}))
async def test_a_token_of_another_purpose_confirms_nothing(here: Api, purpose: Purpose) -> None:
    proof = (await asked_for(here)).proof
    token = here.parts.signer.sign(purpose, str(proof.id), expires_at=proof.expires_at)

    await here.post(CONFIRM, {"token": token, "password": PASSWORD})

    assert here.status == 410


async def test_a_forged_token_confirms_nothing(here: Api) -> None:
    proof = (await asked_for(here)).proof
    forged = TokenSigner(b"f" * 32).sign(Purpose.EMAIL_CHANGE, str(proof.id), expires_at=proof.expires_at)

    await here.post(CONFIRM, {"token": forged, "password": PASSWORD})

    assert here.status == 410


# The way back


async def test_the_former_address_has_a_way_back_that_takes_no_password(
    here: Api, api: Api, ada: AccountId, connection: Connection
) -> None:
    """Whoever changed it may have changed the password, too."""
    mail = await changed(here)
    assert mail.to == ADA

    await confirmed(api, mail, None)

    assert api.status == 204
    assert await address_of(connection, ada) == ADA


async def test_the_way_back_ends_all_sessions_and_the_password(here: Api, api: Api, ada: AccountId) -> None:
    mail = await changed(here)

    await confirmed(here, mail, None)
    await here.get("/v1/me")

    assert here.status == 401
    assert [await sign_in(api, ADA), await sign_in(api, NEW)] == [401, 401]


async def test_the_owner_gets_a_link_to_set_a_new_password(here: Api, api: Api, ada: AccountId) -> None:
    await confirmed(api, await changed(here), None)

    (reset,) = await delivered(api)
    assert reset.to == ADA
    body = {"token": reset.token, "password": "staple of another kind"}
    await api.post("/v1/password-resets/confirmations", body)

    assert api.status == 204
    assert await sign_in(api, ADA, "staple of another kind") == 201


async def put_back_with_a_new_password(api: Api, mail: Mail) -> Any:
    """What the answer to a sign-in with it is."""
    await confirmed(api, mail, None)
    (reset,) = await delivered(api)
    body = {"token": reset.token, "password": "staple of another kind"}
    await api.post("/v1/password-resets/confirmations", body)
    assert api.status == 204
    session = {"kind": "account", "email": ADA, "password": "staple of another kind"}
    return await api.post("/v1/sessions", session)


async def test_second_factors_that_came_since_go_or_their_owner_would_stay_outside(
    here: Api, api: Api, ada: AccountId, connection: Connection
) -> None:
    """Whoever took the account over gave it an app: its codes would be asked for at each sign-in."""
    mail = await changed(here, "mallory@example.org")
    await plant_app(connection, ada)
    await second_factors.replace_recovery_codes(connection, account=ada, hashes=[b"m" * 32])

    await put_back_with_a_new_password(api, mail)

    held = await second_factors.held(connection, account=ada)
    assert (api.status, held.any, held.recovery_codes) == (201, False, 0)


async def test_their_owner_hears_that_second_factors_were_taken_away(
    here: Api, api: Api, ada: AccountId, connection: Connection
) -> None:
    mail = await changed(here, "mallory@example.org")
    await plant_app(connection, ada)
    await confirmed(api, mail, None)

    told = [letter.message for letter in await taken(api)]

    assert [one.change for one in told if isinstance(one, SecondFactorChanged)] == [FactorChange.RESET]


async def test_where_there_was_a_second_factor_it_stays(
    here: Api, api: Api, ada: AccountId, connection: Connection
) -> None:
    """Who reads the former address's mail, as one reason to change it is, has not shown it."""
    asked = await asked_for(here)
    await plant_app(connection, ada)
    await confirmed(here, asked)
    (mail,) = await delivered(here)

    needed = await put_back_with_a_new_password(api, mail)

    assert (api.status, needed["methods"]) == (202, ["totp"])


async def test_the_way_back_ends_api_keys(
    here: Api, api: Api, ada: AccountId, connection: Connection
) -> None:
    """They are another way in, for as long as a year."""
    mail = await changed(here, "mallory@example.org")
    program = replace(api, token=await plant_api_key(connection, ada))
    await program.get("/v1/bookings")
    assert program.status == 200

    await confirmed(api, mail, None)
    await program.get("/v1/bookings")

    assert program.status == 401


async def test_the_way_back_is_good_for_a_week_and_once(here: Api, api: Api, ada: AccountId) -> None:
    mail = await changed(here)
    api.clock.advance(timedelta(days=7) - timedelta(seconds=1))
    await confirmed(api, mail, None)
    assert api.status == 204
    await confirmed(api, mail, None)
    assert api.status == 410


async def test_after_a_week_there_is_no_way_back(here: Api, api: Api) -> None:
    mail = await changed(here)
    api.clock.advance(timedelta(days=7))

    await confirmed(api, mail, None)

    assert api.status == 410


async def test_neither_a_new_password_nor_a_later_change_takes_the_way_back_away(
    here: Api, api: Api, ada: AccountId, connection: Connection
) -> None:
    """Whoever has taken the account over has another way back, and the password: it does not help."""
    mail = await changed(here, "mallory@example.org")
    here.clock.advance(timedelta(minutes=1))
    later = await changed(here, "mallory@other.example")
    body = {"password": "what Mallory would like", "current_password": PASSWORD}
    await here.ask("PUT", "/v1/me/password", json=body)
    assert here.status == 204

    await confirmed(api, later, None)
    assert (api.status, await address_of(connection, ada)) == (204, "mallory@example.org")
    await confirmed(api, mail, None)
    assert (api.status, await address_of(connection, ada)) == (204, ADA)


async def test_the_way_back_ends_those_that_were_made_after_it(
    here: Api, api: Api, ada: AccountId, connection: Connection
) -> None:
    mail = await changed(here, "mallory@example.org")
    here.clock.advance(timedelta(minutes=5))
    later = await changed(here, "mallory@other.example")

    await confirmed(api, mail, None)
    await confirmed(api, later, None)

    assert (api.status, await address_of(connection, ada)) == (410, ADA)


async def test_the_way_back_ends_a_change_that_is_not_confirmed_yet(
    here: Api, api: Api, ada: AccountId, connection: Connection
) -> None:
    mail = await changed(here, "mallory@example.org")
    pending = await asked_for(here, "mallory@other.example")

    await confirmed(api, mail, None)
    await confirmed(api, pending)

    assert (api.status, await address_of(connection, ada)) == (410, ADA)


async def test_a_former_address_that_another_account_has_by_now_stays_with_that(
    here: Api, api: Api, ada: AccountId, connection: Connection
) -> None:
    mail = await changed(here)
    await plant_account(connection, 2, address=ADA)

    answer = await confirmed(api, mail, None)

    assert (api.status, answer["type"]) == (409, "/problems/address-taken")
    assert await address_of(connection, ada) == NEW


async def test_a_suspended_account_stays_as_it_is(
    here: Api, api: Api, ada: AccountId, connection: Connection
) -> None:
    mail = await changed(here)
    await connection.execute("UPDATE accounts SET state = 'suspended'")

    await confirmed(api, mail, None)

    assert (api.status, await address_of(connection, ada)) == (410, NEW)


async def test_all_of_it_is_in_the_trail_and_no_address_is_readable_there(
    here: Api, api: Api, connection: Connection
) -> None:
    await confirmed(api, await changed(here), None)

    entries = await connection.fetch(
        "SELECT action, canonical::text AS text FROM audit_entries ORDER BY at, id"
    )
    actions = [entry["action"] for entry in entries]
    assert actions == [
        "account.address_change_asked",
        "account.address_change_answered",
        "account.address_changed",
        "account.address_put_back",
    ]
    assert not any("@" in entry["text"] for entry in entries)
