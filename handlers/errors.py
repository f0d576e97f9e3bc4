"""The only map from what can go wrong to what a client is told: problems after RFC 9457.

A problem's type is a stable path, `/problems/<slug>`, that also answers as a page. Nothing internal leaves
the house: an unexpected error is told by its correlation id alone, and the rest is in our log.
"""

import logging
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from aiohttp import web

from bookingd.bus.port import QueryFailed, QueryTimeout
from bookingd.security.keyring import CannotOpen
from bookingd.security.passwords import TooManyPasswords
from bookingd.storage.bookings import BookingNotFound
from bookingd.storage.database import is_retryable, is_unavailable
from bookingd.storage.offers import OfferExpired, OfferNotFound
from handlers.problems import KINDS
from handlers.reply import encode

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"


class FieldError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with one field. `code` is stable, for programs; `message` is for people."""

    field: str
    """Where it is: `passengers[1].born`, the name of a parameter or of a header."""
    code: str
    message: str
    hint: str | None = None


class ProblemBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457, with what helps to mend the request."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    """`urn:uuid:` and the correlation id: this very occurrence."""
    correlation_id: str
    errors: tuple[FieldError, ...] = ()


class Problem(Exception):
    """What a client is told instead of an answer."""

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = KINDS[slug]
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def body(self, correlation_id: UUID) -> ProblemBody:
        """As it is told to whoever sent the request of that id."""
        return ProblemBody(
            type=f"/problems/{self.kind.slug}",
            title=self.kind.title,
            status=self.kind.status,
            detail=self.detail,
            instance=f"urn:uuid:{correlation_id}",
            correlation_id=str(correlation_id),
            errors=self.errors,
        )


def invalid(*errors: FieldError) -> Problem:
    """Fields that are not right."""
    fields = ", ".join(dict.fromkeys(error.field or "the body" for error in errors))
    return Problem("invalid-fields", f"Please look at: {fields}.", errors=errors)


def not_found() -> Problem:
    """The same words for what is not there and for what is somebody else's (P10)."""
    return Problem("not-found", "There is nothing here that you may see.")


def reply_to(error: Exception, correlation_id: UUID) -> web.Response:
    """The answer to a request that ended with `error`."""
    problem = problem_of(error)
    if problem.kind.status >= 500:
        _tell_operators(error, problem)
    return web.Response(
        body=encode(problem.body(correlation_id)),
        status=problem.kind.status,
        headers={"Content-Type": PROBLEM_JSON, "Cache-Control": "no-store", **problem.headers},
    )


def problem_of(error: Exception) -> Problem:
    """What `error` is called outside."""
    match error:
        case Problem():
            return error
        case web.HTTPException():
            return _of_framework(error)
        case BookingNotFound() | OfferNotFound():
            return not_found()
        case CannotOpen():
            return Problem("sealed-unreadable", "A field key of this installation is missing.")
        case OfferExpired():
            return Problem("offer-expired", "This offer can no longer be booked.")
    return _of_load(error) or _of_database(error)


def _of_load(error: Exception) -> Problem | None:
    """What passes by itself when there is less to do."""
    match error:
        case QueryTimeout():
            return Problem("search-late", "No supplier was asked in time.", headers=_after(2))
        case QueryFailed():
            return Problem("unavailable", "The search cannot be asked at the moment.", headers=_after(5))
        case TooManyPasswords():
            return Problem("unavailable", "Too many people sign in at the moment.", headers=_after(2))
        case TimeoutError():
            return Problem("busy", "The request was given up after its time limit.", headers=_after(2))
    return None


def _of_database(error: Exception) -> Problem:
    """PostgreSQL away, or at odds with a neighbour; anything else was not foreseen."""
    if is_unavailable(error):
        return Problem("unavailable", "The database cannot be reached at the moment.", headers=_after(2))
    if is_retryable(error):
        return Problem("unavailable", "Too many requests met each other.", headers=_after(1))
    return Problem("unexpected", "The request met an error that we did not foresee.")


def _of_framework(error: web.HTTPException) -> Problem:
    """aiohttp's own refusals."""
    match error:
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return Problem("method-not-allowed", f"Allowed here: {allowed}.", headers={"Allow": allowed})
        case web.HTTPRequestEntityTooLarge():
            return Problem("body-too-large", f"{error.text or 'The body is larger than we take.'}")
        case web.HTTPNotFound():
            return not_found()
    return Problem("bad-request", error.reason)


def _after(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)}


def _tell_operators(error: Exception, problem: Problem) -> None:
    if problem.kind.slug == "unexpected":
        log.error("a request met an unforeseen error", exc_info=error)
    elif isinstance(error, CannotOpen):
        log.error("what is encrypted cannot be read: %s. Look at it: bookingd keys status", error)
    else:
        log.warning("a request was refused: %s: %r", problem.kind.slug, error)
