"""What is sent of people whom an account books for."""

from typing import Any

from marshmallow import fields, validate

from bookingd.domain.accounts.travellers import (
    LONGEST_NAME,
    MOST_DOCUMENTS,
    MOST_LOYALTIES,
    DocumentType,
)
from bookingd.domain.passengers import LONGEST_NAME as LONGEST_LATIN
from handlers.fields import NEEDED, Choice, Day, Part, Request, Said, Several, Text


class Written(fields.String):
    """A name in any script; which signs may be in it is the domain's to say, as some join letters unseen."""

    default_error_messages = {**NEEDED, "invalid": Said("type", "This has to be text.")}  # noqa: RUF012

    def __init__(self, **kwargs: Any) -> None:
        words = Said("length", f"This has 1 to {LONGEST_NAME} characters.")
        super().__init__(validate=validate.Length(min=1, max=LONGEST_NAME, error=words), **kwargs)


class DocumentIn(Request):
    """What is shown at a border."""

    type = Choice([kind.value for kind in DocumentType], required=True)
    number = Text(longest=30, required=True, metadata={"example": "C01X00T47"})
    issuing_country = Text(longest=2, shortest=2, required=True, metadata={"description": "ISO 3166-1."})
    nationality = Text(
        longest=2,
        shortest=2,
        load_default=None,
        allow_none=True,
        metadata={"description": "ISO 3166-1; null where the holder of a refugee document has none."},
    )
    expires_on = Day(required=True)


class LoyaltyIn(Request):
    """A number with an airline's programme."""

    programme = Text(longest=2, shortest=2, required=True, metadata={"description": "Airline (IATA)."})
    number = Text(longest=30, required=True)


class NewTraveller(Request):
    """Somebody whom the account books for."""

    name = Written(required=True, metadata={"description": "In the script of its owner.", "example": "Ольга"})
    given_name = Text(
        longest=LONGEST_LATIN,
        required=True,
        metadata={"description": "In Latin letters, as in the passport.", "example": "Olga"},
    )
    surname = Text(longest=LONGEST_LATIN, required=True, metadata={"example": "Ivanova"})
    born = Day(required=True)
    documents = Several(Part(DocumentIn), most=MOST_DOCUMENTS, least=0, load_default=list)
    loyalty = Several(Part(LoyaltyIn), most=MOST_LOYALTIES, least=0, load_default=list)


class TravellerChange(Request):
    """What is to be otherwise; what is left out stays. A list is replaced as a whole."""

    name = Written()
    given_name = Text(longest=LONGEST_LATIN)
    surname = Text(longest=LONGEST_LATIN)
    born = Day()
    documents = Several(Part(DocumentIn), most=MOST_DOCUMENTS, least=0)
    loyalty = Several(Part(LoyaltyIn), most=MOST_LOYALTIES, least=0)
