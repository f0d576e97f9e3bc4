"""Credit notes: a document is taken back line by line, in whole or in part, and never by more than it said.

The one rule: whoever adds a document and all its credit notes gets what is left, to the cent, in every line
and in its tax. So the last one takes what is left of each line, however those before it were rounded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from bookingd.domain.documents.document import (
    CreditReason,
    Document,
    DocumentKind,
    DocumentLine,
    Draft,
    Issued,
    Party,
)
from bookingd.domain.money import Money, rounded, total


class NothingToCredit(ValueError):
    """More is to be taken back than is left of the document, or nothing."""


def remaining(original: Document, credited: Sequence[Document]) -> Money:
    """What is left of the document after the credit notes of it."""
    return total((one.total for one in (original, *credited)), original.currency)


def credit(
    original: Issued,
    credited: Sequence[Document],
    *,
    amount: Money,
    today: date,
    reason: CreditReason,
    subject: UUID,
    occasion: str = "",
) -> Draft:
    """Take `amount` (above zero) of the document back, spread over its lines as they are left.

    Raises NothingToCredit, CurrencyMismatch.
    """
    rest = remaining(original.document, credited)
    if not (Money.zero(rest.currency) < amount <= rest):
        raise NothingToCredit(f"{amount} of {original.document.number}, of which {rest} is left")
    document = replace(
        original.document,
        kind=DocumentKind.CREDIT_NOTE,
        number="",
        addressee="",
        issued_on=today,
        lines=tuple(_reversed(original.document, credited, amount, rest)),
        paid=(),
        corrects=original.document.number,
        reason=reason,
    )
    return Draft(
        document=document,
        addressee=original.addressee or Party(name=""),
        booking_id=original.booking_id,
        subject=subject,
        occasion=occasion,
    )


def _reversed(
    original: Document, credited: Sequence[Document], amount: Money, rest: Money
) -> Iterator[DocumentLine]:
    """Shares are differences of sums rounded down: they add up, and none is more than is left of its line."""
    so_far = given = 0
    for number, line in enumerate(original.lines):
        gross, tax = _left(number, line, credited)
        so_far += gross.amount
        share = amount.amount * so_far // rest.amount - given
        given += share
        if share:
            yield _taken_back(number, line, share, gross, tax)


def _left(number: int, line: DocumentLine, credited: Sequence[Document]) -> tuple[Money, Money]:
    """Of a line, and of its tax, after the credit notes."""
    back = [one for note in credited for one in note.lines if one.corrects == number]
    currency = line.gross.currency
    gross = line.gross + total((one.gross for one in back), currency)
    return gross, line.tax + total((one.tax for one in back), currency)


def left(original: Document, credited: Sequence[Document]) -> Iterator[DocumentLine]:
    """The lines as far as they were not taken back."""
    for number, line in enumerate(original.lines):
        gross, tax = _left(number, line, credited)
        if gross or tax:
            yield replace(line, gross=gross, tax=tax)


def _taken_back(number: int, line: DocumentLine, share: int, gross: Money, tax: Money) -> DocumentLine:
    return replace(
        line,
        gross=Money(-share, gross.currency),
        tax=Money(-_part(tax.amount, share, gross.amount), tax.currency),
        corrects=number,
    )


def _part(tax: int, share: int, gross: int) -> int:
    """The tax in `share` of `gross`, which are both above or both below zero."""
    return rounded(tax * abs(share), abs(gross))
