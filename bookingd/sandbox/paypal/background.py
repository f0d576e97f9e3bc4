"""What the stand-in keeps and does by itself: its records, its deadlines, its webhooks.

The one rule: whatever changes does so in a `Work`, also when nobody called; a deadline is looked at again
when it comes, so that one too many does no harm.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from bookingd.sandbox.agenda import Agenda
from bookingd.sandbox.clock import ShiftedClock
from bookingd.sandbox.courier import Courier
from bookingd.sandbox.journal import Journal
from bookingd.sandbox.paypal import disputes, orders, payments, refunds
from bookingd.sandbox.paypal.account import Account, Work
from bookingd.sandbox.paypal.authority import Authority, open_authority
from bookingd.sandbox.paypal.records import (
    Authorization,
    Capture,
    Change,
    Delivered,
    Dispute,
    Event,
    Order,
    Refund,
)
from bookingd.sandbox.paypal.terms import Terms
from bookingd.sandbox.paypal.webhooks import writer
from bookingd.sources import Chance, Clock, Ids

_Deadline: TypeAlias = tuple[datetime, Callable[[str], None]]


class Background:
    """Owns the account, the agenda, the courier and the keys of one stand-in."""

    def __init__(
        self,
        *,
        clock: Clock,
        ids: Ids,
        chance: Chance,
        directory: Path | None,
        terms: Terms,
        webhook_url: str | None,
        webhook_id: str,
        webhook_events: Collection[str] | None,
    ) -> None:
        self.account = Account(None if directory is None else Journal(directory / "paypal.jsonl"))
        self.clock = ShiftedClock(clock)
        self.webhook_id = webhook_id
        self._ids = ids
        self._chance = chance
        self._directory = directory
        self._terms = terms
        self._agenda = Agenda(self.clock)
        self._running: asyncio.Task[None] | None = None
        self._authority: Authority | None = None
        self.courier: Courier[Event] = Courier(
            url=webhook_url,
            compose=writer(lambda: self.authority, webhook_id, ids=ids, clock=clock),
            events=webhook_events,
            clock=self.clock,
            agenda=self._agenda,
            delivered=self._delivered,
        )

    @property
    def authority(self) -> Authority:
        """Who signs; there is one from the start on."""
        if self._authority is None:
            raise RuntimeError("the stand-in was not started")
        return self._authority

    async def start(self) -> None:
        self._authority = await asyncio.to_thread(open_authority, self._directory, self.clock.now())
        self.account.open(self.clock.now())
        await self.courier.start()
        for things in (
            self.account.orders,
            self.account.authorizations,
            self.account.captures,
            self.account.refunds,
            self.account.disputes,
        ):
            for thing in things.values():
                self._note(thing)
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

    def waits_for_buyer(self, order: Order) -> bool:
        """Whether a buyer may still approve it."""
        return order.status in orders.OPEN and not orders.is_over(order, self.clock.now(), self._terms)

    def put_clock_forward(self, by: timedelta) -> None:
        """It is later, for this stand-in and until it ends; what is due by then happens now."""
        self.clock.put_forward(by)
        self._agenda.look_again()

    def work(self, origin: str = "") -> Work:
        """A fresh piece of work."""
        return Work(
            self.account,
            clock=self.clock,
            ids=self._ids,
            chance=self._chance,
            notify=self.courier.wants,
            origin=origin,
        )

    def debug_id(self) -> str:
        return self._ids.new().hex[-13:]

    def take_note(self, work: Work) -> None:
        """Put into the agenda what a work has begun."""
        for change in work.changes:
            self._note(change)

    def _note(self, change: Change) -> None:
        for when, act in self._deadlines(change):
            self._agenda.note(when, act, change.id)  # type: ignore[union-attr]

    def _deadlines(self, change: Change) -> list[_Deadline]:
        soon = self.clock.now() + self._terms.settles_after
        match change:
            case Order(status="CREATED" | "PAYER_ACTION_REQUIRED" | "APPROVED"):
                return [(change.created + self._terms.order_lasts, self._end_order)]
            case Authorization(status="PENDING"):
                return [(soon, self._settle_authorization), (change.expires, self._end_authorization)]
            case Authorization(status="CREATED", parent=None):
                return [(change.expires, self._end_authorization)]
            case Refund(status="PENDING"):
                return [(soon, self._settle_refund)]
            case Capture():
                return self._deadlines_of_capture(change, soon)
            case Dispute(due=datetime() as due):
                return [(due, self._lapse)]
            case Dispute(status="UNDER_REVIEW"):
                return [(soon, self._decide)]
        return []

    def _deadlines_of_capture(self, capture: Capture, soon: datetime) -> list[_Deadline]:
        if capture.status == "PENDING":
            return [(soon, self._settle_capture)]
        return [(soon, self._dispute)] if self._is_disputed(capture) else []

    def _end_order(self, order_id: str) -> None:
        self.by_itself(lambda work: orders.expire(work, self.account.orders[order_id]))

    def _end_authorization(self, thing_id: str) -> None:
        self.by_itself(lambda work: payments.expire(work, self.account.authorizations[thing_id]))

    def _settle_authorization(self, thing_id: str) -> None:
        self.by_itself(
            lambda work: payments.settle_authorization(work, self.account.authorizations[thing_id])
        )

    def _settle_capture(self, thing_id: str) -> None:
        self.by_itself(lambda work: payments.settle_capture(work, self.account.captures[thing_id]))

    def _settle_refund(self, thing_id: str) -> None:
        self.by_itself(lambda work: refunds.settle(work, self.account.refunds[thing_id]))

    def _is_disputed(self, capture: Capture) -> bool:
        buyer = self.account.orders[capture.order].buyer
        disputed = any(each.capture == capture.id for each in self.account.disputes.values())
        disputes_it = buyer is not None and buyer.instrument == "dispute" and not disputed
        return disputes_it and capture.status == "COMPLETED"

    def _dispute(self, capture_id: str) -> None:
        capture = self.account.captures[capture_id]
        if self._is_disputed(capture):
            self.by_itself(lambda work: disputes.begin(work, capture, reason=disputes.REASONS[0]))

    def _lapse(self, dispute_id: str) -> None:
        self.by_itself(lambda work: disputes.lapse(work, self.account.disputes[dispute_id]))

    def _decide(self, dispute_id: str) -> None:
        self.by_itself(lambda work: disputes.decide(work, self.account.disputes[dispute_id]))

    def by_itself(self, change: Callable[[Work], object]) -> None:
        """Change something that no merchant asked for."""
        work = self.work()
        change(work)
        work.commit()
        self.take_note(work)
        for event in work.events:
            self.courier.send(event)

    def _delivered(self, event_id: str) -> None:
        if event_id in self.account.undelivered:
            delivered = Delivered(event=event_id)
            self.account.apply((delivered,))
            self.account.write([delivered])

    def ledger(self) -> Mapping[str, Any]:
        """Per `custom_id` of a purchase unit ("" without one): currency, numbers and statuses of orders, and
        what is held, was captured and was given back, in units (see `amounts`).
        """
        found: dict[str, dict[str, Any]] = {}
        for order in self.account.orders.values():
            for place, unit in enumerate(order.units):
                entry = found.setdefault(
                    unit.custom_id or "",
                    {
                        "currency": unit.amount.currency,
                        "orders": [],
                        "authorised": 0,
                        "captured": 0,
                        "refunded": 0,
                    },
                )
                entry["orders"].append({"id": order.id, "status": order.status})
                self._count(entry, order, place)
        return {"payments": found}

    def _count(self, entry: dict[str, Any], order: Order, place: int) -> None:
        entry["authorised"] += payments.held(self.account, order, self.clock.now())
        for capture in self.account.captures_of(order.id):
            if capture.unit == place and capture.status in payments.GOT:
                entry["captured"] += capture.amount.units
                entry["refunded"] += capture.returned
