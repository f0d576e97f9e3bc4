"""Amounts as Stripe counts them: mostly our minor units, but its list of exceptions is not ISO 4217's.

The one rule: what cannot be said exactly in Stripe's units is refused before anything is sent.
"""

from bookingd.domain.money import Money, exponent
from bookingd.outcomes import Refused

# docs.stripe.com/currencies, read 2026-11: amounts are whole units there, also of the ariary, which has
# a minor unit by ISO 4217.
ZERO_DECIMALS = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
# Same page, "special cases": no minor unit any more, but amounts are sent as if there were cents.
CENTS_THAT_ARE_NONE = frozenset({"ISK", "UGX"})
# Same page: a thousandth, of which the last digit must be 0.
THREE_DECIMALS = frozenset("BHD JOD KWD OMR TND".split())
# ISO 4217 knows these without cents or with thousandths; the gateway does not take them at all.
NOT_TAKEN = frozenset({"IQD", "LYD", "UYI"})


def refusal(money: Money) -> Refused | None:
    """Why Stripe cannot take this amount; None if it can."""
    try:
        theirs(money)
    except Refused as refused:
        return refused
    return None


def theirs(money: Money) -> int:
    """The amount as Stripe wants it. Raises Refused for what Stripe cannot take."""
    if money.currency in NOT_TAKEN:
        raise Refused("currency_not_taken", f"Stripe takes no {money.currency}")
    amount, rest = _scaled(money.amount, exponent(money.currency), _their_exponent(money.currency))
    if rest or (money.currency in THREE_DECIMALS and amount % 10):
        raise Refused("amount_not_representable", f"Stripe cannot express {money}")
    return amount


def ours(amount: int, currency: str) -> Money:
    """An amount of Stripe's, in our minor units."""
    code = currency.upper()
    return Money(_scaled(amount, _their_exponent(code), exponent(code))[0], code)


def _their_exponent(currency: str) -> int:
    if currency in ZERO_DECIMALS:
        return 0
    if currency in CENTS_THAT_ARE_NONE:
        return 2
    return 3 if currency in THREE_DECIMALS else 2


def _scaled(amount: int, exponent_from: int, exponent_to: int) -> tuple[int, int]:
    """The amount in the other unit, and what could not be expressed in it."""
    if exponent_to >= exponent_from:
        return amount * _power_of_ten(exponent_to - exponent_from), 0
    return divmod(amount, _power_of_ten(exponent_from - exponent_to))


def _power_of_ten(power: int) -> int:
    return int(10**power)
