"""Ending sessions: audited, told to every process, and known here at once.

The one rule: a browser has one session. Whoever signs in or out leaves none behind there that its refresh
token could bring back, also when its access token is too old to say whose it was (ASVS 5.0, 7.2.4 and 7.4.1).
"""

import base64
import binascii
from collections.abc import Sequence

from aiohttp import web

from bookingd.domain.ids import AccountId, SessionId
from bookingd.messages.live import AccountChanged
from bookingd.storage import sessions
from bookingd.storage.sessions import Ending
from bookingd.storage.transactions import Transaction
from handlers.accounts.trail import record
from handlers.cookies import refresh_cookie_name
from handlers.parts import PARTS
from handlers.principals import origin_of
from handlers.signed_in import SIGNED_IN

REFRESH_BYTES = 32


def refresh_token_in(request: web.Request, told: str | None = None) -> bytes | None:
    """The refresh token that was told, or else the browser's; None where there is none that can be one."""
    text = told or request.cookies.get(refresh_cookie_name(request.app[PARTS]), "")
    try:
        token = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return token if len(token) == REFRESH_BYTES else None


async def end(
    request: web.Request,
    transaction: Transaction,
    account: AccountId,
    wanted: Sequence[SessionId],
    because: Ending,
) -> bool:
    """End those of the sessions that are the account's; whether one was open until now.

    Call `forget` when that has committed.
    """
    ended = await sessions.end(
        transaction.connection, account=account, ids=wanted, because=because, now=transaction.now
    )
    if ended:
        note(request, transaction, account, because)
    return bool(ended)


async def end_others(
    request: web.Request, transaction: Transaction, account: AccountId, but: SessionId | None
) -> None:
    """End all of the account's sessions but one. Call `forget` when that has committed."""
    ended = await sessions.end_all(
        transaction.connection, account=account, because=Ending.REVOKED, now=transaction.now, but=but
    )
    if ended:
        note(request, transaction, account, Ending.REVOKED)


async def end_kept(request: web.Request, transaction: Transaction) -> AccountId | None:
    """End the session that the browser keeps; whose it was, if it was open until now: `forget` them then."""
    token = refresh_token_in(request)
    ended = token and await sessions.end_by_token(
        transaction.connection, token=token, because=Ending.SIGNED_OUT, now=transaction.now
    )
    if not ended:
        return None
    note(request, transaction, ended[1], Ending.SIGNED_OUT)
    return ended[1]


def note(request: web.Request, transaction: Transaction, account: AccountId, because: Ending) -> None:
    """A session of the account has ended: audit it, and tell every process."""
    transaction.notify(AccountChanged(account_id=account))
    record(
        transaction,
        request.app[PARTS].sources,
        origin_of(request, f"account:{account}"),
        account=account,
        action="account.session_ended",
        details={"because": because.value},
    )


def forget(request: web.Request, account: AccountId) -> None:
    """What was known of the account's sessions: the next request may be here before the notice."""
    request.app[SIGNED_IN].hear(AccountChanged(account_id=account))
