"""What the payment page's form sends."""

from marshmallow import ValidationError, validate

from bookingd.domain.booking.plans import Schedule
from handlers.fields import Choice, Request, Said, Text
from handlers.requests import PAYMENT_METHOD


def _token_or_nothing(given: str) -> None:
    """A browser sends an empty field too."""
    if given:
        validate.Regexp(PAYMENT_METHOD, error=Said("payment_method", "This is no card's token."))(given)


def _attempt(given: str) -> None:
    if not given.isascii() or not given.isprintable():
        raise ValidationError([Said("attempt", "Load the page again.")])


class PayForm(Request):
    """A choice of the page; the amount is the booking's."""

    attempt = Text(longest=64, shortest=16, required=True, validate=[_attempt])
    schedule = Choice([schedule.value for schedule in Schedule], required=True)
    way = Text(
        longest=60,
        required=True,
        metadata={"description": "A gateway, or `kept:` and the id of a kept means.", "example": "stripe"},
    )
    payment_method = Text(longest=127, shortest=0, load_default="", validate=[_token_or_nothing])
    keep = Text(longest=40, load_default=None, metadata={"description": "The version of what was agreed to."})
