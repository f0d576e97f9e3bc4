"""Whoever guesses waits longer each time; whoever the account belongs to is not locked out by that."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis, FakeServer

from bookingd.config import Settings
from bookingd.config.sections import Server
from bookingd.config.sections import Throttle as Figures
from bookingd.domain.ids import AccountId
from bookingd.security.throttle import Throttle
from bookingd.storage.database import Connection
from tests.fakes.accounts import plant_account
from tests.handlers.accounts.signing import (
    ADDRESS,
    PASSWORD,
    by_password,
    code_now,
    give_app,
    give_password,
    with_more,
)
from tests.handlers.accounts.test_signing_in import signed, with_passkey
from tests.handlers.conftest import PUBLIC, Api, MakeApi

WRONG = "another sentence altogether"
FREE = Figures().tries_at_account
ENEMY, OWNER = "203.0.113.9", "198.51.100.7"


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection)


@pytest.fixture
async def api(make_api: MakeApi, connection: Connection, account: AccountId) -> Api:
    """Behind a proxy that is believed about who came to it."""
    settings = Settings(public_url=PUBLIC, server=Server(trusted_proxies=("127.0.0.1",)))
    made = await make_api(settings=settings)
    await give_password(made, connection, account, PASSWORD)
    return made


async def wrong(api: Api, email: str = ADDRESS, address: str = ENEMY) -> Any:
    return await by_password(api, email, WRONG, **{"X-Forwarded-For": address})


async def right(api: Api, address: str = OWNER) -> Any:
    return await by_password(api, **{"X-Forwarded-For": address})


async def until_slowed(api: Api, email: str = ADDRESS) -> int:
    """How many wrong tries it takes."""
    for tried in range(1, 50):
        await wrong(api, email)
        if api.status == 429:
            return tried - 1
        assert api.status == 401
    raise AssertionError("nothing slows the enemy down")


async def test_each_wrong_try_after_the_first_few_has_to_wait_longer(api: Api) -> None:
    assert await until_slowed(api) == FREE
    waits = []
    for _ in range(5):
        answer = await wrong(api)
        assert (api.status, answer["type"]) == (429, "/problems/too-many-attempts")
        waits.append(int(api.headers["Retry-After"]))
        api.clock.advance(timedelta(seconds=waits[-1]))
        await wrong(api)
        assert api.status == 401

    assert waits == [1, 2, 4, 8, 16]


async def test_known_and_unknown_addresses_are_slowed_alike(api: Api) -> None:
    assert await until_slowed(api) == await until_slowed(api, "nobody@mail.example")
    assert await until_slowed(api, "not an address") == FREE


async def test_a_try_that_comes_too_early_is_not_looked_at(api: Api, account: AccountId) -> None:
    await until_slowed(api)

    await by_password(api, **{"X-Forwarded-For": ENEMY})

    assert (api.status, await api.count("sessions")) == (429, 0)


async def test_the_owner_elsewhere_is_not_locked_out(api: Api, account: AccountId) -> None:
    await until_slowed(api)
    for _ in range(20):
        await wrong(api)

    await right(api)

    assert api.status == 201


async def test_whoever_was_right_begins_anew(api: Api) -> None:
    for _ in range(3 * FREE):
        await wrong(api, address=OWNER)
        await right(api)
        assert api.status == 201


async def test_a_network_is_slowed_at_whatever_it_guesses(api: Api) -> None:
    """One password tried at many accounts."""
    for number in range(Figures().tries_from_network):
        await wrong(api, f"victim-{number}@mail.example")
        assert api.status == 401

    await wrong(api, "one-more@mail.example")
    assert api.status == 429
    await wrong(api, "one-more@mail.example", address=OWNER)
    assert api.status == 401


async def test_an_enemy_who_is_everywhere_costs_the_owner_seconds(api: Api) -> None:
    for number in range(Figures().tries_from_anywhere + 20):
        await wrong(api, address=f"10.{number // 250}.{number % 250}.1")
        api.clock.advance(timedelta(seconds=31))

    await right(api)

    assert api.status == 201 or int(api.headers["Retry-After"]) <= 30


async def test_a_second_factor_that_was_right_leaves_no_try_behind(
    api: Api, account: AccountId, connection: Connection
) -> None:
    """Or whoever has one would be slowed for signing in often."""
    await give_app(api, connection, account)
    for _ in range(3 * FREE):
        needed = await by_password(api)
        assert api.status == 202
        await with_more(api, needed, code=code_now(api))
        assert api.status == 201
        api.clock.advance(timedelta(seconds=60))


async def test_a_password_that_is_right_does_not_clear_the_way_for_guessing_codes(
    api: Api, account: AccountId, connection: Connection
) -> None:
    await give_app(api, connection, account)
    tries = 0
    for _ in range(2 * FREE):
        needed = await by_password(api)
        if api.status == 429:
            break
        await with_more(api, needed, code="000000")
        tries += 1

    assert tries == FREE


async def test_codes_are_not_guessed_faster_from_everywhere(
    api: Api, account: AccountId, connection: Connection
) -> None:
    """Whoever has the password has many networks too: without this a code is found within days."""
    await give_app(api, connection, account)
    statuses = []
    for number in range(2 * FREE):
        needed = await by_password(api, **{"X-Forwarded-For": f"10.0.{number}.1"})
        assert api.status == 202
        shown = {"kind": "second_factor", "sign_in": needed["sign_in"], "code": "000000"}
        elsewhere = {"X-Forwarded-For": f"10.1.{number}.1"}
        await api.ask("POST", "/v1/sessions", json=shown, headers=elsewhere)
        statuses.append(api.status)

    assert statuses == [401] * FREE + [429] * FREE


VICTIM = "victim@mail.example"
MAILS = {
    "/v1/accounts": {"email": VICTIM, "password": "what Mallory would like", "name": "Mallory"},
    "/v1/password-resets": {"email": VICTIM},
    "/v1/bookings/ZZZZZZ/access": {"email": VICTIM},
}


async def from_everywhere(api: Api, path: str) -> list[int]:
    """What many networks are answered that want the same."""
    statuses = []
    for number in range(2 * FREE):
        elsewhere = {"X-Forwarded-For": f"10.0.{number}.1"}
        await api.ask("POST", path, json=MAILS[path], headers=elsewhere)
        statuses.append(api.status)
    return statuses


@pytest.mark.parametrize("path", MAILS)
async def test_nobodys_mailbox_is_filled_from_everywhere(api: Api, path: str) -> None:
    assert await from_everywhere(api, path) == [202] * FREE + [429] * FREE


async def test_nobody_is_kept_from_a_link_by_what_sends_them_none(api: Api) -> None:
    """Whoever is kept waiting gets, by that, the very link they want."""
    for path in ("/v1/accounts", "/v1/bookings/ZZZZZZ/access"):
        await from_everywhere(api, path)

    await api.post("/v1/password-resets", {"email": VICTIM})

    assert api.status == 202


async def test_a_passkey_that_was_right_leaves_no_try_behind(
    api: Api, account: AccountId, connection: Connection
) -> None:
    """An office signs in from one address."""
    authenticator = await with_passkey(api, await by_password(api))
    for _ in range(Figures().tries_from_network + 5):
        await api.post("/v1/sessions", {"kind": "passkey", "passkey": await signed(api, authenticator)})
        assert api.status == 201


async def test_wrong_passkeys_slow_their_network(api: Api) -> None:
    for _ in range(Figures().tries_from_network):
        await api.post("/v1/sessions", {"kind": "passkey", "passkey": {}})
        assert api.status == 401

    await api.post("/v1/sessions", {"kind": "passkey", "passkey": {}})

    assert api.status == 429


async def test_without_redis_each_process_slows_by_itself(
    make_api: MakeApi, api: Api, account: AccountId
) -> None:
    """P12: neither open to guessers nor closed to owners."""
    server = FakeServer()
    server.connected = False
    throttle = Throttle(FakeAsyncRedis(server=server), clock=api.clock, forget=timedelta(hours=1), budget=5.0)
    alone = await make_api(
        settings=api.parts.settings, accounts=replace(api.parts.accounts, throttle=throttle)
    )

    assert await until_slowed(alone) == FREE

    await right(alone)
    assert alone.status == 201


async def test_processes_count_together(make_api: MakeApi, api: Api) -> None:
    other = await make_api(settings=api.parts.settings, accounts=api.parts.accounts)
    for number in range(FREE):
        await wrong((api, other)[number % 2])

    await wrong(other)

    assert other.status == 429


async def test_sign_ins_that_were_never_begun_slow_their_network(api: Api) -> None:
    """Each refusal is written into the audit trail: nobody may fill that."""
    for _ in range(Figures().tries_from_network):
        await with_more(api, {"sign_in": "s.x.1.y"}, code="123456")
        assert api.status == 401

    await with_more(api, {"sign_in": "s.x.1.y"}, code="123456")

    assert api.status == 429


@pytest.mark.parametrize("proxies", [(), ("127.0.0.1",)])
async def test_forged_hops_are_one_client_for_the_throttle(
    make_api: MakeApi, connection: Connection, account: AccountId, proxies: tuple[str, ...]
) -> None:
    """The last hop is the proxy's own; what stands before it anybody can write."""
    settings = Settings(public_url=PUBLIC, server=Server(trusted_proxies=proxies))
    api = await make_api(settings=settings)
    for number in range(FREE):
        await wrong(api, address=f"10.0.0.{number}, {ENEMY}" if proxies else f"10.0.0.{number}")

    await wrong(api, address=f"10.9.9.9, {ENEMY}" if proxies else "10.9.9.9")

    assert api.status == 429
