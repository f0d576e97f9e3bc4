"""Keeping, listing and ending the sessions of an account."""

import base64
import binascii
from collections.abc import Sequence
from uuid import UUID

from aiohttp import web

from bookingd.domain.ids import AccountId, SessionId
from bookingd.messages.accounts import SessionReplayed
from bookingd.messages.live import AccountChanged
from bookingd.storage import sessions
from bookingd.storage.sessions import Ending, ListedSession, Replayed, Rotated
from bookingd.storage.transactions import Transaction
from handlers.accounts.account_requests import Refresh
from handlers.accounts.changes import account_of
from handlers.accounts.opening import REFRESH_BYTES, Opened, account_origin, answer
from handlers.accounts.trail import record
from handlers.bodies import json_body
from handlers.cookies import forget, refresh_cookie_name
from handlers.errors import not_found
from handlers.gate import who_of
from handlers.parts import PARTS
from handlers.principals import session_required
from handlers.reply import json_reply
from handlers.session_views import OpenSession, OpenSessions
from handlers.signed_in import SIGNED_IN


async def refresh(request: web.Request) -> web.Response:
    """The next access token, and the next refresh token. Raises Problem."""
    asked, _ = await json_body(request, Refresh)
    parts = request.app[PARTS]
    token = _read(asked["refresh_token"] or request.cookies.get(refresh_cookie_name(parts), ""))
    if token is None:
        raise session_required("This needs a refresh token.")
    successor = parts.sources.chance.token(REFRESH_BYTES)
    async with parts.transactions.begin() as transaction:
        rotated = await sessions.rotate(
            transaction.connection, token=token, successor=successor, now=transaction.now
        )
        if isinstance(rotated, Replayed) and rotated.ended:
            _tell_of_replay(request, transaction, rotated)
    if not isinstance(rotated, Rotated):
        raise session_required("This session is over.")
    opened = Opened(
        session=rotated.session,
        account=rotated.account,
        second_factor=rotated.second_factor,
        refresh_token=successor,
        expires_at=rotated.expires_at,
    )
    return answer(request, opened, status=200)


async def sign_out(request: web.Request) -> web.Response:
    """The session that asks is over; a guest's browser forgets its own."""
    who = who_of(request)
    if who.account is not None and who.session is not None:
        await _end(request, who.account, [who.session], Ending.SIGNED_OUT)
    response = web.Response(status=204)
    forget(response, request.app[PARTS])
    return response


async def end_session(request: web.Request) -> web.Response:
    """Sign out somewhere else."""
    account = account_of(request)
    try:
        session = SessionId(UUID(request.match_info["session_id"]))
    except ValueError as error:
        raise not_found() from error
    if not await _end(request, account, [session], Ending.REVOKED):
        raise not_found()
    return web.Response(status=204)


async def list_sessions(request: web.Request) -> web.Response:
    """Everywhere the account is signed in."""
    parts, who = request.app[PARTS], who_of(request)
    async with parts.database.connection() as connection:
        found = await sessions.listed(connection, account=account_of(request), now=parts.sources.clock.now())
    shown = tuple(_view(one, current=one.id == who.session) for one in found)
    return json_reply(OpenSessions(sessions=shown))


async def _end(
    request: web.Request, account: AccountId, wanted: Sequence[SessionId], because: Ending
) -> tuple[SessionId, ...]:
    """Which of them were open until now."""
    parts, gone = request.app[PARTS], AccountChanged(account_id=account)
    async with parts.transactions.begin() as transaction:
        ended = await sessions.end(
            transaction.connection, account=account, ids=wanted, because=because, now=transaction.now
        )
        if ended:
            transaction.notify(gone)
            record(
                transaction,
                parts.sources,
                account_origin(request, account),
                account=account,
                action="account.session_ended",
                details={"because": because.value},
            )
    request.app[SIGNED_IN].hear(gone)  # the next request may be here before the notice
    return ended


def _tell_of_replay(request: web.Request, transaction: Transaction, replayed: Replayed) -> None:
    account, origin = replayed.account, account_origin(request, replayed.account)
    told = SessionReplayed(account_id=account, device=replayed.device, at=transaction.now)
    transaction.send(told, origin=origin)
    transaction.notify(AccountChanged(account_id=account))
    details = {"because": Ending.REPLAYED.value}
    record(
        transaction,
        request.app[PARTS].sources,
        origin,
        account=account,
        action="account.session_ended",
        details=details,
    )


def _view(session: ListedSession, *, current: bool) -> OpenSession:
    return OpenSession(
        id=str(session.id),
        device=session.device,
        client_address=session.client_address,
        opened_at=session.created_at,
        seen_at=session.seen_at,
        ends_at=session.expires_at,
        second_factor=session.second_factor,
        current=current,
    )


def _read(text: str) -> bytes | None:
    """A refresh token; None for what cannot be one."""
    try:
        token = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return token if len(token) == REFRESH_BYTES else None
