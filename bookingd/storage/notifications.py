"""What people were told: one row for each message about a change of a booking or an account (P5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from bookingd.domain.audit import Subject
from bookingd.domain.ids import AccountId, BookingId
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

BEGIN = query("notifications.begin")
PUT_OFF = query("notifications.put_off")
SENT = query("notifications.sent")
FAILED = query("notifications.failed")
OVERTAKEN = query("notifications.overtaken")
OF_BOOKING = query("notifications.of_booking")
OF_ACCOUNT = query("notifications.of_account")


class NotificationState(StrEnum):
    """How far a message has come."""

    DUE = "due"
    """To be handed over; the provider took nothing yet."""
    SENDING = "sending"
    """Handed over; the answer is not known."""
    SENT = "sent"
    FAILED = "failed"
    """Refused for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationKey:
    """What makes a message the same message: the change that it tells of, of one booking or one account.

    `occasion` tells two changes of one kind apart; it is empty where a booking has only one of the kind.
    """

    booking_id: BookingId | None = None
    account_id: AccountId | None = None
    """Or the registration that may become one."""
    kind: str
    occasion: str = ""

    @property
    def subject(self) -> Subject:
        """What it is about."""
        if self.account_id is not None:
            return Subject.of("account", self.account_id)
        return Subject.of("booking", self.about)

    @property
    def about(self) -> UUID:
        """The id of the same."""
        about = self.booking_id or self.account_id
        if about is None:
            raise ValueError("a message is about a booking or an account")
        return about

    @property
    def id(self) -> UUID:
        """Follows from the rest, so that whoever meets the same change finds the same message."""
        return uuid5(self.about, f"notification/{self.kind}/{self.occasion}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A message and what became of it."""

    id: UUID
    key: NotificationKey
    channel: str
    recipient: str = field(repr=False)
    state: NotificationState
    message_id: str
    attempts: int
    """How often it was handed to the provider."""
    repeats: int
    """How many of these while an earlier one may have arrived."""
    receipt: str | None
    """The provider's words, or why it was refused."""
    made_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A message that is about to be handed over."""

    key: NotificationKey
    recipient: str = field(repr=False)
    message_id: str
    repeat: bool
    """Whether an earlier attempt may have arrived."""


async def begin(
    connection: Connection, *, attempts: Sequence[Attempt], channel: str, now: datetime
) -> list[Attempt]:
    """Record that messages are being handed over; those for which that is to be done.

    Not what is sent or refused for good, nor what somebody else sees to under another Message-ID. Of two
    attempts at one message the first counts.
    """
    first = {attempt.key.id: attempt for attempt in reversed(attempts)}
    rows = await connection.fetch(
        BEGIN,
        list(first),
        [attempt.key.booking_id for attempt in first.values()],
        [attempt.key.kind for attempt in first.values()],
        [attempt.key.occasion for attempt in first.values()],
        [attempt.recipient for attempt in first.values()],
        [attempt.message_id for attempt in first.values()],
        [attempt.repeat for attempt in first.values()],
        channel,
        now,
        [attempt.key.account_id for attempt in first.values()],
    )
    return [first[row["id"]] for row in rows]


async def put_off(connection: Connection, *, notification_id: UUID) -> None:
    """Nothing was taken: it is due again."""
    await connection.execute(PUT_OFF, notification_id)


async def mark_sent(connection: Connection, *, receipts: Mapping[UUID, str], sent_at: datetime) -> None:
    """The provider took the messages, by their ids, with these words. What is over stays as it is."""
    await connection.execute(SENT, list(receipts), list(receipts.values()), sent_at)


async def mark_failed(connection: Connection, *, notification_id: UUID, reason: str) -> None:
    """The provider will never take it; `reason` is a sentence. What is over stays as it is."""
    await connection.execute(FAILED, notification_id, reason)


async def give_up(connection: Connection, *, notification_id: UUID, message_id: str, reason: str) -> None:
    """What it was to say is no longer so. One that may have arrived stays, failed for `reason`."""
    await connection.execute(OVERTAKEN, notification_id, message_id, reason)


async def of_booking(connection: Connection, *, booking_id: BookingId) -> list[Notification]:
    """Everything that was said about the booking, oldest first."""
    return [_notification(dict(row)) for row in await connection.fetch(OF_BOOKING, booking_id)]


async def of_account(connection: Connection, *, account_id: AccountId, limit: int) -> list[Notification]:
    """The last that was said about the account itself, the newest first."""
    rows = await connection.fetch(OF_ACCOUNT, account_id, limit)
    return [_notification(dict(row)) for row in rows]


def _notification(row: dict[str, object]) -> Notification:
    key = {name: row.pop(name) for name in ("booking_id", "account_id", "kind", "occasion")}
    state = NotificationState(str(row.pop("state")))
    return Notification(key=NotificationKey(**key), state=state, **row)  # type: ignore[arg-type]
