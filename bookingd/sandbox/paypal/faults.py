"""The vendor's errors: names, issues and sentences as its API descriptions give them.

The one rule: an issue is worded as the description of the very call words it; the same one differs from call
to call, so it is put into words only when the call is answered.
"""

from dataclasses import dataclass
from typing import Any

from bookingd.sandbox.paypal.sentences import SENTENCES

_NAMES = {
    400: ("INVALID_REQUEST", "Request is not well-formed, syntactically incorrect, or violates schema."),
    401: (
        "AUTHENTICATION_FAILURE",
        "Authentication failed due to missing authorization header, or invalid authentication credentials.",
    ),
    403: ("NOT_AUTHORIZED", "Authorization failed due to insufficient permissions."),
    404: ("RESOURCE_NOT_FOUND", "The specified resource does not exist."),
    409: ("RESOURCE_CONFLICT", "The server has detected a conflict while processing this request."),
    415: ("UNSUPPORTED_MEDIA_TYPE", "The server does not support the request payload's media type."),
    422: (
        "UNPROCESSABLE_ENTITY",
        "The requested action could not be performed, semantically incorrect, or failed business validation.",
    ),
    429: ("RATE_LIMIT_REACHED", "Too many requests. Blocked due to rate limiting."),
    500: ("INTERNAL_SERVER_ERROR", "An internal server error occurred."),
}


# The descriptions of Orders v2 know one issue for what those of Payments v2 tell apart.
_KNOWN_AS = {
    ("DECIMALS_NOT_SUPPORTED", "create"): "DECIMAL_PRECISION",
    ("DECIMALS_NOT_SUPPORTED", "patch"): "DECIMAL_PRECISION",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One thing that was wrong."""

    issue: str
    field: str | None = None
    value: str | None = None
    location: str | None = None


class Fault(Exception):
    """A call is answered with an error."""

    def __init__(self, status: int, *details: Detail, links: tuple[dict[str, str], ...] = ()) -> None:
        super().__init__(", ".join(each.issue for each in details) or _NAMES[status][0])
        self.status = status
        self.details = details
        self.links = links

    def body(self, debug_id: str, call: str) -> dict[str, Any]:
        """As the vendor writes it in an answer to `call`."""
        name, message = _NAMES[self.status]
        body: dict[str, Any] = {"name": name, "message": message, "debug_id": debug_id}
        if self.details:
            body["details"] = [_written(each, call) for each in self.details]
        first = self.details[0].issue if self.details else name
        information = {
            "href": f"https://developer.paypal.com/api/rest/reference/orders/v2/errors/#{first}",
            "rel": "information_link",
            "method": "GET",
        }
        body["links"] = [information, *self.links]
        return body


def _written(detail: Detail, call: str) -> dict[str, str]:
    issue = _KNOWN_AS.get((detail.issue, call), detail.issue)
    described = SENTENCES.get(f"{issue}@{call}") or SENTENCES.get(issue)
    found = {
        "field": detail.field,
        "value": detail.value,
        "location": detail.location,
        "issue": issue,
        "description": described,
    }
    return {name: value for name, value in found.items() if value is not None}


def invalid(issue: str, *, field: str | None = None, value: str | None = None) -> Fault:
    """400: the request makes no sense."""
    return Fault(400, Detail(issue=issue, field=field, value=value, location="body"))


def refused(
    issue: str,
    *,
    field: str | None = None,
    value: str | None = None,
    links: tuple[dict[str, str], ...] = (),
) -> Fault:
    """422: the request is understood, and not done."""
    location = None if field is None else "body"
    return Fault(422, Detail(issue=issue, field=field, value=value, location=location), links=links)


def no_such(field: str, value: str) -> Fault:
    return Fault(404, Detail(issue="INVALID_RESOURCE_ID", field=field, value=value, location="path"))


def forbidden() -> Fault:
    return Fault(403, Detail(issue="PERMISSION_DENIED"))


def in_progress() -> Fault:
    return Fault(409, Detail(issue="PREVIOUS_REQUEST_IN_PROGRESS"))


def unauthorised() -> Fault:
    return Fault(401)


def of_status(status: int) -> Fault:
    """The error that stands for an HTTP status when one is asked for on purpose."""
    return in_progress() if status == 409 else Fault(status)
