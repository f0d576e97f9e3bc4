"""What is sent to choose what one hears of."""

from typing import Any

from marshmallow import ValidationError, validate

from bookingd.domain.accounts.preferences import ALWAYS, Channel, Topic
from handlers.fields import Choice, Part, Request, Said, Several, Text


def _keeps_mail(channels: list[str]) -> None:
    if Channel.EMAIL not in channels:
        words = "Mails about bookings and about the safety of the account cannot be switched off."
        raise ValidationError([Said("always", words)])


def _channels(topic: Topic) -> Several:
    """How a topic is told; an empty list: not at all."""
    known = [channel.value for channel in Channel]
    more: dict[str, Any] = {}
    if topic in ALWAYS:
        more["metadata"] = {"description": "`email` cannot be left out."}
    chosen = Several(Choice(known), most=len(known), least=0, **more)
    if topic in ALWAYS:
        chosen.validators.append(_keeps_mail)
    return chosen


class TopicsIn(Request):
    """By topic how it is told: `email`, `sms`, or an empty list for not at all. What is left out is as it
    was in the beginning.
    """

    bookings = _channels(Topic.BOOKINGS)
    security = _channels(Topic.SECURITY)
    payment_reminders = _channels(Topic.PAYMENT_REMINDERS)
    schedule_changes = _channels(Topic.SCHEDULE_CHANGES)
    price_alerts = _channels(Topic.PRICE_ALERTS)
    news = _channels(Topic.NEWS)


class NewPreferences(Request):
    """What is chosen."""

    topics = Part(TopicsIn, required=True)
    sms_number = Text(
        longest=16,
        load_default=None,
        allow_none=True,
        validate=[
            validate.Regexp(
                r"^\+[1-9][0-9]{6,14}\Z",
                error=Said("sms_number", "This has to be a number as +4930123456 (E.164)."),
            )
        ],
        metadata={"description": "E.164; needed where anything is told by SMS.", "example": "+4930123456"},
    )
