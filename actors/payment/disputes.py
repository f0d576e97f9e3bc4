"""Disputes: what payers want back through their banks, read from the gateway and followed to its end.

One rule: the money of a dispute is always somewhere: with us, taken back for as long as it lasts, or lost.
Whatever the gateway says, and in whatever order we hear of it, the books move it from where it was to where
it is. Only a person can answer: the list of what waits for one says by when, and what of ours speaks for us.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from actors.payment.book import Page, PaymentBook
from bookingd.actor.kinds import Letter
from bookingd.domain import ledger
from bookingd.domain.booking.facts import DisputeClosed, PaymentDisputed
from bookingd.domain.money import Money
from bookingd.gateways.port import Dispute, DisputeStatus
from bookingd.messages.payments import ReadDisputes
from bookingd.outcomes import Refused, Unavailable
from bookingd.storage import bookings, disputes
from bookingd.storage.disputes import DisputeRow
from bookingd.storage.payments import PaymentRow
from bookingd.storage.transactions import Transaction

DISPUTED = "payment_disputed"
"""The reason on the operators' list."""

LOOK_EVERY = timedelta(days=1)
"""How often we look ourselves at what is open; banks take up to three months."""

CLOSED = frozenset({DisputeStatus.WON, DisputeStatus.LOST})

HOLDERS: Mapping[DisputeStatus, str | None] = MappingProxyType(
    {
        DisputeStatus.INQUIRY: None,
        DisputeStatus.NEEDS_RESPONSE: ledger.DISPUTED,
        DisputeStatus.UNDER_REVIEW: ledger.DISPUTED,
        DisputeStatus.WON: None,
        DisputeStatus.LOST: ledger.LOST,
    }
)
"""The account that has the money of a dispute; None where it is with us, at the gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The disputes of a payment as its gateway has them, and as we had them when we looked."""

    known: Sequence[DisputeRow]
    disputes: Sequence[Dispute]


class Disputes:
    """Reads disputes, and follows them."""

    def __init__(self, book: PaymentBook) -> None:
        self._book = book

    async def read(self, message: ReadDisputes) -> Seen | None:
        """All disputes of the payment; None where its gateway never knew it."""
        row = await self._book.load(message)
        if row is None:
            raise Unavailable("the gateway's answer to the authorisation is still to come")
        if row.gateway_reference is None:
            return None
        known = await self._book.disputes(row)
        found = await self._book.gateways[row.gateway].disputes(row.gateway_reference)
        return Seen(known=known, disputes=found)

    async def taken_in(
        self, transaction: Transaction, letter: Letter, outcome: Seen | Exception | None
    ) -> None:
        """Record what is new, tell of it, and look again while anything is open.

        What changed here while we looked may be newer than what was seen: then we look once more.
        """
        message: ReadDisputes = letter.message
        if outcome is None:
            return
        if isinstance(outcome, Refused):
            await self._book.ask_operator(transaction, message, f"has disputes to be looked at: {outcome}")
            return
        row = await self._book.locked(transaction, message)
        known = await disputes.of_payment(transaction.connection, payment_id=row.id)
        now = list(known)
        if isinstance(outcome, Seen):
            if known != outcome.known:
                transaction.send(message, origin=letter.origin)
                return
            ours = {dispute.gateway_reference: dispute for dispute in known}
            now = [
                await self._take_in(transaction, letter, row, ours.get(seen.gateway_reference), seen)
                for seen in outcome.disputes
            ]
        if _any_open(now) and (message.poll or not _any_open(known)):
            self._look_again(transaction, letter)

    def _look_again(self, transaction: Transaction, letter: Letter) -> None:
        """One chain of looks follows all disputes of a payment, from the first one's beginning on."""
        look = replace(letter.message, poll=letter.message.poll + 1)
        transaction.send(look, origin=letter.origin, due=transaction.now + LOOK_EVERY)

    async def _take_in(
        self,
        transaction: Transaction,
        letter: Letter,
        row: PaymentRow,
        before: DisputeRow | None,
        seen: Dispute,
    ) -> DisputeRow:
        now = self._as_seen(row, before, seen, transaction.now)
        if now == before:
            return now
        await disputes.save(transaction.connection, dispute=now, now=transaction.now)
        await self._move(transaction, row, before, now)
        if before is None:
            self._tell_opened(transaction, letter, now)
        if now.status in CLOSED:
            await self._close(transaction, letter, now)
        else:
            await self._ask(transaction, now)
        self._audit(transaction, letter, row, now)
        return now

    def _as_seen(
        self, row: PaymentRow, before: DisputeRow | None, seen: Dispute, now: datetime
    ) -> DisputeRow:
        return DisputeRow(
            id=before.id if before else self._book.sources.ids.new(),
            payment_id=row.id,
            booking_id=row.booking_id,
            gateway=row.gateway,
            gateway_reference=seen.gateway_reference,
            amount=seen.amount,
            reason=seen.reason,
            status=seen.status,
            respond_by=seen.respond_by,
            opened_at=before.opened_at if before else now,
        )

    async def _move(
        self, transaction: Transaction, row: PaymentRow, before: DisputeRow | None, now: DisputeRow
    ) -> None:
        """The amount from where it was to where it is now."""
        page, cash = Page(), f"gateway:{row.gateway}"
        was = HOLDERS[before.status] or cash if before else cash
        holds = HOLDERS[now.status] or cash
        if before and before.amount == now.amount:
            self._enter(page, now, was, holds, now.amount)
        else:
            if before:
                self._enter(page, now, was, cash, before.amount)
            self._enter(page, now, cash, holds, now.amount)
        await self._book.write(transaction, page)

    def _enter(self, page: Page, dispute: DisputeRow, out_of: str, into: str, amount: Money) -> None:
        if out_of != into:
            entry = ledger.dispute(
                journal=self._book.sources.ids.new(),
                booking_id=dispute.booking_id,
                payment_id=dispute.payment_id,
                status=dispute.status,
                debit=into,
                credit=out_of,
                amount=amount,
            )
            page.entries.append(entry)

    def _tell_opened(self, transaction: Transaction, letter: Letter, dispute: DisputeRow) -> None:
        opened = PaymentDisputed(
            booking_id=dispute.booking_id,
            payment_id=dispute.payment_id,
            dispute=dispute.gateway_reference,
            amount=dispute.amount,
            reason=dispute.reason,
            respond_by=dispute.respond_by,
        )
        transaction.send(opened, origin=letter.origin)

    async def _close(self, transaction: Transaction, letter: Letter, dispute: DisputeRow) -> None:
        await transaction.came_right(subject=dispute.booking_id, reason=DISPUTED, about=dispute.id)
        closed = DisputeClosed(
            booking_id=dispute.booking_id,
            payment_id=dispute.payment_id,
            dispute=dispute.gateway_reference,
            won=dispute.status is DisputeStatus.WON,
        )
        transaction.send(closed, origin=letter.origin)

    async def _ask(self, transaction: Transaction, dispute: DisputeRow) -> None:
        """Put it on the list, with what of ours speaks for us."""
        view = await bookings.by_id(transaction.connection, booking_id=dispute.booking_id)
        tickets = [ticket for item in view.booking.items for ticket in item.tickets]
        await disputes.find_evidence(
            transaction.connection, dispute_id=dispute.id, booking_id=dispute.booking_id, tickets=tickets
        )
        noted = await disputes.evidence(transaction.connection, dispute_id=dispute.id)
        await transaction.need_attention(
            subject=dispute.booking_id,
            about=dispute.id,
            reason=DISPUTED,
            detail=_detail(dispute, noted),
        )

    def _audit(self, transaction: Transaction, letter: Letter, row: PaymentRow, dispute: DisputeRow) -> None:
        self._book.audit(
            transaction,
            letter,
            row,
            f"payment.dispute_{dispute.status}",
            dispute=dispute.gateway_reference,
            amount=dispute.amount.amount,
            currency=dispute.amount.currency,
        )


def _any_open(ours: Sequence[DisputeRow]) -> bool:
    return any(dispute.status not in CLOSED for dispute in ours)


def _detail(dispute: DisputeRow, noted: Sequence[disputes.Evidence]) -> str:
    until = f"{dispute.respond_by:%Y-%m-%d %H:%M} UTC" if dispute.respond_by else "as soon as possible"
    what = f"is to be answered at the gateway by {until}"
    if dispute.status is DisputeStatus.INQUIRY:
        what += ", or given back; it is a question, and has taken nothing yet"
    elif dispute.status is DisputeStatus.UNDER_REVIEW:
        what = "is being looked at by the bank"
    kinds = [f"{count} x {kind}" for kind, count in sorted(_counts(noted).items())]
    ours = f"; what we have: {', '.join(kinds)} (bookingd payments show)" if kinds else ""
    named = f"{dispute.gateway} dispute {dispute.gateway_reference} of {dispute.amount}"
    return f"{named} for payment {dispute.payment_id} ({dispute.reason}) {what}{ours}"


def _counts(noted: Sequence[disputes.Evidence]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for one in noted:
        counts[one.kind] = counts.get(one.kind, 0) + 1
    return counts
