"""What an account takes along: everything that is kept of it, and no secret."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bookingd.domain.audit import AuditEntry, Subject
from bookingd.domain.documents.document import Party
from bookingd.domain.ids import AccountId
from bookingd.storage import audit, notifications
from bookingd.storage.database import Connection
from bookingd.storage.notifications import Attempt, NotificationKey
from tests.fakes.accounts import plant_account, plant_api_key
from tests.fakes.documents import plant_invoice
from tests.fakes.inventory import plant_world
from tests.handlers.accounts.belongings import ADDRESS, Rich, plant_rich_account, texts
from tests.handlers.accounts.mailroom import found_out
from tests.handlers.accounts.test_travellers import OLGA, TRAVELLERS
from tests.handlers.conftest import CONTACT, Api, MakeApi
from tests.handlers.test_openapi import check

EXPORT = "/v1/me/export"


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection)


@pytest.fixture
async def api(make_api: MakeApi, owner_connection: Connection) -> Api:
    await plant_world(owner_connection)
    return await make_api()


@pytest.fixture
async def rich(api: Api, connection: Connection, account: AccountId) -> Rich:
    return await plant_rich_account(api, connection, account)


async def test_documents_are_in_it_and_whom_they_are_for(rich: Rich) -> None:
    api, billing = rich.api, {"name": "Ольга", "address_lines": ["1"], "city": "Berlin", "country": "DE"}
    await api.ask("PUT", f"/v1/bookings/{rich.reference}/billing", json=billing)
    booking = await api.stored(rich.reference)
    await plant_invoice(
        api.parts.database, api.parts.sources, booking, Party(name="Olga Ivanova"), now=api.clock.now()
    )

    (booked,) = (await api.get(EXPORT))["bookings"]

    assert booked["billing"]["name"] == "Ольга"
    assert [(one["number"], one["addressee"]["name"]) for one in booked["documents"]] == [
        ("INV-2026-000001", "Olga Ivanova")
    ]


async def entries(api: Api) -> list[tuple[str, Any]]:
    """What the file has of the audit trail, the oldest first."""
    return [(one["action"], one["details"]) for one in (await api.get(EXPORT))["audit"]]


async def test_everything_is_in_it(rich: Rich) -> None:
    told = await rich.api.get(EXPORT)

    assert rich.api.status == 200, told
    assert told["profile"]["email"] == ADDRESS
    assert [one["documents"][0]["number"] for one in told["travellers"]] == ["C01X00T47"]
    assert told["travellers"][0]["loyalty"][0]["number"] == "9922201"
    assert told["notification_preferences"]["sms_number"] == "+4930123456"
    assert [one["client_address"] for one in told["sessions"]] == ["192.0.2.7"]
    assert [one["name"] for one in told["second_factors"]["passkeys"]] == ["Olga's telephone"]
    assert [one["name"] for one in told["api_keys"]] == ["Olga's program"]
    assert [one["address"] for one in told["links"]] == ["Olga@other.example"]
    assert [(one["kind"], one["recipient"]) for one in told["messages"]] == [("password_changed", ADDRESS)]
    (booked,) = told["bookings"]
    assert booked["booking"]["passengers"][0]["born"] == OLGA["born"]
    assert booked["booking"]["contact"]["phone"] == "+4930999999"
    assert [one["refunds"][0]["amount"]["amount"] for one in booked["payments"]] == [500]
    assert [one["kind"] for one in booked["messages"]] == ["confirmed"]
    assert booked["events"]


async def test_what_the_audit_trail_says_is_in_it_with_what_is_kept_apart(rich: Rich) -> None:
    told = await rich.api.get(EXPORT)

    by_action = {one["action"]: one for one in told["audit"]}
    requested = by_action["booking.requested"]
    assert (requested["by"], requested["personal"]["email"]) == ("you", ADDRESS)
    assert requested["personal"]["travellers"] == ["Olga Ivanova"]
    assert by_action["account.traveller_added"]["about"] == f"account/{rich.account}"


async def test_it_is_a_file_of_the_day(rich: Rich) -> None:
    await rich.api.get(EXPORT)

    assert rich.api.headers["Content-Disposition"] == (
        'attachment; filename="bookingd-account-2026-11-22.json"'
    )
    assert rich.api.headers["Cache-Control"] == "no-store"


async def test_no_secret_is_in_it(rich: Rich) -> None:
    told = texts(await rich.api.get(EXPORT))

    assert [secret for secret in rich.secrets if secret in told] == []
    assert rich.api.token is not None
    assert rich.api.token not in told


async def test_who_asks_again_and_again_has_to_wait(rich: Rich) -> None:
    """Each time all that is kept is gathered, and everybody else waits for a part of that."""
    statuses = []
    for _ in range(7):
        await rich.api.get(EXPORT)
        statuses.append(rich.api.status)

    assert statuses == [200] * 5 + [429] * 2


async def test_it_is_as_described(rich: Rich) -> None:
    document = await rich.api.get("/openapi.json")

    told = await rich.api.get(EXPORT)

    check(document, rich.api, "GET", EXPORT, told)


async def test_nothing_of_anybody_else_is_in_it(rich: Rich, connection: Connection) -> None:
    other = await rich.api.signed_in(await plant_account(connection, 2))
    await other.post(TRAVELLERS, {**OLGA, "name": "Кирилл"})
    await other.book()

    told = await other.get(EXPORT)
    mine = await rich.api.get(EXPORT)

    assert ADDRESS not in texts(told)
    assert "Кирилл" not in texts(mine)
    assert len(mine["bookings"]) == 1


async def test_a_stranger_who_was_refused_is_not_called_staff(rich: Rich, connection: Connection) -> None:
    stranger = await rich.api.signed_in(await plant_account(connection, 2))
    await stranger.get(f"/v1/bookings/{rich.reference}")
    assert stranger.status == 404

    told = await rich.api.get(EXPORT)

    assert [one["by"] for one in told["audit"] if one["action"] == "access.refused"] == ["another account"]
    assert stranger.principal.removeprefix("account:") not in texts(told)


async def test_staff_are_named_as_staff(rich: Rich, connection: Connection) -> None:
    entry = AuditEntry(
        id=rich.api.parts.sources.ids.new(),
        at=rich.api.clock.now(),
        principal="operator:mallory",
        action="booking.read",
        subject=Subject.of("booking", rich.booking_id),
        correlation_id=rich.api.parts.sources.ids.new(),
    )
    await audit.record(connection, [entry])

    told = await rich.api.get(EXPORT)

    assert [one["by"] for one in told["audit"] if one["action"] == "booking.read"] == ["staff"]
    assert "mallory" not in texts(told)


async def test_what_a_key_did_with_what_is_its_owners_is_named_as_its(
    rich: Rich, connection: Connection
) -> None:
    shown = await plant_api_key(connection, rich.account, 7)
    program = replace(rich.api, token=shown)
    await program.book()

    told = await rich.api.get(EXPORT)

    assert [one["action"] for one in told["audit"] if one["by"] == "your API key"] == ["booking.requested"]


async def test_nobody_learns_by_it_which_bookings_there_are_and_whose(rich: Rich) -> None:
    """What no answer tells stands in the trail under who asked; the file is no way around that."""
    stranger = await (await rich.api.somebody()).booked()
    email, told, before = CONTACT["email"], [], await entries(rich.api)
    for reference, address in (
        (stranger.reference, email),
        (stranger.reference, "not-theirs@mail.example"),
        ("ZZZZZZ", email),
    ):
        await rich.api.get(f"/v1/bookings/{reference}")
        await rich.api.post(f"/v1/bookings/{reference}/claims", {})
        assert rich.api.status == 404
        await rich.api.post(f"/v1/bookings/{reference}/access", {"email": address})
        assert rich.api.status == 202
        await found_out(rich.api)
        after = await entries(rich.api)
        told.append(after[len(before) :])
        before = after

    assert told == [[("account.exported", {})]] * 3


async def test_nobody_learns_by_it_who_has_an_account(
    api: Api, account: AccountId, connection: Connection
) -> None:
    await plant_account(connection, 2, address="known@mail.example")
    await connection.execute("UPDATE accounts SET password = 'one'")
    owner, told = await api.signed_in(account), []
    for email in ("known@mail.example", "unknown@mail.example"):
        before = await entries(owner)
        await owner.post("/v1/me/address-changes", {"email": email})
        assert owner.status == 202
        await found_out(owner)
        told.append((await entries(owner))[len(before) :])

    assert told == [[("account.exported", {}), ("account.address_change_asked", {})]] * 2


async def test_it_does_not_tell_whether_a_link_went_to_a_wanted_address(
    rich: Rich, connection: Connection
) -> None:
    """None goes to one that has an account."""
    key = NotificationKey(account_id=rich.account, kind="address_confirm", occasion="1")
    attempt = Attempt(key=key, recipient="unknown@mail.example", message_id="<1@mail.example>", repeat=False)
    await notifications.begin(connection, attempts=[attempt], channel="email", now=rich.api.clock.now())
    entry = AuditEntry(
        id=rich.api.parts.sources.ids.new(),
        at=rich.api.clock.now(),
        principal="system",
        action="notification.sent",
        subject=key.subject,
        correlation_id=rich.api.parts.sources.ids.new(),
        details={"kind": key.kind, "channel": "email", "told": "<1@mail.example>"},
    )
    await audit.record(connection, [entry])

    told = await rich.api.get(EXPORT)

    assert [one["kind"] for one in told["messages"]] == ["password_changed"]
    assert "address_confirm" not in texts(told)


async def test_that_it_was_taken_is_written_down(rich: Rich, connection: Connection) -> None:
    await rich.api.get(EXPORT)

    written = "SELECT principal FROM audit_entries WHERE action = 'account.exported'"
    assert await connection.fetchval(written) == f"account:{rich.account}"


@pytest.mark.parametrize("who", ["a guest", "nobody", "who signed in an hour ago"])
async def test_it_is_for_its_owner_who_has_just_shown_it(rich: Rich, who: str) -> None:
    other = {
        "a guest": rich.api.somebody,
        "nobody": _nobody(rich),
        "who signed in an hour ago": _stale(rich),
    }[who]
    api = await other()

    told = await api.get(EXPORT)

    assert api.status in {401, 403}
    assert ADDRESS not in texts(told)


def _nobody(rich: Rich) -> Any:
    async def nobody() -> Api:
        return rich.api.nobody()

    return nobody


def _stale(rich: Rich) -> Any:
    async def stale() -> Api:
        return await rich.api.signed_in(rich.account, second_factor=True, proved=timedelta(hours=1))

    return stale
