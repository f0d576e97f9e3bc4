"""What the stand-in keeps and does by itself: its records, its deadlines, its webhooks.

The one rule: whatever changes does so in a `Work`, also when nobody called.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bookingd.sandbox.agenda import Agenda
from bookingd.sandbox.journal import Journal
from bookingd.sandbox.stripe import payments
from bookingd.sandbox.stripe.account import Account, Work
from bookingd.sandbox.stripe.records import Charge, Delivered, Refund
from bookingd.sandbox.stripe.webhooks import Courier
from bookingd.sources import Chance, Clock, Ids

REFUND_SETTLES = timedelta(seconds=2)
"""After how long the slow and the failing refund are decided; at the vendor it takes days."""


class Background:
    """Owns the account, the agenda and the courier of one stand-in."""

    def __init__(
        self,
        *,
        clock: Clock,
        ids: Ids,
        chance: Chance,
        directory: Path | None,
        webhook_url: str | None,
        webhook_secret: str,
        webhook_events: Collection[str] | None,
    ) -> None:
        self.account = Account(None if directory is None else Journal(directory / "stripe.jsonl"))
        self._clock = clock
        self._ids = ids
        self._chance = chance
        self._agenda = Agenda(clock)
        self._running: asyncio.Task[None] | None = None
        self.courier = Courier(
            url=webhook_url,
            secret=webhook_secret,
            events=webhook_events,
            clock=clock,
            agenda=self._agenda,
            delivered=self._delivered,
        )

    async def start(self) -> None:
        self.account.open(self._clock.now())
        await self.courier.start()
        for charge in self.account.charges.values():
            self._note_expiry(charge)
        for refund in self.account.refunds.values():
            self._note_settling(refund)
        for event in list(self.account.undelivered.values()):
            self.courier.send(event)
        self._running = asyncio.create_task(self._agenda.run())

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None
        await self.courier.stop()
        self.account.close()

    def work(self, *, request_id: str | None = None, key: str | None = None, origin: str = "") -> Work:
        """A fresh piece of work."""
        return Work(
            self.account,
            clock=self._clock,
            ids=self._ids,
            chance=self._chance,
            notify=self.courier.wants,
            request_id=request_id,
            key=key,
            origin=origin,
        )

    def request_id(self) -> str:
        return f"req_{self._ids.new().hex[-14:]}"

    def take_note(self, work: Work) -> None:
        """Put into the agenda what a work has begun."""
        for event in work.events:
            if isinstance(event.thing, Charge) and event.type == "charge.succeeded":
                self._note_expiry(event.thing)
            if isinstance(event.thing, Refund) and event.type == "refund.created":
                self._note_settling(event.thing)

    def _note_expiry(self, charge: Charge) -> None:
        if charge.capture_before is not None and not charge.captured and not charge.amount_refunded:
            until = datetime.fromtimestamp(charge.capture_before, UTC)
            self._agenda.note(until, self._expire, charge.intent)

    def _note_settling(self, refund: Refund) -> None:
        behaviour = self.account.charges[refund.charge].method.card.refund
        if (behaviour, refund.status) in {("pending", "pending"), ("failed", "succeeded")}:
            self._agenda.note(self._clock.now() + REFUND_SETTLES, self._settle, refund.id)

    def _expire(self, intent_id: str) -> None:
        self._by_itself(lambda work: payments.expire(work, self.account.intents[intent_id]))

    def _settle(self, refund_id: str) -> None:
        self._by_itself(lambda work: payments.settle(work, self.account.refunds[refund_id]))

    def _by_itself(self, change: Callable[[Work], None]) -> None:
        work = self.work()
        change(work)
        work.commit()
        for event in work.events:
            self.courier.send(event)

    def _delivered(self, event_id: str) -> None:
        if event_id in self.account.undelivered:
            delivered = Delivered(event=event_id)
            self.account.apply((delivered,))
            self.account.write([delivered])

    def ledger(self) -> Mapping[str, Any]:
        """Per `metadata.payment_id` ("" without one): currency, number and statuses of payments, and what
        is held, was captured and was given back.
        """
        found: dict[str, dict[str, Any]] = {}
        for intent in self.account.intents.values():
            entry = found.setdefault(
                intent.metadata.get("payment_id", ""),
                {
                    "currency": intent.currency,
                    "payment_intents": [],
                    "authorised": 0,
                    "captured": 0,
                    "refunded": 0,
                },
            )
            charge = self.account.charges.get(intent.latest_charge or "")
            entry["payment_intents"].append({"id": intent.id, "status": intent.status})
            entry["authorised"] += intent.amount_capturable
            entry["captured"] += intent.amount_received
            entry["refunded"] += 0 if charge is None else charge.returned
        return {"payments": found}
