"""The cookies of a browser: its session's token, the one that gets it the next, and what opens one booking.

The one rule: none is ever seen by a script, sent to another host, or over plain http where we have https.
"""

from urllib.parse import urlsplit

from aiohttp import web

from bookingd.domain.ids import Reference
from handlers.parts import Parts


def cookie_name(parts: Parts) -> str:
    """`__Host-` binds a cookie to this host and to https; a browser refuses it on plain http."""
    return "__Host-bookingd" if parts.secure else "bookingd-session"


def refresh_cookie_name(parts: Parts) -> str:
    """The same for the refresh token."""
    return "__Host-bookingd-refresh" if parts.secure else "bookingd-refresh"


def set_session(response: web.Response, parts: Parts, token: str, *, seconds: float) -> None:
    """The session's token. Lax: who follows the link of a mail shall be signed in."""
    _set(response, cookie_name(parts), token, seconds=seconds, secure=parts.secure, same_site="Lax")


def set_refresh(response: web.Response, parts: Parts, token: str, *, seconds: float) -> None:
    """The refresh token: only pages of ours may use it."""
    name = refresh_cookie_name(parts)
    _set(response, name, token, seconds=seconds, secure=parts.secure, same_site="Strict")


def booking_cookie_name(parts: Parts) -> str:
    """`__Secure-` and no `__Host-`, which would be sent everywhere: this one goes to its booking only."""
    return "__Secure-bookingd-booking" if parts.secure else "bookingd-booking"


def code_cookie_name(parts: Parts) -> str:
    """The same for what a code is shown with."""
    return "__Secure-bookingd-code" if parts.secure else "bookingd-code"


def path_of(parts: Parts, reference: Reference) -> str:
    """Where browsers find a booking, below our own address."""
    return f"{urlsplit(parts.public_url).path}/v1/bookings/{reference}"


def set_booking(response: web.Response, parts: Parts, reference: Reference, token: str) -> None:
    """What opens the booking; until the browser is closed, since it may not be theirs who sits there."""
    _set(
        response,
        booking_cookie_name(parts),
        token,
        seconds=None,
        secure=parts.secure,
        same_site="Lax",
        path=path_of(parts, reference),
    )


def set_code(response: web.Response, parts: Parts, reference: Reference, token: str) -> None:
    """What a code is shown with, on our own page of the booking."""
    _set(
        response,
        code_cookie_name(parts),
        token,
        seconds=None,
        secure=parts.secure,
        same_site="Strict",
        path=path_of(parts, reference),
    )


def forget_code(response: web.Response, parts: Parts, reference: Reference) -> None:
    """It was shown."""
    path = path_of(parts, reference)
    response.del_cookie(code_cookie_name(parts), path=path, secure=parts.secure, httponly=True)


def forget(response: web.Response, parts: Parts) -> None:
    """The browser has no session any more."""
    for name in (cookie_name(parts), refresh_cookie_name(parts)):
        response.del_cookie(name, path="/", secure=parts.secure, httponly=True)


def _set(
    response: web.Response,
    name: str,
    token: str,
    *,
    seconds: float | None,
    secure: bool,
    same_site: str,
    path: str = "/",
) -> None:
    age = None if seconds is None else int(seconds)
    response.set_cookie(name, token, max_age=age, path=path, secure=secure, httponly=True, samesite=same_site)
