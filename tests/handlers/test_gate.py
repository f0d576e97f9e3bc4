"""P10: every address, with every role, a guest, nobody, API keys, and credentials that are none."""

import re
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import NamedTuple

import pytest
from aiohttp import hdrs

from bookingd.domain.accounts.permissions import OWN, ROLES, SCOPES, Permission, Role
from bookingd.domain.ids import AccountId
from bookingd.messages.live import AccountChanged
from bookingd.storage import bookings, sessions
from bookingd.storage.database import Connection
from bookingd.storage.sessions import Ending
from bookingd.tokens import Purpose, TokenSigner
from handlers.gate import refusals
from handlers.operations import Access
from handlers.remembered import KNOWN_FOR
from handlers.routes import ROUTES
from tests import factories
from tests.fakes.accounts import plant_account, plant_api_key, plant_app
from tests.fakes.sources import START
from tests.handlers.conftest import Api

PUBLIC, ANYBODY, SESSION, ACCOUNT, RECENT = Access

WHOM = {
    "GET /v1/flights/offers": PUBLIC,
    "GET /v1/flights/calendar": PUBLIC,
    "GET /v1/hotels/{hotel_id}": PUBLIC,
    "GET /v1/offers/{id}": PUBLIC,
    "GET /v1/places": PUBLIC,
    "GET /v1/amenities": PUBLIC,
    "GET /v1/packages/offers": PUBLIC,
    "GET /v1/packages/pair": PUBLIC,
    "GET /v1/hotels/offers": PUBLIC,
    "GET /v1/airlines": PUBLIC,
    "POST /v1/sessions": PUBLIC,
    "POST /v1/bookings": SESSION,
    "GET /v1/bookings": SESSION,
    "GET /v1/bookings/{reference}": ANYBODY,
    "GET /v1/bookings/{reference}/events": ANYBODY,
    "GET /v1/bookings/{reference}/messages": ANYBODY,
    "POST /v1/bookings/{reference}/consents": SESSION,
    "POST /v1/bookings/{reference}/cancellations": SESSION,
    "POST /v1/bookings/{reference}/access": ANYBODY,
    "POST /v1/bookings/{reference}/access/confirmations": ANYBODY,
    "GET /v1/bookings/{reference}/access-page": ANYBODY,
    "POST /v1/bookings/{reference}/access-page": ANYBODY,
    "POST /v1/bookings/{reference}/access-page/confirmations": ANYBODY,
    "POST /v1/bookings/{reference}/claims": ACCOUNT,
    "GET /v1/me/claimable-bookings": ACCOUNT,
    "GET /v1/bookings/{reference}/documents": ANYBODY,
    "GET /v1/bookings/{reference}/documents/{number}": ANYBODY,
    "POST /v1/bookings/{reference}/invoices": SESSION,
    "GET /v1/bookings/{reference}/billing": ANYBODY,
    "PUT /v1/bookings/{reference}/billing": SESSION,
    "GET /v1/gateways": PUBLIC,
    "GET /v1/bookings/{reference}/payment-options": ANYBODY,
    "POST /v1/bookings/{reference}/payments": SESSION,
    "GET /v1/bookings/{reference}/pay": ANYBODY,
    "POST /v1/bookings/{reference}/pay": ANYBODY,
    "GET /assets/{name}": PUBLIC,
    "GET /v1/bookings/{reference}/payments/{payment_id}/return": ANYBODY,
    "POST /webhooks/{gateway}": PUBLIC,
    "GET /v1/live": ANYBODY,
    "POST /v1/accounts": PUBLIC,
    "GET /v1/accounts/verifications": PUBLIC,
    "POST /v1/accounts/verifications": PUBLIC,
    "POST /v1/password-resets": PUBLIC,
    "GET /v1/password-resets/confirmations": PUBLIC,
    "POST /v1/password-resets/confirmations": PUBLIC,
    "PUT /v1/me/password": RECENT,
    "POST /v1/me/address-changes": RECENT,
    "GET /v1/me/address-changes/confirmations": PUBLIC,
    "POST /v1/me/address-changes/confirmations": ANYBODY,
    "POST /v1/sessions/refresh": PUBLIC,
    "GET /v1/sessions": ACCOUNT,
    "DELETE /v1/sessions": ACCOUNT,
    "DELETE /v1/sessions/current": ANYBODY,
    "DELETE /v1/sessions/{session_id}": ACCOUNT,
    "GET /v1/me/second-factor": ACCOUNT,
    "POST /v1/me/second-factor/totp": RECENT,
    "POST /v1/me/second-factor/totp/confirmations": RECENT,
    "DELETE /v1/me/second-factor/totp": RECENT,
    "POST /v1/me/recovery-codes": RECENT,
    "GET /v1/me/passkeys": ACCOUNT,
    "POST /v1/me/passkeys/options": RECENT,
    "POST /v1/me/passkeys": RECENT,
    "DELETE /v1/me/passkeys/{passkey_id}": RECENT,
    "POST /v1/sessions/passkey-options": PUBLIC,
    "GET /v1/me": ACCOUNT,
    "PATCH /v1/me": ACCOUNT,
    "GET /v1/me/notifications": ACCOUNT,
    "DELETE /v1/me": RECENT,
    "GET /v1/me/api-keys": ACCOUNT,
    "POST /v1/me/api-keys": RECENT,
    "DELETE /v1/me/api-keys/{key_id}": RECENT,
    "GET /v1/me/export": RECENT,
    "GET /v1/me/notification-preferences": ACCOUNT,
    "PUT /v1/me/notification-preferences": ACCOUNT,
    "GET /v1/me/payment-means": ACCOUNT,
    "DELETE /v1/me/payment-means/{means_id}": ACCOUNT,
    "GET /v1/me/travellers": ACCOUNT,
    "POST /v1/me/travellers": ACCOUNT,
    "GET /v1/me/travellers/{traveller_id}": ACCOUNT,
    "PATCH /v1/me/travellers/{traveller_id}": ACCOUNT,
    "DELETE /v1/me/travellers/{traveller_id}": ACCOUNT,
    "GET /v1/admin/accounts": Permission.ACCOUNTS_READ,
    "POST /v1/admin/accounts/searches": Permission.ACCOUNTS_READ,
    "GET /v1/admin/accounts/{account_id}": Permission.ACCOUNTS_READ,
    "PUT /v1/admin/accounts/{account_id}/roles": Permission.ROLES_GRANT,
    "POST /v1/admin/accounts/{account_id}/suspensions": Permission.ACCOUNTS_MANAGE,
    "DELETE /v1/admin/accounts/{account_id}/suspensions/current": Permission.ACCOUNTS_MANAGE,
    "POST /v1/admin/accounts/{account_id}/second-factor-resets": Permission.ACCOUNTS_MANAGE,
    "GET /v1/pictures/{picture_id}/{width}": PUBLIC,
    "POST /v1/admin/bookings/{reference}/receipts": Permission.PAYMENTS_RECORD,
    "GET /v1/admin/bookings/{reference}/payments": Permission.BOOKINGS_READ,
    "POST /v1/admin/bookings/{reference}/refunds": Permission.REFUND,
    "POST /v1/admin/refunds/{refund_id}/settlements": Permission.PAYMENTS_RECORD,
    "GET /v1/admin/payouts": Permission.PAYMENTS_RECORD,
    "POST /v1/admin/payouts/{payout_id}/settlements": Permission.PAYMENTS_RECORD,
    "GET /v1/admin/accounts/{account_id}/credit-line": Permission.CREDIT,
    "PUT /v1/admin/accounts/{account_id}/credit-line": Permission.CREDIT,
    "POST /v1/admin/accounts/{account_id}/credit-settlements": Permission.CREDIT,
    "GET /v1/admin/hotels/{hotel_id}/pictures": Permission.INVENTORY,
    "POST /v1/admin/hotels/{hotel_id}/pictures": Permission.INVENTORY,
    "PATCH /v1/admin/hotels/{hotel_id}/pictures/{picture_id}": Permission.INVENTORY,
    "DELETE /v1/admin/hotels/{hotel_id}/pictures/{picture_id}": Permission.INVENTORY,
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /openapi.json": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /problems/{slug}": PUBLIC,
}
"""Whom every address is for, written down a second time: who adds or opens one has thought of it twice."""


class Walker(NamedTuple):
    """Somebody who tries every door."""

    api: Api
    passes: frozenset[Access | Permission]


PARTING = {"DELETE /v1/sessions/current"}
"""Doors that are tried last: whoever has gone through one is nobody any more."""

NOWHERE = {"id": "of_none", "reference": "ABCDEF"}
"""What stands in an address for what is not there, where it has a form of its own."""

BODIES: dict[str, object] = {
    "consents": {"total": {"amount": 1, "currency": "EUR"}},
    "cancellations": {},
    "claims": {},
    "invoices": {},
    "billing": {"name": "Mallory", "address_lines": ["1"], "city": "X", "country": "DE"},
    "payments": {"gateway": "fake", "payment_method": "pm_x"},
    "pay": {},
}


def somewhere(path: str) -> str:
    """An address of that form where nothing is."""
    return re.sub(r"{(\w+)}", lambda found: NOWHERE.get(found[1], "none"), path)


def test_every_address_is_for_whom_it_was_thought_to_be() -> None:
    assert {f"{route.method} {route.path}": route.operation.access for route in ROUTES} == WHOM


async def keep_busy(connection: Connection, account: AccountId, number: int) -> None:
    """It has a booking under way, so that going through the door where one is forgotten forgets nobody."""
    busy = factories.booking(number, owner=f"account:{account}")
    await bookings.insert(connection, bookings=[factories.new_booking(busy)], now=START)


@pytest.fixture
async def walkers(api: Api, connection: Connection) -> dict[str, Walker]:
    """Everybody whom doors tell apart, each with the kinds of doors that open to them.

    Each has an account of their own: one of the doors signs out everywhere else.
    """
    anybody = frozenset({PUBLIC, ANYBODY})
    found = {
        "nobody": Walker(api.nobody(), anybody),
        "guest": Walker(api, anybody | {SESSION}),
    }
    ages = {"fresh": timedelta(), "stale": timedelta(hours=1)}
    for number, (role, second_factor, age) in enumerate(product(Role, (False, True), ages), start=101):
        account = await plant_account(connection, number, role)
        await keep_busy(connection, account, number)
        someone = await api.signed_in(account, second_factor=second_factor, proved=ages[age])
        may = ROLES[role].permissions if second_factor else OWN
        closed = {RECENT} if age == "stale" else set()
        found[f"{role}, {second_factor}, {age}"] = Walker(someone, may | set(Access) - closed)
    return found


@pytest.fixture
async def programs(api: Api, connection: Connection) -> dict[str, Walker]:
    """Every sort of API key: of each role with all scopes, with few, and those that are good no longer."""
    anybody = frozenset({PUBLIC, ANYBODY})
    found: dict[str, Walker] = {}
    for number, role in enumerate(Role, start=11):
        account = await plant_account(connection, number, role)
        await plant_app(connection, account)
        key = await plant_api_key(connection, account, number)
        passes = anybody | {SESSION} | ROLES[role].permissions & SCOPES
        found[f"key of {role}"] = Walker(replace(api, token=key), passes)
    bare = await plant_account(connection, 20, *Role)
    key = await plant_api_key(connection, bare, 20)
    found["key of staff without a second factor"] = Walker(replace(api, token=key), anybody | {SESSION})
    account = await plant_account(connection, 21, Role.AUDITOR)
    await plant_app(connection, account)
    narrow = await plant_api_key(connection, account, 21, scopes={Permission.AUDIT_READ})
    found["key of an auditor for one thing"] = Walker(
        replace(api, token=narrow), anybody | {Permission.AUDIT_READ}
    )
    suspended = await plant_account(connection, 24, state="suspended")
    overs = {
        "expired": await plant_api_key(connection, account, 22, expires_at=api.clock.now()),
        "revoked": await plant_api_key(connection, account, 23),
        "suspended": await plant_api_key(connection, suspended, 24),
        "foreign": key[:-1] + ("0" if key[-1] != "0" else "1"),
        "unknown": f"bkd_{'0' * 32}_{'0' * 64}",
    }
    await connection.execute("UPDATE api_keys SET revoked_at = created_at WHERE name = 'Key 23'")
    return found | {name: Walker(replace(api, token=key), frozenset({PUBLIC})) for name, key in overs.items()}


async def test_every_door_opens_to_those_whom_it_is_for_and_to_nobody_else(
    walkers: dict[str, Walker], programs: dict[str, Walker]
) -> None:
    wrong = []
    for route in sorted(ROUTES, key=lambda route: f"{route.method} {route.path}" in PARTING):
        path = somewhere(route.path)
        for name, walker in (walkers | programs).items():
            told = await walker.api.ask(route.method, path)
            slug = told.get("type", "").removeprefix("/problems/") if isinstance(told, dict) else ""
            opened = slug not in refusals(RECENT) and slug != "second-factor-needed"
            if opened is not (route.operation.access in walker.passes):
                wrong.append(f"{route.method} {path}: {name}: {walker.api.status} {slug}")
    assert wrong == []


async def test_a_strangers_booking_is_not_there(api: Api, stranger: Api, connection: Connection) -> None:
    """One answer for what is not there and what is not theirs, at every address of a booking."""
    booking = await api.booked()
    account = await api.signed_in(await plant_account(connection))
    for somebody in (api.nobody(), stranger, account):
        for name, access in WHOM.items():
            method, path = name.split(" ")
            if "{reference}" not in path or (access is SESSION and not somebody.token):
                continue
            if "/access" in path:  # answers alike for whatever reference
                continue
            if path.startswith("/v1/admin/"):  # closed to them, whatever the reference: see above
                continue
            if access is ACCOUNT and somebody is not account:
                continue
            json = None if method == "GET" else BODIES[path.rpartition("/")[2]]
            headers = {"Idempotency-Key": "once"}
            for reference in (booking.reference, "ABCDEF"):
                where = path.format(reference=reference, payment_id=booking.id, number="INV-2026-000001")
                await somebody.ask(method, where, json=json, headers=headers)
                assert somebody.status == 404, f"{method} {where}"


async def test_staff_open_everybodys_booking(api: Api, connection: Connection) -> None:
    booking = await api.booked()
    auditor = await plant_account(connection, 1, Role.AUDITOR)

    shown = await (reader := await api.signed_in(auditor, second_factor=True)).get(
        f"/v1/bookings/{booking.reference}"
    )
    await (weak := await api.signed_in(auditor)).get(f"/v1/bookings/{booking.reference}")

    assert (reader.status, shown["reference"], weak.status) == (200, booking.reference, 404)


async def test_what_an_agent_does_is_done_in_the_agents_name(api: Api, connection: Connection) -> None:
    booking = await api.booked()
    agent = await api.signed_in(await plant_account(connection, 1, Role.AGENT), second_factor=True)

    await agent.post(f"/v1/bookings/{booking.reference}/cancellations", {})

    assert agent.status == 202
    async with api.parts.database.connection() as reading:
        bundles = await reading.fetch("SELECT bundle FROM outbox")
    assert any(agent.principal.encode() in row["bundle"] for row in bundles)


async def test_an_accounts_bookings_are_its_own(api: Api, connection: Connection) -> None:
    account = await plant_account(connection)
    here, there = await api.signed_in(account), await api.signed_in(account)

    made = await here.book()

    assert [one["reference"] for one in (await there.get("/v1/bookings"))["bookings"]] == [made["reference"]]


# Credentials that are none


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c.d",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.AAAA",
        "bkd_0_0",
        "bkd_",
        "a" * 8_000,
    ],
)
async def test_a_token_that_is_none_of_ours_is_refused(api: Api, token: str) -> None:
    problem = await api.nobody().get("/v1/bookings", headers={hdrs.AUTHORIZATION: f"Bearer {token}"})

    assert problem["type"] == "/problems/session-required"


@pytest.mark.parametrize("purpose", [one for one in Purpose if one not in {Purpose.GUEST, Purpose.ACCESS}])
async def test_a_token_of_another_purpose_is_no_session(
    api: Api, connection: Connection, purpose: Purpose
) -> None:
    signed_in = await api.signed_in(await plant_account(connection))
    assert signed_in.token is not None
    subject = signed_in.token.split(".")[1]
    token = api.parts.signer.sign(purpose, subject, expires_at=api.clock.now() + timedelta(hours=1))

    problem = await api.nobody().get("/v1/bookings", headers={hdrs.AUTHORIZATION: f"Bearer {token}"})

    assert problem["type"] == "/problems/session-required"


async def test_a_token_signed_by_somebody_else_is_refused(api: Api, connection: Connection) -> None:
    signed_in = await api.signed_in(await plant_account(connection))
    assert signed_in.token is not None
    forged = TokenSigner(b"f" * 32).sign(
        Purpose.ACCESS, signed_in.token.split(".")[1], expires_at=api.clock.now() + timedelta(hours=1)
    )

    problem = await api.nobody().get("/v1/bookings", headers={hdrs.AUTHORIZATION: f"Bearer {forged}"})

    assert problem["type"] == "/problems/session-required"


async def test_an_access_token_is_good_for_a_while(api: Api, connection: Connection) -> None:
    signed_in = await api.signed_in(await plant_account(connection))
    api.clock.advance(timedelta(minutes=10))

    await signed_in.get("/v1/bookings")

    assert signed_in.status == 401


async def test_a_cookie_and_a_bearer_token_are_the_bearers(api: Api, connection: Connection) -> None:
    """A page of ours in a browser that a program drives: what was set on purpose counts."""
    signed_in = await api.signed_in(await plant_account(connection))
    made = await signed_in.book()

    listed = await signed_in.get("/v1/bookings", headers={hdrs.COOKIE: f"bookingd-session={api.token}"})

    assert [one["reference"] for one in listed["bookings"]] == [made["reference"]]


# Sessions that end


async def test_a_session_that_ended_is_nobodys_at_once(api: Api, connection: Connection) -> None:
    account = await plant_account(connection)
    signed_in = await api.signed_in(account)
    await signed_in.get("/v1/bookings")

    await sessions.end_all(connection, account=account, because=Ending.REVOKED, now=api.clock.now())
    api.bus.notify([AccountChanged(account_id=account)])
    await signed_in.get("/v1/bookings")

    assert signed_in.status == 401


async def test_where_the_notice_got_lost_it_is_believed_for_a_moment_only(
    api: Api, connection: Connection
) -> None:
    account = await plant_account(connection)
    signed_in = await api.signed_in(account)
    await signed_in.get("/v1/bookings")
    await sessions.end_all(connection, account=account, because=Ending.REVOKED, now=api.clock.now())
    await signed_in.get("/v1/bookings")
    assert signed_in.status == 200

    api.clock.advance(timedelta(seconds=KNOWN_FOR))
    await signed_in.get("/v1/bookings")

    assert signed_in.status == 401


async def test_another_accounts_change_ends_nobody_elses_session(api: Api, connection: Connection) -> None:
    signed_in = await api.signed_in(await plant_account(connection))
    api.bus.notify([AccountChanged(account_id=AccountId(api.parts.sources.ids.new()))])

    await signed_in.get("/v1/bookings")

    assert signed_in.status == 200


async def test_a_websocket_of_an_account_that_changed_is_closed(api: Api, connection: Connection) -> None:
    account = await plant_account(connection)
    signed_in = await api.signed_in(account)
    headers = {hdrs.AUTHORIZATION: f"Bearer {signed_in.token}"}
    async with api.client.ws_connect("/v1/live", headers=headers) as socket:
        api.bus.notify([AccountChanged(account_id=account)])
        await socket.receive(timeout=5)

        assert socket.close_code == 4001
