"""`bookingd bookings show`: all that is known of a booking, for eyes and for programs."""

import getpass
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from bookingd.domain import ledger
from bookingd.domain.audit import AuditEntry, Subject
from bookingd.domain.booking.facts import HoldDue
from bookingd.domain.booking.state import Booking, BookingState, ItemState, PaymentState
from bookingd.domain.ids import IntentId, MessageId, RecordLocator
from bookingd.domain.money import Money
from bookingd.domain.passengers import PassengerType
from bookingd.messages import codec
from bookingd.messages.catalogue import CATALOGUE, Kind, Lane
from bookingd.messages.envelope import Envelope, Origin
from bookingd.sources import SystemClock, SystemIds
from bookingd.storage import (
    attention,
    audit,
    bookings,
    dead_letters,
    outbox,
    payments,
)
from bookingd.storage import ledger as books
from bookingd.storage.attention import Attention
from bookingd.storage.bookings import Event
from bookingd.storage.database import Connection, Database
from bookingd.storage.dead_letters import DeadLetter
from bookingd.storage.outbox import Bundle
from bookingd.storage.payments import PaymentRow, PaymentStatus, RefundRow, RefundState
from tests import factories
from tests.cli.conftest import Run, trail
from tests.factories import TOTAL

IDS = SystemIds()
NOTED = "Ada \x1b[31m& Co"


def ordered() -> Booking:
    """Confirmed, paid, a part of it given back."""
    item = replace(
        factories.item(state=ItemState.CONFIRMED, departures=(1, 2)),
        locator=RecordLocator("C9FWNT"),
        tickets=("990-1000000000",),
    )
    return factories.booking(
        items=(item,),
        payments=(factories.payment(1, PaymentState.REFUNDING, gateway="stripe"),),
        state=BookingState.CONFIRMED,
        hold_until=SystemClock().now() + timedelta(minutes=12, seconds=30),
    )


def envelope_about(booking: Booking, message: Any) -> Envelope:
    return codec.seal(
        message,
        catalogue=CATALOGUE,
        id=MessageId(IDS.new()),
        origin=Origin(principal="system", correlation_id=IDS.new()),
        now=SystemClock().now(),
    )


async def record(connection: Connection, booking: Booking, now: datetime) -> None:
    """The booking with its timeline, of which the second step was the system's."""
    await bookings.insert(connection, bookings=[factories.new_booking(booking)], now=now)
    events = [
        Event(booking_id=booking.id, sequence=1, name="booking.place", state="pending", details=b"{}"),
        Event(
            booking_id=booking.id,
            sequence=2,
            name="payment.captured",
            state="confirmed",
            details=json.dumps({"payment_id": "7", "tickets": ["a", "b"]}).encode(),
        ),
    ]
    done = replace(booking, sequence=2)
    await bookings.save(connection, bookings=[done], events=events, now=now)
    deeds = [
        AuditEntry(
            id=IDS.new(),
            at=now,
            principal=principal,
            action=action,
            subject=Subject.of("booking", booking.id),
            correlation_id=UUID(int=77),
        )
        for action, principal in (("booking.place", booking.owner), ("payment.captured", "system"))
    ]
    await audit.record(connection, deeds)


async def pay(connection: Connection, booking: Booking, now: datetime) -> None:
    payment = booking.payments[0]
    row = PaymentRow(
        id=payment.id,
        booking_id=booking.id,
        gateway="stripe",
        gateway_reference="pi_1",
        state=PaymentStatus.CAPTURED,
        amount=TOTAL,
        captured=TOTAL,
        refunded=Money(1200, "EUR"),
    )
    await payments.save(connection, rows=[row], now=now)
    refund = RefundRow(
        id=IntentId(IDS.new()),
        payment_id=payment.id,
        gateway_reference="re_1",
        amount=Money(1200, "EUR"),
        state=RefundState.PENDING,
    )
    await payments.save_refund(connection, refund=refund, now=now)
    entry = ledger.captured(
        journal=IDS.new(), booking_id=booking.id, payment_id=payment.id, gateway="stripe", amount=TOTAL
    )
    await books.post(connection, entries=[entry], ids=IDS, now=now)


async def tell(connection: Connection, booking: Booking, now: datetime) -> None:
    """Of its confirmation; and somebody who asked for it has got a code."""
    await connection.execute(
        "INSERT INTO notifications (id, booking_id, kind, occasion, channel, recipient, state, message_id,"
        " attempts, receipt, made_at, sent_at)"
        " VALUES ($1, $1, 'confirmed', '', 'email', 'ada@example.org', 'sent', '<1@a>',"
        " 1, '250 queued', $2, $2)",
        booking.id,
        now,
    )
    await connection.execute(
        "INSERT INTO notifications (id, booking_id, kind, occasion, channel, recipient, state, message_id,"
        " made_at) VALUES ($1, $2, 'access_code', '7', 'email', 'ada@example.org', 'due', '<2@a>', $3)",
        IDS.new(),
        booking.id,
        now + timedelta(seconds=1),
    )


async def leave_open(connection: Connection, booking: Booking, now: datetime) -> None:
    """A timer beside another booking's, a call outside, an entry for an operator, a dead letter."""
    other = replace(booking, id=factories.booking_id(2))
    both = [envelope_about(one, HoldDue(booking_id=one.id, deadline=now)) for one in (booking, other)]
    bundle = Bundle(
        id=IDS.new(),
        kind=Kind.COMMAND,
        destination="booking",
        lane=Lane.FINISHING,
        payload=codec.pack(both),
        due_at=now + timedelta(minutes=12, seconds=30),
    )
    await outbox.insert(connection, bundles=[bundle])
    await connection.execute(
        "INSERT INTO intents (id, subject, object, step, round, state, leased_until, opened_at, calls)"
        " VALUES ($1, $2, $1, 'refund', 1, 'calling', $3, $3, 1)",
        IDS.new(),
        booking.id,
        now,
    )
    entry = Attention(
        id=IDS.new(),
        subject_kind="booking",
        subject=booking.id,
        object=booking.payments[0].id,
        reason="refund_pending",
        detail=NOTED,
        owner="operator",
        opened_at=now - timedelta(days=42),
    )
    await attention.open_entry(connection, entry=entry)
    for of in (booking, other):
        letter = DeadLetter(
            id=of.id,
            actor="booking",
            envelope=envelope_about(of, HoldDue(booking_id=of.id, deadline=now)),
            reason="KeyError: 7",
            trace="",
            died_at=now,
        )
        await dead_letters.bury(connection, letter=letter)


@pytest.fixture
async def booking(database: Database) -> Booking:
    """A booking that has everything, recorded three minutes ago."""
    made, now = ordered(), SystemClock().now() - timedelta(minutes=3)
    async with database.transaction() as connection:
        await record(connection, made, now)
        await pay(connection, made, now)
        await tell(connection, made, now)
        await leave_open(connection, made, now + timedelta(minutes=3))
    return made


def part_of(lines: Sequence[str], title: str) -> list[list[str]]:
    """The words of each line of a part of the page, without its headings."""
    begin = lines.index(title) + 1
    end = next((place for place, line in enumerate(lines) if place > begin and not line), len(lines))
    return [line.split() for line in lines[begin + 1 : end]]


async def test_everything_about_a_booking_stands_on_one_page(run: Run, booking: Booking) -> None:
    shown = await run("bookings", "show", booking.reference)

    lines = shown.stdout.splitlines()
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert lines[0] == f"Booking {booking.reference}  confirmed"
    assert "travellers  Ada Lovelace (adult)" in lines
    assert "1985" not in shown.stdout  # names only
    assert part_of(lines, "Items")[-2] == ["LH", "3", "FRA", "to", "JFK", *_departure(), "confirmed"]
    assert " ".join(part_of(lines, "Items")[-1]) == (
        "100.00 EUR from inventory; locator C9FWNT; tickets 990-1000000000"
    )
    payment, *known = part_of(lines, "Payments")
    assert payment == ["stripe", "pi_1", "refunding", "100.00", "EUR"]
    assert " ".join(word for line in known for word in line) == (
        "the gateway says captured; 100.00 EUR captured; refund re_1 of 12.00 EUR pending"
    )
    assert part_of(lines, "Books") == [["capture", "gateway:stripe", "customers", "100.00", "EUR"]]
    assert part_of(lines, "Mails")[0][:2] == ["confirmed", "sent"]
    assert part_of(lines, "On their way") == [["booking.hold_due", "in", "12", "min", "29", "s", "1"]]
    assert part_of(lines, "Asked outside")[0][:4] == ["refund", "calling", "1", "x"]
    assert part_of(lines, "Waits for a person") == [
        ["refund_pending", "operator", "42", "d", "ago"],
        ["Ada", "\\u001b[31m&", "Co"],
    ]
    assert part_of(lines, "Dead letters")[0] == [str(booking.id), "booking.hold_due", "booking"]
    assert len(part_of(lines, "Dead letters")) == 2
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in shown.stdout


def _departure() -> list[str]:
    return "Wed 02 Dec 2026 13:00".split()


async def test_the_timeline_tells_the_cause_and_who_it_was_but_the_owner(run: Run, booking: Booking) -> None:
    lines = (await run("bookings", "show", booking.reference)).stdout.splitlines()

    first, second, note = part_of(lines, "Timeline")
    assert (first[0], *first[3:]) == ("1", "booking.place", "pending")
    assert (second[0], *second[3:]) == ("2", "payment.captured", "confirmed")
    assert " ".join(note) == "by system; payment_id 7, tickets a b"


async def test_a_wide_terminal_has_the_notes_beside(run: Run, booking: Booking) -> None:
    lines = (await run("bookings", "show", booking.reference, COLUMNS="140")).stdout.splitlines()

    assert max(map(len, lines)) <= 140
    assert any("payment.captured" in line and "by system" in line for line in lines)


async def test_programs_get_the_same_with_minor_units(run: Run, booking: Booking) -> None:
    told = json.loads((await run("bookings", "show", booking.reference, "--json")).stdout)

    assert (told["reference"], told["state"], told["id"]) == (booking.reference, "confirmed", str(booking.id))
    assert told["total"] == {"amount": 10_000, "currency": "EUR"}
    assert told["travellers"] == [
        {"number": 1, "type": PassengerType.ADULT, "given_name": "Ada", "surname": "Lovelace"}
    ]
    assert [one["flight"] for one in told["items"][0]["segments"]] == ["LH 2", "LH 3"]
    [payment] = told["payments"]
    assert (payment["gateway_state"], payment["captured"], payment["refunded"]) == ("captured", 10_000, 1200)
    assert (payment["amount"], payment["currency"]) == (10_000, "EUR")
    assert payment["refunds"][0]["state"] == "pending"
    assert told["books"][0]["debit"] == "gateway:stripe"
    assert [(one["name"], one["principal"]) for one in told["timeline"]] == [
        ("booking.place", booking.owner),
        ("payment.captured", "system"),
    ]
    assert told["timeline"][1]["correlation_id"] == str(UUID(int=77))
    assert told["timeline"][1]["details"] == {"payment_id": "7", "tickets": ["a", "b"]}
    assert (told["mails"][0]["state"], told["mails"][0]["receipt"]) == ("sent", "250 queued")
    assert [one["kind"] for one in told["mails"]] == ["confirmed", "access_code"]
    assert [one["message"] for one in told["underway"]] == ["booking.hold_due"]
    assert told["calls"][0]["step"] == "refund"
    assert told["attention"][0]["about"] == str(booking.payments[0].id)
    assert [one["id"] for one in told["dead_letters"]] == [str(booking.id)]


async def test_who_read_a_booking_is_in_the_audit_trail(
    run: Run, booking: Booking, connection: Connection
) -> None:
    """P11: it belongs to another."""
    await run("bookings", "show", booking.reference)

    entry = (await trail(connection))[-1]
    assert (entry["action"], entry["principal"]) == ("booking.read", f"operator:{getpass.getuser()}")
    assert entry["subject"] == {"kind": "booking", "id": str(booking.id)}


async def test_a_booking_of_nobody_any_more_is_still_shown(
    run: Run, booking: Booking, connection: Connection
) -> None:
    await connection.execute("DELETE FROM booking_contacts")
    await connection.execute("DELETE FROM booking_passengers")

    shown = await run("bookings", "show", booking.reference)

    assert shown.exit_code == 0
    assert "travellers  erased" in shown.stdout


async def test_a_reference_is_understood_however_it_is_typed(run: Run, booking: Booking) -> None:
    assert (await run("bookings", "show", f" {booking.reference.lower()} ")).exit_code == 0


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("ABC", "'ABC' is no booking reference"),
        ("O0I1L!", "no booking reference"),
        ("ZZZZZZ", "no booking ZZZZZZ"),
    ],
)
async def test_what_is_no_booking_is_wrong_usage(
    run: Run, connection: Connection, reference: str, says: str
) -> None:
    ended = await run("bookings", "show", reference)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert says in ended.stderr
    assert await trail(connection) == []


async def test_who_was_erased_with_their_account_has_no_name(run: Run, connection: Connection) -> None:
    booking = ordered()
    await bookings.insert(connection, bookings=[factories.new_booking(booking)], now=SystemClock().now())
    await connection.execute("UPDATE booking_passengers SET given_name = '', surname = '', born = NULL")

    shown = await run("bookings", "show", booking.reference)

    assert (shown.exit_code, "erased (adult)" in shown.stdout) == (0, True)
