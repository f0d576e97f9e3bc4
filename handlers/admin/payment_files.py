"""What staff see of a booking's payments: all that is known of each, the books for whom they are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from bookingd.domain.access import Action
from bookingd.domain.accounts.permissions import Permission
from bookingd.domain.booking.state import Booking, Payment
from bookingd.storage import payment_files, refund_requests
from bookingd.storage.database import Connection
from bookingd.storage.dossiers import Posted
from bookingd.storage.payment_files import Disputed, PaymentFile
from bookingd.storage.payments import RefundRow
from bookingd.storage.refund_requests import RefundRequest
from handlers.booking_views import PaymentView, payment_view
from handlers.gate import who_of
from handlers.opened import open_booking
from handlers.parts import PARTS
from handlers.paying.plan_views import PlanView, plan_view
from handlers.reply import json_reply
from handlers.views import Amount, View, amount


class EvidenceView(View, frozen=True, kw_only=True):
    """Something of ours that speaks for us."""

    kind: str
    reference: str
    at: datetime | None


class DisputeView(View, frozen=True, kw_only=True):
    """What a payer wants back through their bank."""

    gateway_reference: str
    amount: Amount
    reason: str
    status: str
    respond_by: Annotated[datetime | None, Meta(description="Until then evidence counts, at the gateway.")]
    opened_at: datetime
    evidence: tuple[EvidenceView, ...]


class RefundFile(View, frozen=True, kw_only=True):
    """A refund with who asked for it, and what became of it."""

    id: Annotated[str | None, Meta(description="Null until its gateway was asked.")]
    round: int
    amount: Amount
    state: Annotated[str, Meta(description="`asked` until its gateway was.")]
    gateway_reference: str | None
    trace: str | None
    expected_by: datetime | None
    failure: str | None
    asked_by: Annotated[str | None, Meta(description="Null where it follows from a rule.")]
    reason: str | None
    settled_by: str | None
    settled_how: str | None
    settled_proof: str | None


class EntryView(View, frozen=True, kw_only=True):
    """An entry in the books."""

    at: datetime
    reason: str
    debit: str
    credit: str
    amount: Amount


class PaymentFileView(View, frozen=True, kw_only=True):
    """One payment."""

    payment: PaymentView
    gateway_reference: str | None
    captured: Amount
    refunded: Amount
    authorised_until: datetime | None
    refunds: tuple[RefundFile, ...]
    disputes: tuple[DisputeView, ...]
    entries: Annotated[tuple[EntryView, ...] | None, Meta(description="Null for who may not read the books.")]


class PaymentFiles(View, frozen=True, kw_only=True):
    """A booking's payments, the first begun first."""

    reference: str
    plan: PlanView | None
    in_hand: Amount
    due: Amount
    payments: tuple[PaymentFileView, ...]


async def show_payments(request: web.Request) -> web.Response:
    """All payments of a booking."""
    booking = (await open_booking(request, Action.VIEW)).booking
    reads_books = who_of(request).has(Permission.LEDGER_READ)
    async with request.app[PARTS].database.connection() as connection:
        shown = await _files(connection, booking, reads_books=reads_books)
    answer = PaymentFiles(
        reference=booking.reference,
        plan=plan_view(booking),
        in_hand=amount(booking.in_hand),
        due=amount(booking.payable),
        payments=tuple(shown),
    )
    return json_reply(answer)


async def _files(connection: Connection, booking: Booking, *, reads_books: bool) -> list[PaymentFileView]:
    """One without an answer of its gateway has nothing but what the booking knows."""
    shown = []
    for payment in booking.payments:
        file = await payment_files.compile_of(connection, payment_id=payment.id)
        asked = await refund_requests.of_payment(connection, payment_id=payment.id)
        row = file.payment if file else None
        rows = list(file.refunds) if file else []
        shown.append(
            PaymentFileView(
                payment=payment_view(payment, row, rows),
                gateway_reference=row.gateway_reference if row else None,
                captured=amount(row.captured if row else payment.taken),
                refunded=amount(row.refunded if row else payment.amount - payment.amount),
                authorised_until=row.authorised_until if row else None,
                refunds=_refunds(payment, rows, asked),
                disputes=tuple(map(_dispute, file.disputes)) if file else (),
                entries=_entries(file) if reads_books else None,
            )
        )
    return shown


def _refunds(
    payment: Payment, rows: Sequence[RefundRow], asked: Sequence[RefundRequest]
) -> tuple[RefundFile, ...]:
    """Each with who asked for it; at the end what waits while a refund by rule has its round."""
    by_rule = {one.round for one in payment.refunds if one.wish is None}
    rounds = {one.wish: one.round for one in payment.refunds}
    made = {row.round: row for row in rows}
    wanted = {rounds.get(one.round, one.round): one for one in asked}
    waiting = [wanted.pop(number) for number in sorted(by_rule & wanted.keys())]
    known = [_refund(made.get(number), wanted.get(number)) for number in sorted({*made, *wanted})]
    return (*known, *(_refund(None, one) for one in waiting))


def _refund(row: RefundRow | None, asked: RefundRequest | None) -> RefundFile:
    known = row or asked
    if known is None:
        raise ValueError("a refund that nobody knows of is not shown")
    settled = row.settlement if row else None
    return RefundFile(
        id=str(row.id) if row else None,
        round=known.round,
        amount=amount(known.amount),
        state=row.state if row else "asked",
        gateway_reference=row.gateway_reference if row else None,
        trace=row.trace if row else None,
        expected_by=row.expected_by if row else None,
        failure=row.failure if row else None,
        asked_by=asked.asked_by if asked else None,
        reason=asked.reason if asked else None,
        settled_by=settled.by if settled else None,
        settled_how=settled.how if settled else None,
        settled_proof=settled.proof if settled else None,
    )


def _dispute(one: Disputed) -> DisputeView:
    dispute = one.dispute
    return DisputeView(
        gateway_reference=dispute.gateway_reference,
        amount=amount(dispute.amount),
        reason=dispute.reason,
        status=dispute.status,
        respond_by=dispute.respond_by,
        opened_at=dispute.opened_at,
        evidence=tuple(EvidenceView(kind=it.kind, reference=it.reference, at=it.at) for it in one.evidence),
    )


def _entries(file: PaymentFile | None) -> tuple[EntryView, ...]:
    return tuple(map(_entry, file.books)) if file else ()


def _entry(one: Posted) -> EntryView:
    return EntryView(
        at=one.at, reason=one.reason, debit=one.debit, credit=one.credit, amount=amount(one.amount)
    )
