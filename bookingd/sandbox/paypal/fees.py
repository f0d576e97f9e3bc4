"""What the vendor keeps of each payment, also when it is given back: figures to reckon with, no contract."""

from bookingd.sandbox.paypal.amounts import decimals
from bookingd.sandbox.paypal.records import Money

# paypal.com, "Merchant fees": 3.49 % and a fixed part, 0.49 in US dollars.
_PER_MYRIAD = 349
_FIXED = {0: 49, 2: 49}


def of(amount: Money) -> int:
    """The fee of a capture in units, rounded half up, never more than the amount."""
    share = (amount.units * _PER_MYRIAD + 5_000) // 10_000
    return min(amount.units, share + _FIXED[decimals(amount.currency)])
