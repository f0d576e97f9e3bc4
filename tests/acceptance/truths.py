"""What must be true whatever happened: the promises, checked over database, gateway, mail and audit trail.

Each check looks at the places where the promise could be broken, and not at what the daemon says of itself.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from actors.notify.bookings import OVERTAKEN
from bookingd.domain.documents.document import DocumentKind
from bookingd.domain.ids import BookingId
from bookingd.sandbox.mail import CaughtMail, list_mail
from bookingd.storage import documents, stock
from bookingd.storage.database import Connection, Database
from tests.acceptance.daemon import Daemon, Gateway, until
from tests.servers.rabbitmq import Broker

OVER = frozenset({"failed", "expired", "cancelled"})

TIMERS = (
    *("booking.hold_due", "booking.authorisation_due", "booking.balance_reminder", "booking.balance_due"),
    *("payment.refresh", "payment.apply_notice"),
)
"""Messages that may wait in the outbox when all is done: they look again later, and find nothing to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A booking as its row has it."""

    reference: str
    state: str
    total: int
    passengers: int
    tickets: tuple[str, ...]
    payments: Mapping[str, str]
    """Payment id -> state."""


async def bookings(connection: Connection) -> dict[str, Booked]:
    """Every booking by its id."""
    rows = await connection.fetch(
        "SELECT id, reference, state, total, lifecycle,"
        " (SELECT count(*) FROM booking_passengers WHERE booking_id = bookings.id) AS passengers"
        " FROM bookings"
    )
    return {str(row["id"]): _booked(row) for row in rows}


def _booked(row: Any) -> Booked:
    lifecycle = json.loads(row["lifecycle"])
    return Booked(
        reference=row["reference"],
        state=row["state"],
        total=row["total"],
        passengers=row["passengers"],
        tickets=tuple(ticket for item in lifecycle["items"] for ticket in item["tickets"]),
        payments={payment["id"]: payment["state"] for payment in lifecycle["payments"]},
    )


async def settled(database: Database, within: float = 30.0, *, broker: Broker | None = None) -> None:
    """Wait until nothing is under way any more: only timers are left, and no effect is open."""

    async def under_way() -> Sequence[object]:
        async with database.connection() as connection:
            left: list[object] = [*await unfinished(connection)]
        if broker is not None and not left:
            left += [queue for queue, depth in (await broker.queue_depths()).items() if depth.messages]
        return left

    async def quiet() -> bool:
        """Twice, since what leaves the outbox for the broker may be overlooked once."""
        return not await under_way() and not await under_way()

    try:
        await until(quiet, within)
    except TimeoutError:
        raise AssertionError(f"still under way: {await under_way()}") from None


async def unfinished(connection: Connection) -> list[str]:
    """Messages that are still to be handled, and effects that are not over."""
    rows = await connection.fetch("SELECT convert_from(bundle, 'UTF8') AS bundle FROM outbox")
    names = [envelope["name"] for row in rows for envelope in json.loads(row["bundle"])]
    open_intents = await connection.fetch("SELECT step FROM intents WHERE state NOT IN ('done', 'refused')")
    return [name for name in names if name not in TIMERS] + [row["step"] for row in open_intents]


async def check_all(
    database: Database,
    *,
    gateway: Gateway,
    mail: Path | None = None,
    forgiven: Collection[str] = (),
    within: float = 30.0,
    broker: Broker | None = None,
) -> dict[str, Booked]:
    """Every promise at once; the bookings by id. `forgiven`: reasons of attention that the test expects."""
    await settled(database, within, broker=broker)
    async with database.connection() as connection:
        found = await bookings(connection)
        assert await stock.check_books(connection) == []
        check_money(found, await gateway.payments())
        await check_ledger(connection, found, await gateway.payments())
        check_tickets(found)
        await check_documents(connection, found)
        await check_nobody_needed(connection, forgiven)
    if mail is not None:
        await check_mail(database, mail)
    return found


def check_money(found: Mapping[str, Booked], payments: Mapping[str, Any]) -> None:
    """P2, P3: what is confirmed has been paid for once; what is not confirmed holds and keeps nothing."""
    owners = {payment: booking for booking in found.values() for payment in booking.payments}
    kept: Counter[str] = Counter()
    for payment, seen in payments.items():
        assert payment in owners, f"the gateway knows a payment {payment} that no booking knows"
        assert len(seen["payment_intents"]) == 1, f"payment {payment} was asked for twice: {seen}"
        assert seen["authorised"] == 0, f"payment {payment} still holds money: {seen}"
        kept[owners[payment].reference] += seen["captured"] - seen["refunded"]
    for booking in found.values():
        expected = booking.total if booking.state == "confirmed" else 0
        assert kept[booking.reference] == expected, f"{booking} was charged {kept[booking.reference]}"


async def check_ledger(
    connection: Connection, found: Mapping[str, Booked], payments: Mapping[str, Any]
) -> None:
    """The books say what the gateway says, and what a customer gave is all earned or all given back."""
    balances: dict[str, Counter[str]] = defaultdict(Counter)
    for row in await connection.fetch("SELECT booking_id, debit, credit, amount FROM ledger_entries"):
        balances[str(row["booking_id"])][row["debit"]] += row["amount"]
        balances[str(row["booking_id"])][row["credit"]] -= row["amount"]
    for booking_id, booking in found.items():
        balance = balances[booking_id]
        seen = [payments[payment] for payment in booking.payments if payment in payments]
        kept: Counter[str] = Counter()
        for payment in seen:
            kept[payment["gateway"]] += payment["captured"] - payment["refunded"]
        assert sum(balance.values()) == 0
        for gateway in ("stripe", "paypal"):
            assert balance[f"gateway:{gateway}"] == kept[gateway], f"{booking}: {balance}"
        assert balance["customers"] == 0, f"{booking}: {balance}"


async def check_documents(connection: Connection, found: Mapping[str, Booked]) -> None:
    """No number is missing; what is confirmed is invoiced once, and nothing else stays invoiced."""
    assert await documents.gaps(connection) == []
    assert await documents.changed(connection) == []
    told = await documents.of_bookings(connection, ids=[BookingId(UUID(one)) for one in found])
    for booking_id, booking in found.items():
        issued = [one.document for one in told[BookingId(UUID(booking_id))]]
        invoices = [one for one in issued if one.kind is DocumentKind.INVOICE]
        sold = {one.number for one in invoices}
        left = sum(one.total.amount for one in issued if {one.number, one.corrects} & sold)
        assert len(invoices) == (booking.state == "confirmed"), booking
        assert left == (booking.total if booking.state == "confirmed" else 0), booking


def check_tickets(found: Mapping[str, Booked]) -> None:
    """One ticket for each passenger of what is confirmed, none for the rest, and no number twice."""
    for booking in found.values():
        if booking.state == "confirmed":
            assert len(booking.tickets) == booking.passengers, booking
        else:
            assert booking.state in OVER, f"{booking.reference} hangs: {booking}"
    sold = [ticket for one in found.values() if one.state == "confirmed" for ticket in one.tickets]
    assert len(sold) == len(set(sold))


async def check_nobody_needed(connection: Connection, forgiven: Collection[str] = ()) -> None:
    """No message was buried, and nothing waits for an operator."""
    dead = await connection.fetch("SELECT actor, message_name, reason, trace FROM dead_letters")
    assert [tuple(row) for row in dead] == []
    waiting = await connection.fetch("SELECT reason, detail FROM attention WHERE closed_at IS NULL")
    assert [tuple(row) for row in waiting if row["reason"] not in forgiven] == []


async def check_mail(database: Database, directory: Path) -> dict[tuple[str, str], list[CaughtMail]]:
    """P5 at SMTP: a mail for each change of state; one that came twice has one Message-ID and was counted."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT * FROM notifications")
    unsent = [dict(row) for row in rows if row["state"] != "sent"]
    assert [row for row in unsent if (row["kind"], row["receipt"]) != ("payment_declined", OVERTAKEN)] == []
    caught = defaultdict(list)
    for mail in await list_mail(directory):
        caught[mail.message_id].append(mail)
    assert {row["message_id"] for row in rows if row["state"] == "sent"} <= set(caught)
    assert set(caught) <= {row["message_id"] for row in rows}
    assert len({row["message_id"] for row in rows}) == len(rows)
    for row in rows:
        assert len(caught[row["message_id"]]) <= 1 + row["repeats"], dict(row)
    return {(row["recipient"], row["kind"]): caught[row["message_id"]] for row in rows}


async def check_audit(daemon: Daemon) -> None:
    """P11: the trail is whole, as the command says beside the running daemon."""

    async def verified() -> bool:
        status, _, _ = await daemon.command("audit", "verify", "--config", str(daemon.config))
        return status == 0

    status, output, errors = await daemon.command("audit", "verify", "--config", str(daemon.config))
    if status == 2:  # the first checkpoint is still to be written
        await until(verified, 10.0, every=0.5)
        return
    assert status == 0, output + errors
