"""The calls of Orders v2 and Payments v2: what each is named, does and answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bookingd.sandbox.paypal import operations
from bookingd.sandbox.paypal.account import Account
from bookingd.sandbox.paypal.given import Given
from bookingd.sandbox.paypal.records import Thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A call that changes something."""

    path: str
    name: str
    """In misbehaviour switches."""
    call: str
    """In the wording of errors."""
    do: operations.Operation
    brief: operations.Shape
    """The answer to who prefers it minimal."""
    status: int = 201
    repeated: int = 201
    """To a request id that was used before."""
    brief_status: int | None = None
    """Of a minimal answer that has no body at all."""
    malformed: str = "INVALID_PARAMETER_SYNTAX"
    """The issue of a body that is not JSON."""
    of_order: bool = False
    """Whether its request ids last as long as those of orders."""
    needs: Callable[[Given, str | None], None] | None = None
    """What is asked of the body and the request id together."""


_ORDERS, _PAYMENTS = "/v2/checkout/orders", "/v2/payments"

POSTS = (
    Route(
        path=_ORDERS,
        name="create",
        call="create",
        do=operations.create_order,
        brief=operations.created,
        repeated=200,
        malformed="MALFORMED_REQUEST_JSON",
        of_order=True,
        needs=operations.needs_request_id,
    ),
    Route(
        path=f"{_ORDERS}/{{id}}/authorize",
        name="authorise",
        call="authorise",
        do=operations.authorise_order,
        brief=operations.paid,
        repeated=200,
        malformed="MALFORMED_REQUEST_JSON",
        of_order=True,
    ),
    Route(
        path=f"{_ORDERS}/{{id}}/capture",
        name="capture",
        call="capture_order",
        do=operations.capture_order,
        brief=operations.paid,
        repeated=200,
        malformed="MALFORMED_REQUEST_JSON",
        of_order=True,
    ),
    Route(
        path=f"{_PAYMENTS}/authorizations/{{id}}/capture",
        name="capture",
        call="payment",
        do=operations.capture,
        brief=operations.brief,
    ),
    Route(
        path=f"{_PAYMENTS}/authorizations/{{id}}/void",
        name="cancel",
        call="payment",
        do=operations.void,
        brief=operations.brief,
        status=200,
        repeated=200,
        brief_status=204,
    ),
    Route(
        path=f"{_PAYMENTS}/authorizations/{{id}}/reauthorize",
        name="reauthorise",
        call="payment",
        do=operations.reauthorise,
        brief=operations.brief,
    ),
    Route(
        path=f"{_PAYMENTS}/captures/{{id}}/refund",
        name="refund",
        call="refund",
        do=operations.refund,
        brief=operations.brief,
    ),
)

GETS: Mapping[str, Callable[[Account, str], Thing]] = {
    f"{_ORDERS}/{{id}}": operations.read_order,
    f"{_PAYMENTS}/authorizations/{{id}}": operations.read_authorization,
    f"{_PAYMENTS}/captures/{{id}}": operations.read_capture,
    f"{_PAYMENTS}/refunds/{{id}}": operations.read_refund,
}
