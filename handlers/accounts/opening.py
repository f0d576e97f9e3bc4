"""A session for an account that has shown who it is: recorded, audited, and answered as the client keeps it.

A browser gets its tokens in cookies alone; a program gets them in the answer.
"""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from bookingd.domain.accounts.permissions import is_staff
from bookingd.domain.audit import Plain
from bookingd.domain.ids import AccountId, SessionId
from bookingd.messages.accounts import SignedInOnNewDevice
from bookingd.messages.envelope import Origin
from bookingd.storage import sessions
from bookingd.storage.accounts import Account
from bookingd.storage.sessions import Ending, NewSession
from bookingd.storage.transactions import Transaction
from bookingd.tokens import Purpose
from handlers.accounts import ending
from handlers.accounts.ending import REFRESH_BYTES
from handlers.accounts.trail import record
from handlers.clients import client_address, device_of, is_browser
from handlers.cookies import set_refresh, set_session
from handlers.parts import PARTS, Parts
from handlers.principals import origin_of
from handlers.reply import json_reply
from handlers.session_views import Session

ACCESS_LIFE = timedelta(minutes=10)
"""Of an access token: whoever steals one has it for so long at most (ASVS 5.0, 7.2 and 9.2)."""

SESSION_LIFE = timedelta(days=30)
STAFF_SESSION_LIFE = timedelta(hours=12)
"""Until the password is asked for again, however often a session is refreshed (ASVS 5.0, 7.3.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session and what its client needs to keep it."""

    session: SessionId
    account: AccountId
    second_factor: bool | None
    refresh_token: bytes
    expires_at: datetime
    """Of the session, however often it is refreshed."""
    left: AccountId | None = None
    """Whose session this browser had until now: that one has ended."""


def account_origin(request: web.Request, account: AccountId) -> Origin:
    """On behalf of an account that has just shown who it is."""
    return origin_of(request, f"account:{account}")


async def open_for(
    request: web.Request, transaction: Transaction, account: Account, *, second_factor: bool
) -> Opened:
    """Open a session of the account here, in place of the one that the browser had; its owner is told where
    it had none on such a device.
    """
    parts, device, now = request.app[PARTS], device_of(request), transaction.now
    known = await sessions.knows_device(transaction.connection, account=account.id, device=device)
    life = STAFF_SESSION_LIFE if is_staff(account.roles) else SESSION_LIFE
    opened = Opened(
        session=SessionId(parts.sources.ids.new()),
        account=account.id,
        second_factor=second_factor,
        refresh_token=parts.sources.chance.token(REFRESH_BYTES),
        expires_at=(now + life).replace(microsecond=0),
        left=await ending.end_kept(request, transaction),
    )
    new = NewSession(
        id=opened.session,
        account=account.id,
        expires_at=opened.expires_at,
        second_factor=second_factor,
        device=device,
        client_address=client_address(request),
    )
    token = opened.refresh_token
    if await sessions.open_session(transaction.connection, new=new, token=token, now=now):
        ending.note(request, transaction, account.id, Ending.REVOKED)
    origin = account_origin(request, account.id)
    details: dict[str, Plain] = {"second_factor": second_factor, "device": device}
    action = "account.signed_in"
    record(transaction, parts.sources, origin, account=account.id, action=action, details=details)
    if known is False:
        transaction.send(SignedInOnNewDevice(account_id=account.id, device=device, at=now), origin=origin)
    return opened


def answer(request: web.Request, opened: Opened, *, status: int = 201) -> web.Response:
    """The session as its client keeps it, once it is recorded."""
    parts, browser = request.app[PARTS], is_browser(request)
    if opened.left is not None:
        ending.forget(request, opened.left)
    now = parts.sources.clock.now()
    ends = min(now + ACCESS_LIFE, opened.expires_at).replace(microsecond=0)
    token = parts.signer.sign(Purpose.ACCESS, str(opened.session), expires_at=ends)
    refresh = spelled(opened.refresh_token)
    session = Session(
        kind="account",
        principal=f"account:{opened.account}",
        expires_at=ends,
        token=None if browser else token,
        id=str(opened.session),
        refresh_token=None if browser else refresh,
        ends_at=opened.expires_at,
        second_factor=opened.second_factor,
    )
    response = json_reply(session, status=status)
    _keep(response, parts, token, refresh, access=ends - now, session=opened.expires_at - now)
    return response


def spelled(refresh_token: bytes) -> str:
    """A refresh token as text."""
    return base64.urlsafe_b64encode(refresh_token).rstrip(b"=").decode()


def _keep(
    response: web.Response, parts: Parts, token: str, refresh: str, *, access: timedelta, session: timedelta
) -> None:
    set_session(response, parts, token, seconds=access.total_seconds())
    set_refresh(response, parts, refresh, seconds=session.total_seconds())
