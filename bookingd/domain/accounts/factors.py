"""What somebody may be asked for besides a password."""

from enum import StrEnum


class Factor(StrEnum):
    """A way to show who one is."""

    TOTP = "totp"
    """The code of an authenticator app."""
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"
    """One on paper, instead of the others."""
