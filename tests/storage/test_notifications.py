"""Notifications on a real database: one row for a change of state, whatever comes twice."""

from uuid import UUID

import asyncpg
import pytest

from bookingd.domain.audit import Subject
from bookingd.domain.ids import AccountId, BookingId
from bookingd.storage import notifications
from bookingd.storage.database import Connection, Database
from bookingd.storage.notifications import Attempt, Notification, NotificationKey, NotificationState
from tests.fakes.sources import ManualClock

BOOKING = BookingId(UUID(int=7))
KEY = NotificationKey(booking_id=BOOKING, kind="confirmed")


def attempt(
    key: NotificationKey = KEY, *, repeat: bool = False, message_id: str = "<1@agency.example>"
) -> Attempt:
    return Attempt(key=key, recipient="anna@example.org", message_id=message_id, repeat=repeat)


async def begin(connection: Connection, clock: ManualClock, *attempts: Attempt) -> list[Attempt]:
    return await notifications.begin(
        connection, attempts=attempts or [attempt()], channel="email", now=clock.now()
    )


async def only(connection: Connection) -> Notification:
    (found,) = await notifications.of_booking(connection, booking_id=BOOKING)
    return found


async def test_a_message_is_recorded_before_it_is_handed_over(
    connection: Connection, clock: ManualClock
) -> None:
    begun = await begin(connection, clock)
    assert begun == [attempt()]
    assert await only(connection) == Notification(
        id=KEY.id,
        key=KEY,
        channel="email",
        recipient="anna@example.org",
        state=NotificationState.SENDING,
        message_id="<1@agency.example>",
        attempts=1,
        repeats=0,
        receipt=None,
        made_at=clock.now(),
        sent_at=None,
    )


async def test_attempts_and_repeats_are_counted_on_one_row(
    connection: Connection, clock: ManualClock
) -> None:
    await begin(connection, clock)
    await notifications.put_off(connection, notification_id=KEY.id)
    assert (await only(connection)).state is NotificationState.DUE
    await begin(connection, clock)
    await begin(connection, clock, attempt(repeat=True))
    found = await only(connection)
    assert (found.attempts, found.repeats, found.state) == (3, 1, NotificationState.SENDING)


async def test_what_was_sent_is_not_begun_again(connection: Connection, clock: ManualClock) -> None:
    await begin(connection, clock)
    await notifications.mark_sent(connection, receipts={KEY.id: "250 ok"}, sent_at=clock.now())
    assert await begin(connection, clock, attempt(repeat=True)) == []
    await notifications.mark_failed(connection, notification_id=KEY.id, reason="too late")
    await notifications.put_off(connection, notification_id=KEY.id)
    found = await only(connection)
    assert (found.state, found.receipt, found.sent_at) == (NotificationState.SENT, "250 ok", clock.now())


async def test_what_was_refused_for_good_is_not_begun_again(
    connection: Connection, clock: ManualClock
) -> None:
    await begin(connection, clock)
    await notifications.mark_failed(connection, notification_id=KEY.id, reason="550")
    assert await begin(connection, clock) == []
    assert (await only(connection)).receipt == "550"


async def test_nobody_takes_a_message_over_under_another_message_id(
    connection: Connection, clock: ManualClock
) -> None:
    await begin(connection, clock)
    assert await begin(connection, clock, attempt(message_id="<2@agency.example>")) == []
    assert (await only(connection)).message_id == "<1@agency.example>"


async def test_two_changes_of_one_kind_are_two_messages(connection: Connection, clock: ManualClock) -> None:
    first = NotificationKey(booking_id=BOOKING, kind="price_changed", occasion="10.00 EUR")
    second = NotificationKey(booking_id=BOOKING, kind="price_changed", occasion="11.00 EUR")
    for key in (second, first, second):
        await begin(connection, clock, attempt(key))
        clock.advance(1)
    found = await notifications.of_booking(connection, booking_id=BOOKING)
    assert [one.key for one in found] == [second, first]


async def test_one_change_is_one_row_even_under_another_id(
    database: Database, connection: Connection, clock: ManualClock
) -> None:
    await begin(connection, clock)
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(
            "INSERT INTO notifications (id, booking_id, kind, occasion, channel, recipient, state,"
            " message_id, made_at)"
            " VALUES ($1, $2, 'confirmed', '', 'email', 'a@b.example', 'due', '<x>', $3)",
            UUID(int=99),
            BOOKING,
            clock.now(),
        )


async def test_the_same_change_has_the_same_id_everywhere() -> None:
    again = NotificationKey(booking_id=BOOKING, kind="confirmed")
    other = NotificationKey(booking_id=BookingId(UUID(int=8)), kind="confirmed")
    assert again.id == KEY.id != other.id


async def test_many_are_begun_at_once_and_each_change_by_one_of_them(
    connection: Connection, clock: ManualClock
) -> None:
    sent = NotificationKey(booking_id=BOOKING, kind="expired")
    await begin(connection, clock, attempt(sent))
    await notifications.mark_sent(connection, receipts={sent.id: "250 ok"}, sent_at=clock.now())
    failed = NotificationKey(booking_id=BOOKING, kind="failed")

    begun = await begin(
        connection,
        clock,
        attempt(sent),
        attempt(),
        attempt(message_id="<2@agency.example>"),
        attempt(failed),
    )

    assert sorted(begun, key=lambda one: one.key.kind) == [attempt(), attempt(failed)]


async def test_the_recipient_is_not_in_a_log(connection: Connection, clock: ManualClock) -> None:
    await begin(connection, clock)
    assert "anna" not in repr(attempt())
    assert "anna" not in repr(await only(connection))


async def test_what_an_account_was_told_is_the_accounts_and_the_newest_comes_first(
    connection: Connection, clock: ManualClock
) -> None:
    account = AccountId(UUID(int=9))
    keys = [NotificationKey(account_id=account, kind="new_device", occasion=str(day)) for day in range(3)]
    await begin(connection, clock, attempt())
    for key in keys:
        clock.advance(1)
        await begin(connection, clock, attempt(key))

    found = await notifications.of_account(connection, account_id=account, limit=2)

    assert [one.key for one in found] == [keys[2], keys[1]]
    assert (keys[0].subject, KEY.subject) == (Subject.of("account", account), Subject.of("booking", BOOKING))
    assert [one.key for one in await notifications.of_booking(connection, booking_id=BOOKING)] == [KEY]


def test_a_message_is_about_something() -> None:
    with pytest.raises(ValueError, match="a booking or an account"):
        _ = NotificationKey(kind="confirmed").id


async def test_a_message_is_about_one_thing(connection: Connection, clock: ManualClock) -> None:
    both = NotificationKey(booking_id=BOOKING, account_id=AccountId(UUID(int=9)), kind="confirmed")

    with pytest.raises(asyncpg.CheckViolationError):
        await begin(connection, clock, attempt(both))
