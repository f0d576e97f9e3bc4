"""Money: whole minor units of one currency, never a float.

Rounding happens in one place, `Money.times`, half away from zero, once a price line (see
`bookingd.domain.prices`); every other operation is exact.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction

ZERO_DECIMALS = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split())
"""ISO 4217 currencies without a minor unit (list of 2026-01-01)."""

THREE_DECIMALS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
"""ISO 4217 currencies whose minor unit is a thousandth."""


class CurrencyMismatch(ValueError):
    """Amounts of different currencies were put together."""


class InvalidAmount(ValueError):
    """A text is no amount of its currency."""


def exponent(currency: str) -> int:
    """How many decimals amounts of `currency` (ISO 4217 code) have: 0, 2 or 3."""
    if currency in ZERO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


@dataclass(frozen=True, slots=True)
class Money:
    """`amount` minor units (cents, yen, fils) of `currency` (ISO 4217 code, upper case)."""

    amount: int
    currency: str

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Nothing, of `currency`."""
        return cls(0, currency)

    @classmethod
    def of(cls, text: str | Decimal, currency: str) -> "Money":
        """The amount that a decimal text means; raises InvalidAmount when it has too many decimals."""
        try:
            minor = Decimal(text).scaleb(exponent(currency))
        except InvalidOperation as error:
            raise InvalidAmount(f"{text!r} is not an amount") from error
        if not minor.is_finite() or minor != minor.to_integral_value():
            raise InvalidAmount(f"{text} has more decimals than {currency} knows")
        return cls(int(minor), currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.amount * count, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other)

    def __bool__(self) -> bool:
        return self.amount != 0

    def __str__(self) -> str:
        return f"{self.decimal()} {self.currency}"

    def times(self, factor: Fraction | Decimal) -> "Money":
        """`factor` of this, rounded half away from zero to the minor unit."""
        exact = Fraction(self.amount) * Fraction(factor)
        rounded = (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(
            Decimal(1), rounding=ROUND_HALF_UP
        )
        return Money(int(rounded), self.currency)

    def decimal(self) -> Decimal:
        """The amount in major units, with as many decimals as the currency has: 1234 EUR cents is 12.34."""
        return Decimal(self.amount).scaleb(-exponent(self.currency))

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be put together")
        return other.amount


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of `amounts`, all of `currency`."""
    return sum(amounts, Money.zero(currency))
