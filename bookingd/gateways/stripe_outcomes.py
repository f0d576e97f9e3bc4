"""Stripe's faults, and what is known after each of them.

The one rule: a call that changes something and was sent has an unknown outcome, unless Stripe itself said
no. Nothing of what Stripe echoes of a key gets into an error.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import stripe

from bookingd.gateways.port import CredentialsRejected
from bookingd.outcomes import OutsideError, Refused, Unavailable, UnknownOutcome


def outcome(error: Exception, operation: str, *, deed: bool) -> OutsideError:
    """The one of our errors that says what is known after `error`.

    `deed` is False for a call that only reads: whatever became of that one, it may be made again.
    """
    match error:
        case stripe.AuthenticationError() | stripe.PermissionError():
            return CredentialsRejected("Stripe does not accept the secret key: see stripe.secret_key")
        case stripe.RateLimitError():
            return Unavailable("Stripe asks for fewer calls", retry_after=_retry_after(error))
        case stripe.StripeError() if error.http_status == 409:
            return Unavailable(
                "Stripe is still at work on this object or key", retry_after=_retry_after(error)
            )
        case stripe.InvalidRequestError() | stripe.IdempotencyError() | stripe.CardError():
            return refusal(error)
        case stripe.APIConnectionError() if _never_sent(error.__cause__):
            return Unavailable(f"{operation}: Stripe cannot be reached ({_kind(error.__cause__)})")
        case _:
            return _lost(error, operation, deed=deed)


def _lost(error: Exception, operation: str, *, deed: bool) -> OutsideError:
    status = getattr(error, "http_status", None)
    seen = f"HTTP {status}" if status else _kind(error.__cause__ or error)
    what = f"{operation}: no usable answer from Stripe ({seen})"
    return UnknownOutcome(what) if deed else Unavailable(what)


def _never_sent(cause: BaseException | None) -> bool:
    """Whether no connection came about, so that nothing can have happened."""
    return isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)


def _kind(error: BaseException | None) -> str:
    return "timeout" if isinstance(error, asyncio.TimeoutError) else type(error).__name__


def fault(error: stripe.StripeError) -> Mapping[str, Any]:
    """The inside of the error that Stripe sent, if it sent one."""
    body = error.json_body
    said = body.get("error") if isinstance(body, dict) else None
    return said if isinstance(said, dict) else {}


def refusal(error: stripe.StripeError) -> Refused:
    """Stripe's no, with its most telling code, its own sentence and the number of the request."""
    said = fault(error)
    code = str(said.get("decline_code") or said.get("code") or said.get("type") or "refused")
    request_id = f" ({error.request_id})" if error.request_id else ""
    return Refused(
        "not_found" if error.http_status == 404 else code,
        f"{said.get('message') or 'no reason given'}{request_id}",
    )


def _retry_after(error: stripe.StripeError) -> float | None:
    given = (error.headers or {}).get("Retry-After", "")
    return float(given) if given.replace(".", "", 1).isdecimal() else None
