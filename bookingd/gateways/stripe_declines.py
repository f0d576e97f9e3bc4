"""Stripe's codes of a decline, in our words.

The one rule: a code that is new to us is a decline without a reason, never an error.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bookingd.domain.declines import DeclineReason

# docs.stripe.com/declines/codes and docs.stripe.com/error-codes, read 2026-11. Codes that are not here come
# without a reason for the payer; those of fraud, loss and theft are so by the vendor's own advice.
_CODES = {
    DeclineReason.INSUFFICIENT_FUNDS: "insufficient_funds",
    DeclineReason.EXPIRED_CARD: "expired_card invalid_expiry_month invalid_expiry_year",
    DeclineReason.INCORRECT_DETAILS: (
        "incorrect_address incorrect_cvc incorrect_number incorrect_zip invalid_cvc invalid_number"
        " invalid_characters postal_code_invalid"
    ),
    DeclineReason.AUTHENTICATION_REQUIRED: (
        "authentication_required authentication_not_handled offline_pin_required"
        " online_or_offline_pin_required"
    ),
    DeclineReason.AUTHENTICATION_FAILED: (
        "payment_intent_authentication_failure setup_intent_authentication_failure"
        " mobile_device_authentication_required incorrect_pin invalid_pin"
    ),
    DeclineReason.LIMIT_EXCEEDED: (
        "card_velocity_exceeded withdrawal_count_limit_exceeded pin_try_exceeded invalid_amount"
        " amount_too_large card_decline_rate_limit_exceeded"
    ),
    DeclineReason.NOT_SUPPORTED: (
        "card_not_supported currency_not_supported transaction_not_allowed service_not_allowed not_permitted"
        " invalid_account testmode_decline"
    ),
    DeclineReason.CONSENT_WITHDRAWN: (
        "revocation_of_authorization revocation_of_all_authorizations stop_payment_order"
    ),
    DeclineReason.TRY_AGAIN: (
        "approve_with_id issuer_not_available processing_error reenter_transaction try_again_later"
        " duplicate_transaction payment_intent_payment_attempt_expired payment_method_provider_timeout"
    ),
}

REASONS: Mapping[str, DeclineReason] = MappingProxyType(
    {code: reason for reason, codes in _CODES.items() for code in codes.split()}
)


def decline_reason(error: Mapping[str, Any]) -> DeclineReason:
    """Of an error of a payment: the bank's own code says more than Stripe's."""
    codes = (str(error.get(name)) for name in ("decline_code", "code"))
    return next((REASONS[code] for code in codes if code in REASONS), DeclineReason.DECLINED)
