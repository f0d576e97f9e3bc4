"""What clients may ask: the schemas that validate requests, and from which the OpenAPI is made."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from bookingd.channels.compose import mailbox
from bookingd.domain.booking.plans import Schedule
from bookingd.domain.passengers import MOST_SEATS, PassengerType
from bookingd.outcomes import Refused
from handlers.fields import MISSING, Choice, Day, Part, Request, Said, Several, Text, Whole, YesNo

MOST_HEADS = 2 * MOST_SEATS
"""Seats, and an infant on each lap."""

PAYMENT_METHOD = r"^(pm|ctoken)_[A-Za-z0-9_]{1,120}\Z"


def _email(given: str) -> None:
    """What our mails could not be sent to is refused before anything is booked."""
    try:
        address = mailbox(given)
    except Refused as error:
        raise ValidationError([Said("email", "This has to be a mail address.")]) from error
    if "." not in address.domain.strip("."):
        raise ValidationError([Said("email", "A mail address ends in a domain with a dot in it.")])


TYPED = ("given_name", "surname", "born")
"""What is sent of a passenger whom no account keeps."""


class PassengerIn(Request):
    """Somebody who travels: a traveller whom the account keeps, or `given_name`, `surname` and `born`."""

    traveller_id = fields.UUID(
        error_messages={
            "invalid_uuid": Said("unknown_traveller", "There is no such traveller."),
            "null": MISSING,
        },
        metadata={"description": "As `GET /v1/me/travellers` names it; instead of name and date of birth."},
    )
    given_name = Text(longest=100, metadata={"description": "In Latin letters, as printed."})
    surname = Text(longest=100)
    born = Day()
    type = Choice(
        [kind.value for kind in PassengerType],
        load_default=None,
        metadata={"description": "Follows from the date of birth; where it is given, it must agree."},
    )

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _one_or_the_other(self, data: Any, original: Any, **_: Any) -> None:
        given = set(original) if isinstance(original, Mapping) else set(TYPED)
        if "traveller_id" not in given:
            wrong = {name: MISSING for name in TYPED if name not in given}
        else:
            words = "This follows from the traveller: leave it out, or leave traveller_id out."
            wrong = {name: Said("both", words) for name in TYPED if name in given}
        if wrong:
            raise ValidationError({name: [words] for name, words in wrong.items()})


class ContactIn(Request):
    """Whom to tell."""

    email = Text(longest=254, required=True, validate=[_email], metadata={"format": "email"})
    phone = Text(
        longest=30,
        load_default=None,
        allow_none=True,
        validate=[
            validate.Regexp(
                r"^\+[0-9][0-9 ()./-]{4,28}\Z", error=Said("phone", "This has to be as +49 69 1234567.")
            )
        ],
    )
    locale = Text(
        longest=20,
        load_default="en",
        validate=[
            validate.Regexp(
                r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z",
                error=Said("locale", "This has to be a language tag as en or de-AT (BCP 47)."),
            )
        ],
        metadata={"description": "Language of our mails (BCP 47)."},
    )


class NewBooking(Request):
    """Book an offer for these people."""

    offer_id = Text(longest=100, required=True, metadata={"example": "of_AZqv..."})
    passengers = Several(Part(PassengerIn), most=MOST_HEADS, required=True)
    contact = Part(ContactIn, required=True)
    on_behalf = YesNo(
        load_default=False,
        metadata={
            "description": "For agents: the booking is the traveller's, who comes to it by our mails, and not"
            " their own. The answer has no token."
        },
    )


class NewPayment(Request):
    """Pay with a method that was given to the gateway; card data never comes here."""

    gateway = Text(longest=30, required=True, metadata={"example": "stripe"})
    schedule = Choice(
        [schedule.value for schedule in Schedule],
        load_default=None,
        allow_none=True,
        metadata={"description": "One of the plans that are offered; the first of them, unless it is named."},
    )
    payment_method = Text(
        longest=127,
        load_default="",
        validate=[
            validate.Regexp(
                PAYMENT_METHOD,
                error=Said(
                    "payment_method", "This has to be the gateway's token of a card: pm_... or ctoken_..."
                ),
            )
        ],
        metadata={
            "example": "pm_card_visa",
            "description": "Left out where the payer chooses how to pay at the gateway's own page, where"
            " nothing is charged now (transfer, credit), and where `kept` names a means.",
        },
    )
    kept = fields.UUID(
        load_default=None,
        allow_none=True,
        error_messages={"invalid_uuid": Said("unknown_means", "No such means of payment is kept for you.")},
        metadata={"description": "A kept means, as `GET /v1/me/payment-means` names it."},
    )
    keep = YesNo(
        load_default=False,
        metadata={"description": "Keep this means, to be charged later without its holder. For accounts."},
    )
    consent = Text(
        longest=40,
        load_default=None,
        allow_none=True,
        metadata={"description": "With `keep`: the version of the text that the payer has agreed to."},
    )
    amount = fields.Nested(
        lambda: MoneyIn,
        load_default=None,
        allow_none=True,
        error_messages={"type": Said("type", "This has to be an object.")},
        metadata={
            "description": "What is due now, to be compared: it is the booking's, and never taken over."
        },
    )
    return_url = Text(
        longest=1000,
        load_default=None,
        metadata={"description": "Where the browser goes after the gateway's page; a page of this site."},
    )


class MoneyIn(Request):
    """An amount in minor units, as answers show it; `decimal` may be sent along and says nothing new."""

    amount = Whole(0, 10**15, required=True, strict=True, metadata={"description": "In minor units (cents)."})
    currency = Text(longest=3, shortest=3, required=True)
    decimal = fields.Raw(load_default=None)


class Consent(Request):
    """Agree to a changed price."""

    total = Part(MoneyIn, required=True, metadata={"description": "`proposed_total` of the booking."})


class Cancellation(Request):
    """Call the booking off. An empty object."""


class Page(Request):
    """Where in a list to go on."""

    limit = Whole(1, 100, load_default=20)
    cursor = Text(longest=200, load_default=None)


class After(Request):
    """Where in a timeline to go on."""

    after = Whole(0, 2**31 - 1, load_default=0, metadata={"description": "The last sequence number seen."})
    link = Text(longest=200, load_default=None, metadata={"description": "The token of a mail link."})


class Link(Request):
    """How a mail link opens a booking."""

    link = Text(longest=200, load_default=None, metadata={"description": "The token of a mail link."})


@cache
def schema(of: type[Schema]) -> Schema:
    """The one instance of a schema: making one costs more than using it."""
    return of()
