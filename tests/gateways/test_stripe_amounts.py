"""Amounts in Stripe's units, which are not always ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as any_

from bookingd.domain.money import EXPONENTS, Money, total
from bookingd.gateways.stripe_amounts import NOT_TAKEN, ours, refusal, theirs
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


@given(amount=any_.integers(1, 10**9), currency=any_.sampled_from(sorted(EXPONENTS)))
def test_what_stripe_takes_keeps_its_value_and_all_else_is_refused(amount: int, currency: str) -> None:
    """In every currency there is."""
    money = Money(amount, currency)
    refused = refusal(money)
    if refused is None:
        assert ours(theirs(money), currency.lower()) == money
        return
    with pytest.raises(Refused) as raised:
        theirs(money)
    assert raised.value.code == refused.code
    assert refused.code == ("currency_not_taken" if currency in NOT_TAKEN else "amount_not_representable")


@given(
    parts=any_.lists(any_.integers(1, 10**7), min_size=1, max_size=6),
    currency=any_.sampled_from(sorted(EXPONENTS)),
)
def test_parts_that_stripe_takes_are_their_sum_there_too(parts: list[int], currency: str) -> None:
    amounts = [Money(part, currency) for part in parts]
    if any(map(refusal, amounts)):
        return

    assert sum(map(theirs, amounts)) == theirs(total(amounts, currency))
