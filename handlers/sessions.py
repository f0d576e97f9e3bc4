"""Opening a session: a signed name for somebody whom we do not know, or that of an account."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from aiohttp import web
from marshmallow import Schema

from bookingd.tokens import Purpose
from handlers.accounts import signing_in
from handlers.accounts.account_requests import (
    GuestSession,
    NewSession,
    PasskeySession,
    PasswordSession,
    SecondFactorSession,
)
from handlers.bodies import json_body
from handlers.clients import is_browser
from handlers.cookies import set_session
from handlers.fields import load
from handlers.parts import PARTS
from handlers.reply import json_reply
from handlers.requests import schema
from handlers.session_views import Session

GUEST_LIFE = timedelta(days=30)
"""Long enough to come back to a booking; the booking's own token and the mail's link last longer."""


async def open_session(request: web.Request) -> web.Response:
    """Open a session of the kind that is asked for."""
    asked, given = await json_body(request, NewSession)
    of, opening = KINDS[asked["kind"]]
    return await opening(request, load(schema(of), given))


async def as_guest(request: web.Request, asked: Mapping[str, Any]) -> web.Response:
    """Nothing is stored: the token says it all, and is signed."""
    parts = request.app[PARTS]
    now, subject = parts.sources.clock.now(), str(parts.sources.ids.new())
    expires_at = (now + GUEST_LIFE).replace(microsecond=0)
    token = parts.signer.sign(Purpose.GUEST, subject, expires_at=expires_at)
    session = Session(
        kind="guest",
        token=None if is_browser(request) else token,
        principal=f"guest:{subject}",
        expires_at=expires_at,
    )
    response = json_reply(session, status=201)
    set_session(response, parts, token, seconds=GUEST_LIFE.total_seconds())
    return response


KINDS: Mapping[
    str, tuple[type[Schema], Callable[[web.Request, Mapping[str, Any]], Awaitable[web.Response]]]
] = MappingProxyType(
    {
        "guest": (GuestSession, as_guest),
        "account": (PasswordSession, signing_in.by_password),
        "second_factor": (SecondFactorSession, signing_in.by_second_factor),
        "passkey": (PasskeySession, signing_in.by_passkey),
    }
)
"""What each kind of session takes, and who opens it."""
