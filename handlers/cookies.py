"""The cookies of a browser's session: the token of its requests, and the one that gets it the next.

The one rule: neither is ever seen by a script, sent to another host, or over plain http where we have https.
"""

from aiohttp import web

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


def forget(response: web.Response, parts: Parts) -> None:
    """The browser has no session any more."""
    for name in (cookie_name(parts), refresh_cookie_name(parts)):
        response.del_cookie(name, path="/", secure=parts.secure, httponly=True)


def _set(
    response: web.Response, name: str, token: str, *, seconds: float, secure: bool, same_site: str
) -> None:
    response.set_cookie(
        name, token, max_age=int(seconds), path="/", secure=secure, httponly=True, samesite=same_site
    )
