"""How a call to the outside world can end, in the words that the actor runtime acts upon.

Suppliers, gateways and channels raise these; the runtime (bookingd.actor) knows nothing else of them.
"""

CALL_LIMIT = 30.0
"""Seconds that a call may take before the runtime cuts it off; adapters have shorter limits of their own."""


class OutsideError(Exception):
    """A call to the outside world did not give what was asked for."""


class Refused(OutsideError):
    """The other side said no and did nothing: final. `code` is stable, the message is for operators."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.reason = message


class Unavailable(OutsideError):
    """The call did not begin: trying again is safe. `retry_after` in seconds where the other side said so."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnknownOutcome(OutsideError):
    """The call may or may not have taken effect: it is looked up, never simply repeated (P9)."""
