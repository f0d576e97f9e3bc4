"""People whom an account books for: names as written and as a passport spells them, and documents.

The one rule: what can be saved can be booked with. The Latin spelling is judged by the very rule that
bookings are judged by, so nobody learns at the counter that a name does not fit.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from bookingd.domain.countries import COUNTRIES
from bookingd.domain.ids import AccountId, TravellerId
from bookingd.domain.passengers import BORN_FROM, PartyProblem, name_problems

MOST_TRAVELLERS = 50
"""Of one account: a large family, or a small firm."""

MOST_DOCUMENTS, MOST_LOYALTIES = 5, 10

LONGEST_NAME = 120
"""As its owner writes it; passports cut at 39 (ICAO 9303-3), scripts and customs do not."""

LATEST_EXPIRY = date(9999, 12, 31)
"""What identity cards without an end say."""

JOINERS = "\u200c\u200d"
"""Zero width joiner and non-joiner, which Persian and Indic spelling needs within words."""

_BETWEEN = frozenset(" '.-\u2019\u00b7\u30fb\u05f3" + JOINERS)
"""Also the typographic apostrophe, the points between parts of names in Chinese and Japanese, the geresh."""
_DOCUMENT = re.compile(r"[A-Z0-9]{3,20}")
"""ICAO 9303-3 knows letters and digits only, nine of them on a passport; cards of some states have more."""
_PROGRAMME = re.compile(r"[A-Z0-9]{2}")
_LOYALTY = re.compile(r"[A-Z0-9]{4,20}")


class DocumentType(StrEnum):
    """What somebody shows at a border."""

    PASSPORT = "passport"
    IDENTITY_CARD = "identity_card"
    REFUGEE_DOCUMENT = "refugee_document"
    """Of the conventions of 1951 and 1954: its holder may have no nationality."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelDocument:
    """A document as it is printed. Countries are ISO 3166-1 alpha-2."""

    type: DocumentType
    number: str = field(repr=False)
    issuing_country: str
    nationality: str | None
    """None: its holder has none."""
    expires_on: date

    @property
    def masked(self) -> str:
        """Its number, as much of it as tells two of one's own apart."""
        return masked(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loyalty:
    """A number with an airline's programme."""

    programme: str
    """The airline's code (IATA)."""
    number: str = field(repr=False)

    @property
    def masked(self) -> str:
        """Its number, as much of it as tells two of one's own apart."""
        return masked(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class TravellerData:
    """What its owner says of a traveller."""

    name: str = field(repr=False)
    """In the script of its owner."""
    given_name: str = field(repr=False)
    """The passport's Latin spelling."""
    surname: str = field(repr=False)
    born: date = field(repr=False)
    documents: tuple[TravelDocument, ...] = ()
    loyalty: tuple[Loyalty, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedTraveller:
    """A traveller of an account."""

    id: TravellerId
    account: AccountId
    data: TravellerData
    documents_until: date | None = None
    """The end of the last trip that the documents are used for; None: of none yet."""
    version: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TravellerProblem:
    """What is not right: `field` is as in a request, `documents[0].number`."""

    field: str
    code: str
    message: str


def masked(number: str) -> str:
    """All but its end, of which a third at most is shown."""
    shown = min(3, len(number) // 3)
    return "*" * (len(number) - shown) + number[len(number) - shown :]


def tidy(text: str) -> str:
    """A name without what nobody means: spaces around it, several in a row, letters in several parts."""
    return unicodedata.normalize("NFC", " ".join(filter(None, text.split(" "))))


def compact(number: str) -> str:
    """A number as it is printed on one line: without the spaces and hyphens that make it readable."""
    together = number.replace(" ", "").replace("-", "")
    return together.upper() if together.isascii() else together  # Unicode makes an I of a dotless i


def check(data: TravellerData, *, today: date, new: Sequence[TravelDocument]) -> list[TravellerProblem]:
    """Everything that is not right; documents that are `new` have to be good still."""
    return [
        *_written_problems(data.name),
        *map(_of_party, name_problems("given_name", data.given_name)),
        *map(_of_party, name_problems("surname", data.surname)),
        *_birth_problems(data.born, today),
        *_documents_problems(data.documents, new, today),
        *_loyalty_problems(data.loyalty),
    ]


def _of_party(problem: PartyProblem) -> TravellerProblem:
    return TravellerProblem(field=problem.field, code=problem.code, message=problem.message)


def _written_problems(name: str) -> Iterator[TravellerProblem]:
    """Letters of any script, with what joins them; nothing that hides, or turns text around."""
    if not 1 <= len(name) <= LONGEST_NAME:
        message = f"A name has 1 to {LONGEST_NAME} letters."
        yield TravellerProblem(field="name", code="name_length", message=message)
    elif not all(_is_letter(char) or char in _BETWEEN for char in name) or not name[0].isalpha():
        message = "A name is of letters, of any script; hyphen, apostrophe, point and space may be in it."
        yield TravellerProblem(field="name", code="name_spelling", message=message)


def _is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] in "LM"


def _birth_problems(born: date, today: date) -> Iterator[TravellerProblem]:
    if born > today:
        message = "The date of birth is in the future."
        yield TravellerProblem(field="born", code="born_in_future", message=message)
    elif born < BORN_FROM:
        message = f"The date of birth is before {BORN_FROM.year}."
        yield TravellerProblem(field="born", code="born_too_early", message=message)


def _documents_problems(
    documents: Sequence[TravelDocument], new: Sequence[TravelDocument], today: date
) -> Iterator[TravellerProblem]:
    for index, document in enumerate(documents):
        yield from _document_problems(f"documents[{index}]", document)
        if document in new and document.expires_on < today:
            message = "This document is over already."
            yield TravellerProblem(
                field=f"documents[{index}].expires_on", code="document_over", message=message
            )
        if any(_same(document, other) for other in documents[:index]):
            message = "This document is here twice."
            yield TravellerProblem(field=f"documents[{index}].number", code="repeated", message=message)


def _document_problems(field: str, document: TravelDocument) -> Iterator[TravellerProblem]:
    if not _DOCUMENT.fullmatch(document.number):
        message = "A document's number has 3 to 20 of the letters A to Z and digits."
        yield TravellerProblem(field=f"{field}.number", code="document_number", message=message)
    for name, country in (
        ("issuing_country", document.issuing_country),
        ("nationality", document.nationality),
    ):
        if country is not None and country not in COUNTRIES:
            message = "There is no country of this code (two letters, ISO 3166-1)."
            yield TravellerProblem(field=f"{field}.{name}", code="country", message=message)
    if document.nationality is None and document.type is not DocumentType.REFUGEE_DOCUMENT:
        message = "Of which country is its holder? Only refugee documents may leave it open."
        yield TravellerProblem(field=f"{field}.nationality", code="required", message=message)


def _same(one: TravelDocument, other: TravelDocument) -> bool:
    return (one.number, one.issuing_country) == (other.number, other.issuing_country)


def _loyalty_problems(loyalty: Sequence[Loyalty]) -> Iterator[TravellerProblem]:
    for index, one in enumerate(loyalty):
        if not _PROGRAMME.fullmatch(one.programme):
            message = "A programme is named by its airline's code of two letters or digits, such as LH."
            yield TravellerProblem(field=f"loyalty[{index}].programme", code="programme", message=message)
        if not _LOYALTY.fullmatch(one.number):
            message = "A number has 4 to 20 of the letters A to Z and digits."
            yield TravellerProblem(field=f"loyalty[{index}].number", code="loyalty_number", message=message)
        if any(one.programme == other.programme for other in loyalty[:index]):
            message = "There is a number of this programme already."
            yield TravellerProblem(field=f"loyalty[{index}].programme", code="repeated", message=message)
