"""Whom a booking is invoiced to: said before it is confirmed, or later; then its invoice is issued anew."""

from aiohttp import web

from bookingd.domain.access import Action, whose
from bookingd.domain.audit import AuditEntry, Subject, seal
from bookingd.domain.booking.state import Booking
from bookingd.domain.documents.document import DocumentKind, Party
from bookingd.messages.documents import AddressInvoice
from bookingd.storage import documents
from bookingd.storage.transactions import Transaction
from handlers.bodies import json_body
from handlers.documents.document_requests import Billing
from handlers.documents.document_views import BillingBody, party_view
from handlers.documents.documents import issued_for
from handlers.errors import Problem
from handlers.gate import who_of
from handlers.middlewares import CORRELATION
from handlers.opened import open_booking
from handlers.parts import PARTS, Parts
from handlers.principals import origin_of
from handlers.reply import json_reply

MOST_INVOICES = 10
"""Of a booking: who changes their mind more often asks the agency, and nobody fills its books with paper."""


async def billing(request: web.Request) -> web.Response:
    """Who was named."""
    booking = (await open_booking(request, Action.BILL)).booking
    async with request.app[PARTS].database.connection() as connection:
        found = await documents.billing_of(connection, ids=[booking.id])
    party = found.get(booking.id)
    return json_reply(BillingBody(billing=None if party is None else party_view(party)))


async def bill_to(request: web.Request) -> web.Response:
    """Name somebody: the row and what follows from it are one transaction, and twice is as good as once."""
    asked, _ = await json_body(request, Billing)
    booking = (await open_booking(request, Action.BILL)).booking
    party: Party = asked["party"]
    await _check_changes_left(request.app[PARTS], booking)
    async with request.app[PARTS].transactions.begin() as transaction:
        await documents.bill_to(
            transaction.connection, booking_id=booking.id, party=party, now=transaction.now
        )
        wanted = AddressInvoice(booking_id=booking.id)
        transaction.send(wanted, origin=origin_of(request, who_of(request).acting))
        _note(request, transaction, booking, party)
    return json_reply(BillingBody(billing=party_view(party)))


async def _check_changes_left(parts: Parts, booking: Booking) -> None:
    """Raises Problem where the booking was invoiced often enough."""
    kinds = [one.document.kind for one in await issued_for(parts, booking)]
    if kinds.count(DocumentKind.INVOICE) >= MOST_INVOICES:
        told = f"It was invoiced {MOST_INVOICES} times already: ask the agency for another invoice."
        raise Problem("booking-state", told)


def _note(request: web.Request, transaction: Transaction, booking: Booking, party: Party) -> None:
    """Who said it (P11); what was said can be erased."""
    sources, who = request.app[PARTS].sources, who_of(request)
    entry = AuditEntry(
        id=sources.ids.new(),
        at=transaction.now,
        principal=who.acting,
        action="booking.billing_changed",
        subject=Subject.of("booking", booking.id),
        correlation_id=request[CORRELATION],
        details={"country": party.country, "company": bool(party.tax_number), **whose(who.acting, booking)},
        personal=seal({"name": party.name}, sources.chance.token),
    )
    transaction.audit(entry)
