"""What an account was told, and where it went; never what it said: links and codes are in the mails alone."""

from datetime import datetime
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from bookingd.domain.ids import Reference
from bookingd.storage import own_notifications
from bookingd.storage.notifications import NotificationState
from bookingd.storage.own_notifications import OwnNotification
from handlers.accounts.changes import account_of
from handlers.cursors import read_cursor, write_cursor
from handlers.fields import load_query
from handlers.gate import who_of
from handlers.parts import PARTS
from handlers.reply import json_reply
from handlers.requests import Page, schema
from handlers.views import View


class NotificationView(View, frozen=True, kw_only=True):
    """Something that we told."""

    id: str
    kind: Annotated[str, Meta(description="What it told of: `new_device`, `confirmed`.")]
    reference: Annotated[Reference | None, Meta(description="The booking; null: the account itself.")]
    channel: str
    recipient: str
    state: NotificationState
    made_at: datetime
    sent_at: datetime | None


class Notifications(View, frozen=True, kw_only=True):
    """A page of what an account was told, the newest first."""

    notifications: tuple[NotificationView, ...]
    next: Annotated[str | None, Meta(description="`cursor` of the next page; null on the last one.")]


async def list_notifications(request: web.Request) -> web.Response:
    """A page of them: about the account, and about what it booked."""
    asked, account = load_query(schema(Page), request.query), account_of(request)
    after, limit = read_cursor(asked["cursor"]), asked["limit"]
    async with request.app[PARTS].database.connection() as connection:
        found = await own_notifications.page(
            connection, account=account, owner=who_of(request).principal, after=after, limit=limit + 1
        )
    shown, more = found[:limit], len(found) > limit
    following = write_cursor(shown[-1].made_at, shown[-1].id) if more else None
    return json_reply(Notifications(notifications=tuple(map(_view, shown)), next=following))


def _view(told: OwnNotification) -> NotificationView:
    return NotificationView(
        id=str(told.id),
        kind=told.kind,
        reference=told.reference,
        channel=told.channel,
        recipient=told.recipient,
        state=told.state,
        made_at=told.made_at,
        sent_at=told.sent_at,
    )
