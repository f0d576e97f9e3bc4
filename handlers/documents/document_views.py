"""What clients are shown of documents."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from bookingd.domain.documents.document import (
    CreditReason,
    Document,
    DocumentKind,
    DocumentLine,
    Issued,
    Party,
)
from bookingd.domain.documents.taxes import Product, Treatment
from handlers.views import Amount, View, amount


class AddresseeView(View, frozen=True, kw_only=True):
    """Somebody with an address."""

    name: str
    address_lines: tuple[str, ...]
    postcode: str
    city: str
    country: Annotated[str, Meta(description="ISO 3166-1 alpha-2; empty where it is not known.")]
    tax_number: Annotated[str | None, Meta(description="Null where none was given.")]


class IssuerView(View, frozen=True, kw_only=True):
    """The agency, as the law wants it to be named."""

    party: AddresseeView
    registration: str


class DocumentLineView(View, frozen=True, kw_only=True):
    """One line."""

    kind: Annotated[str, Meta(description="`fare`, `fee`, `tax`, `discount` or `payment`.")]
    label: str
    count: int
    passenger: Annotated[str | None, Meta(description="The type that it is for.")]
    item: Annotated[int, Meta(description="Its place in `items`, from 0.")]
    product: Annotated[Product | None, Meta(description="As what it is taxed.")]
    net: Amount
    tax: Annotated[Amount, Meta(description="Our tax in it; what the fare contains of others' is not told.")]
    gross: Amount
    treatment: Treatment
    percent: Annotated[str | None, Meta(description="The rate, where there is one: `25.5`.")]
    rule: Annotated[str, Meta(description="The tax rule in the version that counted.")]
    corrects: Annotated[int | None, Meta(description="Of a credit note: the line that it takes back.")]


class TaxSumView(View, frozen=True, kw_only=True):
    """All lines that are taxed alike."""

    treatment: Treatment
    percent: str | None
    net: Amount
    tax: Amount
    gross: Amount


class AppliedView(View, frozen=True, kw_only=True):
    """Money that had come in when the invoice was issued."""

    payment_id: str
    gateway: str
    amount: Amount


class DocumentLineOfList(View, frozen=True, kw_only=True):
    """A document in a list."""

    number: str
    kind: DocumentKind
    issued_on: date
    total: Annotated[Amount, Meta(description="Below zero in credit notes.")]
    corrects: Annotated[str | None, Meta(description="The number of the document that it corrects.")]
    link: Annotated[str, Meta(description="As JSON, or as PDF to whoever prefers that.")]


class DocumentsOfBooking(View, frozen=True, kw_only=True):
    """All documents of a booking, the first issued first."""

    documents: tuple[DocumentLineOfList, ...]


class DocumentBody(View, frozen=True, kw_only=True):
    """A document as it was issued; it never changes."""

    number: str
    kind: DocumentKind
    booking: str
    issued_on: date
    supplied_on: Annotated[date | None, Meta(description="The day on which the journey begins.")]
    issuer: IssuerView
    addressee: Annotated[AddresseeView | None, Meta(description="Null where it was erased, after its years.")]
    currency: str
    items: Annotated[tuple[str, ...], Meta(description="What is sold.")]
    lines: tuple[DocumentLineView, ...]
    taxes: tuple[TaxSumView, ...]
    tax: Amount
    total: Amount
    paid: tuple[AppliedView, ...]
    due: Annotated[Amount | None, Meta(description="Of an invoice: what was still to be paid.")]
    corrects: str | None
    reason: Annotated[CreditReason | None, Meta(description="Why a credit note was issued.")]


class BillingBody(View, frozen=True, kw_only=True):
    """Whom documents of the booking are for."""

    billing: Annotated[AddresseeView | None, Meta(description="Null: nobody said; the first traveller.")]


class InvoiceAsked(View, frozen=True, kw_only=True):
    """It is issued in a moment."""

    reference: str
    documents: str


def document_address(document: Document) -> str:
    """Where it is found."""
    return f"/v1/bookings/{document.booking}/documents/{document.number}"


def list_line(issued: Issued) -> DocumentLineOfList:
    """A document in a list."""
    document = issued.document
    return DocumentLineOfList(
        number=document.number,
        kind=document.kind,
        issued_on=document.issued_on,
        total=amount(document.total),
        corrects=document.corrects,
        link=document_address(document),
    )


def document_body(issued: Issued) -> DocumentBody:
    """A document as it was issued."""
    document = issued.document
    issuer = document.issuer
    return DocumentBody(
        number=document.number,
        kind=document.kind,
        booking=document.booking,
        issued_on=document.issued_on,
        supplied_on=document.supplied_on,
        issuer=IssuerView(party=party_view(issuer.party), registration=issuer.registration),
        addressee=None if issued.addressee is None else party_view(issued.addressee),
        currency=document.currency,
        items=document.items,
        lines=tuple(map(_line, document.lines)),
        taxes=tuple(
            TaxSumView(
                treatment=one.treatment,
                percent=_percent(one.percent),
                net=amount(one.net),
                tax=amount(one.tax),
                gross=amount(one.gross),
            )
            for one in document.taxes
        ),
        tax=amount(document.tax),
        total=amount(document.total),
        paid=tuple(
            AppliedView(payment_id=str(one.payment_id), gateway=one.gateway, amount=amount(one.amount))
            for one in document.paid
        ),
        due=amount(document.due) if document.kind is DocumentKind.INVOICE else None,
        corrects=document.corrects,
        reason=document.reason,
    )


def party_view(party: Party) -> AddresseeView:
    """Somebody with an address."""
    return AddresseeView(
        name=party.name,
        address_lines=party.lines,
        postcode=party.postcode,
        city=party.city,
        country=party.country,
        tax_number=party.tax_number or None,
    )


def _line(line: DocumentLine) -> DocumentLineView:
    return DocumentLineView(
        kind=line.kind,
        label=line.label,
        count=line.count,
        passenger=line.passenger or None,
        item=line.item,
        product=line.product,
        net=amount(line.net),
        tax=amount(line.tax),
        gross=amount(line.gross),
        treatment=line.treatment,
        percent=_percent(line.percent),
        rule=line.rule,
        corrects=line.corrects,
    )


def _percent(percent: Decimal | None) -> str | None:
    return None if percent is None else f"{percent.normalize():f}"
