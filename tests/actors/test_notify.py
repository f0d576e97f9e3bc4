"""The notify actor under the real runtime's intents, over real SMTP: one mail a change, whatever happens."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from actors.notify.bookings import what_happened
from bookingd.actor.acting import LEASE
from bookingd.domain.booking import facts
from bookingd.domain.booking.facts import BookingConfirmed, BookingMessage
from bookingd.domain.booking.state import Booking, BookingState, PaymentState
from bookingd.domain.ids import PaymentId
from bookingd.domain.money import Money
from bookingd.domain.passengers import PassengerType
from bookingd.sandbox.mail import Fault, MailCatcher
from bookingd.storage import attention, bookings
from bookingd.storage.database import Connection, Database
from bookingd.storage.notifications import NotificationState
from tests.actors.mail_desk import Desk, at_desk
from tests.channels import trips
from tests.fakes.sources import ManualClock, fake_sources

CONFIRMED = BookingConfirmed(booking_id=trips.BOOKING, total=trips.booking().total)
UNTIL = datetime(2026, 11, 22, 12, 25, tzinfo=UTC)


async def test_a_confirmed_booking_is_told_by_one_mail(desk: Desk) -> None:
    await desk.put(trips.booking())
    outcome = await desk.deliver(CONFIRMED)
    (mail,), (note,) = await desk.mails(), await desk.notes()
    assert outcome == "done"
    assert (mail.subject, mail.recipients) == ("Your trip is booked - KV7Q2M", ("zoe@example.org",))
    assert (note.state, note.attempts, note.repeats) == (NotificationState.SENT, 1, 0)
    assert note.message_id == mail.message_id
    assert note.receipt == f"250 2.0.0 kept as {mail.name}"
    text = await desk.text(mail)
    assert "https://agency.example/b/KV7Q2M?t=signed" in text
    assert "Zoë N1 (adult), ticket 999-1000000001" in text


async def test_an_event_delivered_again_and_again_is_one_mail(desk: Desk) -> None:
    await desk.put(trips.booking())
    await asyncio.gather(*(desk.deliver(CONFIRMED) for _ in range(5)))
    await desk.deliver(CONFIRMED)
    await desk.deliver(CONFIRMED, number=2)
    assert len(await desk.mails()) == 1
    assert [note.attempts for note in await desk.notes()] == [1]


async def test_a_mail_whose_fate_is_unknown_is_repeated_under_its_message_id_and_counted(
    desk: Desk,
) -> None:
    await desk.put(trips.booking())
    desk.catcher.misbehave(Fault.DROP)
    first = await desk.deliver(CONFIRMED)
    (between,) = await desk.notes()
    second = await desk.deliver(CONFIRMED, attempt=2)
    one, other = await desk.mails()
    (note,) = await desk.notes()
    assert (first, between.state, second) == ("retried", NotificationState.SENDING, "done")
    assert one.message_id == other.message_id == note.message_id
    assert other.repeats == 1
    assert (note.state, note.attempts, note.repeats) == (NotificationState.SENT, 2, 1)
    assert desk.repeats.count == 1


async def test_a_process_that_dies_at_the_mail_leaves_its_successor_to_repeat_it(
    database: Database, catcher: MailCatcher
) -> None:
    sources = fake_sources()
    assert isinstance(sources.clock, ManualClock)
    catcher.misbehave(Fault.SLOW)
    async with at_desk(database, catcher, sources) as dying:
        await dying.put(trips.booking())
        sending = asyncio.create_task(dying.deliver(CONFIRMED))
        while not await dying.mails():
            await asyncio.wait([sending], timeout=0.01)
        sending.cancel()
        await asyncio.wait([sending])
    sources.clock.advance(LEASE)
    async with at_desk(database, catcher, sources) as successor:
        assert await successor.deliver(CONFIRMED, attempt=2, alone=True) == "done"
        (note,) = await successor.notes()
        one, other = await successor.mails()
    assert one.message_id == other.message_id
    assert (note.state, note.attempts, note.repeats) == (NotificationState.SENT, 2, 1)


async def test_a_greylisted_mail_is_due_and_its_second_attempt_is_no_repeat(desk: Desk) -> None:
    await desk.put(trips.booking())
    desk.catcher.misbehave(Fault.GREYLIST)
    await desk.deliver(CONFIRMED)
    (between,) = await desk.notes()
    await desk.deliver(CONFIRMED, attempt=2)
    (note,) = await desk.notes()
    assert between.state is NotificationState.DUE
    assert (note.state, note.attempts, note.repeats) == (NotificationState.SENT, 2, 0)
    assert desk.repeats.count == 0
    assert len(await desk.mails()) == 1


async def test_a_refused_mail_is_told_to_an_operator_and_not_tried_again(desk: Desk) -> None:
    await desk.put(trips.booking())
    desk.catcher.misbehave(Fault.REFUSE)
    first = await desk.deliver(CONFIRMED)
    second = await desk.deliver(CONFIRMED, number=2)
    (note,) = await desk.notes()
    async with desk.database.connection() as connection:
        (entry,) = await attention.oldest(connection, limit=10)
        audited = await connection.fetchval("SELECT count(*) FROM audit_entries")
    assert (first, second) == ("refused", "done")
    assert (note.state, note.receipt) == (
        NotificationState.FAILED,
        "recipient_refused: the mail server answered 550 5.1.1",
    )
    assert (entry.subject, entry.reason) == (trips.BOOKING, "mail_refused_confirmed")
    assert "zoe" not in entry.detail
    assert audited == 1
    assert await desk.mails() == []


async def test_an_address_that_cannot_be_written_to_is_refused_not_sent(desk: Desk) -> None:
    await desk.put(trips.booking(), email="zoe@example.org\r\nBcc: eve@example.org")
    assert await desk.deliver(CONFIRMED) == "refused"
    (note,) = await desk.notes()
    assert note.state is NotificationState.FAILED
    assert await desk.mails() == []


async def test_an_erased_contact_is_not_written_to(desk: Desk, owner_connection: Connection) -> None:
    await desk.put(trips.booking())
    await owner_connection.execute("DELETE FROM booking_contacts")
    assert await desk.deliver(CONFIRMED) == "done"
    assert (await desk.mails(), await desk.notes()) == ([], [])


async def test_a_mail_that_asks_for_consent_is_not_sent_when_consent_was_given(desk: Desk) -> None:
    changed = facts.PriceChanged(
        booking_id=trips.BOOKING, shown=Money(1, "EUR"), proposed=Money(2, "EUR"), until=UNTIL
    )
    await desk.put(trips.booking(BookingState.AWAITING_PAYMENT))
    await desk.deliver(changed)
    assert (await desk.mails(), await desk.notes()) == ([], [])


def declined(number: int) -> facts.PaymentDeclined:
    payment = PaymentId(UUID(int=number))
    return facts.PaymentDeclined(booking_id=trips.BOOKING, payment_id=payment, reason="card_declined")


async def test_of_many_declined_cards_only_the_first_is_told_by_mail(desk: Desk) -> None:
    waiting = trips.booking(BookingState.AWAITING_PAYMENT, payments=(), hold_until=UNTIL)
    await desk.put(waiting)
    for number in range(1, 6):
        await desk.deliver(declined(number), number=number)
    (mail,) = await desk.mails()
    assert mail.subject == "Your payment did not go through - KV7Q2M"


async def test_a_declined_card_is_not_told_while_the_payer_is_trying_another_one(desk: Desk) -> None:
    trying = trips.booking(
        BookingState.AWAITING_PAYMENT, payments=(trips.payment(PaymentState.CREATED),), hold_until=UNTIL
    )
    await desk.put(trying)
    await desk.deliver(declined(1), number=1)
    async with desk.database.transaction() as connection:
        over = replace(trying, payments=(trips.payment(PaymentState.FAILED),))
        await bookings.save(connection, bookings=[over], events=[], now=desk.sources.clock.now())
    await desk.deliver(declined(2), number=2)
    (mail,) = await desk.mails()
    assert mail.subject == "Your payment did not go through - KV7Q2M"


async def test_a_mail_of_unknown_fate_that_was_overtaken_is_neither_repeated_nor_left_open(
    desk: Desk,
) -> None:
    waiting = trips.booking(BookingState.AWAITING_PAYMENT, payments=(), hold_until=UNTIL)
    await desk.put(waiting)
    desk.catcher.misbehave(Fault.DROP)
    await desk.deliver(declined(1))
    async with desk.database.transaction() as connection:
        over = replace(waiting, state=BookingState.CANCELLED)
        await bookings.save(connection, bookings=[over], events=[], now=desk.sources.clock.now())
    await desk.deliver(declined(1), attempt=2)
    (note,) = await desk.notes()
    assert note.state is NotificationState.FAILED
    assert len(await desk.mails()) == 1


async def test_a_mail_that_nobody_took_and_that_was_overtaken_does_not_keep_the_next_one_back(
    desk: Desk,
) -> None:
    waiting = trips.booking(BookingState.AWAITING_PAYMENT, payments=(), hold_until=UNTIL)
    await desk.put(waiting)
    desk.catcher.misbehave(Fault.GREYLIST)
    await desk.deliver(declined(1), number=1)
    trying = replace(waiting, payments=(trips.payment(PaymentState.CREATED),))
    for booking, number in ((trying, 1), (waiting, 2)):
        async with desk.database.transaction() as connection:
            await bookings.save(connection, bookings=[booking], events=[], now=desk.sources.clock.now())
        await desk.deliver(declined(number), number=number, attempt=2)
    (note,) = await desk.notes()
    assert note.state is NotificationState.SENT


@pytest.mark.parametrize(
    ("message", "booking", "subject"),
    [
        (
            facts.BookingFailed(booking_id=trips.BOOKING, reason="sold_out", paid_back=True),
            trips.booking(BookingState.FAILED, payments=(trips.payment(PaymentState.VOIDING),)),
            "We could not book your trip - KV7Q2M",
        ),
        (
            facts.BookingExpired(booking_id=trips.BOOKING, paid_back=False),
            trips.booking(BookingState.EXPIRED, payments=()),
            "Your booking has expired - KV7Q2M",
        ),
        (
            facts.BookingCalledOff(booking_id=trips.BOOKING, paid_back=False),
            trips.booking(BookingState.CANCELLED, payments=()),
            "Your booking is called off - KV7Q2M",
        ),
        (
            facts.PriceChanged(
                booking_id=trips.BOOKING, shown=Money(1, "EUR"), proposed=Money(2, "EUR"), until=UNTIL
            ),
            trips.proposal(),
            "Please confirm what has changed in your trip - KV7Q2M",
        ),
        (
            facts.PaymentNeeded(booking_id=trips.BOOKING, reason="card_declined", until=UNTIL),
            trips.booking(BookingState.AWAITING_PAYMENT, payments=()),
            "Action needed: please pay for your trip again - KV7Q2M",
        ),
    ],
)
async def test_every_change_that_must_be_heard_of_has_its_mail(
    desk: Desk, message: BookingMessage, booking: Booking, subject: str
) -> None:
    await desk.put(booking)
    await desk.deliver(message)
    assert [mail.subject for mail in await desk.mails()] == [subject]


def test_nobody_is_written_to_about_anything_else() -> None:
    with pytest.raises(TypeError):
        what_happened(facts.PlaceBooking(booking_id=trips.BOOKING))


def test_a_child_is_a_child_in_the_mail() -> None:
    assert trips.view(what_happened(CONFIRMED)[1].kind).travellers[2].type is PassengerType.CHILD
