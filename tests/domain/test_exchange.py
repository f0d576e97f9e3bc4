"""Rates: exact, through the euro, dated, and too old when they are."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.exchange import (
    LONGEST_AGE,
    ExchangeTerms,
    FrozenRate,
    NoRate,
    WhyNot,
    age_of,
    easter,
    is_business_day,
    last_business_day,
)
from bookingd.domain.money import EXPONENTS, Money, exponent
from tests.rates import FRIDAY, frozen, sheet

codes = st.sampled_from(sorted(EXPONENTS))
amounts = st.integers(min_value=-(10**12), max_value=10**12)
per_euro = st.decimals(
    min_value=Decimal("0.000001"), max_value=Decimal(10**7), places=6, allow_nan=False, allow_infinity=False
)
shares = st.decimals(min_value=0, max_value=50, places=4, allow_nan=False, allow_infinity=False)


@st.composite
def rates(draw: st.DrawFn, *, margin: bool = True) -> FrozenRate:
    base, quote = draw(st.tuples(codes, codes).filter(lambda pair: pair[0] != pair[1]))
    one = Decimal(1)
    return FrozenRate(
        base=base,
        quote=quote,
        base_per_euro=one if base == "EUR" else draw(per_euro),
        quote_per_euro=one if quote == "EUR" else draw(per_euro),
        margin_percent=draw(shares) if margin else Decimal(0),
        day=FRIDAY,
        version=1,
    )


def major(amount: Money) -> Fraction:
    return Fraction(amount.amount, 10 ** exponent(amount.currency))


@given(rates(), amounts)
def test_a_converted_amount_is_the_nearest_one_of_its_currency(rate: FrozenRate, amount: int) -> None:
    converted = rate.convert(Money(amount, rate.base))

    exact = major(Money(amount, rate.base)) * rate.rate
    assert converted.currency == rate.quote
    assert abs(major(converted) - exact) * 10 ** exponent(rate.quote) <= Fraction(1, 2)


@given(rates(), amounts)
def test_what_is_given_back_converts_to_as_much(rate: FrozenRate, amount: int) -> None:
    assert rate.convert(Money(-amount, rate.base)) == -rate.convert(Money(amount, rate.base))


@given(rates(margin=False), amounts)
def test_there_and_back_without_a_margin_loses_no_more_than_the_roundings(
    there: FrozenRate, amount: int
) -> None:
    back = FrozenRate(
        base=there.quote,
        quote=there.base,
        base_per_euro=there.quote_per_euro,
        quote_per_euro=there.base_per_euro,
        margin_percent=Decimal(0),
        day=FRIDAY,
        version=1,
    )

    returned = back.convert(there.convert(Money(amount, there.base)))

    assert abs(returned.amount - amount) <= back.factor / 2 + Fraction(1, 2)


@given(rates(), amounts)
def test_a_margin_never_makes_anything_cheaper(rate: FrozenRate, amount: int) -> None:
    assert rate.rate >= rate.middle
    assert rate.convert(Money(abs(amount), rate.base)).amount >= 0


def test_the_documentations_example() -> None:
    rate = frozen("GBP", "USD", base_per_euro="0.8342")

    assert rate.convert(Money.of("412.50", "GBP")) == Money.of("548.56", "USD")


@pytest.mark.parametrize(
    ("rate", "before", "after"),
    [
        (frozen(margin="0"), Money(10_000, "EUR"), Money(10_876, "USD")),
        (frozen(quote="JPY", quote_per_euro="171.45", margin="0"),
         Money(10_000, "EUR"), Money(17_145, "JPY")),
        (frozen(quote="KWD", quote_per_euro="0.3341", margin="0"),
         Money(10_000, "EUR"), Money(33_410, "KWD")),
        (frozen("JPY", "KWD", base_per_euro="171.45", quote_per_euro="0.3341", margin="0"),
         Money(17_145, "JPY"), Money(33_410, "KWD")),
        (frozen("KWD", "JPY", base_per_euro="0.3341", quote_per_euro="171.45", margin="0"),
         Money(33_410, "KWD"), Money(17_145, "JPY")),
        (frozen(quote_per_euro="1.005", margin="0"), Money(100, "EUR"), Money(101, "USD")),
        (frozen(quote_per_euro="1.005", margin="0"), Money(-100, "EUR"), Money(-101, "USD")),
        (frozen(quote_per_euro="1", margin="1.5"), Money(10_000, "EUR"), Money(10_150, "USD")),
    ],
)  # fmt: skip
def test_decimals_of_both_currencies_count(rate: FrozenRate, before: Money, after: Money) -> None:
    assert rate.convert(before) == after


def test_a_rate_converts_its_own_currency_alone() -> None:
    with pytest.raises(ValueError, match="converts no GBP"):
        frozen().convert(Money(1, "GBP"))


class TestFreezing:
    terms = ExchangeTerms(margin_percent=Decimal(2), margins={("GBP", "USD"): Decimal("1.5")}, maximum_age=1)

    def test_a_rate_names_sheet_and_margin(self) -> None:
        rate = self.terms.freeze(sheet(version=3), base="EUR", quote="USD", today=FRIDAY)

        assert rate == FrozenRate(
            base="EUR",
            quote="USD",
            base_per_euro=Decimal(1),
            quote_per_euro=Decimal("1.0876"),
            margin_percent=Decimal(2),
            day=FRIDAY,
            version=3,
        )

    def test_a_cross_rate_goes_through_the_euro_with_its_pairs_margin(self) -> None:
        rate = self.terms.freeze(sheet(), base="GBP", quote="USD", today=FRIDAY)

        assert rate.middle == Fraction(10876, 8342)
        assert rate.rate == Fraction(10876, 8342) * Fraction(1015, 1000)
        back = self.terms.freeze(sheet(), base="USD", quote="GBP", today=FRIDAY)
        assert back.margin_percent == 2

    @pytest.mark.parametrize(("base", "quote"), [("EUR", "SEK"), ("SEK", "EUR"), ("SEK", "USD")])
    def test_a_currency_that_the_sheet_lacks_has_no_rate(self, base: str, quote: str) -> None:
        with pytest.raises(NoRate, match=f"no exchange rate from {base} into {quote}") as refused:
            self.terms.freeze(sheet(), base=base, quote=quote, today=FRIDAY)
        assert refused.value.reason is WhyNot.MISSING

    def test_without_a_sheet_there_is_no_rate(self) -> None:
        with pytest.raises(NoRate, match="no exchange rate"):
            self.terms.freeze(None, base="EUR", quote="USD", today=FRIDAY)

    def test_a_rate_is_too_old_when_its_business_days_are_over(self) -> None:
        monday, tuesday = FRIDAY + timedelta(days=3), FRIDAY + timedelta(days=4)

        assert self.terms.freeze(sheet(), base="EUR", quote="USD", today=monday).day == FRIDAY
        with pytest.raises(NoRate, match="of 2026-11-27 is too old: 2 business days") as refused:
            self.terms.freeze(sheet(), base="EUR", quote="USD", today=tuesday)
        assert refused.value.reason is WhyNot.TOO_OLD


class TestAges:
    @pytest.mark.parametrize(
        ("day", "today", "age"),
        [
            (date(2026, 11, 27), date(2026, 11, 27), 0),
            (date(2026, 11, 27), date(2026, 11, 29), 0),  # Sunday
            (date(2026, 11, 27), date(2026, 11, 30), 1),
            (date(2026, 12, 24), date(2026, 12, 28), 1),  # Christmas, then a weekend
            (date(2026, 12, 31), date(2027, 1, 4), 1),
            (date(2027, 3, 25), date(2027, 3, 29), 0),  # Good Friday to Easter Monday
            (date(2027, 3, 25), date(2027, 3, 30), 1),
            (date(2027, 3, 25), date(2027, 4, 2), 4),
            (date(2026, 4, 30), date(2026, 5, 4), 1),  # 1 May
            (date(2026, 11, 27), date(2026, 11, 20), 0),
            (date(1999, 1, 4), date(2026, 11, 20), LONGEST_AGE),
        ],
    )
    def test_a_rate_ages_over_no_weekend_and_no_holiday(self, day: date, today: date, age: int) -> None:
        assert age_of(day, today) == age

    @given(st.dates(date(1999, 1, 4), date(2199, 12, 31)))
    def test_the_last_business_day_has_no_business_day_behind_it(self, today: date) -> None:
        last = last_business_day(today)

        assert is_business_day(last)
        assert age_of(last, today) == 0
        assert (today - last).days <= 5

    @pytest.mark.parametrize(
        "sunday",
        [date(1999, 4, 4), date(2000, 4, 23), date(2008, 3, 23), date(2026, 4, 5), date(2038, 4, 25)],
    )
    def test_easter(self, sunday: date) -> None:
        assert easter(sunday.year) == sunday

    @given(st.integers(1999, 9999))
    def test_easter_is_a_sunday_in_its_five_weeks(self, year: int) -> None:
        assert easter(year).weekday() == 6
        assert date(year, 3, 22) <= easter(year) <= date(year, 4, 25)
