"""What gateways tell, stored before it is acknowledged: many events in one transaction and two statements.

Events only make the payment actor look for itself, and most of them need not: they repeat what the answer
to our own call has told, or tell what the answer to a call that is under way is about to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bookingd.actor.batching import Batcher
from bookingd.gateways.port import GatewayNotice, GatewayStatus
from bookingd.messages.envelope import Origin
from bookingd.messages.payments import RefreshPayment
from bookingd.storage import payments
from bookingd.storage.database import is_unavailable
from bookingd.storage.payments import Concerned, PaymentStatus, PaymentStep, Webhook
from bookingd.storage.transactions import Transaction, Transactions

_BEYOND = frozenset(
    {PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED, PaymentStatus.REFUNDED, PaymentStatus.VOIDED}
)

OLD_NEWS: Mapping[GatewayStatus, frozenset[PaymentStatus]] = MappingProxyType(
    {
        GatewayStatus.PENDING: frozenset(PaymentStatus),
        GatewayStatus.REQUIRES_ACTION: _BEYOND | {PaymentStatus.REQUIRES_ACTION},
        GatewayStatus.AUTHORISED: _BEYOND,
        GatewayStatus.CAPTURED: frozenset({PaymentStatus.CAPTURED, PaymentStatus.REFUNDED}),
        GatewayStatus.VOIDED: frozenset({PaymentStatus.VOIDED}),
        GatewayStatus.DECLINED: frozenset({PaymentStatus.FAILED}),
    }
)
"""What an event tells -> the states of our row in which we know that or better."""

ANSWERS: Mapping[GatewayStatus, PaymentStep] = MappingProxyType(
    {GatewayStatus.CAPTURED: PaymentStep.CAPTURE, GatewayStatus.VOIDED: PaymentStep.VOID}
)
"""What an event tells -> the call of ours whose answer tells the same. While it is under way nobody looks:
its outcome is recorded, or looked up if the answer does not come.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event that a gateway has sent, and on whose behalf we act on it."""

    gateway: str
    notice: GatewayNotice
    origin: Origin


class Receipts:
    """Stores events, and has looked what they may tell."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._batcher: Batcher[Told, Exception | None] = Batcher(self._take)

    async def run(self) -> None:
        """Store until cancelled."""
        await self._batcher.run()

    async def submit(self, told: Told) -> None:
        """Returns when the event is stored, now or before. Raises what kept it from being."""
        failed = await self._batcher.submit(told)
        if failed is not None:
            raise failed

    async def _take(self, batch: Sequence[Told]) -> Sequence[Exception | None]:
        """With the database away everybody is told at once, instead of one after the other."""
        try:
            async with self._transactions.begin() as transaction:
                await self._store(transaction, {_key(told): told for told in batch})
        except Exception as error:
            if is_unavailable(error):
                return [error] * len(batch)
            raise
        return [None] * len(batch)

    async def _store(self, transaction: Transaction, events: Mapping[tuple[str, str], Told]) -> None:
        """One look a payment is enough, however many of the events are about it."""
        concerned = await payments.receive_webhooks(
            transaction.connection,
            webhooks=[_webhook(told) for told in events.values()],
            now=transaction.now,
        )
        looks = {
            row.payment_id: (row, told.origin)
            for row in concerned
            if _may_be_news((told := events[row.gateway, row.event_id]).notice, row)
        }
        for row, origin in looks.values():
            look = RefreshPayment(payment_id=row.payment_id, booking_id=row.booking_id)
            transaction.send(look, origin=origin)


def _key(told: Told) -> tuple[str, str]:
    return told.gateway, told.notice.event_id


def _webhook(told: Told) -> Webhook:
    notice = told.notice
    return Webhook(
        gateway=told.gateway,
        event_id=notice.event_id,
        kind=notice.kind,
        payment_id=notice.payment_id,
        gateway_reference=notice.gateway_reference,
    )


def _may_be_news(notice: GatewayNotice, row: Concerned) -> bool:
    status = notice.status
    if status is None:
        return True
    return row.state not in OLD_NEWS[status] and ANSWERS.get(status) not in row.under_way
