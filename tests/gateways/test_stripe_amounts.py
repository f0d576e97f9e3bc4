"""Amounts in Stripe's units, which are not always ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as any_

from bookingd.domain.money import Money
from bookingd.gateways.stripe_amounts import NOT_TAKEN, ours, theirs
from bookingd.outcomes import Refused


@pytest.mark.parametrize(
    ("text", "currency", "units"),
    [
        ("12.34", "EUR", 1234),
        ("1500", "JPY", 1500),
        ("5", "ISK", 500),
        ("500", "UGX", 50_000),
        ("1500.00", "MGA", 1500),
        ("5.120", "KWD", 5120),
        ("99.00", "HUF", 9900),
    ],
)
def test_each_currency_is_sent_as_stripe_counts_it(text: str, currency: str, units: int) -> None:
    money = Money.of(text, currency)

    assert theirs(money) == units
    assert ours(units, currency.lower()) == money


@pytest.mark.parametrize(("text", "currency"), [("5.124", "KWD"), ("1.50", "MGA"), ("0.001", "BHD")])
def test_what_stripe_cannot_express_is_refused(text: str, currency: str) -> None:
    with pytest.raises(Refused) as refused:
        theirs(Money.of(text, currency))

    assert refused.value.code == "amount_not_representable"


@pytest.mark.parametrize("currency", sorted(NOT_TAKEN))
def test_a_currency_that_stripe_does_not_take_is_refused(currency: str) -> None:
    with pytest.raises(Refused) as refused:
        theirs(Money(1000, currency))

    assert refused.value.code == "currency_not_taken"


@given(amount=any_.integers(1, 10**9), currency=any_.sampled_from("EUR JPY ISK UGX MGA KWD TND HUF".split()))
def test_no_amount_changes_on_its_way_there_and_back(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    try:
        units = theirs(money)
    except Refused:
        return

    assert ours(units, currency) == money
