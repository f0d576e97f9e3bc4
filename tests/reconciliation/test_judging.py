"""What a booking and its payments may differ in for long, without anybody having to look."""

from dataclasses import replace

import pytest

from bookingd.domain.booking.state import BookingState, PaymentState
from bookingd.domain.money import Money
from bookingd.reconciliation.judging import judge
from bookingd.storage.payments import PaymentRow, PaymentStatus
from tests import factories


def row(state: PaymentStatus) -> PaymentRow:
    nothing = Money.zero("EUR")
    return PaymentRow(
        id=factories.payment_id(1),
        booking_id=factories.booking().id,
        gateway="fake",
        gateway_reference="fake_1",
        state=state,
        amount=factories.booking().total,
        captured=nothing,
        refunded=nothing,
    )


@pytest.mark.parametrize("seen", [PaymentState.AUTHORISED, PaymentState.CAPTURING])
def test_a_review_that_begins_after_the_money_was_held_is_no_difference(seen: PaymentState) -> None:
    """The booking goes on, since what is held stays held; that lasts as long as suppliers take."""
    booking = replace(
        factories.booking(), state=BookingState.CONFIRMING, payments=(factories.payment(1, seen),)
    )

    assert list(judge(booking, [row(PaymentStatus.IN_REVIEW)])) == []
    assert list(judge(booking, [row(PaymentStatus.AUTHORISED)])) == []


def test_what_is_gone_at_the_gateway_is_a_difference() -> None:
    booking = replace(
        factories.booking(),
        state=BookingState.CONFIRMING,
        payments=(factories.payment(1, PaymentState.CAPTURING),),
    )

    (found,) = judge(booking, [row(PaymentStatus.VOIDED)])

    assert found.kind == "lifecycle_differs"
