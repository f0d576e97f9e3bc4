"""Amounts as PayPal writes them: decimal texts, in the currencies that it takes and with its decimals.

The one rule: what PayPal would not take exactly is refused before anything is sent.
"""

from collections.abc import Mapping
from typing import Any

from bookingd.domain.money import Money, exponent
from bookingd.outcomes import Refused

# developer.paypal.com/reference/currency-codes, read 2026-11. Of the real and the ringgit the page says that
# only accounts of those countries take them: PayPal itself refuses the others.
WITH_CENTS = frozenset(
    "AUD BRL CAD CHF CNY CZK DKK EUR GBP ILS MXN MYR NOK NZD PHP PLN RUB SEK SGD THB USD".split()
)
# Same page: no decimals there, although forint and new dollar have two by ISO 4217.
WHOLE = frozenset({"HUF", "JPY", "TWD"})

CURRENCIES = WITH_CENTS | WHOLE
"""All that PayPal takes: none has three decimals."""


def refusal(money: Money) -> Refused | None:
    """Why PayPal cannot take this amount; None if it can."""
    if money.currency not in CURRENCIES:
        return Refused("currency_not_taken", f"PayPal takes no {money.currency}")
    if money.currency in WHOLE and money.amount % _minor_units(money.currency):
        return Refused("amount_not_representable", f"PayPal takes whole {money.currency} only, not {money}")
    return None


def theirs(money: Money) -> dict[str, str]:
    """The amount as PayPal wants it. Raises Refused for what it cannot take."""
    if refused := refusal(money):
        raise refused
    if money.currency in WHOLE:
        value = str(money.amount // _minor_units(money.currency))
    else:
        value = f"{money.decimal():f}"
    return {"currency_code": money.currency, "value": value}


def ours(amount: Mapping[str, Any]) -> Money:
    """An amount of PayPal's, in our minor units. Raises ValueError for what is none."""
    return Money.of(amount["value"], amount["currency_code"])


def _minor_units(currency: str) -> int:
    return int(10 ** exponent(currency))
