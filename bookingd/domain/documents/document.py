"""What a receipt, an invoice and a credit note say.

The one rule: a document is never changed. It is a value without a number until it is stored; what is wrong in
one that is stored is taken back by a credit note, and said anew. Net fares and markup are in none of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from bookingd.domain.documents.taxes import Product, Treatment
from bookingd.domain.ids import BookingId, PaymentId, Reference
from bookingd.domain.money import Money, total

DIGITS = 6
"""Of a number at least; a series that outgrows them goes on with more."""


class DocumentKind(StrEnum):
    """What a document is; each kind has a series of numbers of its own."""

    RECEIPT = "receipt"
    """Money came in."""
    INVOICE = "invoice"
    """What was sold, with its tax."""
    CREDIT_NOTE = "credit_note"
    """Takes back all or a part of an invoice or a receipt; its amounts are below zero."""


class CreditReason(StrEnum):
    """Why a credit note was issued."""

    REFUND = "refund"
    CANCELLATION = "cancellation"
    """What was invoiced will not be supplied."""
    CORRECTION = "correction"
    """An invoice follows that says the same to somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who issues a document, or whom it is for; of a traveller who gave nothing more we know the name."""

    name: str
    lines: tuple[str, ...] = ()
    """Street and what else stands above the city."""
    postcode: str = ""
    city: str = ""
    country: str = ""
    """ISO 3166-1 alpha-2."""
    tax_number: str = ""
    """As its country writes it, without spaces: DE136695976."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """The agency, as the law wants it to be named."""

    party: Party
    registration: str = ""
    """Where it is registered: `HRB 12345, Frankfurt am Main`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    """One line. `gross` is what is paid for it, `tax` what of that is our tax."""

    kind: str
    """`fare`, `fee`, `tax`, `discount`, or `payment`."""
    label: str
    count: int = 1
    passenger: str = ""
    """The type that it is for, if it is for one."""
    product: Product | None = None
    """As what it is taxed; None: it is no supply."""
    item: int = 0
    """Of what is sold, counted from 0 in `Document.items`."""
    gross: Money
    tax: Money
    treatment: Treatment
    percent: Decimal | None = None
    """The rate, where there is one."""
    rule: str = ""
    """The tax rule that said so, in the version that counted then."""
    corrects: int | None = None
    """Of a credit note: which line of the corrected document it takes back, counted from 0."""

    @property
    def net(self) -> Money:
        """Without our tax."""
        return self.gross - self.tax


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxSum:
    """All lines that are taxed alike."""

    treatment: Treatment
    percent: Decimal | None
    net: Money
    tax: Money
    gross: Money


PAID_HOW = {
    "stripe": "by card",
    "paypal": "by PayPal",
    "transfer": "by bank transfer",
    "cash": "in cash",
    "credit": "on account",
}
"""What a payment's gateway is to its payer; a wallet is a card."""


def paid_how(gateway: str) -> str:
    """`by card`: how a document says that it was paid."""
    return PAID_HOW.get(gateway, f"by {gateway}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedPayment:
    """Money that had come in when an invoice was issued, less what had gone back of it."""

    payment_id: PaymentId
    gateway: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document as it is kept for ever; whom it is for stands beside it, and can be erased one day."""

    kind: DocumentKind
    number: str = ""
    """`INV-2026-000123`; empty before it is stored."""
    booking: Reference
    issued_on: date
    """By the agency's clock."""
    supplied_on: date | None = None
    """The day on which the journey begins."""
    issuer: Issuer
    addressee: str = ""
    """A commitment to the addressee (bookingd.domain.audit), in hexadecimal; empty before it is stored."""
    currency: str
    items: tuple[str, ...]
    """What is sold, in words."""
    lines: tuple[DocumentLine, ...]
    paid: tuple[AppliedPayment, ...] = ()
    corrects: str | None = None
    """The number of the document that a credit note corrects."""
    reason: CreditReason | None = None
    format: int = 1
    """The layout of these fields, for whoever reads it in ten years."""

    @property
    def total(self) -> Money:
        """The sum of the lines."""
        return total((line.gross for line in self.lines), self.currency)

    @property
    def tax(self) -> Money:
        """Our tax in all of them."""
        return total((line.tax for line in self.lines), self.currency)

    @property
    def due(self) -> Money:
        """What is still to be paid of an invoice."""
        return self.total - total((one.amount for one in self.paid), self.currency)

    @property
    def taxes(self) -> tuple[TaxSum, ...]:
        """The lines by how they are taxed, in the order in which that first occurs; exact sums."""
        kinds = dict.fromkeys((line.treatment, line.percent) for line in self.lines)
        return tuple(_sum(self.lines, treatment, percent, self.currency) for treatment, percent in kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A stored document."""

    id: UUID
    booking_id: BookingId
    subject: UUID
    occasion: str
    document: Document
    addressee: Party | None
    """None where it was erased, years later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A document that is to be stored, and what makes it the same one if that is asked for twice."""

    document: Document
    addressee: Party
    booking_id: BookingId
    subject: UUID
    """What it is about: the payment, the refund, the booking, or the invoice that is corrected."""
    occasion: str = ""
    """Which one about that."""


def series(prefix: str, issued_on: date) -> str:
    """What the numbers of a kind are counted within: `INV-2026`."""
    return f"{prefix}-{issued_on.year:04d}"


def numbered(document: Document, series_name: str, number: int) -> Document:
    """The document under its number, the `number`th of its series."""
    return replace(document, number=f"{series_name}-{number:0{DIGITS}d}")


def _sum(
    lines: Sequence[DocumentLine], treatment: Treatment, percent: Decimal | None, currency: str
) -> TaxSum:
    alike = [line for line in lines if (line.treatment, line.percent) == (treatment, percent)]
    return TaxSum(
        treatment=treatment,
        percent=percent,
        net=_total((line.net for line in alike), currency),
        tax=_total((line.tax for line in alike), currency),
        gross=_total((line.gross for line in alike), currency),
    )


def _total(amounts: Iterable[Money], currency: str) -> Money:
    return total(amounts, currency)
