"""A booking's documents, to whom the booking opens: as JSON, or on paper."""

from aiohttp import hdrs, web

from bookingd.documents.printer import PrinterAway
from bookingd.domain.access import Action
from bookingd.domain.booking.state import OVER, Booking
from bookingd.domain.documents.document import Issued
from bookingd.messages.documents import IssueInvoice
from bookingd.storage import documents
from handlers.accepting import accepted
from handlers.bodies import json_body
from handlers.documents.document_requests import InvoiceWanted
from handlers.documents.document_views import DocumentsOfBooking, InvoiceAsked, document_body, list_line
from handlers.errors import Problem, not_found
from handlers.gate import who_of
from handlers.middlewares import POLICY
from handlers.opened import open_booking
from handlers.parts import PARTS, Parts
from handlers.principals import origin_of
from handlers.reply import json_reply

PDF = "application/pdf"
JSON = "application/json"

FOR_READERS = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'none'"
"""What browsers' readers of PDF need, and nothing else."""


async def own_documents(request: web.Request) -> web.Response:
    """All documents of the booking."""
    booking = (await open_booking(request, Action.VIEW)).booking
    found = await issued_for(request.app[PARTS], booking)
    return json_reply(DocumentsOfBooking(documents=tuple(map(list_line, found))))


async def one_document(request: web.Request) -> web.Response:
    """One of them: JSON, or PDF to whoever prefers that, as browsers do."""
    booking = (await open_booking(request, Action.VIEW)).booking
    number = request.match_info["number"]
    found = [one for one in await issued_for(request.app[PARTS], booking) if one.document.number == number]
    if not found:
        raise not_found()
    (issued,) = found
    if wants_paper(request):
        return await _on_paper(request, issued)
    return json_reply(document_body(issued), headers={hdrs.VARY: hdrs.ACCEPT})


async def want_invoice(request: web.Request) -> web.Response:
    """Have the booking invoiced before it is confirmed, where the agency does that."""
    await json_body(request, InvoiceWanted)
    booking = (await open_booking(request, Action.BILL)).booking
    parts = request.app[PARTS]
    if not parts.settings.agency.early_invoices:
        told = "Invoices are issued when a booking is confirmed, by themselves."
        raise Problem("booking-state", told)
    if booking.state in OVER:
        raise Problem("booking-state", f"The booking is {booking.state}: there is nothing to invoice.")
    async with parts.transactions.begin() as transaction:
        wanted = IssueInvoice(booking_id=booking.id)
        transaction.send(wanted, origin=origin_of(request, who_of(request).acting))
    here = f"/v1/bookings/{booking.reference}/documents"
    answer = InvoiceAsked(reference=booking.reference, documents=here)
    return json_reply(answer, status=202, headers={hdrs.LOCATION: here})


async def issued_for(parts: Parts, booking: Booking) -> list[Issued]:
    """The booking's documents, the first issued first."""
    async with parts.database.connection() as connection:
        return (await documents.of_bookings(connection, ids=[booking.id]))[booking.id]


def wants_paper(request: web.Request) -> bool:
    """Whether PDF, or a page, is named in Accept and preferred to JSON."""
    by_kind = dict(accepted(request))
    paper = max(by_kind.get(PDF, 0.0), by_kind.get("text/html", 0.0))
    return paper > by_kind.get(JSON, 0.0)


async def _on_paper(request: web.Request, issued: Issued) -> web.Response:
    document = issued.document
    tag = documents.digest(document).hex()[:32]
    headers: dict[str, str] = {
        hdrs.ETAG: f'"{tag}"',
        hdrs.VARY: hdrs.ACCEPT,
        hdrs.CACHE_CONTROL: "private, no-cache",
        hdrs.CONTENT_DISPOSITION: f'inline; filename="{document.number}.pdf"',
        POLICY: FOR_READERS,
    }
    if any(known.value in {tag, "*"} for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    try:
        pdf = await request.app[PARTS].printer.pdf(document, issued.addressee)
    except PrinterAway as error:
        told = "The document cannot be printed at the moment; as JSON it can be had."
        raise Problem("unavailable", told, headers={hdrs.RETRY_AFTER: "5"}) from error
    return web.Response(body=pdf, content_type=PDF, headers=headers)
