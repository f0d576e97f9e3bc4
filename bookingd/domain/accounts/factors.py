"""What somebody may be asked for besides a password, and what can become of it."""

from enum import StrEnum


class Factor(StrEnum):
    """A way to show who one is."""

    TOTP = "totp"
    """The code of an authenticator app."""
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"
    """One on paper, instead of the others."""


class FactorChange(StrEnum):
    """What was changed; its owner is told each time, since it may have been somebody else."""

    TOTP_ADDED = "totp_added"
    TOTP_REPLACED = "totp_replaced"
    TOTP_REMOVED = "totp_removed"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    API_KEY_MADE = "api_key_made"
    """Programs show one instead of all the rest."""
    RESET = "reset"
    """Everything was taken away: by staff, at the command line, or by who put a former address back."""
