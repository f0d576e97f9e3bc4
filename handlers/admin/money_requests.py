"""What staff send about money: what they received, paid out, and grant."""

from marshmallow import fields

from bookingd.storage.office import ReceivedBy
from handlers.fields import MISSING, Choice, Day, Part, Request, Said, Text, Whole, YesNo
from handlers.requests import MoneyIn

LONGEST_TERM = 365
"""Days of credit."""


def _proof(what: str) -> Text:
    return Text(longest=140, required=True, metadata={"description": what, "example": "2026-11-30/4711"})


class SumIn(MoneyIn):
    """An amount above nothing."""

    amount = Whole(1, 10**15, required=True, strict=True, metadata={"description": "In minor units (cents)."})


class NewReceipt(Request):
    """Money that came for a booking."""

    means = Choice([means.value for means in ReceivedBy], required=True)
    amount = Part(SumIn, required=True)
    received_on = Day(
        required=True, metadata={"description": "When it came, by the bank's or the till's date."}
    )
    proof = _proof("The bank's reference, or the number of the receipt. Each is recorded once.")


class NewRefund(Request):
    """Part or all of what a payment took, given back."""

    payment_id = fields.UUID(
        required=True,
        error_messages={
            "invalid_uuid": Said("unknown_payment", "The booking has no such payment."),
            "required": MISSING,
            "null": MISSING,
        },
    )
    amount = Part(SumIn, required=True)
    reason = Text(longest=200, required=True, metadata={"example": "Seat upgrade was not flown"})


class HowSettled(Request):
    """How a refund that had failed was paid instead."""

    how = Choice([means.value for means in ReceivedBy], required=True)
    proof = _proof("The bank's reference, or the number of the receipt.")
    despite_dispute = YesNo(
        load_default=False,
        metadata={
            "description": "It was paid although its payer disputes the payment, and may have the money."
        },
    )


class Paid(Request):
    """Money that was paid out, or came for what is owed."""

    paid_on = Day(required=True)
    proof = _proof("The bank's reference, or the number of the receipt.")


class NewSettlement(Paid):
    """Money that a client paid of what they owe."""

    amount = Part(SumIn, required=True)


class NewCreditLine(Request):
    """Up to how much a client may owe; nothing: they book on credit no more."""

    most = Part(MoneyIn, required=True)
    days = Whole(
        0, LONGEST_TERM, required=True, strict=True, metadata={"description": "After how many days they pay."}
    )
