"""Return, webhook, poll, expiry, cancellation, refund and dispute, each none to three times, in any order.

Whatever came, and whoever died in between: in the end the books, the gateway's own books, the payment and its
booking agree, and nothing is kept for nothing (P2, P4, P5, P9). The judge is what reconciles every day.
"""

import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from bookingd.domain.booking import facts
from bookingd.domain.booking.state import BookingState
from bookingd.domain.money import Money
from bookingd.gateways.port import DisputeStatus, GatewayStatus
from bookingd.messages.payments import ApplyNotice, ReadDisputes, RefreshPayment
from bookingd.outcomes import Refused
from bookingd.reconciliation.findings import FindingKind
from bookingd.reconciliation.reconciler import Reconciler
from bookingd.storage.database import Database
from tests import factories
from tests.actors.booking_house import BookingHouse, UnrulyBus, plant_departures
from tests.fakes.gateway import APPROVAL, GOOD, REVIEWED, THREE_D_SECURE

BOOKING = factories.booking()
PAYMENT = factories.payment_id(1)
ABOUT: dict[str, Any] = {"payment_id": PAYMENT, "booking_id": BOOKING.id}
PART = Money(2_500, "EUR")
METHODS = [GOOD, THREE_D_SECURE, APPROVAL, REVIEWED]
LOST = ["authorise", "complete", "capture", "void", "refund"]

WAITS_FOR_A_PERSON = {FindingKind.OPEN_TOO_LONG}
"""Nobody ever acted at the gateway: that is told, and nothing is wrong with the books."""


class Story:
    """What a chance has happen to one booking."""

    def __init__(self, house: BookingHouse, chance: random.Random) -> None:
        self.house = house
        self.chance = chance
        self.rounds = 0

    @property
    def steps(self) -> Mapping[str, Callable[[], object]]:
        return {
            "return": lambda: self.house.send(RefreshPayment(**ABOUT)),
            "webhook": lambda: self.house.send(
                ApplyNotice(gateway="fake", event_id="evt", payment_id=PAYMENT, gateway_reference=None)
            ),
            "poll": self.poll,
            "expiry": self.expire,
            "cancel": lambda: self.house.send(facts.CallOff(booking_id=BOOKING.id)),
            "refund": self.give_back,
            "dispute": self.dispute,
            "payer": self.act,
        }

    def drawn(self) -> list[str]:
        steps = [step for step in self.steps for _ in range(self.chance.randint(0, 3))]
        self.chance.shuffle(steps)
        return steps

    async def poll(self) -> None:
        self.house.jump(timedelta(seconds=self.chance.choice([20, 60, 600])))
        await self.house.rest()

    async def act(self) -> None:
        """The payer does what the gateway waits for; or the gateway makes up its mind."""
        for payment in self.house.gateway.payments(PAYMENT):
            name = payment.gateway_reference
            if payment.status is GatewayStatus.IN_REVIEW:
                self.house.gateway.pass_review(name)
            elif payment.status is GatewayStatus.REQUIRES_ACTION:
                done = self.chance.choice([self.house.gateway.complete_action, self.house.gateway.approve])
                done(name)

    async def expire(self) -> None:
        for payment in self.house.gateway.payments(PAYMENT):
            if payment.status is GatewayStatus.AUTHORISED:
                self.house.gateway.expire(payment.gateway_reference)

    async def give_back(self) -> None:
        self.rounds += 1
        back = facts.GiveBack(round=self.rounds, amount=PART, reason="goodwill", **ABOUT)
        await self.house.send(back)

    async def dispute(self) -> None:
        for payment in self.house.gateway.payments(PAYMENT):
            if payment.captured > payment.refunded:
                name = payment.gateway_reference
                self.house.gateway.dispute(name, Money(100, "EUR"))
                if self.chance.random() < 0.5:
                    self.house.gateway.move_dispute(name, DisputeStatus.WON)
                await self.house.send(ReadDisputes(**ABOUT))


async def happens(database: Database, chance: random.Random) -> BookingHouse:
    """A story with a death in its middle; the house that is left."""
    house = BookingHouse(database, bus=UnrulyBus)
    async with house:
        await house.place(BOOKING)
        await house.rest()
        for operation in chance.sample(LOST, 2):
            getattr(house.gateway, chance.choice(["lose_answer", "lose_call"]))(operation)
        await house.pay(BOOKING, method=chance.choice(METHODS))
        story = Story(house, chance)
        drawn = story.drawn()
        middle = len(drawn) // 2
        await play(story, drawn[:middle])
    heir = BookingHouse(database, bus=UnrulyBus, clock=house.clock, gateway=house.gateway)
    async with heir:
        heir.jump(timedelta(minutes=2))
        story.house = heir
        await play(story, drawn[middle:])
        for wait in (timedelta(minutes=2), timedelta(hours=2), timedelta(days=1, hours=1)):
            heir.jump(wait)
            await heir.rest(within=60.0)
        heir.jump(timedelta(days=1, hours=1))
        await heir.rest(within=60.0)
    return heir


async def play(story: Story, drawn: list[str]) -> None:
    for step in drawn:
        try:
            await story.steps[step]()  # type: ignore[misc]
        except Refused:  # what the gateway would not have its payer do either
            continue
        if story.chance.random() < 0.5:
            await story.house.rest(within=60.0)


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_comes_in_whatever_order_all_books_agree(database: Database, seed: int) -> None:
    await plant_departures(database)
    house = await happens(database, random.Random(seed))

    reconciler = Reconciler(gateways={"fake": house.gateway}, database=database, sources=house.sources)
    now = house.clock.now()
    comparison = await reconciler.compare(since=now - timedelta(days=6), until=now)
    kinds = {finding.kind for finding in comparison.report.findings} - WAITS_FOR_A_PERSON
    booking = await house.booking(BOOKING.id)
    assert kinds == set(), (booking.state, comparison.report.findings)
    assert booking.state not in {BookingState.PENDING, BookingState.CONFIRMING}
    held = await house.balances()
    assert sum(amount for amounts in held.values() for amount in amounts) == 0
    assert "authorisations" not in held
    assert await house.taken() == (1 if booking.state is BookingState.CONFIRMED else 0)
