"""Who is asking, and whether this address is for them: found out once a request, before its handler runs.

The one rule: every address says whom it is for (`Operation.access`), and here alone that is decided; what is
not allowed by name is refused. Whose a booking is decides bookingd.domain.access besides.
"""

from datetime import datetime
from uuid import UUID

from aiohttp import hdrs, web

from bookingd.domain.accounts.permissions import OWN, SCOPES, Permission, permissions_of
from bookingd.domain.accounts.who import NOBODY, Who
from bookingd.domain.ids import SessionId
from bookingd.security.api_keys import looks_like_api_key, read_api_key
from bookingd.tokens import Purpose
from handlers.bodies import wait_of
from handlers.cookies import cookie_name
from handlers.errors import Problem
from handlers.key_holders import KEY_HOLDERS
from handlers.middlewares import CORRELATION
from handlers.operations import Access, Handler, Route
from handlers.parts import PARTS
from handlers.principals import read_token, session_required
from handlers.signed_in import SIGNED_IN

WHO = web.RequestKey("who", Who)


def who_of(request: web.Request) -> Who:
    """Who it was found to be; nobody where nothing was shown, or where nobody is asked."""
    who: Who = request.get(WHO, NOBODY)
    return who


def guarded(route: Route) -> Handler:
    """The route's handler, for those whom the address is for."""
    access, handler = route.operation.access, route.handler
    if access is Access.PUBLIC:
        public: Handler = handler
        return public

    async def admitted(request: web.Request) -> web.StreamResponse:
        who = await find_out(request)
        check(who, access, now=request.app[PARTS].sources.clock.now())
        request[WHO] = who
        answer: web.StreamResponse = await handler(request)
        if wait_of(request) and not await is_still(request, who):
            raise session_required("The session ended while this was waited for; what was asked for is done.")
        return answer

    return admitted


async def find_out(request: web.Request) -> Who:
    """Who asks.

    Raises Problem for a bearer token that is not good: whoever sends one means to be somebody. A cookie
    that is too old is no session, since browsers send it without being asked.
    """
    if hdrs.AUTHORIZATION in request.headers:
        who = await _authorized(request)
        if who is None:
            raise session_required("The token or key in Authorization is not valid, or too old.")
        return who
    return await _behind(request, request.cookies.get(cookie_name(request.app[PARTS]), "")) or NOBODY


async def _authorized(request: web.Request) -> Who | None:
    """Who the header Authorization names; of several a proxy may have looked at another one."""
    first, *more = request.headers.getall(hdrs.AUTHORIZATION)
    scheme, _, token = first.partition(" ")
    return await _bearer(request, token.strip()) if scheme.lower() == "bearer" and not more else None


async def _bearer(request: web.Request, token: str) -> Who | None:
    """Who sends that token or API key; no cookie is ever a key."""
    if not looks_like_api_key(token):
        return await _behind(request, token)
    key = read_api_key(token)
    who = await request.app[KEY_HOLDERS].find(key, correlation_id=request[CORRELATION]) if key else None
    if who is None:
        request.app[PARTS].metrics.api_keys_refused.inc()
    return who


async def _behind(request: web.Request, token: str) -> Who | None:
    """Who has that token: a guest's is believed as it is, an account's session may have ended."""
    if (guest := read_token(request, token, Purpose.GUEST)) is not None:
        return Who.guest(guest.subject)
    if (signed_in := read_token(request, token, Purpose.ACCESS)) is not None:
        return await request.app[SIGNED_IN].find(SessionId(UUID(signed_in.subject)))
    return None


async def is_still(request: web.Request, who: Who) -> bool:
    """Whether they are who they were when they began to follow something, and may do as much."""
    if who.account is None:
        return True  # a guest's session is stored nowhere and cannot end
    # A key is good or not; an access token may have become too old meanwhile, and its session goes on.
    session = who.session
    now = await (_authorized(request) if session is None else request.app[SIGNED_IN].find(session))
    return now is not None and now.permissions == who.permissions


def refusals(access: Access | Permission) -> tuple[str, ...]:
    """The problems that an address may tell because of whom it is for."""
    match access:
        case Access.PUBLIC:
            return ()
        case Access.ANYBODY:
            return ("session-required",)
        case Access.RECENT:
            return ("session-required", "not-allowed", "sign-in-again")
        case Access.SESSION | Access.ACCOUNT:
            return ("session-required", "not-allowed")
    return ("session-required", "not-allowed", "second-factor-needed")


def check(who: Who, access: Access | Permission, *, now: datetime) -> None:
    """Raises Problem unless the address is for them."""
    if access in {Access.PUBLIC, Access.ANYBODY}:
        return
    if not who.known:
        raise session_required("This needs a session.")
    if access is Access.SESSION:
        allowed = who.account is None or who.has(Permission.BOOK)
    elif isinstance(access, Permission):
        allowed = who.has(access)
    else:
        allowed = _is_account(who)
    if not allowed:
        raise _refusal(who, access)
    if access is Access.RECENT and not who.proved_lately(now):
        raise Problem("sign-in-again", "This asks for a sign-in that is not older than ten minutes.")


def _is_account(who: Who) -> bool:
    if who.account is None:
        raise session_required("This needs an account.")
    return who.has(Permission.ACCOUNT)


def _refusal(who: Who, access: Access | Permission) -> Problem:
    """Staff without a second factor, and who has an API key, are told what they lack; others nothing more."""
    if who.api_key is not None:
        by_key = access is Access.SESSION or access in SCOPES
        lacking = (
            "Its scopes do not reach here." if by_key else "This takes a sign-in, and no API key does it."
        )
        return Problem("not-allowed", lacking)
    if access in permissions_of(who.roles) - OWN and not who.second_factor:
        return Problem("second-factor-needed", "What staff may do needs a sign-in with a second factor.")
    return Problem("not-allowed", "This is not for you.")
