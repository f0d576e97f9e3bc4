"""Money: exact laws, the one rounding, and no currency that has to be guessed."""

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.money import (
    EXPONENTS,
    CurrencyMismatch,
    InvalidAmount,
    Money,
    UnknownCurrency,
    exponent,
    rounded,
    total,
)

minor_units = st.integers(-(10**15), 10**15)
currencies = st.sampled_from(["JPY", "EUR", "KWD"])
euros = minor_units.map(lambda amount: Money(amount, "EUR"))
amounts = st.builds(Money, minor_units, currencies)


@given(euros, euros, euros)
def test_addition_is_associative_and_commutative(one: Money, other: Money, third: Money) -> None:
    assert (one + other) + third == one + (other + third)
    assert one + other == other + one


@given(euros, euros)
def test_what_is_added_can_be_taken_away(one: Money, other: Money) -> None:
    assert one + other - other == one
    assert one + -one == Money.zero("EUR")
    assert (one < other) is (one.amount < other.amount)


@given(euros, st.integers(0, 20))
def test_a_multiple_is_a_repeated_sum(amount: Money, count: int) -> None:
    assert amount * count == total([amount] * count, "EUR")


@given(amounts)
def test_an_amount_survives_its_decimal_text(amount: Money) -> None:
    assert Money.of(amount.decimal(), amount.currency) == amount
    assert Money.of(amount.format().split()[0], amount.currency) == amount


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Money(6000, "JPY"), "6000 JPY"),
        (Money(6000, "USD"), "60.00 USD"),
        (Money(6000, "KWD"), "6.000 KWD"),
        (Money(-5, "EUR"), "-0.05 EUR"),
        (Money(0, "KWD"), "0.000 KWD"),
        (Money(10**15, "EUR"), "10000000000000.00 EUR"),
    ],
)
def test_case_47_sixty_dollars_are_never_six_thousand(amount: Money, text: str) -> None:
    assert str(amount) == text
    assert Money.of(*text.split()) == amount


@given(minor_units, st.fractions(min_value=-10, max_value=10, max_denominator=10**9))
def test_a_product_is_the_nearest_amount_and_halves_go_away_from_zero(amount: int, factor: Fraction) -> None:
    product = Money(amount, "EUR").times(factor).amount

    exact = amount * factor
    assert abs(product - exact) <= Fraction(1, 2)
    if abs(product - exact) == Fraction(1, 2):
        assert abs(product) > abs(exact)


@given(minor_units, st.decimals(min_value=-100, max_value=100, places=4))
def test_a_product_agrees_with_decimal_rounding(amount: int, factor: Decimal) -> None:
    wide = Context(prec=60, rounding=ROUND_HALF_UP)
    expected = wide.quantize(wide.multiply(Decimal(amount), factor), Decimal(1))

    assert Money(amount, "EUR").times(factor).amount == expected


@pytest.mark.parametrize(
    ("numerator", "denominator", "whole"),
    [(5, 2, 3), (-5, 2, -3), (4, 3, 1), (-4, 3, -1), (1, 2, 1), (-1, 2, -1), (0, 7, 0)],
)
def test_rounding_is_half_away_from_zero(numerator: int, denominator: int, whole: int) -> None:
    assert rounded(numerator, denominator) == whole


def test_a_tie_beyond_28_digits_is_still_a_tie() -> None:
    just_below_half = Fraction(1, 2) - Fraction(1, 10**40)

    assert Money(1, "EUR").times(just_below_half).amount == 0


@given(euros, st.integers(1, 50))
def test_an_allocation_loses_no_cent_and_is_even(amount: Money, parts: int) -> None:
    shares = amount.allocate(parts)

    assert len(shares) == parts
    assert total(shares, "EUR") == amount
    assert max(share.amount for share in shares) - min(share.amount for share in shares) <= 1
    assert sorted(shares, key=lambda share: -abs(share.amount)) == list(shares)


def test_nothing_can_be_allocated_to_nobody() -> None:
    with pytest.raises(ValueError, match="0 parts"):
        Money(1, "EUR").allocate(0)


@pytest.mark.parametrize("code", ["XXX", "BTC", "eur", "", "UYI", "DEM", "EURO"])
def test_an_unknown_currency_is_refused_and_not_taken_for_one_with_cents(code: str) -> None:
    with pytest.raises(UnknownCurrency):
        exponent(code)
    with pytest.raises(UnknownCurrency):
        Money.of("1", code)


def test_the_currencies_are_in_three_groups_of_one_exponent_each() -> None:
    assert set(EXPONENTS.values()) == {0, 2, 3}
    assert len(EXPONENTS) == 155
    assert [exponent(code) for code in ("JPY", "EUR", "KWD", "ISK", "MGA", "TND")] == [0, 2, 3, 0, 2, 3]


@pytest.mark.parametrize("text", ["", "abc", "NaN", "Infinity", "1E+999999999", "12.345", "0.001", "1,50"])
def test_what_is_no_amount_of_euros_is_refused(text: str) -> None:
    with pytest.raises(InvalidAmount):
        Money.of(text, "EUR")


@pytest.mark.parametrize("text", ["12.30", "12.3", "012.300", "1.23E+1"])
def test_one_amount_may_be_written_in_several_ways(text: str) -> None:
    assert Money.of(text, "EUR") == Money(1230, "EUR")


def test_currencies_do_not_mix() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "EUR") + Money(1, "USD")
    with pytest.raises(CurrencyMismatch):
        total([Money(1, "EUR"), Money(1, "JPY")], "EUR")
    with pytest.raises(CurrencyMismatch):
        assert Money(1, "EUR") <= Money(2, "USD")


@given(amounts, st.fractions(max_denominator=1000), st.integers(1, 9))
def test_no_amount_is_ever_a_float(amount: Money, factor: Fraction, parts: int) -> None:
    results = [amount.times(factor), amount * 3, amount + amount, -amount, *amount.allocate(parts)]

    assert all(type(result.amount) is int for result in results)
    with pytest.raises(TypeError):
        amount.times(0.1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        amount * 1.5  # type: ignore[operator]
