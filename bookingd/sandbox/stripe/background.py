"""What the stand-in keeps and does by itself: its records, its deadlines, its webhooks.

The one rule: whatever changes does so in a `Work`, also when nobody called.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from bookingd.sandbox.agenda import Agenda
from bookingd.sandbox.clock import ShiftedClock
from bookingd.sandbox.courier import Courier
from bookingd.sandbox.journal import Journal
from bookingd.sandbox.stripe import checkout, disputes, refunds, settling
from bookingd.sandbox.stripe.account import Account, Work
from bookingd.sandbox.stripe.records import Charge, CheckoutSession, Delivered, Dispute, Event, Refund
from bookingd.sandbox.stripe.webhooks import writer
from bookingd.sources import Chance, Clock, Ids

T = TypeVar("T")

REFUND_SETTLES = timedelta(seconds=2)
"""After how long the slow and the failing refund are decided; at the vendor it takes days."""

DISPUTE_OPENS = timedelta(seconds=2)
"""After how long a charge to a card that disputes is disputed; at the vendor it takes weeks."""

BANK_DECIDES = timedelta(seconds=2)
"""After how long a bank decides about evidence whose words say how; at the vendor it takes months."""


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
        self.clock = ShiftedClock(clock)
        self._ids = ids
        self._chance = chance
        self._agenda = Agenda(self.clock)
        self._running: asyncio.Task[None] | None = None
        self.courier = Courier(
            url=webhook_url,
            compose=writer(webhook_secret, clock=clock),
            events=webhook_events,
            clock=self.clock,
            agenda=self._agenda,
            delivered=self._delivered,
        )

    async def start(self) -> None:
        self.account.open(self.clock.now())
        await self.courier.start()
        self._note_all()
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

    def put_clock_forward(self, by: timedelta) -> None:
        """It is later, for this stand-in and until it ends; what is due by then happens now."""
        self.clock.put_forward(by)
        self._agenda.look_again()

    def work(self, *, request_id: str | None = None, key: str | None = None, origin: str = "") -> Work:
        """A fresh piece of work."""
        return Work(
            self.account,
            clock=self.clock,
            ids=self._ids,
            chance=self._chance,
            notify=self.courier.wants,
            request_id=request_id,
            key=key,
            origin=origin,
        )

    def request_id(self) -> str:
        return f"req_{self._ids.new().hex[-14:]}"

    def _note_all(self) -> None:
        """What was begun before this process was."""
        for charge in self.account.charges.values():
            self._note_charge(charge)
        for refund in self.account.refunds.values():
            self._note_refund(refund)
        for dispute in self.account.disputes.values():
            self._note_dispute(dispute)
        for session in self.account.sessions.values():
            self._note_session(session)

    def take_note(self, work: Work) -> None:
        """Put into the agenda what a work has begun."""
        for event in work.events:
            self._note(event)
        for change in work.changes:
            if isinstance(change, CheckoutSession):
                self._note_session(change)

    def _note(self, event: Event) -> None:
        match event.thing:
            case Charge() if event.type in {"charge.succeeded", "charge.captured"}:
                self._note_charge(event.thing)
            case Refund() if event.type == "refund.created":
                self._note_refund(event.thing)
            case Dispute():
                self._note_dispute(event.thing)

    def _note_charge(self, charge: Charge) -> None:
        if charge.captured:
            self._note_holder(charge)
        elif charge.capture_before is not None and not charge.amount_refunded:
            self._at(charge.capture_before, self._expire, charge.intent)

    def _note_holder(self, charge: Charge) -> None:
        if charge.method.card.dispute is not None and charge.dispute is None:
            self._in(DISPUTE_OPENS, self._dispute, charge.id)

    def _note_refund(self, refund: Refund) -> None:
        behaviour = self.account.charges[refund.charge].method.card.refund
        if (behaviour, refund.status) in {("pending", "pending"), ("failed", "succeeded")}:
            self._in(REFUND_SETTLES, self._settle, refund.id)

    def _note_dispute(self, dispute: Dispute) -> None:
        if dispute.status in disputes.OPEN:
            self._at(dispute.due_by, self._lapse, dispute.id)
        elif dispute.status not in disputes.ENDED:
            self._in(BANK_DECIDES, self._decide, dispute.id)

    def _note_session(self, session: CheckoutSession) -> None:
        if session.status == "open":
            self._at(session.expires_at, self._close, session.id)

    def _at(self, when: int, act: Callable[[str], None], what: str) -> None:
        self._agenda.note(datetime.fromtimestamp(when, UTC), act, what)

    def _in(self, delay: timedelta, act: Callable[[str], None], what: str) -> None:
        self._agenda.note(self.clock.now() + delay, act, what)

    def _expire(self, intent_id: str) -> None:
        self.by_itself(lambda work: settling.expire(work, self.account.intents[intent_id]))

    def _settle(self, refund_id: str) -> None:
        self.by_itself(lambda work: refunds.settle(work, self.account.refunds[refund_id]))

    def _dispute(self, charge_id: str) -> None:
        self.by_itself(lambda work: disputes.open_for(work, self.account.charges[charge_id]))

    def _decide(self, dispute_id: str) -> None:
        self.by_itself(lambda work: disputes.decide(work, self.account.disputes[dispute_id]))

    def _lapse(self, dispute_id: str) -> None:
        self.by_itself(lambda work: disputes.lapse(work, self.account.disputes[dispute_id]))

    def _close(self, session_id: str) -> None:
        self.by_itself(lambda work: checkout.lapse(work, self.account.sessions[session_id]))

    def by_itself(self, change: Callable[[Work], T]) -> T:
        """What nobody called for by the vendor's own addresses."""
        work = self.work()
        result = change(work)
        work.commit()
        self.take_note(work)
        for event in work.events:
            self.courier.send(event)
        return result

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
