"""Cards that behave as their numbers say: the vendor's test cards (docs.stripe.com/testing).

The one rule: any other number that passes the checks is a good card, and no number is kept.
"""

import hashlib
import re
from datetime import datetime

from bookingd.sandbox.stripe import faults
from bookingd.sandbox.stripe.records import Card

# What a number makes its card do; every other one is simply charged.
_BEHAVIOURS: dict[str, dict[str, object]] = {
    "4000000000000002": {"decline": "generic_decline"},
    "4000000000009995": {"decline": "insufficient_funds"},
    "4000000000009987": {"decline": "lost_card"},
    "4000000000009979": {"decline": "stolen_card"},
    "4000000000000069": {"decline": "expired_card"},
    "4000000000000127": {"decline": "incorrect_cvc"},
    "4000000000000119": {"decline": "processing_error"},
    "4000000000006975": {"decline": "card_velocity_exceeded"},
    "4100000000000019": {"decline": "fraudulent"},
    "4000000000000341": {"decline": "generic_decline"},
    "4000000000004954": {"decline": "fraudulent", "risk": "highest"},
    "4000000000009235": {"risk": "elevated"},
    "4000000000000101": {"checks": {"cvc_check": "fail"}},
    "4000000000000036": {"checks": {"address_postal_code_check": "fail"}},
    "4000000000000028": {"checks": {"address_line1_check": "fail"}},
    "4000002500003155": {"authenticate": True, "exempt": "saved"},
    "4000003800000446": {"authenticate": True, "exempt": "always"},
    "4000002760003184": {"authenticate": True},
    "4000000000003220": {"authenticate": True},
    "4000000000003063": {"authenticate": True},
    "4000008260003178": {"authenticate": True, "decline": "insufficient_funds"},
    "4000008400001629": {"authenticate": True, "decline": "generic_decline"},
    "4000000000007726": {"refund": "pending"},
    "4000000000005126": {"refund": "failed"},
    "4000000000000259": {"dispute": "fraudulent"},
    "4000000000002685": {"dispute": "product_not_received"},
    "4000000000001976": {"dispute": "fraudulent", "inquiry": True},
}

_TOKENS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_visa_debit": "4000056655665556",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_mastercard_debit": "5200828282828210",
    "pm_card_amex": "378282246310005",
    "pm_card_discover": "6011111111111117",
    "pm_card_diners": "3056930009020004",
    "pm_card_jcb": "3566002020360505",
    "pm_card_unionpay": "6200000000000005",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_visa_chargeDeclinedLostCard": "4000000000009987",
    "pm_card_visa_chargeDeclinedStolenCard": "4000000000009979",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeDeclinedProcessingError": "4000000000000119",
    "pm_card_visa_chargeDeclinedVelocityLimitExceeded": "4000000000006975",
    "pm_card_radarBlock": "4100000000000019",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_riskLevelHighest": "4000000000004954",
    "pm_card_riskLevelElevated": "4000000000009235",
    "pm_card_cvcCheckFail": "4000000000000101",
    "pm_card_avsZipFail": "4000000000000036",
    "pm_card_avsLine1Fail": "4000000000000028",
    "pm_card_authenticationRequiredSetupForOffSession": "4000003800000446",
    "pm_card_createDispute": "4000000000000259",
    "pm_card_createDisputeProductNotReceived": "4000000000002685",
    "pm_card_createDisputeInquiry": "4000000000001976",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_threeDSecure2Required": "4000000000003220",
    "pm_card_threeDSecureRequired": "4000000000003063",
    "pm_card_threeDSecureRequiredChargeDeclined": "4000008400001629",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_refundFail": "4000000000005126",
}

# Issuer ranges, the longer prefix first.
_BRANDS = (
    (re.compile(r"4"), "visa"),
    (re.compile(r"5[1-5]|2[2-7]"), "mastercard"),
    (re.compile(r"3[47]"), "amex"),
    (re.compile(r"62"), "unionpay"),
    (re.compile(r"6011|64[4-9]|65"), "discover"),
    (re.compile(r"35"), "jcb"),
    (re.compile(r"3[0689]"), "diners"),
)

DECLINED = "Your card was declined."

# docs.stripe.com/declines/codes, read 2026-11: every reason that a bank or Radar gives, and the sentence
# that comes with it; most of them are not to be told to the payer, and so say the same.
MESSAGES = {
    **dict.fromkeys(
        (
            "approve_with_id call_issuer do_not_honor do_not_try_again fraudulent generic_decline"
            " invalid_account lost_card merchant_blacklist new_account_information_available no_action_taken"
            " not_permitted pickup_card reenter_transaction restricted_card"
            " revocation_of_all_authorizations revocation_of_authorization security_violation"
            " service_not_allowed stolen_card stop_payment_order transaction_not_allowed try_again_later"
            " withdrawal_count_limit_exceeded"
        ).split(),
        DECLINED,
    ),
    "authentication_required": "Your card was declined. This transaction requires authentication.",
    "card_not_supported": "Your card is not supported.",
    "card_velocity_exceeded": (
        "Your card was declined for making repeated attempts too frequently or exceeding its amount limit."
    ),
    "currency_not_supported": "Your card does not support this currency.",
    "duplicate_transaction": "A transaction with identical amount and card was submitted very recently.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "incorrect_number": "Your card number is incorrect.",
    "incorrect_zip": "Your card's zip code failed validation.",
    "insufficient_funds": "Your card has insufficient funds.",
    "invalid_amount": "Your card was declined for this amount.",
    "invalid_cvc": "Your card's security code is invalid.",
    "issuer_not_available": "Your card's bank could not be reached.",
    "pin_try_exceeded": "Your card was declined: its PIN was tried too often.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "testmode_decline": "Your card was declined. Your request was in live mode, but used a known test card.",
}

# Declines whose error code is their own; the others come as `card_declined`.
OWN_CODES = frozenset(
    "authentication_required expired_card incorrect_cvc incorrect_number incorrect_zip invalid_cvc"
    " processing_error".split()
)


def by_token(token: str, now: datetime) -> Card | None:
    """The card behind one of the vendor's magic payment methods, good for years to come."""
    number = _TOKENS.get(token)
    return None if number is None else _card(number, 12, now.year + 8, cvc=False)


def good(now: datetime) -> Card:
    """A card that is simply charged."""
    return _card("4242424242424242", 12, now.year + 8, cvc=False)


def read(number: str, month: int, year: int, cvc: str | None, now: datetime) -> Card:
    """A card by what is printed on it; raises the vendor's `card_error` for what cannot be right."""
    digits = re.sub(r"[\s-]", "", number)
    _check_number(digits)
    year = year + 2000 if year < 100 else year
    _check_expiry(month, year, now)
    _check_cvc(cvc, brand(digits))
    return _card(digits, month, year, cvc=cvc is not None)


def brand(digits: str) -> str:
    """Who issued a card of this number."""
    return next((name for prefix, name in _BRANDS if prefix.match(digits)), "unknown")


def _check_number(digits: str) -> None:
    if not digits.isascii() or not digits.isdigit() or not 12 <= len(digits) <= 19:
        raise faults.bad_card(
            "invalid_number", "The card number is not a valid credit card number.", "number"
        )
    if not _luhn(digits):
        raise faults.bad_card("incorrect_number", "Your card number is incorrect.", "number")


def _check_expiry(month: int, year: int, now: datetime) -> None:
    if not 1 <= month <= 12:
        raise faults.bad_card("invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month")
    if not now.year <= year <= now.year + 50:
        raise faults.bad_card("invalid_expiry_year", "Your card's expiration year is invalid.", "exp_year")
    if (year, month) < (now.year, now.month):
        raise faults.bad_card("invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month")


def _check_cvc(cvc: str | None, issuer: str) -> None:
    length = 4 if issuer == "amex" else 3
    if cvc is not None and not re.fullmatch(rf"[0-9]{{3,{length}}}", cvc):
        raise faults.bad_card("invalid_cvc", "Your card's security code is invalid.", "cvc")


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[-1::-2]) + sum(doubled)) % 10 == 0


def _card(digits: str, month: int, year: int, *, cvc: bool) -> Card:
    fields = {
        "brand": brand(digits),
        "last4": digits[-4:],
        "exp_month": month,
        "exp_year": year,
        "fingerprint": hashlib.sha256(b"sandbox" + digits.encode()).hexdigest()[:16],
        "cvc_checked": cvc,
        **_BEHAVIOURS.get(digits, {}),
    }
    return Card(**fields)  # type: ignore[arg-type]
