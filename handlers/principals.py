"""What people show with a request: the session's token, and tokens that open one booking."""

from uuid import UUID

from aiohttp import web

from bookingd.domain.access import Proof, ProofKind
from bookingd.domain.ids import BookingId
from bookingd.messages.envelope import Origin
from bookingd.tokens import InvalidToken, Purpose, Token
from handlers.cookies import booking_cookie_name
from handlers.errors import Problem
from handlers.middlewares import CORRELATION, trace_of
from handlers.parts import PARTS

BOOKING_TOKEN = "Booking-Token"  # noqa: S105 - the header's name
LINK = "link"
"""The query parameter of the link in a mail."""

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="bookingd"'}
"""Goes with every 401 (RFC 9110, 15.5.2)."""

_LONGEST_TOKEN = 200
_KINDS = ((Purpose.BOOKING, ProofKind.BOOKING_TOKEN), (Purpose.LINK, ProofKind.MAIL_LINK))


def session_required(detail: str) -> Problem:
    """Who are you?"""
    return Problem(
        "session-required",
        f"{detail} Open one with POST /v1/sessions, then send 'Authorization: Bearer <token>'.",
        headers=CHALLENGE,
    )


def proofs_of(request: web.Request, *shown: str) -> tuple[Proof, ...]:
    """The bookings that open to this request by a token in its header, cookie, mail link or `shown`."""
    cookie = request.cookies.get(booking_cookie_name(request.app[PARTS]), "")
    tokens = (request.headers.get(BOOKING_TOKEN, ""), request.query.get(LINK, ""), cookie, *shown)
    return tuple(proof for token in tokens if (proof := _proof(request, token)) is not None)


def origin_of(request: web.Request, principal: str) -> Origin:
    """On whose behalf messages go that this request causes: `Who.acting`, where somebody asks."""
    return Origin(principal=principal, correlation_id=request[CORRELATION], trace=trace_of(request))


def _proof(request: web.Request, token: str) -> Proof | None:
    for purpose, kind in _KINDS:
        if (read := read_token(request, token, purpose)) is not None:
            return Proof(kind=kind, booking_id=BookingId(UUID(read.subject)))
    return None


def read_token(request: web.Request, token: str, purpose: Purpose) -> Token | None:
    """What a token of ours says; None for any other, of another purpose, or too old."""
    parts = request.app[PARTS]
    if not token.isascii() or not 0 < len(token) <= _LONGEST_TOKEN:
        return None
    try:
        return parts.signer.read(token, purpose, now=parts.sources.clock.now())
    except InvalidToken:
        return None
