"""Money: whole minor units of one currency, never a float.

Rounding happens in one place, `rounded`, half away from zero, once a price line (see
`bookingd.domain.prices`); every other operation is exact. A currency that this module does not know is
refused: a guessed number of decimals charges a hundred times too much, or too little.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction

# The active codes of ISO 4217 as pycountry 26.2.16 lists them (Debian's iso-codes), less those in which
# nothing is paid: funds codes (BOV, CHE, CHW, CLF, COU, MXV, USN, UYI, UYW), metals, units of account, tests.
ZERO_DECIMALS = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split())
"""Currencies without a minor unit."""

THREE_DECIMALS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
"""Currencies whose minor unit is a thousandth."""

TWO_DECIMALS = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY
    COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF
    IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR
    MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG
    SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES
    WST XCD XCG YER ZAR ZMW ZWG
    """.split()
)
"""Currencies whose minor unit is a hundredth; the ouguiya and the ariary count as such in the standard."""

EXPONENTS = (
    dict.fromkeys(ZERO_DECIMALS, 0) | dict.fromkeys(TWO_DECIMALS, 2) | dict.fromkeys(THREE_DECIMALS, 3)
)
"""Every currency in which amounts may be, with its number of decimals."""


class CurrencyMismatch(ValueError):
    """Amounts of different currencies were put together."""


class UnknownCurrency(ValueError):
    """A code is none of an active currency (ISO 4217, upper case)."""


class InvalidAmount(ValueError):
    """A text is no amount of its currency."""


_EXACT = Context(prec=100, traps=[Inexact])
"""For amounts far beyond any."""


def exponent(currency: str) -> int:
    """How many decimals amounts of `currency` (ISO 4217 code) have: 0, 2 or 3. Raises UnknownCurrency."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(f"{currency!r} is no currency that amounts can be in") from None


def rounded(numerator: int, denominator: int) -> int:
    """The quotient as a whole number, half away from zero; `denominator` is positive."""
    if numerator < 0:
        return -rounded(-numerator, denominator)
    return (2 * numerator + denominator) // (2 * denominator)


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
        """The amount that a decimal text means.

        Raises InvalidAmount when it is none or has more decimals than its currency, UnknownCurrency.
        """
        places = exponent(currency)
        try:
            exact = Decimal(text)
        except InvalidOperation as error:
            raise InvalidAmount(f"{text!r} is not an amount") from error
        if not exact.is_finite():
            raise InvalidAmount(f"{text!r} is not an amount")
        # A text such as 1E+999999 would be written out in full below.
        if exact.adjusted() > 20:
            raise InvalidAmount(f"{text!r} is more than any amount")
        minor = Fraction(exact) * 10**places
        if minor.denominator != 1:
            raise InvalidAmount(f"{text} has more decimals than {currency} knows")
        return cls(minor.numerator, currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __mul__(self, count: int) -> "Money":
        if not isinstance(count, int):
            raise TypeError("an amount is multiplied by whole numbers; see times")
        return Money(self.amount * count, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other)

    def __bool__(self) -> bool:
        return self.amount != 0

    def __str__(self) -> str:
        return self.format()

    def times(self, factor: Fraction | Decimal) -> "Money":
        """`factor` of this, rounded half away from zero to the minor unit."""
        if not isinstance(factor, Fraction | Decimal):
            raise TypeError("a factor is exact: a Fraction or a Decimal")
        exact = Fraction(factor) * self.amount
        return Money(rounded(exact.numerator, exact.denominator), self.currency)

    def allocate(self, parts: int) -> "tuple[Money, ...]":
        """This in `parts` (at least 1) amounts that differ by one minor unit at most, the larger ones first.

        Their sum is this: nothing is lost or won by rounding.
        """
        if parts < 1:
            raise ValueError(f"an amount cannot be split into {parts} parts")
        share, rest = divmod(abs(self.amount), parts)
        sign = -1 if self.amount < 0 else 1
        return tuple(Money(sign * (share + (part < rest)), self.currency) for part in range(parts))

    def decimal(self) -> Decimal:
        """The amount in major units, with as many decimals as the currency has: 1234 EUR cents is 12.34."""
        return Decimal(self.amount).scaleb(-exponent(self.currency), _EXACT)

    def format(self) -> str:
        """`12.34 EUR`, `1234 JPY`, `1.234 KWD`: always all decimals of the currency."""
        return f"{self.decimal():f} {self.currency}"

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be put together")
        return other.amount


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of `amounts`, all of `currency`."""
    return sum(amounts, Money.zero(currency))
