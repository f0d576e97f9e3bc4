"""What gateways tell, stored before it is acknowledged: many events in one transaction and two statements.

Events only make the payment actor look for itself, and most of them need not: they repeat what the answer
to our own call has told, or tell what the answer to a call that is under way is about to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bookingd.actor.batching import Batcher
from bookingd.gateways.news import is_known
from bookingd.gateways.port import GatewayNotice, GatewayStatus
from bookingd.messages.envelope import Origin
from bookingd.messages.payments import FIRST_LOOK, ApplyNotice, ReadDisputes, RefreshPayment
from bookingd.storage import webhooks
from bookingd.storage.database import is_unavailable
from bookingd.storage.payments import PaymentStep
from bookingd.storage.transactions import Transaction, Transactions
from bookingd.storage.webhooks import Concerned, Webhook

ANSWERS: Mapping[GatewayStatus, PaymentStep] = MappingProxyType(
    {
        GatewayStatus.AUTHORISED: PaymentStep.COMPLETE,
        GatewayStatus.CAPTURED: PaymentStep.CAPTURE,
        GatewayStatus.VOIDED: PaymentStep.VOID,
    }
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
        received = await webhooks.receive(
            transaction.connection,
            events=[_webhook(told) for told in events.values()],
            now=transaction.now,
        )
        looks: dict[RefreshPayment | ReadDisputes, Origin] = {}
        for row in received.concerned:
            told = events[row.gateway, row.event_id]
            if told.notice.dispute:
                looks[ReadDisputes(payment_id=row.payment_id, booking_id=row.booking_id)] = told.origin
            elif _may_be_news(told.notice, row):
                looks[RefreshPayment(payment_id=row.payment_id, booking_id=row.booking_id)] = told.origin
        for look, origin in looks.items():
            transaction.send(look, origin=origin)
        for key in received.early:
            _put_off(transaction, events[key])


def _put_off(transaction: Transaction, told: Told) -> None:
    """The answer that makes the payment ours may be on its way, or lost: it is looked for until it came."""
    notice = told.notice
    later = ApplyNotice(
        gateway=told.gateway,
        event_id=notice.event_id,
        payment_id=notice.payment_id,
        gateway_reference=notice.gateway_reference,
        dispute=notice.dispute,
        status=notice.status,
    )
    transaction.send(later, origin=told.origin, due=transaction.now + FIRST_LOOK)


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
    return not is_known(status, row.state) and ANSWERS.get(status) not in row.under_way
