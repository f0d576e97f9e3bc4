"""What is sent to change a profile."""

import re
from typing import Any

from babel import Locale, UnknownLocaleError
from marshmallow import ValidationError, fields, validate

from bookingd.domain.money import EXPONENTS
from handlers.fields import NEEDED, Code, Request, Said, Text

_TAG = re.compile(r"^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?\Z")
_IS_TAG = validate.Regexp(
    _TAG, error=Said("locale", "This has to be a language tag as en, de-AT or zh-Hant-TW (BCP 47).")
)


def _known_language(tag: str) -> None:
    """A well-formed tag of nothing would give mails in English for ever; of others `_IS_TAG` tells."""
    if not _TAG.match(tag):
        return
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError) as error:
        words = "There is no such language, or it is not written so there."
        raise ValidationError([Said("locale", words)]) from error


class Tag(Text):
    """A language as BCP 47 has it: language, script and region."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=11, shortest=2, validate=[_IS_TAG, _known_language], **kwargs)


def canonical(tag: str) -> str:
    """`DE-at` as BCP 47 would have it written: language, Script, REGION (RFC 5646, 2.1.1)."""
    language, *others = tag.split("-")
    written = [part.title() if len(part) == 4 else part.upper() for part in others]
    return "-".join([language.lower(), *written])


class Currency(fields.String):
    """A currency in which amounts can be shown, in any case."""

    default_error_messages = {**NEEDED, "invalid": Said("type", "This has to be text.")}  # noqa: RUF012

    def __init__(self, **kwargs: object) -> None:
        super().__init__(validate=[_known_currency], **kwargs)  # type: ignore[arg-type]


def _known_currency(code: str) -> None:
    if code.upper() not in EXPONENTS:
        raise ValidationError([Said("currency", "This has to be a currency as EUR (ISO 4217).")])


def _not_blank(name: str) -> None:
    if not name.strip():
        raise ValidationError([Said("length", "This has at least one letter.")])


class Name(Text):
    """How somebody is called."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=100, validate=[_not_blank], **kwargs)


class ProfileChange(Request):
    """What is to be otherwise; what is left out stays."""

    name = Name(metadata={"description": "How we call you."})
    locale = Tag(metadata={"description": "Language and region (BCP 47).", "example": "de-AT"})
    currency = Currency(metadata={"description": "ISO 4217.", "example": "EUR"})
    home_airport = Code(
        allow_none=True,
        metadata={"description": "Airport or city (IATA); null for none.", "example": "VIE"},
    )
