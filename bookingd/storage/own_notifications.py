"""What an account was told, about itself and about its bookings, as a list."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from bookingd.domain.ids import AccountId, Reference
from bookingd.storage.database import Connection
from bookingd.storage.notifications import NotificationState
from bookingd.storage.queries import query

PAGE = query("own_notifications.page")

UNTOLD = ("address_confirm",)
"""Mails to an address that an account wants: that one went says that the address has no account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnNotification:
    """One line of the list. What it said is kept nowhere."""

    id: UUID
    kind: str
    channel: str
    recipient: str = field(repr=False)
    state: NotificationState
    made_at: datetime
    sent_at: datetime | None
    reference: Reference | None
    """Of the booking; None where it was about the account itself."""


async def page(
    connection: Connection,
    *,
    account: AccountId,
    owner: str,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[OwnNotification]:
    """Up to `limit` messages, the newest first, behind the one made then with that id.

    `owner` is the account as the principal that its bookings name.
    """
    made_at, notification_id = after or (None, None)
    rows = await connection.fetch(PAGE, account, owner, made_at, notification_id, limit, UNTOLD)
    return [
        OwnNotification(
            id=row["id"],
            kind=row["kind"],
            channel=row["channel"],
            recipient=row["recipient"],
            state=NotificationState(row["state"]),
            made_at=row["made_at"],
            sent_at=row["sent_at"],
            reference=Reference(row["reference"]) if row["reference"] else None,
        )
        for row in rows
    ]
