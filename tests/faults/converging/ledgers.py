"""Whether money came out right: gateways, our rows, the books and the bookings agree, and nobody hangs.

Each check looks at the places where a promise could be broken, and asks gateways themselves.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bookingd.domain.booking.state import OVER, Booking, BookingState, Payment, RefundState
from bookingd.domain.documents.document import DocumentKind
from bookingd.domain.ledger import AUTHORISATIONS, CUSTOMERS, DISPUTED, LOST
from bookingd.domain.money import Money
from bookingd.gateways.port import Dispute, DisputeStatus, Gateway, GatewayPayment, GatewayStatus
from bookingd.reconciliation.findings import FindingKind
from bookingd.reconciliation.reconciler import Reconciler
from bookingd.sources import Sources
from bookingd.storage import bookings, documents, payments, stock
from bookingd.storage.database import Connection, Database
from bookingd.storage.payments import PaymentRow
from tests.acceptance.truths import unfinished
from tests.fakes.sources import START

HOLDS = frozenset({GatewayStatus.PENDING, GatewayStatus.IN_REVIEW, GatewayStatus.AUTHORISED})
"""A payment in one of these holds its payer's money, or may do so without our doing."""

MAY_HOLD = HOLDS | {GatewayStatus.REQUIRES_ACTION}
"""The same where nothing is completed by us. PayPal's orders cannot be given up; they lapse."""

ASKS = {"payment_disputed", "refund_failed", "payment_stuck"}
"""Why a person may be asked for money's sake."""

BY_HAND = "transfer"
"""Where what staff pay in another way comes from."""

Balances = Mapping[str, int]
"""Account -> debits less credits, in minor units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A payment in the four places where it is known."""

    booking: Booking
    payment: Payment
    row: PaymentRow | None
    gateway: GatewayPayment | None
    disputes: Sequence[Dispute]
    balances: Balances
    """Of this payment."""

    def moved(self, account: str) -> int:
        return self.balances.get(account, 0)

    def __str__(self) -> str:
        """Without what was booked."""
        return "\n".join(
            (
                f"{self.booking.reference} {self.booking.state}",
                *map(str, (self.payment, self.row, self.gateway, self.disputes, dict(self.balances))),
            )
        )


async def check(
    database: Database, gateways: Mapping[str, Gateway], of: Sequence[Booking], sources: Sources
) -> list[Booking]:
    """Everything at once; the bookings as they ended."""
    async with database.connection() as connection:
        assert await unfinished(connection) == []
        assert await connection.fetch("SELECT actor, message_name, reason FROM dead_letters") == []
        ended = [(await bookings.by_id(connection, booking_id=one.id)).booking for one in of]
        for booking in ended:
            await _check_booking(connection, gateways, booking)
        assert await stock.check_books(connection) == []
        assert await documents.gaps(connection) == []
        assert await documents.changed(connection) == []
        assert set(await _balances(connection, "currency", "")) <= {"EUR"}
    await _check_books(database, gateways, ended, sources)
    return ended


async def _check_books(
    database: Database, gateways: Mapping[str, Gateway], ended: Sequence[Booking], sources: Sources
) -> None:
    """`bookingd payments reconcile` finds nothing but what people know of: money that could not go back."""
    reconciler = Reconciler(gateways=gateways, database=database, sources=sources)
    report = (await reconciler.compare(since=START - timedelta(days=1), until=sources.clock.now())).report
    assert not report.unasked, report.unasked
    stays = {
        (one.id, Money(_failed(one), one.currency)) for one in ended if one.state in OVER and _failed(one)
    }
    found = [(one.booking_id, one.ours - one.theirs) for one in report.findings if one.ours and one.theirs]
    kinds = {one.kind for one in report.findings}
    told = "\n".join((*map(str, report.findings), f"known: {stays}", *map(_told, ended)))
    assert len(found) == len(report.findings), told
    assert sorted(found) == sorted(stays), told
    assert kinds <= {FindingKind.MONEY_WITHOUT_BOOKING}, told


async def _check_booking(connection: Connection, gateways: Mapping[str, Gateway], booking: Booking) -> None:
    seen = [await _seen(connection, gateways, booking, payment) for payment in booking.payments]
    for one in seen:
        _check_payment(one)
        _check_disputes(one)
    _check_end(booking, seen)
    _check_customer(booking, await _accounts(connection, "booking_id", booking.id), seen)
    await _check_people(connection, booking, seen)
    await _check_documents(connection, booking)


async def _seen(
    connection: Connection, gateways: Mapping[str, Gateway], booking: Booking, payment: Payment
) -> Seen:
    row = await payments.load(connection, payment_id=payment.id)
    known = row is not None and row.gateway_reference is not None
    gateway, reference = gateways[payment.gateway], row.gateway_reference if row else None
    return Seen(
        booking=booking,
        payment=payment,
        row=row,
        gateway=await gateway.retrieve(reference or "") if known else None,
        disputes=await gateway.disputes(reference or "") if known else (),
        balances=await _accounts(connection, "payment_id", payment.id),
    )


def _check_payment(seen: Seen) -> None:
    """Taken and given back is the same at the gateway, in its row, in the books and for the booking (P2)."""
    row, gateway = seen.row, seen.gateway
    taken = gateway.captured.amount if gateway else 0
    back, settled = _given_back(seen), _settled(seen.payment)
    assert (row.captured.amount if row else 0) == taken, str(seen)
    assert (row.refunded.amount if row else 0) == back + settled, str(seen)
    assert seen.payment.taken.amount == taken, str(seen)
    given = sum(
        one.amount.amount
        for one in seen.payment.refunds
        if one.state in {RefundState.DONE, RefundState.SETTLED}
    )
    assert given == back + settled <= taken <= seen.payment.amount.amount or seen.payment.received, str(seen)
    by_hand = settled if seen.payment.gateway == BY_HAND else 0
    away = sum(one.amount.amount for one in seen.disputes if one.status is not DisputeStatus.WON)
    assert seen.moved(f"gateway:{seen.payment.gateway}") == taken - back - away - by_hand, str(seen)
    assert seen.moved(f"authorised:{seen.payment.gateway}") == seen.moved(AUTHORISATIONS) == 0, str(seen)
    holds = HOLDS if seen.payment.gateway == "paypal" else MAY_HOLD
    assert gateway is None or gateway.status not in holds, str(seen)


def _given_back(seen: Seen) -> int:
    """By us. PayPal counts what was lost in a dispute too, where it does so."""
    if seen.gateway is None or seen.row is None:
        return 0
    back, known = seen.gateway.refunded.amount, seen.row.refunded.amount - _settled(seen.payment)
    lost = sum(one.amount.amount for one in seen.disputes if one.status is DisputeStatus.LOST)
    return known if seen.payment.gateway == "paypal" and back == known + lost else back


def _settled(payment: Payment) -> int:
    return sum(one.amount.amount for one in payment.refunds if one.state is RefundState.SETTLED)


def _check_disputes(seen: Seen) -> None:
    """What banks took is in the books where it is, and the booking knows how each ended."""
    by_status: Counter[DisputeStatus] = Counter()
    for one in seen.disputes:
        by_status[one.status] += one.amount.amount
    open_ = by_status[DisputeStatus.NEEDS_RESPONSE] + by_status[DisputeStatus.UNDER_REVIEW]
    assert (seen.moved(DISPUTED), seen.moved(LOST)) == (open_, by_status[DisputeStatus.LOST]), str(seen)
    told = {one.id: one.won for one in seen.payment.disputes}
    ends = {DisputeStatus.WON: True, DisputeStatus.LOST: False}
    assert told == {one.gateway_reference: ends.get(one.status) for one in seen.disputes}, str(seen)


def _check_end(booking: Booking, seen: Sequence[Seen]) -> None:
    """Confirmed and paid for, or over and given back but for what a rule keeps; charged once (P2, P3, P6)."""
    assert booking.state is BookingState.CONFIRMED or booking.state in OVER, _told(booking)
    kept = sum(one.payment.refundable.amount for one in seen)
    if booking.state in OVER:
        assert kept <= (booking.kept.amount if booking.kept else 0), _told(booking)
        return
    assert booking.is_ticketed, _told(booking)
    asked = sum(refund.amount.amount for one in seen for refund in one.payment.refunds)
    owed = booking.owed if booking.paid or not booking.has_open_balance else booking.due_now
    assert kept <= owed.amount <= kept + asked, _told(booking)


def _check_customer(booking: Booking, balances: Balances, seen: Sequence[Seen]) -> None:
    """What was earned and is not with us the customer owes (the balance, goodwill), what failed to go back we
    owe them, and the books of a booking come to nothing.
    """
    assert sum(balances.values()) == 0, balances
    lent = _failed(booking)
    earned = (booking.kept.amount if booking.kept else 0) if booking.state in OVER else booking.owed.amount
    left = sum(one.payment.refundable.amount for one in seen)
    assert balances.get(CUSTOMERS, 0) == earned - left - lent, f"{_told(booking)} {balances}"


async def _check_people(connection: Connection, booking: Booking, seen: Sequence[Seen]) -> None:
    """Somebody is asked about each refund that failed and each open dispute, and about nothing else (P6)."""
    rows = await connection.fetch(
        "SELECT reason FROM attention WHERE closed_at IS NULL AND subject = $1", booking.id
    )
    asked = Counter(row["reason"] for row in rows)
    open_ = sum(
        one.status in {DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW}
        for each in seen
        for one in each.disputes
    )
    assert set(asked) <= ASKS, f"{_told(booking)} {asked}"
    assert asked["payment_disputed"] == open_, f"{_told(booking)} {asked}"
    assert asked["refund_failed"] + asked["payment_stuck"] >= bool(_failed(booking)), (
        f"{_told(booking)} {asked}"
    )


async def _check_documents(connection: Connection, booking: Booking) -> None:
    """One invoice for what was confirmed, and nothing stays invoiced of what is over."""
    issued = [one.document for one in (await documents.of_bookings(connection, ids=[booking.id]))[booking.id]]
    invoices = [one for one in issued if one.kind is DocumentKind.INVOICE]
    assert len(invoices) <= 1, _told(booking)
    if booking.state is BookingState.CONFIRMED:
        assert [one.total for one in invoices] == [booking.total], _told(booking)


def _failed(booking: Booking) -> int:
    """What is still to be paid to its payers in another way, in minor units."""
    return sum(
        refund.amount.amount
        for payment in booking.payments
        for refund in payment.refunds
        if refund.state is RefundState.FAILED
    )


def _told(booking: Booking) -> str:
    ended = f"{booking.reference} {booking.state} {booking.reason} kept {booking.kept}"
    return "\n".join((ended, str(booking.plan), *map(str, booking.payments), ""))


async def _accounts(connection: Connection, column: str, of: object) -> Balances:
    return await _balances(connection, "account", f"WHERE {column} = $1", of)


async def _balances(connection: Connection, by: str, where: str, *arguments: object) -> Balances:
    rows = await connection.fetch(
        f"SELECT {by} AS key, sum(amount)::bigint AS balance FROM"
        f" (SELECT debit AS account, currency, amount FROM ledger_entries {where} UNION ALL"
        f"  SELECT credit, currency, -amount FROM ledger_entries {where}) AS sides GROUP BY 1",
        *arguments,
    )
    return {row["key"]: row["balance"] for row in rows}
