"""The addresses of a booking's documents."""

from handlers.documents import billing, documents
from handlers.documents.document_requests import Billing, InvoiceWanted
from handlers.documents.document_views import BillingBody, DocumentBody, DocumentsOfBooking, InvoiceAsked
from handlers.operations import BODY_PROBLEMS, Access, Operation, Route
from handlers.requests import Link

TAG = "Documents"

DOCUMENT_ROUTES = (
    Route(
        method="GET",
        path="/v1/bookings/{reference}/documents",
        handler=documents.own_documents,
        operation=Operation(
            summary="List a booking's documents",
            tag=TAG,
            access=Access.ANYBODY,
            description=(
                "Receipts, invoices and credit notes, the first issued first. They follow from what happens,"
                " a moment later; none is ever changed."
            ),
            query=Link,
            headers=("proof",),
            answers={200: DocumentsOfBooking},
            problems=("not-found",),
        ),
    ),
    Route(
        method="GET",
        path="/v1/bookings/{reference}/documents/{number}",
        handler=documents.one_document,
        operation=Operation(
            summary="Read a document",
            tag=TAG,
            access=Access.ANYBODY,
            description=(
                "As JSON; as PDF to whoever prefers `application/pdf` in `Accept`, and to browsers. The same"
                " document is the same bytes. Where it cannot be printed now: 503, with `Retry-After`."
            ),
            query=Link,
            headers=("proof", "if_none_match"),
            answers={200: DocumentBody, 304: None},
            problems=("not-found", "unavailable"),
        ),
    ),
    Route(
        method="POST",
        path="/v1/bookings/{reference}/invoices",
        handler=documents.want_invoice,
        operation=Operation(
            summary="Have a booking invoiced early",
            tag=TAG,
            access=Access.SESSION,
            description="Where the agency does that; otherwise the invoice comes when it is confirmed.",
            body=InvoiceWanted,
            headers=("proof",),
            answers={202: InvoiceAsked},
            problems=(*BODY_PROBLEMS, "not-found", "booking-state"),
        ),
    ),
    Route(
        method="GET",
        path="/v1/bookings/{reference}/billing",
        handler=billing.billing,
        operation=Operation(
            summary="See whom a booking is invoiced to",
            tag=TAG,
            access=Access.ANYBODY,
            headers=("proof",),
            answers={200: BillingBody},
            problems=("not-found",),
        ),
    ),
    Route(
        method="PUT",
        path="/v1/bookings/{reference}/billing",
        handler=billing.bill_to,
        operation=Operation(
            summary="Say whom a booking is invoiced to",
            tag=TAG,
            access=Access.SESSION,
            description=(
                "Before or after it is paid for. Where there is an invoice to somebody else already, it is"
                " taken back by a credit note, and another one is issued."
            ),
            body=Billing,
            headers=("proof",),
            answers={200: BillingBody},
            problems=(*BODY_PROBLEMS, "not-found", "booking-state"),
        ),
    ),
)
