"""Amounts at PayPal: decimal texts, in its currencies and with its decimals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.money import EXPONENTS, THREE_DECIMALS, Money, total
from bookingd.gateways.paypal_amounts import CURRENCIES, WHOLE, ours, refusal, theirs
from bookingd.outcomes import Refused


@pytest.mark.parametrize(
    ("money", "value"),
    [
        (Money.of("0.01", "EUR"), "0.01"),
        (Money.of("12345678.90", "USD"), "12345678.90"),
        (Money(6000, "JPY"), "6000"),
        (Money.of("12345.00", "HUF"), "12345"),
        (Money.of("1500", "TWD"), "1500"),
    ],
)
def test_amounts_are_written_as_paypal_writes_them(money: Money, value: str) -> None:
    written = theirs(money)

    assert written == {"currency_code": money.currency, "value": value}
    assert ours(written) == money


@pytest.mark.parametrize("value", ["12345", "12345.00", "12345.0"])
def test_paypal_may_write_decimals_where_there_are_none(value: str) -> None:
    assert ours({"currency_code": "HUF", "value": value}) == Money.of("12345", "HUF")


@given(st.sampled_from(sorted(EXPONENTS)), st.integers(min_value=1, max_value=10**12))
def test_what_paypal_takes_keeps_its_value_and_all_else_is_refused(currency: str, amount: int) -> None:
    money = Money(amount, currency)
    refused = refusal(money)
    if refused is None:
        assert ours(theirs(money)) == money
        return
    with pytest.raises(Refused) as raised:
        theirs(money)
    assert raised.value.code == refused.code
    assert refused.code == ("amount_not_representable" if currency in CURRENCIES else "currency_not_taken")


@given(st.sampled_from(sorted(CURRENCIES)), st.lists(st.integers(1, 10**7), min_size=1, max_size=6))
def test_parts_that_paypal_takes_are_their_sum_there_too(currency: str, parts: list[int]) -> None:
    amounts = [Money(part, currency) for part in parts]
    if any(map(refusal, amounts)):
        return

    values = [Decimal(theirs(amount)["value"]) for amount in amounts]
    assert sum(values) == Decimal(theirs(total(amounts, currency))["value"])


@pytest.mark.parametrize("currency", sorted(THREE_DECIMALS))
def test_thousandths_are_refused_with_the_reason(currency: str) -> None:
    refused = refusal(Money(1000, currency))

    assert refused is not None
    assert refused.reason == f"PayPal takes no {currency}"


def test_a_fraction_of_what_has_none_is_refused_with_the_reason() -> None:
    refused = refusal(Money.of("100.50", "HUF"))

    assert refused is not None
    assert refused.reason == "PayPal takes whole HUF only, not 100.50 HUF"
    assert WHOLE <= CURRENCIES <= EXPONENTS.keys()
