"""An account is forgotten: every table of the database is searched for what it was."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.booking.state import BookingState, PaymentState
from bookingd.domain.documents.document import Party
from bookingd.domain.ids import AccountId
from bookingd.storage import bookings, documents, payment_means
from bookingd.storage.database import Connection, Database
from bookingd.storage.payments import PaymentStatus
from tests import factories
from tests.fakes.accounts import plant_account
from tests.fakes.documents import plant_invoice
from tests.fakes.inventory import plant_world
from tests.handlers.accounts.belongings import ADDRESS, Rich, plant_rich_account
from tests.handlers.accounts.test_travellers import OLGA, TRAVELLERS
from tests.handlers.accounts.waiting import until_waiting
from tests.handlers.conftest import Api, MakeApi
from tests.storage.audit_trail import Trail

ME = "/v1/me"

AFTER_THE_TRIP = timedelta(days=30)

TRACES = ("olga", "ivanova", "ольга", "4930123456", "4930999999", "1985-03-07", "192.0.2.7", "c01x00t47")
"""What was personal of the account that is planted, in small letters."""


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection)


@pytest.fixture
async def api(make_api: MakeApi, owner_connection: Connection) -> Api:
    await plant_world(owner_connection)
    return await make_api()


@pytest.fixture
async def rich(api: Api, connection: Connection, account: AccountId) -> Rich:
    """Somebody who has been on a trip, and signs in again after it."""
    rich = await plant_rich_account(api, connection, account)
    api.clock.advance(AFTER_THE_TRIP)
    return replace(rich, api=await api.signed_in(account, second_factor=True))


async def everything(owner: Connection) -> dict[str, str]:
    """Every table with its rows as one text in small letters; bytes are read as text where they are one."""
    tables = await owner.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class AS c"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
    )
    return {table["name"]: await _rows(owner, table["name"]) for table in tables}


async def _rows(owner: Connection, table: str) -> str:
    rows = await owner.fetch(f"SELECT * FROM {table}")
    return "\n".join(_text(value) for row in rows for value in row.values()).lower()


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


async def traces(owner: Connection) -> dict[str, set[str]]:
    """In which tables something of the account can be found, and what."""
    return {
        table: found
        for table, text in (await everything(owner)).items()
        if (found := {trace for trace in TRACES if trace in text})
    }


async def test_no_table_knows_the_account_any_more(rich: Rich, owner_connection: Connection) -> None:
    before = await traces(owner_connection)
    assert {"accounts", "travellers", "notifications", "booking_contacts", "proofs"} <= before.keys()

    await rich.api.ask("DELETE", ME)

    assert rich.api.status == 204
    assert await traces(owner_connection) == {"booking_payers": {"olga", "ivanova"}}


async def test_bookings_keep_what_tax_law_wants(rich: Rich, connection: Connection) -> None:
    lifecycle = "SELECT lifecycle::text FROM bookings"
    before = [await connection.fetchval(lifecycle), await connection.fetch("SELECT * FROM payments")]

    await rich.api.ask("DELETE", ME)

    assert [await connection.fetchval(lifecycle), await connection.fetch("SELECT * FROM payments")] == before
    payer = await connection.fetchrow("SELECT * FROM booking_payers")
    assert payer is not None
    assert (payer["booking_id"], payer["name"]) == (rich.booking_id, "Olga Ivanova")
    assert payer["paid_on"] == date(2026, 11, 22)
    view = await bookings.by_id(connection, booking_id=rich.booking_id)
    assert (view.contact, view.booking.reference) == (None, rich.reference)


async def test_means_of_payment_are_forgotten_with_their_holder(
    rich: Rich, account: AccountId, connection: Connection, owner_connection: Connection
) -> None:
    owner = f"account:{account}"
    await connection.execute("INSERT INTO gateway_customers VALUES ($1, 'fake', 'cus_olga')", owner)
    await connection.execute(
        "UPDATE payments SET owner = $1, consent = 'v1', means_label = 'PayPal olga',"
        " means_fingerprint = 'fp_olga'",
        owner,
    )
    await connection.execute(
        "INSERT INTO payment_means (payment_id, booking_id, owner, gateway, customer, token, kind, label,"
        " fingerprint, consent_at, consent_version) SELECT id, booking_id, owner, gateway, 'cus_olga',"
        " 'pm_olga', 'paypal', 'PayPal olga', 'fp_olga', created_at, 'v1' FROM payments"
    )

    await rich.api.ask("DELETE", ME)

    assert rich.api.status == 204
    assert await traces(owner_connection) == {"booking_payers": {"olga", "ivanova"}}
    assert await payment_means.of_owner(connection, owner=owner) == []


async def test_documents_keep_whom_they_are_for_and_nothing_else_does(
    rich: Rich, connection: Connection, owner_connection: Connection
) -> None:
    """The law wants an invoice to name its customer for years; whom to invoice next nobody needs to know."""
    billing = {"name": "Olga Ivanova", "address_lines": ["Ulitsa 1"], "city": "Berlin", "country": "DE"}
    await rich.api.ask("PUT", f"/v1/bookings/{rich.reference}/billing", json=billing)
    assert rich.api.status == 200
    parts, booking = rich.api.parts, await rich.api.stored(rich.reference)
    addressee = Party(name="Olga Ivanova", lines=("Ulitsa 1",))
    await plant_invoice(parts.database, parts.sources, booking, addressee, now=rich.api.clock.now())

    await rich.api.ask("DELETE", ME)

    assert rich.api.status == 204
    named = {"olga", "ivanova"}
    assert await traces(owner_connection) == {"booking_payers": named, "document_addressees": named}
    assert await connection.fetchval("SELECT count(*) FROM booking_billing") == 0
    (kept,) = (await documents.of_bookings(connection, ids=[booking.id]))[booking.id]
    assert kept.addressee == addressee


async def test_who_paid_nothing_is_named_nowhere(
    rich: Rich, connection: Connection, owner_connection: Connection
) -> None:
    await connection.execute("UPDATE payments SET captured = 0, refunded = 0, state = 'failed'")
    await rich.api.change(rich.reference, state=BookingState.EXPIRED, payments=())

    await rich.api.ask("DELETE", ME)

    assert rich.api.status == 204
    assert await traces(owner_connection) == {}


async def test_the_audit_trail_stays_whole_and_says_erased(
    rich: Rich, database: Database, tmp_path: Path, connection: Connection
) -> None:
    trail = Trail.of(database, rich.api.clock, tmp_path)
    rich.api.clock.advance(timedelta(seconds=61))
    await trail.work()
    known = (await trail.verify()).personal
    assert known

    await rich.api.ask("DELETE", ME)
    rich.api.clock.advance(timedelta(seconds=61))
    await trail.work()
    report = await trail.verify()

    assert (report.intact, report.personal, report.erased) == (True, 0, known)
    entry = await connection.fetchrow("SELECT * FROM audit_entries WHERE action = 'account.erased'")
    assert entry is not None
    assert (entry["principal"], entry["subject_id"]) == (f"account:{rich.account}", str(rich.account))


async def test_all_sessions_end(rich: Rich, connection: Connection) -> None:
    elsewhere = await rich.api.signed_in(rich.account)
    await elsewhere.get(ME)

    await rich.api.ask("DELETE", ME)

    for session in (rich.api, elsewhere):
        await session.get(ME)
        assert session.status == 401
    ended = await connection.fetch("SELECT DISTINCT ended_because FROM sessions")
    assert [row["ended_because"] for row in ended] == ["erased"]
    assert await rich.api.count("refresh_tokens") == 0


async def test_a_browser_forgets_its_cookies(rich: Rich) -> None:
    await rich.api.ask("DELETE", ME)

    assert rich.api.answer is not None
    assert {morsel.value for morsel in rich.api.answer.cookies.values()} == {""}


async def test_the_address_can_have_an_account_again(rich: Rich, connection: Connection) -> None:
    await rich.api.ask("DELETE", ME)

    await plant_account(connection, 9, address=ADDRESS)


async def test_nobody_elses_is_touched(rich: Rich, connection: Connection) -> None:
    other = await rich.api.signed_in(await plant_account(connection, 2))
    await other.post(TRAVELLERS, OLGA)
    guests = factories.booking(5)
    await bookings.insert(connection, bookings=[factories.new_booking(guests)], now=rich.api.clock.now())

    await rich.api.ask("DELETE", ME)

    assert len((await other.get(TRAVELLERS))["travellers"]) == 1
    assert (await bookings.by_id(connection, booking_id=guests.id)).contact is not None
    assert (await bookings.travellers(connection, booking_id=guests.id))[0].surname == "Lovelace"


async def refused(rich: Rich, connection: Connection, slug: str = "trips-ahead") -> Any:
    """What is told; and nothing has changed."""
    told = await rich.api.ask("DELETE", ME)
    assert (rich.api.status, told["type"]) == (409, f"/problems/{slug}")
    assert await connection.fetchval("SELECT address FROM accounts WHERE id = $1", rich.account) == ADDRESS
    assert await rich.api.count("travellers") == 1
    return told


async def test_a_trip_ahead_keeps_the_account(api: Api, connection: Connection, account: AccountId) -> None:
    rich = await plant_rich_account(api, connection, account)
    rich = replace(rich, api=await api.signed_in(account, second_factor=True))

    told = await refused(rich, connection)

    assert told["detail"] == f"{rich.reference}: their trips are not over."


@pytest.mark.parametrize(
    "state", [BookingState.PENDING, BookingState.AWAITING_PAYMENT, BookingState.CONFIRMING]
)
async def test_a_booking_under_way_keeps_the_account(
    rich: Rich, connection: Connection, state: BookingState
) -> None:
    await rich.api.change(rich.reference, state=state)

    told = await refused(rich, connection)

    assert told["detail"] == f"{rich.reference}: it is not known yet what becomes of them."


@pytest.mark.parametrize(
    ("booked", "paid"),
    [
        (BookingState.CONFIRMED, PaymentState.REFUNDING),
        (BookingState.FAILED, PaymentState.CAPTURED),
        (BookingState.CANCELLED, PaymentState.VOIDING),
        (BookingState.EXPIRED, PaymentState.AUTHORISED),
    ],
)
async def test_money_that_has_not_come_to_rest_keeps_the_account(
    rich: Rich, connection: Connection, booked: BookingState, paid: PaymentState
) -> None:
    await rich.api.change(rich.reference, state=booked, payments=(factories.payment(state=paid),))

    told = await refused(rich, connection)

    assert told["detail"] == f"{rich.reference}: something is still to be paid or given back."


async def test_a_refund_on_its_way_keeps_the_account(rich: Rich, connection: Connection) -> None:
    await connection.execute("UPDATE refunds SET state = 'pending'")

    await refused(rich, connection)


async def test_the_last_administrator_stays(rich: Rich, connection: Connection) -> None:
    await connection.execute("UPDATE accounts SET roles = '{administrator}' WHERE id = $1", rich.account)
    admin = replace(rich, api=await rich.api.signed_in(rich.account, second_factor=True))

    await refused(admin, connection, "last-administrator")
    await plant_account(connection, 2, Role.ADMINISTRATOR)
    await admin.api.ask("DELETE", ME)

    assert admin.api.status == 204


async def test_of_two_last_administrators_one_stays(api: Api, connection: Connection) -> None:
    sides = [
        await api.signed_in(await plant_account(connection, number, Role.ADMINISTRATOR), second_factor=True)
        for number in (1, 2)
    ]

    await asyncio.gather(*(side.ask("DELETE", ME) for side in sides))

    assert sorted(side.status for side in sides) == [204, 409]


async def test_a_session_without_the_second_factor_forgets_nobody(rich: Rich, connection: Connection) -> None:
    weak = await rich.api.signed_in(rich.account)

    told = await weak.ask("DELETE", ME)

    assert (weak.status, told["type"]) == (403, "/problems/second-factor-needed")
    assert await connection.fetchval("SELECT state FROM accounts WHERE id = $1", rich.account) == "open"


@pytest.mark.parametrize("who", ["nobody", "a guest", "who signed in an hour ago"])
async def test_it_takes_its_owner_who_has_just_shown_it(rich: Rich, connection: Connection, who: str) -> None:
    match who:
        case "nobody":
            other = rich.api.nobody()
        case "a guest":
            other = await rich.api.somebody()
        case _:
            other = await rich.api.signed_in(rich.account, second_factor=True, proved=timedelta(hours=1))

    await other.ask("DELETE", ME)

    assert other.status in {401, 403}
    assert await connection.fetchval("SELECT state FROM accounts WHERE id = $1", rich.account) == "open"


async def test_a_booking_that_comes_while_its_account_is_forgotten_is_not_taken_in(
    api: Api, account: AccountId, database: Database
) -> None:
    """Its session was good when the request came; nobody would ever erase what came of it."""
    owner = await api.signed_in(account)
    order = owner.order(await owner.shown())
    async with database.transaction() as other:
        await other.execute("SELECT FROM accounts WHERE id = $1 FOR UPDATE", account)
        waiting = asyncio.create_task(owner.book(order))
        await until_waiting(database, [waiting])
        await other.execute(
            "UPDATE accounts SET state = 'erased', address = NULL, address_key = NULL WHERE id = $1", account
        )
    await waiting

    assert owner.status == 401
    assert await api.count("bookings") == 0


async def test_payments_of_before_are_still_known(rich: Rich, connection: Connection) -> None:
    await rich.api.ask("DELETE", ME)

    assert await connection.fetchval("SELECT state FROM payments") == PaymentStatus.CAPTURED
