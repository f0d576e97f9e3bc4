"""Why a payment was declined, in the few ways that a payer can do something about.

The one rule: gateways and banks have dozens of codes, and change them; what we store, tell and translate is
one of these. What a bank says of fraud or of lost and stolen cards is told to nobody: it is DECLINED.
"""

from enum import StrEnum


class DeclineReason(StrEnum):
    """What the payer is told, and so what they can do next."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRED_CARD = "expired_card"
    INCORRECT_DETAILS = "incorrect_details"
    """Number, date, security code or postal code do not fit: type them again."""
    AUTHENTICATION_REQUIRED = "authentication_required"
    """The bank wants to hear from its customer, who was not there: pay again, in person."""
    AUTHENTICATION_FAILED = "authentication_failed"
    """The customer was asked, and did not prove who they are."""
    LIMIT_EXCEEDED = "limit_exceeded"
    """Too much or too often for this card, today."""
    NOT_SUPPORTED = "not_supported"
    """The card is not for such purchases, or not for this currency."""
    CONSENT_WITHDRAWN = "consent_withdrawn"
    """The payer told the bank to let us charge nothing more."""
    TRY_AGAIN = "try_again"
    """The bank could not be asked, or made a mistake: the same again, later."""
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    """Our own no: the card was declined too often lately, wherever it was tried here."""
    DECLINED = "declined"
    """No reason that could be told: another card, or a call to the bank."""
