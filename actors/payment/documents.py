"""Documents follow money: a receipt for what came in, an invoice for the sale, a credit note for refunds.

The one rule: take the turn, look, and only then decide. Whatever is told twice, late or together with others
finds the documents that are there already; and a number is taken by nobody but a document that is stored.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from bookingd.actor.kinds import Decide, Letter
from bookingd.domain.audit import AuditEntry, Subject
from bookingd.domain.booking.facts import (
    BookingCalledOff,
    BookingCancelled,
    BookingConfirmed,
    BookingExpired,
    BookingFailed,
    PaymentCaptured,
    PaymentRefunded,
)
from bookingd.domain.documents import casework
from bookingd.domain.documents.casework import Case
from bookingd.domain.documents.document import DocumentKind, Draft, Issued, Issuer, Party, series
from bookingd.domain.documents.issuing import Occasion
from bookingd.domain.documents.taxes import TaxBook
from bookingd.domain.ids import BookingId
from bookingd.messages.documents import AddressInvoice, IssueInvoice
from bookingd.sources import Sources
from bookingd.storage import bookings, documents, taxes
from bookingd.storage.database import Connection
from bookingd.storage.documents import Turn
from bookingd.storage.transactions import Transaction

FOLLOWED = (
    PaymentCaptured,
    PaymentRefunded,
    BookingConfirmed,
    BookingFailed,
    BookingExpired,
    BookingCalledOff,
    BookingCancelled,
    IssueInvoice,
    AddressInvoice,
)
"""What documents may follow from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """Who issues: its name, what the numbers of each kind begin with, and its clock."""

    issuer: Issuer
    prefixes: Mapping[DocumentKind, str]
    zone: ZoneInfo


class Documents:
    """Issues documents."""

    def __init__(self, *, agency: Agency, sources: Sources) -> None:
        self._agency = agency
        self._sources = sources
        self.deciding: Mapping[type, Decide] = dict.fromkeys(FOLLOWED, self.issue)

    async def issue(self, transaction: Transaction, letters: Sequence[Letter]) -> Sequence[Letter]:
        """What is missing of each letter's booking. Raises NoTaxRule: then nothing of it is issued."""
        connection = transaction.connection
        today = transaction.now.astimezone(self._agency.zone).date()
        prefixes = self._agency.prefixes
        turn = await documents.take_turn(
            connection, series={kind: series(prefix, today) for kind, prefix in prefixes.items()}
        )
        cases = await _cases(connection, {letter.message.booking_id for letter in letters})
        rules = await self._rules(transaction)
        for letter in letters:
            case = cases[letter.message.booking_id]
            occasion = Occasion(
                issuer=self._agency.issuer, addressee=case.addressee, today=today, taxes=rules
            )
            for draft in missing(letter.message, case, occasion):
                self._place(transaction, letter, case, turn, draft)
        await documents.store(connection, turn=turn, now=transaction.now)
        return ()

    def _place(self, transaction: Transaction, letter: Letter, case: Case, turn: Turn, draft: Draft) -> None:
        issued = turn.place(draft, sources=self._sources)
        case.issued.append(issued)
        transaction.audit(self._entry(transaction, letter, issued))

    async def _rules(self, transaction: Transaction) -> TaxBook:
        """Those of the agency's country: the ones that bookingd ships, where nobody has written any yet."""
        country = self._agency.issuer.party.country
        book = await taxes.book(transaction.connection, countries=[country])
        if book.rules:
            return book
        wanted = [one for one in shipped_rules() if one.rule.country == country]
        await taxes.add(transaction.connection, wanted=wanted, now=transaction.now)
        return TaxBook([one.rule for one in wanted])

    def _entry(self, transaction: Transaction, letter: Letter, issued: Issued) -> AuditEntry:
        document = issued.document
        return AuditEntry(
            id=self._sources.ids.new(),
            at=transaction.now,
            principal=letter.origin.principal,
            action="document.issued",
            subject=Subject.of("booking", issued.booking_id),
            correlation_id=letter.origin.correlation_id,
            details={
                "number": document.number,
                "kind": document.kind,
                "total": document.total.amount,
                "currency": document.currency,
                "corrects": document.corrects,
                "sha256": documents.digest(document).hex(),
            },
        )


def missing(message: Any, case: Case, occasion: Occasion) -> Iterator[Draft]:
    """The documents that the message calls for and the case has not. Raises NoTaxRule."""
    match message:
        case PaymentCaptured():
            return casework.on_capture(case, occasion, message.payment_id)
        case PaymentRefunded():
            return casework.on_refund(case, occasion, message.payment_id)
        case AddressInvoice():
            return casework.on_new_address(case, occasion)
        case BookingConfirmed() | IssueInvoice():
            return casework.on_sale(case, occasion)
        case BookingFailed() | BookingExpired() | BookingCalledOff():
            return casework.on_end(case, occasion)
        case BookingCancelled():
            return casework.on_end(case, occasion, kept=message.kept)
        case _:
            raise TypeError(f"no document follows from {type(message).__name__}")


shipped_rules: Callable[[], list[taxes.Noted]] = cache(taxes.shipped)
"""Read once a process."""


async def _cases(connection: Connection, ids: set[BookingId]) -> dict[BookingId, Case]:
    views = await bookings.by_ids(connection, ids=ids)
    money = await documents.money_of(connection, ids=ids)
    issued = await documents.of_bookings(connection, ids=ids)
    addressees = await _addressees(connection, ids)
    return {
        booking_id: Case(
            booking=view.booking,
            addressee=addressees[booking_id],
            paid=tuple(money[booking_id]),
            issued=issued[booking_id],
        )
        for booking_id, view in views.items()
    }


async def _addressees(connection: Connection, ids: set[BookingId]) -> dict[BookingId, Party]:
    """Whom they are billed to, where somebody said so; else the first who travels, by name alone."""
    billed = await documents.billing_of(connection, ids=ids)
    travelling = await bookings.travellers_of(connection, ids=ids)
    found = {}
    for booking_id in ids:
        names = [f"{one.given_name} {one.surname}".strip() for one in travelling[booking_id]]
        found[booking_id] = billed.get(booking_id) or Party(name=names[0] if names else "")
    return found
