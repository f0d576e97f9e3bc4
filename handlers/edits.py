"""Edits that overwrite nobody else's: what was read carries an ETag, and whoever changes it says which.

The one rule: an edit without If-Match is refused (428), and so is one of what has changed since (412); the
statement that writes names the version once more, so that of two at the same moment one wins.
"""

from aiohttp import web

from handlers.errors import Problem

IF_MATCH = "If-Match"


def etag_of(version: int) -> str:
    """The ETag of what is at that version."""
    return f'"{version}"'


def check_match(request: web.Request, version: int) -> None:
    """Raises Problem unless the request is about this very version; `*` is about any (RFC 9110, 13.1.1)."""
    if not request.headers.get(IF_MATCH):
        told = f"Read it first, and send its ETag as {IF_MATCH}."
        raise Problem("precondition-required", told)
    if not _matches(request, version):
        raise changed_meanwhile(version)


def check_match_if_given(request: web.Request, version: int) -> None:
    """The same, for what may be done whatever it has become. Raises Problem."""
    if request.headers.get(IF_MATCH) and not _matches(request, version):
        raise changed_meanwhile(version)


def changed_meanwhile(version: int) -> Problem:
    """It is another version by now."""
    told = f"It was changed since you read it, and is {etag_of(version)} now."
    return Problem("precondition-failed", told)


def _matches(request: web.Request, version: int) -> bool:
    """By strong comparison: a weak ETag matches nothing."""
    given = request.if_match or ()
    return any(tag.value in {str(version), "*"} and not tag.is_weak for tag in given)
