"""Tokens that are none: changed, made up, taken for something else, signed by whom we do not know."""

import base64
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import hdrs
from multidict import CIMultiDict

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.ids import AccountId
from bookingd.storage.database import Connection
from bookingd.tokens import Purpose, TokenSigner
from tests.fakes.accounts import plant_account, plant_api_key
from tests.handlers.accounts.signing import PASSWORD, as_program, by_password, give_password, refreshed
from tests.handlers.conftest import KEY, Api, MakeApi

OLD, NEW, FOREIGN = KEY, b"n" * 32, b"f" * 32
WEEK = timedelta(days=7)


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection, 1, Role.TRAVELLER)


@pytest.fixture
async def api(make_api: MakeApi, connection: Connection, account: AccountId) -> Api:
    made = await make_api()
    await give_password(made, connection, account, PASSWORD)
    return made


@pytest.fixture
async def token(api: Api) -> str:
    """The access token of a session."""
    session = await by_password(api)
    return str(session["token"])


async def refuses(api: Api, *values: str) -> bool:
    """Whether a request with these headers Authorization is nobody's."""
    headers = CIMultiDict((hdrs.AUTHORIZATION, value) for value in values)
    async with api.client.get("/v1/me", headers=headers) as answer:
        problem = await answer.json()
        assert "token" not in str(problem).replace("token or key", "").replace("<token>", "")
    return bool(answer.status == 401 and problem["type"] == "/problems/session-required")


async def test_the_token_itself_is_good(api: Api, token: str) -> None:
    assert not await refuses(api, f"Bearer {token}")


async def test_a_token_with_a_byte_flipped_anywhere_is_refused(api: Api, token: str) -> None:
    for place, char in enumerate(token):
        other = "A" if char != "A" else "B"
        assert await refuses(api, f"Bearer {token[:place]}{other}{token[place + 1 :]}"), place


@pytest.mark.parametrize("change", ["later", "guest", "other session", "cut", "longer", "again", "upper"])
async def test_what_a_token_says_cannot_be_changed(api: Api, token: str, change: str) -> None:
    purpose, subject, expiry, signature = token.split(".")
    forged = {
        "later": f"{purpose}.{subject}.{int(expiry, 16) + 3600:x}.{signature}",
        "guest": f"g.{subject}.{expiry}.{signature}",
        "other session": f"{purpose}.{subject[:-1]}{(int(subject[-1], 16) + 1) % 16:x}.{expiry}.{signature}",
        "cut": token[:-1],
        "longer": f"{token}A",
        "again": f"{token}.{signature}",
        "upper": f"{purpose}.{subject}.{expiry.upper()}0.{signature}",
    }[change]

    assert await refuses(api, f"Bearer {forged}")


def jwt(header: dict[str, Any], key: bytes | None, subject: str, digest: str = "sha256") -> str:
    """With a signature by that key, or with none."""
    said = {"sub": subject, "exp": 4_000_000_000, "roles": ["administrator"]}
    body = ".".join(spelled(json.dumps(part).encode()) for part in (header, said))
    return f"{body}.{spelled(hmac.digest(key, body.encode(), digest)) if key else ''}"


def spelled(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ({"alg": "none"}, None),
        ({"alg": "None", "typ": "JWT"}, None),
        ({"alg": ""}, b""),
        ({"alg": "HS256", "typ": "JWT"}, KEY),
        ({"alg": "HS256", "kid": "../../dev/null"}, b"\x00"),
        ({"alg": "HS512"}, KEY),
        ({"alg": "RS256", "jku": "https://evil.example/keys"}, KEY),
        ({"alg": "RS256", "jwk": {"kty": "oct", "k": "AAAA"}}, b"\x00\x00\x00"),
        ({"alg": "A" * 4000}, KEY),
    ],
)
async def test_no_token_names_its_own_algorithm(
    api: Api, token: str, header: dict[str, Any], key: bytes | None
) -> None:
    """Also signed with our own key: we have one kind of token and one algorithm, and read no header."""
    assert await refuses(api, f"Bearer {jwt(header, key, token.split('.')[1])}")


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer  .",
        "Bearer ....",
        "Bearer a.b.c.d",
        f"Bearer {'a' * 201}",
        f"Bearer {'a.' * 3500}",
        "Bearer \u00e9".encode(),
        b"Bearer \xff\xfe",
        "Bearer a.\u0660.1.x".encode(),
        "Basic dXNlcjpwYXNz",
        "Digest x",
        "Negotiate",
        "bearer",
    ],
)
async def test_what_is_no_token_is_refused(api: Api, token: str, value: str | bytes) -> None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    assert await refuses(api, value)


async def test_of_several_tokens_none_counts(api: Api, token: str) -> None:
    good = f"Bearer {token}"

    assert await refuses(api, good, good)
    assert await refuses(api, good, "Bearer x")
    assert await refuses(api, "Bearer x", good)
    assert await refuses(api, f"{good}, {good}")
    assert await refuses(api, f"{good} {token}")


async def test_an_api_key_is_no_session_and_a_session_no_key(
    api: Api, token: str, connection: Connection, account: AccountId
) -> None:
    key = await plant_api_key(connection, account)

    assert await refuses(api, f"Bearer {key[:-1]}")
    for name in ("bookingd-session", "bookingd-refresh"):
        await api.get("/v1/bookings", headers={hdrs.COOKIE: f"{name}={key}"})
        assert api.status == 401


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose is not Purpose.ACCESS])
async def test_a_token_for_something_else_is_no_account(api: Api, token: str, purpose: Purpose) -> None:
    """Signed by us, about that very session."""
    ends = api.clock.now() + WEEK
    forged = api.parts.signer.sign(purpose, token.split(".")[1], expires_at=ends)

    assert await refuses(api, f"Bearer {forged}")


async def test_a_session_that_never_was_is_nobody(api: Api, token: str) -> None:
    unknown = api.parts.signer.sign(
        Purpose.ACCESS, str(api.parts.sources.ids.new()), expires_at=api.clock.now() + WEEK
    )

    assert await refuses(api, f"Bearer {unknown}")


# Keys


async def test_a_new_key_in_front_signs_nobody_out(make_api: MakeApi, api: Api) -> None:
    session = await by_password(api)
    guest = await (await api.somebody()).somebody()

    restarted = await make_api(signer=TokenSigner(NEW, OLD), accounts=api.parts.accounts)

    for client in (as_program(restarted, session), replace(restarted, token=guest.token)):
        await client.get("/v1/bookings")
        assert client.status == 200
    later = await refreshed(restarted, session["refresh_token"])
    assert restarted.status == 200
    await as_program(restarted, later).get("/v1/me")
    assert restarted.status == 200


async def test_tokens_are_made_with_the_first_key(make_api: MakeApi, api: Api) -> None:
    restarted = await make_api(signer=TokenSigner(NEW, OLD), accounts=api.parts.accounts)
    session = await by_password(restarted)
    later = await make_api(signer=TokenSigner(NEW), accounts=api.parts.accounts)

    assert not await refuses(later, f"Bearer {session['token']}")
    assert await refuses(api, f"Bearer {session['token']}"), "who has not heard of the key cannot know it"


async def test_a_key_that_was_taken_away_signs_nothing(make_api: MakeApi, api: Api, token: str) -> None:
    later = await make_api(signer=TokenSigner(NEW), accounts=api.parts.accounts)

    assert await refuses(later, f"Bearer {token}")


async def test_a_foreign_key_signs_nothing(api: Api, token: str) -> None:
    forged = TokenSigner(FOREIGN).sign(Purpose.ACCESS, token.split(".")[1], expires_at=api.clock.now() + WEEK)

    assert await refuses(api, f"Bearer {forged}")


async def test_a_lost_answer_is_made_good_also_while_keys_are_replaced(make_api: MakeApi, api: Api) -> None:
    """The next token follows from the key; with another key it is another one, and good as well."""
    session = await by_password(api)
    first = await refreshed(api, session["refresh_token"])
    restarted = await make_api(signer=TokenSigner(NEW, OLD), accounts=api.parts.accounts)

    again = await refreshed(restarted, session["refresh_token"])

    assert restarted.status == 200
    assert again["refresh_token"] != first["refresh_token"]
    await refreshed(restarted, again["refresh_token"])
    assert restarted.status == 200
