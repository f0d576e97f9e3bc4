"""PayPal's faults, and what is known after each of them.

The one rule: a call that changes something and was sent has an unknown outcome, unless PayPal itself said
no. Nothing of what PayPal echoes of a request gets into an error, but its own sentence and its number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import aiohttp

from bookingd.domain.declines import DeclineReason
from bookingd.gateways.port import CredentialsRejected
from bookingd.outcomes import OutsideError, Refused, Unavailable, UnknownOutcome

LONGEST_SENTENCE = 300
"""Characters of PayPal's explanation that we keep."""

LONGEST_CODE = 64

# developer.paypal.com/api/rest/reference/orders/v2/errors, read 2026-11, and the `issue` enumerations of the
# API descriptions: what the payer, or how they pay, is the reason of. All else that is refused is about us.
_DECLINES = {
    DeclineReason.INSUFFICIENT_FUNDS: "PAYER_CANNOT_PAY",
    DeclineReason.EXPIRED_CARD: "CARD_EXPIRED REFERENCED_CARD_EXPIRED",
    DeclineReason.LIMIT_EXCEEDED: "TRANSACTION_LIMIT_EXCEEDED MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED",
    DeclineReason.NOT_SUPPORTED: "DOMESTIC_TRANSACTION_REQUIRED",
    DeclineReason.CONSENT_WITHDRAWN: "AGREEMENT_ALREADY_CANCELLED",
    DeclineReason.DECLINED: (
        "INSTRUMENT_DECLINED TRANSACTION_REFUSED COMPLIANCE_VIOLATION DECLINED_DUE_TO_RELATED_TXN"
        " PAYER_ACCOUNT_LOCKED_OR_CLOSED PAYER_ACCOUNT_RESTRICTED TRANSACTION_BLOCKED_BY_PAYEE"
        " PAYEE_BLOCKED_TRANSACTION PAYMENT_SOURCE_DECLINED_BY_PROCESSOR PAYMENT_SOURCE_CANNOT_BE_USED"
    ),
}

DECLINES: Mapping[str, DeclineReason] = MappingProxyType(
    {issue.lower(): reason for reason, issues in _DECLINES.items() for issue in issues.split()}
)
"""Codes of a Refused that `complete` answers as a decline -> what the payer is told."""

_NOT_FOUND = frozenset({"RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID"})
_RENAMED = MappingProxyType({"ORDER_NOT_APPROVED": "not_approved"})
"""What the port has a word of its own for."""


class NotPermitted(CredentialsRejected):
    """The account, or the app of this client id, may not do that: other calls are answered still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came over the wire."""

    status: int
    body: Any
    """The JSON; None where there was none that could be read."""
    retry_after: str = ""


def of_reply(reply: Reply, operation: str, *, deed: bool) -> OutsideError:
    """The one of our errors that says what is known after an answer that is none of success.

    `deed` is False for a call that only reads: whatever became of that one, it may be made again.
    """
    told = fault(reply)
    match reply.status:
        case 401 | 403:
            return _shut_out(reply, told, operation)
        case 409 | 429:
            what = "is still at work on this" if reply.status == 409 else "asks for fewer calls"
            return Unavailable(
                f"{operation}: PayPal {what}{_number(told)}", retry_after=_seconds(reply.retry_after)
            )
        case 400 | 404 | 405 | 415 | 422 if told:
            return _refusal(reply, told)
    return lost(operation, f"HTTP {reply.status}{_number(told)}", deed=deed)


def of_transport(error: Exception, operation: str, *, deed: bool) -> OutsideError:
    """The one of our errors that says what is known when no whole answer came."""
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Unavailable(f"{operation}: PayPal cannot be reached ({type(error).__name__})")
    seen = "timeout" if isinstance(error, TimeoutError) else type(error).__name__
    return lost(operation, seen, deed=deed)


def lost(operation: str, seen: str, *, deed: bool) -> OutsideError:
    """Nothing is known of what became of a call."""
    what = f"{operation}: no usable answer from PayPal ({seen})"
    return UnknownOutcome(what) if deed else Unavailable(what)


def fault(reply: Reply) -> Mapping[str, Any]:
    """The error that PayPal sent, if it sent one."""
    body = reply.body
    return body if isinstance(body, Mapping) and isinstance(body.get("name"), str) else {}


def _shut_out(reply: Reply, told: Mapping[str, Any], operation: str) -> OutsideError:
    if reply.status == 401:
        return CredentialsRejected(f"PayPal does not accept paypal.client_id and its secret{_number(told)}")
    if told:
        return NotPermitted(f"{operation}: the PayPal account or app lacks a permission{_number(told)}")
    return Unavailable(f"{operation}: PayPal's edge turns our calls away (HTTP 403)")


def _refusal(reply: Reply, told: Mapping[str, Any]) -> Refused:
    """PayPal's no, with its most telling code, its own sentence and the number of the request."""
    issue, sentence = _issue(told)
    missing = reply.status == 404 or issue in _NOT_FOUND
    code = "not_found" if missing else _RENAMED.get(issue, issue.lower())
    return Refused(code[:LONGEST_CODE], f"{sentence[:LONGEST_SENTENCE]}{_number(told)}")


def _issue(told: Mapping[str, Any]) -> tuple[str, str]:
    """Code and sentence: of the first detail where there is one, else of the whole."""
    details = told.get("details")
    first = details[0] if isinstance(details, Sequence) and details else {}
    detail: Mapping[str, Any] = first if isinstance(first, Mapping) else {}
    issue = str(detail.get("issue") or told["name"])
    return issue, str(detail.get("description") or told.get("message") or "no reason given")


def _number(told: Mapping[str, Any]) -> str:
    debug_id = told.get("debug_id")
    return f" ({debug_id})" if isinstance(debug_id, str) and debug_id.isalnum() else ""


def _seconds(given: str) -> float | None:
    return float(given) if given.replace(".", "", 1).isdecimal() else None
