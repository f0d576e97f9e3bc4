"""The vendor's errors: types, codes and sentences as its documentation gives them."""

from bookingd.sandbox.stripe.records import ApiError, PaymentIntent

INVALID_REQUEST = "invalid_request_error"

SPENT_METHOD = (
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared"
    " with a connected account without Customer attachment, or was detached from a Customer. It may not be"
    " used again. To use a PaymentMethod multiple times, you must attach it to a Customer first."
)


class Fault(Exception):
    """A call is answered with an error.

    `kept`: whether an idempotency key remembers it. The vendor saves results once execution began, not
    when the parameters did not stand validation.
    """

    def __init__(self, status: int, error: ApiError, *, kept: bool = True) -> None:
        super().__init__(error.message)
        self.status = status
        self.error = error
        self.kept = kept


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> Fault:
    """The parameters make no sense; nothing began."""
    return Fault(400, ApiError(type=INVALID_REQUEST, message=message, param=param, code=code), kept=False)


def missing(param: str) -> Fault:
    return invalid(f"Missing required param: {param}.", param=param, code="parameter_missing")


def no_such(what: str, thing_id: str, *, param: str, status: int = 404) -> Fault:
    """404 for the object of the path, 400 for one that a parameter names."""
    error = ApiError(
        type=INVALID_REQUEST,
        message=f"No such {what}: '{thing_id}'",
        param=param,
        code="resource_missing",
    )
    return Fault(status, error)


def unexpected_state(intent: PaymentIntent, attempt: str, allowed: str) -> Fault:
    """The payment is not in a state for this."""
    error = ApiError(
        type=INVALID_REQUEST,
        code="payment_intent_unexpected_state",
        message=(
            f"This PaymentIntent could not be {attempt} because it has a status of {intent.status}. Only a"
            f" PaymentIntent with one of the following statuses may be {attempt}: {allowed}."
        ),
        intent=intent,
    )
    return Fault(400, error)


def bad_card(code: str, message: str, param: str) -> Fault:
    """The card's data are wrong, as can be seen without asking its bank."""
    return Fault(402, ApiError(type="card_error", code=code, message=message, param=param))


def unauthorised(given: str) -> Fault:
    """401; of the key that was sent only the ends are repeated, as the vendor does."""
    if not given:
        message = (
            "You did not provide an API key. You need to provide your API key in the Authorization header."
        )
    else:
        message = f"Invalid API Key provided: {given[:8]}{'*' * 8}{given[-4:]}"
    return Fault(401, ApiError(type=INVALID_REQUEST, message=message), kept=False)


def secret_key_required() -> Fault:
    error = ApiError(
        type=INVALID_REQUEST,
        code="secret_key_required",
        message="This API call cannot be made with a publishable API key. Please use a secret API key.",
    )
    return Fault(403, error, kept=False)


def other_parameters(key: str) -> Fault:
    error = ApiError(
        type="idempotency_error",
        message=(
            "Keys for idempotent requests can only be used with the same parameters they were first used"
            f" with. Try using a key other than '{key}' if you meant to execute a different request."
        ),
    )
    return Fault(400, error, kept=False)


def other_endpoint(key: str, first: str) -> Fault:
    error = ApiError(
        type="idempotency_error",
        message=(
            "Keys for idempotent requests can only be used for the same endpoint they were first used for"
            f" ({first}). Try using a key other than '{key}' if you meant to execute a different request."
        ),
    )
    return Fault(400, error, kept=False)


def key_in_use(key: str) -> Fault:
    error = ApiError(
        type="idempotency_error",
        code="idempotency_key_in_use",
        message=(
            "There is currently another in-progress request using this Idempotent Key (that probably means"
            f" you submitted twice, and the other request is still going through): {key}."
        ),
    )
    return Fault(409, error, kept=False)


def of_status(status: int) -> Fault:
    """The error that stands for an HTTP status when one is asked for on purpose."""
    errors = {
        409: ApiError(
            type=INVALID_REQUEST,
            code="lock_timeout",
            message="This object cannot be accessed right now because another API request is accessing it.",
        ),
        429: ApiError(
            type=INVALID_REQUEST, code="rate_limit", message="Request rate limit exceeded. Learn more."
        ),
    }
    unknown = ApiError(type="api_error", message="An unknown error occurred")
    return Fault(status, errors.get(status, unknown), kept=False)
