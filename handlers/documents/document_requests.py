"""What clients may ask about documents: whom they are for, and an invoice before its time."""

from typing import Any

from marshmallow import ValidationError, post_load, validate, validates_schema

from bookingd.documents.tax_numbers import BadTaxNumber, tax_number_of
from bookingd.domain.countries import ISO_3166
from bookingd.domain.documents.document import Party
from handlers.fields import Request, Said, Several, Text


class Billing(Request):
    """Whom documents of the booking are for."""

    name = Text(
        longest=200,
        any_script=True,
        required=True,
        metadata={"description": "Of the company or person, in any script.", "example": "Example GmbH"},
    )
    address_lines = Several(
        Text(longest=100, any_script=True),
        most=4,
        required=True,
        metadata={"description": "Street, and what else stands above the city."},
    )
    postcode = Text(longest=20, shortest=0, load_default="")
    city = Text(longest=100, any_script=True, required=True)
    country = Text(
        longest=2,
        shortest=2,
        required=True,
        validate=[
            validate.OneOf(
                ISO_3166, error=Said("country", "This has to be a country of ISO 3166-1, such as DE.")
            )
        ],
        metadata={"description": "ISO 3166-1 alpha-2."},
    )
    tax_number = Text(
        longest=40,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Of a company: its VAT number, looked at country by country; that a company has it"
            " is not asked of its state.",
            "example": "DE136695976",
        },
    )

    @validates_schema
    def _well_made(self, data: dict[str, Any], **_: Any) -> None:
        given, country = data.get("tax_number"), data.get("country")
        if given and country:
            try:
                tax_number_of(country, given)
            except BadTaxNumber as error:
                raise ValidationError({"tax_number": [Said("tax_number", str(error))]}) from error

    @post_load
    def _party(self, data: dict[str, Any], **_: Any) -> dict[str, Party]:
        number, country = data["tax_number"], data["country"]
        party = Party(
            name=data["name"],
            lines=tuple(data["address_lines"]),
            postcode=data["postcode"],
            city=data["city"],
            country=country,
            tax_number=tax_number_of(country, number) if number else "",
        )
        return {"party": party}


class InvoiceWanted(Request):
    """Invoice the booking now. An empty object."""
