"""What a document says, in words: titles, facts, remarks. In English, as all of the house is."""

from collections.abc import Iterator
from datetime import date

from bookingd.domain.documents.document import (
    CreditReason,
    Document,
    DocumentKind,
    DocumentLine,
    Party,
    TaxSum,
)
from bookingd.domain.documents.taxes import Treatment
from bookingd.domain.money import Money

TITLES = {
    DocumentKind.RECEIPT: "Receipt",
    DocumentKind.INVOICE: "Invoice",
    DocumentKind.CREDIT_NOTE: "Credit note",
}

REASONS = {
    CreditReason.REFUND: "Money was given back.",
    CreditReason.CANCELLATION: "What was invoiced will not be supplied.",
    CreditReason.CORRECTION: "The invoice is issued anew for another addressee.",
}

TREATMENTS = {
    Treatment.ZERO_RATED: "Zero-rated",
    Treatment.EXEMPT: "Exempt",
    Treatment.REVERSE_CHARGE: "Reverse charge",
    Treatment.MARGIN_SCHEME: "Margin scheme",
    Treatment.OUTSIDE: "",
}

REMARKS = {
    Treatment.ZERO_RATED: "Zero-rated.",
    Treatment.EXEMPT: "Exempt from tax.",
    Treatment.REVERSE_CHARGE: "Reverse charge: the customer is liable for the tax.",
    Treatment.MARGIN_SCHEME: "Margin scheme - travel agents (Directive 2006/112/EC, articles 306 to 310).",
}
"""What the law wants to be said (Directive 2006/112/EC, article 226 (11) to (14))."""

ERASED = "(erased: the time for which it has to be kept is over)"
INCOMPLETE = "Characters that cannot be printed are given by their numbers in Unicode, as [U+1F600]."


def money(amount: Money) -> str:
    """`1,234.50 EUR`: all decimals of the currency."""
    return f"{amount.decimal():,f} {amount.currency}"


def day(when: date) -> str:
    """`1 December 2026`."""
    return f"{when.day} {when:%B %Y}"


def facts(document: Document) -> Iterator[tuple[str, str]]:
    """What stands beside the addressee."""
    yield "Number", document.number
    yield "Date", day(document.issued_on)
    yield "Booking", document.booking
    if document.supplied_on is not None:
        yield "Start of travel", day(document.supplied_on)
    if document.corrects is not None:
        yield "Corrects", document.corrects


def address(party: Party | None) -> list[str]:
    """The lines of an address."""
    if party is None:
        return [ERASED]
    city = " ".join(filter(None, (party.postcode, party.city)))
    number = f"Tax number {party.tax_number}" if party.tax_number else ""
    return [one for one in (party.name, *party.lines, city, party.country, number) if one]


def line_label(line: DocumentLine) -> str:
    """`Fare, 2 adults`."""
    if not line.passenger:
        return line.label if line.count == 1 else f"{line.label}, {line.count} times"
    people = {"child": "children"}.get(line.passenger, f"{line.passenger}s")
    return f"{line.label}, {line.count} {line.passenger if line.count == 1 else people}"


def tax_label(line: DocumentLine | TaxSum) -> str:
    """`19 %`, or why there is no rate."""
    return TREATMENTS.get(line.treatment, "") if line.percent is None else f"{line.percent.normalize():f} %"


def remarks(document: Document) -> Iterator[str]:
    """What has to be said besides, once."""
    if document.reason is not None:
        yield REASONS[document.reason]
    for treatment in dict.fromkeys(line.treatment for line in document.lines):
        if treatment in REMARKS:
            yield REMARKS[treatment]
