"""What keeps an account from being forgotten, as far as money goes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bookingd.domain.accounts.erasure import Hindrance, hindrance
from bookingd.domain.booking.plans import Schedule
from bookingd.domain.booking.state import Booking, BookingState, Refund, RefundState
from bookingd.domain.money import Money
from tests import factories
from tests.domain.booking.exploration import confirmed
from tests.fakes.sources import START

AFTER = START + timedelta(days=60)
BOOKING = factories.booking()
PAID = confirmed(BOOKING)
DEPOSIT_PAID = confirmed(BOOKING, schedule=Schedule.DEPOSIT)
CANCELLED = replace(DEPOSIT_PAID, state=BookingState.CANCELLED)


def with_refund(state: RefundState) -> Booking:
    [payment] = PAID.payments
    refund = Refund(round=1, amount=Money(100, "EUR"), state=state)
    return PAID.with_payment(replace(payment, refunds=(refund,)))


@pytest.mark.parametrize(
    ("booking", "expected"),
    [
        (PAID, None),
        (DEPOSIT_PAID, Hindrance.MONEY),
        (CANCELLED, Hindrance.MONEY),
        (replace(CANCELLED, kept=Money(2_000, "EUR")), None),
        (with_refund(RefundState.FAILED), Hindrance.MONEY),
        (with_refund(RefundState.SETTLED), None),
    ],
    ids=["paid", "balance open", "money of nobody", "deposit kept", "refund failed", "refund settled"],
)
def test_money_that_is_owed_either_way_keeps_the_account(
    booking: Booking, expected: Hindrance | None
) -> None:
    assert hindrance(booking, refund_pending=False, now=AFTER) is expected
