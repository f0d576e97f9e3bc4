"""Asks gateways for their books, compares them with ours and with bookings, and writes down what differs.

One rule: it reads. Nothing is charged, refunded or corrected; people decide that, and what they are told is
told once. What heals by being looked at (a dispute that nobody told us of) is looked at.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from bookingd.domain import ledger
from bookingd.domain.ids import BookingId, PaymentId
from bookingd.gateways.port import Gateway, Posting, PostingKind
from bookingd.messages.envelope import Origin
from bookingd.messages.payments import ReadDisputes
from bookingd.outcomes import OutsideError, Refused
from bookingd.reconciliation.comparing import Movement, differences
from bookingd.reconciliation.findings import Finding, FindingKind, Report
from bookingd.reconciliation.judging import GRACE, judge
from bookingd.sources import Sources
from bookingd.storage import bookings, payments
from bookingd.storage import ledger as books
from bookingd.storage import reconciliation as storage
from bookingd.storage.database import Connection, Database
from bookingd.storage.office import ReceivedBy
from bookingd.storage.reconciliation import Booked, Owner
from bookingd.storage.transactions import Transaction

MARGIN = timedelta(days=1)
"""How much more than what is judged is read on both sides, before it and after."""

LAG = timedelta(hours=6)
"""Until when a movement may be missing in a gateway's books: PayPal's take up to three hours."""

WAITS_AT_MOST = timedelta(days=2)
"""For a payer, a gateway or a review; holds of bookings end long before."""

LATE = timedelta(hours=1)
"""How long a gateway may take to let go of what it no longer holds."""

PENDING_AT_MOST = timedelta(days=14)
"""For a refund: banks take ten days."""

NO_BOOKS = "not_supported"

BY_HAND = frozenset(means.value for means in ReceivedBy)
"""Staff pay out days after we have entered it, and say so then: what is still to be paid waits in its own
list, and for too long in ours.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A report, with what the gateways took for their work."""

    report: Report
    fees: Sequence[tuple[str, Posting]] = ()
    """With the gateway's name."""


RETURNS = frozenset({PostingKind.REFUND, PostingKind.REFUND_FAILED})
COMPARED = RETURNS | {PostingKind.CAPTURE}
"""What both sides enter."""

Moved = TypeVar("Moved", Movement, Posting)


class Period(NamedTuple):
    """From `since` until before `until`."""

    since: datetime
    until: datetime


class Statements(NamedTuple):
    """What the gateways' books say, by gateway."""

    books: dict[str, list[Posting]]
    unasked: dict[str, str]
    left_out: dict[str, str]


class Reconciler:
    """Compares."""

    def __init__(self, *, gateways: Mapping[str, Gateway], database: Database, sources: Sources) -> None:
        self._gateways = gateways
        self._database = database
        self._sources = sources

    async def compare(self, *, since: datetime, until: datetime) -> Comparison:
        """All gateways, and the bookings whose payments changed, from `since` until before `until`."""
        now = self._sources.clock.now()
        ends = Period(since - MARGIN, min(until + MARGIN, now))
        async with self._database.connection() as connection:
            booked = await storage.movements(connection, since=ends.since, until=ends.until)
            findings = await _within(connection, since, until, now)
        books_of, unasked, left_out = await self._statements(ends)
        for name, postings in books_of.items():
            kinds = COMPARED - RETURNS if name in BY_HAND else COMPARED
            ours = [_movement(entry) for entry in booked if entry.gateway == name]
            found = differences(
                name, _of_kinds(ours, kinds), _of_kinds(postings, kinds), since=since, until=until
            )
            findings += await self._with_owners(name, list(found))
            findings += await self._disputes(name, postings)
        report = Report(
            since=since,
            until=until,
            findings=findings,
            compared={name: len(postings) for name, postings in books_of.items()},
            unasked=unasked,
            left_out=left_out,
        )
        return Comparison(report=report, fees=_fees(books_of))

    async def _statements(self, ends: Period) -> Statements:
        """What each gateway's books say of that time; those that could not be asked, and that have none."""
        found = Statements({}, {}, {})
        for name, gateway in self._gateways.items():
            try:
                said = gateway.statement(since=ends.since, until=ends.until)
                found.books[name] = [posting async for posting in said]
            except (OutsideError, TimeoutError) as error:
                known = isinstance(error, Refused) and error.code == NO_BOOKS
                (found.left_out if known else found.unasked)[name] = str(error)
        return found

    async def record(self, transaction: Transaction, comparison: Comparison, origin: Origin) -> None:
        """Tell operators what they do not know yet, note fees, and have disputes read."""
        report = comparison.report
        await _tell(transaction, report.findings)
        await self._note_fees(transaction, comparison.fees)
        for finding in report.findings:
            if finding.kind is FindingKind.DISPUTE_UNKNOWN and finding.payment_id and finding.booking_id:
                look = ReadDisputes(payment_id=finding.payment_id, booking_id=finding.booking_id)
                transaction.send(look, origin=origin)

    async def _with_owners(self, gateway: str, findings: Sequence[Finding]) -> Sequence[Finding]:
        """What the gateway names a payment of ours for, though nothing of it is in our books of that time."""
        ids = {one.payment_id for one in findings if one.payment_id and one.booking_id is None}
        owners = await self._owners(ids)
        return [_owned(one, gateway, owners) for one in findings]

    async def _owners(self, ids: set[PaymentId]) -> Mapping[PaymentId, Owner]:
        if not ids:
            return {}
        async with self._database.connection() as connection:
            return await storage.owners(connection, ids=ids)

    async def _disputes(self, gateway: str, postings: Sequence[Posting]) -> Sequence[Finding]:
        told = {one.own_reference: one for one in postings if one.kind is PostingKind.DISPUTE}
        if not told:
            return ()
        async with self._database.connection() as connection:
            known = await storage.known_disputes(connection, gateway=gateway, names=list(told))
        unknown = [
            Finding(
                kind=FindingKind.DISPUTE_UNKNOWN,
                gateway=gateway,
                gateway_reference=posting.gateway_reference,
                payment_id=posting.payment_id,
                theirs=posting.amount,
                note=f"dispute {name}",
            )
            for name, posting in told.items()
            if name not in known
        ]
        return await self._with_owners(gateway, unknown)

    async def _note_fees(self, transaction: Transaction, fees: Sequence[tuple[str, Posting]]) -> None:
        ours = {(name, one.own_reference): one for name, one in fees if one.payment_id}
        owners = await self._owners({one.payment_id for one in ours.values() if one.payment_id})
        known = [
            (name, own, one.payment_id)
            for (name, own), one in ours.items()
            if one.payment_id in owners and one.payment_id and one.amount
        ]
        new = await storage.new_fees(transaction.connection, fees=known) if known else set()
        entries = [
            ledger.fee(
                journal=self._sources.ids.new(),
                booking_id=owners[payment_id].booking_id,
                payment_id=payment_id,
                gateway=name,
                amount=ours[name, own].amount,
            )
            for name, own, payment_id in known
            if (name, own) in new
        ]
        if entries:
            await books.post(
                transaction.connection, entries=entries, ids=self._sources.ids, now=transaction.now
            )


async def _within(connection: Connection, since: datetime, until: datetime, now: datetime) -> list[Finding]:
    """What differs in our own house: books, rows and bookings."""
    settled = min(until, now - GRACE)
    findings = [
        _out_of_books(one) for one in await storage.out_of_books(connection, since=since, until=settled)
    ]
    async for ids in storage.changed_bookings(connection, since=since, until=settled):
        findings += [one async for one in _judged(connection, ids, settled)]
    waiting = await storage.open_for_long(
        connection,
        waiting_since=now - WAITS_AT_MOST,
        held_until=now - LATE,
        refund_since=now - PENDING_AT_MOST,
    )
    return [*findings, *map(_open_for_long, waiting)]


async def _judged(
    connection: Connection, ids: Sequence[BookingId], settled: datetime
) -> AsyncIterator[Finding]:
    """Those of which nothing has moved since are judged; the others are another time."""
    views = await bookings.by_ids(connection, ids=ids)
    rows = await payments.of_bookings(connection, ids=ids, changed_before=settled)
    for booking_id, view in views.items():
        if (of_it := rows.get(booking_id)) is not None:
            for finding in judge(view.booking, of_it):
                yield finding


async def _tell(transaction: Transaction, findings: Sequence[Finding]) -> None:
    """Once each: what a person has dealt with is not put before them again."""
    keyed = {(one.subject[1], one.kind.value, one.about): one for one in findings}
    known = await storage.known(transaction.connection, entries=list(keyed)) if keyed else set()
    for key, finding in keyed.items():
        if key not in known:
            kind, subject = finding.subject
            await transaction.need_attention(
                kind=kind,
                subject=subject,
                about=finding.about,
                reason=finding.kind.value,
                detail=finding.told,
            )


def _fees(books_of: Mapping[str, Sequence[Posting]]) -> list[tuple[str, Posting]]:
    return [
        (name, posting)
        for name, postings in books_of.items()
        for posting in postings
        if posting.kind is PostingKind.FEE
    ]


def _of_kinds(moved: Sequence[Moved], kinds: frozenset[PostingKind]) -> Iterator[Moved]:
    return (one for one in moved if one.kind in kinds)


def _movement(entry: Booked) -> Movement:
    return Movement(
        payment_id=entry.payment_id,
        booking_id=entry.booking_id,
        reference=entry.reference,
        gateway=entry.gateway,
        gateway_reference=entry.gateway_reference,
        kind=PostingKind(entry.reason),
        amount=entry.amount,
        at=entry.at,
    )


def _owned(finding: Finding, gateway: str, owners: Mapping[PaymentId, Owner]) -> Finding:
    owner = owners.get(finding.payment_id) if finding.payment_id else None
    if owner is None or owner.gateway != gateway:
        return finding
    return replace(finding, booking_id=owner.booking_id, reference=owner.reference)


def _out_of_books(one: storage.OutOfBooks) -> Finding:
    return Finding(
        kind=FindingKind.LEDGER_DIFFERS,
        gateway=one.gateway,
        payment_id=one.payment_id,
        booking_id=one.booking_id,
        reference=one.reference,
        ours=one.booked - one.booked_back,
        theirs=one.captured - one.refunded,
        note=f"{one.booked} captured and {one.booked_back} given back are in the books,"
        f" {one.captured} and {one.refunded} in the payment's row",
    )


def _open_for_long(one: storage.Waiting) -> Finding:
    return Finding(
        kind=FindingKind.OPEN_TOO_LONG,
        gateway=one.gateway,
        payment_id=one.payment_id,
        booking_id=one.booking_id,
        reference=one.reference,
        ours=one.amount,
        note=f"{one.state} since {one.since:%Y-%m-%d}",
    )
