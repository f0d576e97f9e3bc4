"""Amounts and currencies as calls give them, and what the vendor does not take."""

from bookingd.sandbox.stripe import faults
from bookingd.sandbox.stripe.params import Params

LARGEST = 99_999_999
"""The vendor's limit: eight digits."""

# docs.stripe.com/currencies, "Minimum and maximum charge amounts"; the currencies that a demonstration meets.
_SMALLEST = {"usd": 50, "eur": 50, "gbp": 30, "jpy": 50, "chf": 50, "cad": 50, "aud": 50}
_LAST_DIGIT_ZERO = frozenset("bhd jod kwd omr tnd".split())
_WHOLE_HUNDREDS = frozenset({"isk", "ugx"})


def read(given: Params) -> tuple[int, str]:
    """`amount` and `currency`, which can be charged."""
    amount = given.integer("amount")
    if amount is None:
        raise faults.missing("amount")
    found = currency(given)
    check(amount, found)
    return amount, found


def currency(given: Params) -> str:
    code = given.required("currency").lower()
    if len(code) != 3 or not code.isalpha() or not code.isascii():
        raise faults.invalid(f"Invalid currency: {code}.", param="currency")
    return code


def check(amount: int, currency: str) -> None:
    """Raise for an amount that cannot be charged in this currency."""
    if amount < 1:
        raise faults.invalid("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    if amount > LARGEST:
        raise faults.invalid(
            "Amount must be no more than $999,999.99", param="amount", code="amount_too_large"
        )
    if amount < _SMALLEST.get(currency, 1):
        raise faults.invalid(
            f"Amount must be at least {_SMALLEST[currency]} {currency}",
            param="amount",
            code="amount_too_small",
        )
    uneven = (currency in _LAST_DIGIT_ZERO and amount % 10) or (currency in _WHOLE_HUNDREDS and amount % 100)
    if uneven:
        raise faults.invalid(f"Invalid amount for {currency}: {amount}", param="amount")
