"""Which documents a booking and its money call for: one function a happening, telling what is missing.

The one rule: what is there already is never issued again. Each function compares the money with the documents
that speak of it, so it may be asked any number of times, in any order. A refund takes back what was invoiced
only as far as that is no longer paid for: giving back one of two payments leaves the invoice as it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from bookingd.domain.booking.state import Booking
from bookingd.domain.documents.crediting import credit, remaining
from bookingd.domain.documents.document import (
    AppliedPayment,
    CreditReason,
    Document,
    DocumentKind,
    Draft,
    Issued,
    Party,
)
from bookingd.domain.documents.issuing import Occasion, invoice, readdressed, receipt
from bookingd.domain.ids import PaymentId
from bookingd.domain.money import Money, total

ON_ACCOUNT = "credit"
"""The gateway whose payments clients owe until they pay their statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """A refund that has not failed."""

    id: UUID
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """A payment of which something was taken."""

    id: PaymentId
    gateway: str
    captured: Money
    refunds: tuple[GivenBack, ...] = ()

    @property
    def came(self) -> bool:
        """Whether money came by it: what is on account is owed still, and neither received nor paid."""
        return self.gateway != ON_ACCOUNT

    @property
    def kept(self) -> Money:
        """What is still with us, or owed to us."""
        return self.captured - total((one.amount for one in self.refunds), self.captured.currency)


@dataclass(slots=True, kw_only=True)
class Case:
    """A booking with its money and its documents; what is issued is added to `issued`."""

    booking: Booking
    addressee: Party
    """Whom documents are for now."""
    paid: tuple[Paid, ...]
    issued: list[Issued] = field(default_factory=list)

    def of_kind(self, kind: DocumentKind) -> list[Issued]:
        """The first issued first."""
        return [one for one in self.issued if one.document.kind is kind]

    def credited(self, original: Document) -> list[Document]:
        """The credit notes of a document."""
        notes = (one.document for one in self.of_kind(DocumentKind.CREDIT_NOTE))
        return [note for note in notes if note.corrects == original.number]

    def left(self, original: Document) -> Money:
        """What is left of it."""
        return remaining(original, self.credited(original))

    @property
    def invoice(self) -> Issued | None:
        """The one that counts: the last, unless it was taken back entirely."""
        invoices = self.of_kind(DocumentKind.INVOICE)
        return invoices[-1] if invoices and self.left(invoices[-1].document) else None

    @property
    def kept(self) -> Money:
        """What of the traveller's money is with us."""
        return total((one.kept for one in self.paid), self.booking.currency)


def on_capture(case: Case, occasion: Occasion, payment_id: PaymentId) -> Iterator[Draft]:
    """A receipt for what came in by the payment and has none yet."""
    for paid in case.paid:
        if paid.id != payment_id or not paid.came:
            continue
        told = [one.document.total for one in _receipts(case, payment_id)]
        new = paid.captured - total(told, paid.captured.currency)
        if new.amount > 0:
            yield receipt(
                case.booking,
                occasion,
                payment_id=payment_id,
                gateway=paid.gateway,
                amount=new,
                taken=paid.captured,
            )


def on_sale(case: Case, occasion: Occasion) -> Iterator[Draft]:
    """The booking's invoice, unless there is or was one. Raises NoTaxRule."""
    if not case.of_kind(DocumentKind.INVOICE):
        applied = [
            AppliedPayment(payment_id=one.id, gateway=one.gateway, amount=one.kept)
            for one in case.paid
            if one.kept and one.came
        ]
        yield invoice(case.booking, occasion, paid=applied)


def on_new_address(case: Case, occasion: Occasion) -> Iterator[Draft]:
    """Where the invoice is for somebody else: it is taken back, and issued again. Raises NoTaxRule."""
    present = case.invoice
    if present is None or present.addressee == occasion.addressee:
        return
    credited, invoices = case.credited(present.document), case.of_kind(DocumentKind.INVOICE)
    yield credit(
        present,
        credited,
        amount=remaining(present.document, credited),
        today=occasion.today,
        reason=CreditReason.CORRECTION,
        subject=present.id,
    )
    yield readdressed(present, credited, occasion, round_number=len(invoices) + 1)


def on_refund(case: Case, occasion: Occasion, payment_id: PaymentId) -> Iterator[Draft]:
    """Credit notes for what was given back of the payment and has none yet, after its receipts.

    Whoever goes through them adds each to the case before asking for the next.
    """
    yield from on_capture(case, occasion, payment_id)
    for paid in case.paid:
        for refund in paid.refunds if paid.id == payment_id else ():
            if not any(one.subject == refund.id for one in case.of_kind(DocumentKind.CREDIT_NOTE)):
                yield from _given_back(case, occasion, paid, refund)


def on_end(case: Case, occasion: Occasion, *, kept: Money | None = None) -> Iterator[Draft]:
    """Where nothing will be supplied: what is left of the invoice is taken back, but for what is `kept`."""
    present = case.invoice
    if present is None:
        return
    amount = case.left(present.document)
    if kept is not None:
        amount -= kept
    if amount.amount > 0 and not _is_taken_back(case, present):
        yield credit(
            present,
            case.credited(present.document),
            amount=amount,
            today=occasion.today,
            reason=CreditReason.CANCELLATION,
            subject=present.id,
            occasion=CreditReason.CANCELLATION,
        )


def _given_back(case: Case, occasion: Occasion, paid: Paid, refund: GivenBack) -> Iterator[Draft]:
    """First what is invoiced and no longer paid for, then of the payment's receipts."""
    rest, none = refund.amount, Money.zero(refund.amount.currency)
    present = case.invoice
    owed = none if present is None else case.left(present.document) - case.kept
    wanted = [(present, owed)] if present is not None else []
    wanted += [(one, case.left(one.document)) for one in _receipts(case, paid.id)]
    for place, (original, most) in enumerate(wanted):
        amount = min(rest, most)
        if amount.amount > 0:
            rest -= amount
            yield credit(
                original,
                case.credited(original.document),
                amount=amount,
                today=occasion.today,
                reason=CreditReason.REFUND,
                subject=refund.id,
                occasion="" if place == 0 else str(place),
            )


def _is_taken_back(case: Case, original: Issued) -> bool:
    notes = case.of_kind(DocumentKind.CREDIT_NOTE)
    return any((one.subject, one.occasion) == (original.id, CreditReason.CANCELLATION) for one in notes)


def _receipts(case: Case, payment_id: PaymentId) -> Sequence[Issued]:
    return [one for one in case.of_kind(DocumentKind.RECEIPT) if one.subject == payment_id]
