"""Sessions of people without an account: a signed name for somebody whom we do not know."""

from datetime import datetime, timedelta
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from bookingd.tokens import Purpose
from handlers.bodies import json_body
from handlers.parts import PARTS
from handlers.principals import cookie_name
from handlers.reply import json_reply
from handlers.requests import NewSession
from handlers.views import View

GUEST_LIFE = timedelta(days=30)
"""Long enough to come back to a booking; the booking's own token and the mail's link last longer."""


class Session(View, frozen=True, kw_only=True):
    """A session. Browsers keep it in a cookie that scripts cannot read; programs send the token."""

    kind: str
    token: Annotated[str, Meta(description="For programs: 'Authorization: Bearer <token>'.")]
    principal: Annotated[str, Meta(description="Who this session is; owner of what it books.")]
    expires_at: datetime


async def open_session(request: web.Request) -> web.Response:
    """Open a session. Nothing is stored: the token says it all, and is signed."""
    parts = request.app[PARTS]
    asked, _ = await json_body(request, NewSession)
    now, subject = parts.sources.clock.now(), str(parts.sources.ids.new())
    expires_at = (now + GUEST_LIFE).replace(microsecond=0)
    token = parts.signer.sign(Purpose.GUEST, subject, expires_at=expires_at)
    session = Session(kind=asked["kind"], token=token, principal=f"guest:{subject}", expires_at=expires_at)
    response = json_reply(session, status=201)
    response.set_cookie(
        cookie_name(parts),
        token,
        max_age=int(GUEST_LIFE.total_seconds()),
        path="/",
        secure=parts.secure,
        httponly=True,
        samesite="Lax",
    )
    return response
