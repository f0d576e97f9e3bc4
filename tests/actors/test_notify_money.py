"""Mails about money: who hears of a transfer, a balance, a review or a refund, and once."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from bookingd.domain.booking import facts
from bookingd.domain.booking.state import Booking, BookingState, PaymentState, Refund
from bookingd.domain.ids import IntentId
from bookingd.domain.money import Money
from bookingd.storage import payments
from bookingd.storage.payments import PaymentRow, PaymentStatus, RefundRow, RefundState, Settlement
from tests.actors.mail_desk import Desk, at_desk
from tests.channels import trips

__all__ = ["at_desk"]

PART = Money(2_500, "EUR")
UNTIL = datetime(2026, 11, 22, 12, 25, tzinfo=UTC)
INSTRUCTIONS = {"iban": "DE89370400440532013000", "beneficiary": "Sunbird Travel GmbH", "reference": "KV7Q2M"}


def waiting(state: PaymentState, gateway: str = "stripe") -> Booking:
    payment = replace(trips.payment(state), gateway=gateway)
    return trips.booking(BookingState.AWAITING_PAYMENT, payments=(payment,), hold_until=UNTIL)


async def recorded(desk: Desk, booking: Booking, **changes: object) -> None:
    (payment,) = booking.payments
    row = PaymentRow(
        id=payment.id,
        booking_id=booking.id,
        gateway=payment.gateway,
        gateway_reference="x",
        state=PaymentStatus.CAPTURED,
        amount=payment.amount,
        captured=payment.amount,
        refunded=Money.zero("EUR"),
        means_label="Visa ending in 4242",
    )
    async with desk.database.transaction() as connection:
        await payments.save(connection, rows=[replace(row, **changes)], now=UNTIL)  # type: ignore[arg-type]


async def refunded(desk: Desk, **changes: object) -> None:
    made = RefundRow(
        id=IntentId(UUID(int=7)),
        payment_id=trips.PAYMENT,
        gateway_reference="re_1",
        amount=PART,
        state=RefundState.PENDING,
        trace="74537606340000012345678",
        expected_by=datetime(2026, 12, 6, tzinfo=UTC),
    )
    async with desk.database.transaction() as connection:
        await payments.save_refund(connection, refund=replace(made, **changes), now=UNTIL)  # type: ignore[arg-type]


REFUNDED = facts.PaymentRefunded(booking_id=trips.BOOKING, payment_id=trips.PAYMENT, amount=PART)


@pytest.mark.parametrize("heard", [PaymentState.CREATED, PaymentState.REQUIRES_ACTION])
async def test_who_chose_a_transfer_is_told_where_to_send_it(desk: Desk, heard: PaymentState) -> None:
    """Also where the booking, which hears of it at the same moment, does so later than we."""
    booking = waiting(heard, "transfer")
    await desk.put(booking)
    await recorded(
        desk,
        booking,
        state=PaymentStatus.REQUIRES_ACTION,
        instructions=INSTRUCTIONS,
        captured=Money.zero("EUR"),
    )
    message = facts.PaymentActionRequired(booking_id=trips.BOOKING, payment_id=trips.PAYMENT, action_url="")

    await desk.deliver(message)
    await desk.deliver(message, number=2)

    (mail,) = await desk.mails()
    text = await desk.text(mail)
    assert mail.subject == "How to pay for your trip by bank transfer - KV7Q2M"
    assert "IBAN: DE89370400440532013000" in text
    assert "Reference: KV7Q2M" in text


async def test_whose_bank_asks_for_a_proof_has_a_page_and_gets_no_mail(desk: Desk) -> None:
    await desk.put(waiting(PaymentState.REQUIRES_ACTION))

    await desk.deliver(
        facts.PaymentActionRequired(
            booking_id=trips.BOOKING, payment_id=trips.PAYMENT, action_url="https://bank.example"
        )
    )

    assert await desk.mails() == []


@pytest.mark.parametrize(
    "heard", [PaymentState.CREATED, PaymentState.REQUIRES_ACTION, PaymentState.IN_REVIEW]
)
async def test_a_review_is_told_while_it_lasts(desk: Desk, heard: PaymentState) -> None:
    message = facts.PaymentInReview(booking_id=trips.BOOKING, payment_id=trips.PAYMENT)
    await desk.put(waiting(heard))

    await desk.deliver(message)

    (mail,) = await desk.mails()
    assert "You need not do anything, and please do not pay again." in await desk.text(mail)


async def test_a_review_that_is_over_is_not_told_any_more(desk: Desk) -> None:
    await desk.put(waiting(PaymentState.AUTHORISED))

    await desk.deliver(facts.PaymentInReview(booking_id=trips.BOOKING, payment_id=trips.PAYMENT))

    assert await desk.mails() == []


async def test_each_reminder_of_a_balance_is_a_mail_and_so_is_a_charge_that_failed(desk: Desk) -> None:
    await desk.put(trips.with_deposit())
    asked = facts.BalanceAsked(booking_id=trips.BOOKING, amount=Money(164_392, "EUR"), until=UNTIL)

    for number, message in enumerate(
        (asked, asked, replace(asked, number=2), replace(asked, number=2, after=trips.PAYMENT)), start=1
    ):
        await desk.deliver(message, number=number)

    mails = await desk.mails()
    texts = [await desk.text(mail) for mail in mails]
    assert {mail.subject for mail in mails} == {"Please pay the rest of your trip - KV7Q2M"}
    assert len(mails) == 3
    assert sum("We could not charge the card" in text for text in texts) == 1
    assert all("/pay?" in text for text in texts)


async def test_a_trip_cancelled_for_want_of_its_balance_is_told_with_what_becomes_of_the_money(
    desk: Desk,
) -> None:
    await desk.put(trips.booking(BookingState.CANCELLED))
    nothing = Money.zero("EUR")

    await desk.deliver(
        facts.BookingCancelled(
            booking_id=trips.BOOKING, reason="unpaid_balance", kept=nothing, paid_back=PART
        )
    )

    (mail,) = await desk.mails()
    assert "€25.00 goes back to you" in await desk.text(mail)


async def test_a_refund_is_told_with_its_day_and_the_reference_that_finds_it(desk: Desk) -> None:
    await desk.put(trips.booking())
    await recorded(desk, trips.booking())
    await refunded(desk)

    await desk.deliver(REFUNDED)

    (mail,) = await desk.mails()
    text = await desk.text(mail)
    assert "€25.00 back to you, to Visa ending in 4242" in text
    assert "by Sun, 6 Dec 2026" in text
    assert "74537606340000012345678" in text


@pytest.mark.parametrize("by_staff", [False, True])
async def test_of_a_booking_that_came_to_nothing_only_what_staff_give_back_is_told(
    desk: Desk, by_staff: bool
) -> None:
    """Its own mail has said that everything goes back."""
    back = Refund(round=1, amount=PART, wish=1 if by_staff else None)
    paid = replace(trips.payment(PaymentState.CAPTURED), refunds=(back,))
    booking = trips.booking(BookingState.FAILED, payments=(paid,))
    await desk.put(booking)
    await recorded(desk, booking)
    await refunded(desk)

    await desk.deliver(REFUNDED)

    assert len(await desk.mails()) == by_staff


async def test_a_refund_that_failed_and_its_payment_in_another_way_are_two_mails(desk: Desk) -> None:
    await desk.put(trips.booking())
    await recorded(desk, trips.booking())
    await refunded(desk, state=RefundState.FAILED)
    await desk.deliver(
        facts.RefundFailed(
            booking_id=trips.BOOKING, payment_id=trips.PAYMENT, amount=PART, reason="lost_or_stolen_card"
        )
    )
    by = Settlement(by="account:1", how="transfer", proof="bank-9", at=UNTIL)
    await refunded(desk, state=RefundState.SETTLED, settlement=by)
    await desk.deliver(replace(REFUNDED, settled=True), number=2)

    texts = {mail.subject: await desk.text(mail) for mail in await desk.mails()}
    assert "The money is still yours" in texts["We could not send your refund - KV7Q2M"]
    assert "Its reference is bank-9." in texts["Your refund has been paid - KV7Q2M"]
    assert not any("stolen" in text for text in texts.values())
