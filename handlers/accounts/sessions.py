"""Keeping, listing and ending the sessions of an account."""

from uuid import UUID

from aiohttp import web

from bookingd.domain.ids import SessionId
from bookingd.messages.accounts import SessionReplayed
from bookingd.storage import sessions
from bookingd.storage.sessions import Ending, ListedSession, Replayed, Rotated
from bookingd.storage.transactions import Transaction
from handlers.accounts import ending
from handlers.accounts.account_requests import Refresh
from handlers.accounts.changes import account_of
from handlers.accounts.ending import refresh_token_in
from handlers.accounts.opening import Opened, account_origin, answer
from handlers.bodies import json_body
from handlers.cookies import forget
from handlers.errors import not_found
from handlers.gate import who_of
from handlers.parts import PARTS
from handlers.principals import session_required
from handlers.reply import json_reply
from handlers.session_views import OpenSession, OpenSessions


async def refresh(request: web.Request) -> web.Response:
    """The next access token, and the next refresh token. Raises Problem."""
    asked, _ = await json_body(request, Refresh)
    signer, token = request.app[PARTS].signer, refresh_token_in(request, asked["refresh_token"])
    if token is None:
        raise session_required("The refresh token is missing, or is not one of ours.")
    successor = signer.successor(token)
    rotated = await _rotate(request, token, successor)
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
    """The session that asks is over, and the one that its browser keeps, which forgets a guest's too."""
    who = who_of(request)
    async with request.app[PARTS].transactions.begin() as transaction:
        kept = await ending.end_kept(request, transaction)
        if who.account is not None and who.session is not None:
            await ending.end(request, transaction, who.account, [who.session], Ending.SIGNED_OUT)
    for account in filter(None, (kept, who.account)):
        ending.forget(request, account)
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
    async with request.app[PARTS].transactions.begin() as transaction:
        ended = await ending.end(request, transaction, account, [session], Ending.REVOKED)
    ending.forget(request, account)
    if not ended:
        raise not_found()
    return web.Response(status=204)


async def end_others(request: web.Request) -> web.Response:
    """Sign out everywhere else."""
    account = account_of(request)
    async with request.app[PARTS].transactions.begin() as transaction:
        await ending.end_others(request, transaction, account, but=who_of(request).session)
    ending.forget(request, account)
    return web.Response(status=204)


async def list_sessions(request: web.Request) -> web.Response:
    """Everywhere the account is signed in."""
    parts, who = request.app[PARTS], who_of(request)
    async with parts.database.connection() as connection:
        found = await sessions.listed(connection, account=account_of(request), now=parts.sources.clock.now())
    shown = tuple(_view(one, current=one.id == who.session) for one in found)
    return json_reply(OpenSessions(sessions=shown))


async def _rotate(request: web.Request, token: bytes, successor: bytes) -> Rotated | Replayed | None:
    """What became of the token; that one was replayed is told to its owner."""
    async with request.app[PARTS].transactions.begin() as transaction:
        rotated = await sessions.rotate(
            transaction.connection, token=token, successor=successor, now=transaction.now
        )
        if isinstance(rotated, Replayed) and rotated.ended:
            _tell_of_replay(request, transaction, rotated)
    if isinstance(rotated, Replayed) and rotated.ended:
        request.app[PARTS].metrics.sessions_replayed.inc()
        ending.forget(request, rotated.account)
    return rotated


def _tell_of_replay(request: web.Request, transaction: Transaction, replayed: Replayed) -> None:
    told = SessionReplayed(account_id=replayed.account, device=replayed.device, at=transaction.now)
    transaction.send(told, origin=account_origin(request, replayed.account))
    ending.note(request, transaction, replayed.account, Ending.REPLAYED)


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
