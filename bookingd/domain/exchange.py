"""Exchange rates: what a currency costs in another one, as of a business day, and whether that still counts.

Its one rule: a rate is exact and names its origin. Two decimal numbers of one sheet (what a euro cost in
either currency), a margin and the sheet's version are kept together, so that every amount that was ever
converted can be reckoned again from what was imported. docs/money.md tells it in prose.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from enum import StrEnum
from fractions import Fraction
from functools import cache
from types import MappingProxyType

from bookingd.domain.money import Money, exponent, rounded

EURO = "EUR"
"""What all sheets are told against."""

MADE_UP = "bookingd (made up)"
"""The source of rates that only demonstrations have."""

DIGITS = 10
"""That are shown of a rate, which may have no end as a decimal number."""

LONGEST_AGE = 400
"""Business days; what is older is as old as that."""

_SATURDAY = 5
_CLOSED = frozenset({(1, 1), (5, 1), (12, 25), (12, 26)})
"""Month and day of the closing days that are the same each year."""


class WhyNot(StrEnum):
    """Why there is no rate."""

    MISSING = "missing"
    TOO_OLD = "too_old"


class NoRate(LookupError):
    """Nothing can be sold in that currency now; the message says why, for people."""

    def __init__(self, message: str, *, base: str, quote: str, reason: WhyNot) -> None:
        super().__init__(message)
        self.base = base
        self.quote = quote
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSheet:
    """What a euro cost in other currencies on a business day."""

    day: date
    """The sheet's own date: the ECB's business day."""
    source: str
    """Who published it, as the file says; MADE_UP for demonstrations."""
    rates: Mapping[str, Decimal]
    """Units of each currency (ISO 4217) for one euro, above zero; without the euro."""
    version: int = 0
    """What the sheet is called where it is kept; 0: it is not."""

    def per_euro(self, currency: str) -> Decimal | None:
        """Units of `currency` for one euro; None where the sheet does not say."""
        return Decimal(1) if currency == EURO else self.rates.get(currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenRate:
    """What one unit of `base` is sold for in `quote`, for as long as an offer lives (P8)."""

    base: str
    """The supplier's currency."""
    quote: str
    """The currency of the sale."""
    base_per_euro: Decimal
    quote_per_euro: Decimal
    margin_percent: Decimal
    """What is added for the risk that the rate moves before the supplier is paid."""
    day: date
    """Of the sheet."""
    version: int
    """Of the sheet."""

    @property
    def middle(self) -> Fraction:
        """Units of `quote` for one of `base` by the sheet, through the euro."""
        return Fraction(self.quote_per_euro) / Fraction(self.base_per_euro)

    @property
    def rate(self) -> Fraction:
        """The same with the margin: what is reckoned with."""
        return self.middle * (1 + Fraction(self.margin_percent) / 100)

    @property
    def factor(self) -> Fraction:
        """Minor units of `quote` for one of `base`."""
        return self.rate * Fraction(10) ** (exponent(self.quote) - exponent(self.base))

    def convert(self, amount: Money) -> Money:
        """`amount`, which is of `base`, in `quote`: rounded once, half away from zero."""
        if amount.currency != self.base:
            raise ValueError(f"a rate from {self.base} converts no {amount.currency}")
        exact = self.factor * amount.amount
        return Money(rounded(exact.numerator, exact.denominator), self.quote)

    def measured(self, amount: Money, currency: str) -> Money | None:
        """`amount`, which is of `quote`, in another currency that the sheet tells of, without the margin: to
        compare it, never to charge it. None where this rate says nothing of that currency.
        """
        per_euro = {"EUR": Decimal(1), self.base: self.base_per_euro, self.quote: self.quote_per_euro}
        if amount.currency != self.quote or currency not in per_euro:
            return None
        rate = Fraction(per_euro[currency]) / Fraction(self.quote_per_euro)
        exact = rate * Fraction(10) ** (exponent(currency) - exponent(self.quote)) * amount.amount
        return Money(rounded(exact.numerator, exact.denominator), currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeTerms:
    """What the agency adds to rates, and how old they may be."""

    margin_percent: Decimal = Decimal(0)
    margins: Mapping[tuple[str, str], Decimal] = field(default_factory=lambda: MappingProxyType({}))
    """Per cent, of a base and a quote, where that differs."""
    maximum_age: int = 3
    """Business days."""

    def freeze(self, sheet: RateSheet | None, *, base: str, quote: str, today: date) -> FrozenRate:
        """The rate at which `base` is sold in `quote` today. Raises NoRate."""
        base_per_euro = sheet.per_euro(base) if sheet else None
        quote_per_euro = sheet.per_euro(quote) if sheet else None
        if sheet is None or base_per_euro is None or quote_per_euro is None:
            raise NoRate(
                f"there is no exchange rate from {base} into {quote}",
                base=base,
                quote=quote,
                reason=WhyNot.MISSING,
            )
        rate = FrozenRate(
            base=base,
            quote=quote,
            base_per_euro=base_per_euro,
            quote_per_euro=quote_per_euro,
            margin_percent=self.margins.get((base, quote), self.margin_percent),
            day=sheet.day,
            version=sheet.version,
        )
        self.check(rate, today=today)
        return rate

    def check(self, rate: FrozenRate, *, today: date) -> None:
        """Raises NoRate where `rate` is too old to be sold at."""
        age = age_of(rate.day, today)
        if age > self.maximum_age:
            raise NoRate(
                f"the exchange rate from {rate.base} into {rate.quote} of {rate.day} is too old:"
                f" {age} business days, and {self.maximum_age} are allowed",
                base=rate.base,
                quote=rate.quote,
                reason=WhyNot.TOO_OLD,
            )


def decimal_text(rate: Fraction) -> str:
    """A rate to be read: with DIGITS significant digits, and no more than it has."""
    with localcontext(prec=DIGITS, rounding=ROUND_HALF_UP):
        text = f"{Decimal(rate.numerator) / Decimal(rate.denominator):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def age_of(day: date, today: date) -> int:
    """How many business days have begun since `day`, today among them: a rate of Friday is 1 on Monday.

    Days on which no rates are published do not count, so that a rate ages over no weekend and no holiday. No
    more than LONGEST_AGE are counted.
    """
    age = 0
    for one in _days(day + timedelta(days=1), today):
        age += is_business_day(one)
        if age == LONGEST_AGE:
            break
    return age


def is_business_day(day: date) -> bool:
    """Whether TARGET, the euro's payment system, is open, and the ECB publishes rates.

    Closed on Saturdays and Sundays, New Year's Day, Good Friday, Easter Monday, 1 May, 25 and 26 December
    (ECB, "TARGET closing days": the same rules since 2002).
    """
    if day.weekday() >= _SATURDAY or (day.month, day.day) in _CLOSED:
        return False
    return day not in _around_easter(day.year)


def last_business_day(today: date) -> date:
    """Today, or the last one before it on which rates are published."""
    while not is_business_day(today):
        today -= timedelta(days=1)
    return today


@cache
def _around_easter(year: int) -> tuple[date, date]:
    sunday = easter(year)
    return sunday - timedelta(days=2), sunday + timedelta(days=1)


def easter(year: int) -> date:
    """Easter Sunday of a year of the Gregorian calendar, by the method that Nature printed in 1876 (Meeus,
    "Astronomical Algorithms", chapter 8).
    """
    century, of_century = divmod(year, 100)
    golden = year % 19
    correction = century - century // 4 - (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))
