"""Amounts as the vendor reads and writes them: decimal strings with as many decimals as it gives a currency.

The one rule: what the vendor would not take is refused, never rounded. Its decimals differ from ISO 4217: no
forint and no Taiwan dollar is divided, and currencies with thousandths are not taken at all.
"""

import re
from decimal import Decimal

from bookingd.sandbox.paypal import faults
from bookingd.sandbox.paypal.records import Money

# developer.paypal.com, "Currency codes": all that is taken, and what "does not support decimals".
SUPPORTED = frozenset(
    "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS JPY MXN MYR NOK NZD PHP PLN SEK SGD THB TWD USD".split()
)
_WHOLE = frozenset({"HUF", "JPY", "TWD"})

_VALUE = re.compile(r"(-?[0-9]+)|(-?([0-9]+)?[.][0-9]+)")
_LONGEST = 32
_LARGEST = 10**17 - 1
"""999999999999999.99 (MAX_VALUE_EXCEEDED)."""


def decimals(currency: str) -> int:
    return 0 if currency in _WHOLE else 2


def read(value: str, currency: str, *, field: str, zero: bool = False) -> Money:
    """The amount that a merchant wrote. Raises the vendor's refusal; `zero`: whether nothing is an amount."""
    if len(value) > _LONGEST or _VALUE.fullmatch(value) is None:
        raise faults.invalid("INVALID_PARAMETER_SYNTAX", field=f"{field}/value", value=value)
    if currency not in SUPPORTED:
        raise faults.refused("INVALID_CURRENCY_CODE", field=f"{field}/currency_code", value=currency)
    places = len(value.partition(".")[2])
    if places > decimals(currency):
        issue = "DECIMALS_NOT_SUPPORTED" if currency in _WHOLE else "DECIMAL_PRECISION"
        raise faults.refused(issue, field=f"{field}/value", value=value)
    units = int(Decimal(value).scaleb(decimals(currency)))
    if units < 0 or (units == 0 and not zero):
        issue = "CANNOT_BE_NEGATIVE" if zero else "CANNOT_BE_ZERO_OR_NEGATIVE"
        raise faults.refused(issue, field=f"{field}/value", value=value)
    if units > _LARGEST:
        raise faults.refused("MAX_VALUE_EXCEEDED", field=f"{field}/value", value=value)
    return Money(currency, units)


def text(currency: str, units: int) -> str:
    """`12.34`, or `1234` of a currency that is not divided."""
    return f"{Decimal(units).scaleb(-decimals(currency)):.{decimals(currency)}f}"


def written(money: Money) -> dict[str, str]:
    """The vendor's `money`."""
    return {"currency_code": money.currency, "value": text(money.currency, money.units)}
