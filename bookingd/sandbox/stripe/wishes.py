"""Magic payment methods of our own, beside the vendor's: calls that go wrong, and every reason of a decline.

The one rule: their names say what they do: `pm_sandbox_timeout_after_capture`,
`pm_sandbox_decline_call_issuer`.
"""

from bookingd.sandbox.misbehaviour import How

_TOKEN = "pm_sandbox_"  # noqa: S105 - the beginning of a name, nothing secret
_DECLINE = f"{_TOKEN}decline_"
_MISBEHAVING = ("authorise", "capture", "cancel", "refund")


def misbehaving_token(how: How, operation: str) -> str:
    """The payment method whose `operation` goes wrong: `pm_sandbox_timeout_after_authorise`."""
    return f"{_TOKEN}{how.removesuffix('_deed')}_{operation}"


_WISHES = {
    misbehaving_token(how, operation): (operation, str(how)) for how in How for operation in _MISBEHAVING
}


def wish_of(token: object) -> tuple[str, str] | None:
    """The operation that is to go wrong with this token, and how."""
    return _WISHES.get(token) if isinstance(token, str) else None


def declining_token(code: str) -> str:
    """The payment method that is declined for this reason."""
    return _DECLINE + code


def decline_of(token: str) -> str | None:
    """The reason for which this token is to be declined, if it is one of these."""
    return token.removeprefix(_DECLINE) if token.startswith(_DECLINE) else None
