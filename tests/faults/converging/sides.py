"""Who is on the other side of a payment: its payer, their bank, and the gateway itself."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Protocol

from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.gateways.port import Dispute, DisputeStatus, Gateway, GatewayPayment, GatewayStatus
from bookingd.sources import Clock
from tests.fakes.gateway import APPROVAL, DECLINED, GOOD, REVIEWED, THREE_D_SECURE, FakeGateway

ENDED = frozenset({DisputeStatus.WON, DisputeStatus.LOST})

CARDS = (GOOD, GOOD, THREE_D_SECURE, THREE_D_SECURE, REVIEWED, DECLINED)

Note = Callable[[GatewayPayment, str | None], None]
"""Learns that something happened to a payment, or to the dispute of it that has that name."""


class Side(Protocol):
    """Acts by chance; what there is nothing to do about is let be."""

    searchable: bool
    """Whether its gateway knows payments by our own id."""

    @property
    def gateway(self) -> Gateway:
        """The adapter, as bookingd has it."""
        ...

    def means(self, chance: Random) -> str:
        """What a payer gives to us to pay with."""
        ...

    async def payments(self, payment_id: PaymentId) -> Sequence[GatewayPayment]:
        """All that was made for it, as the gateway has it: one, or none."""
        ...

    async def payer(self, payment: GatewayPayment, chance: Random) -> None:
        """Agrees at the bank's or the gateway's page, or does not."""
        ...

    async def by_itself(self, payment: GatewayPayment, chance: Random) -> None:
        """Reviews end, authorisations lapse, refunds come back."""
        ...

    async def dispute(self, payment: GatewayPayment, chance: Random) -> None:
        """The payer goes to their bank; or what they went for goes on."""
        ...

    async def settle(self, payment: GatewayPayment, chance: Random) -> None:
        """Whatever waits for the gateway or a bank comes to its end."""
        ...


class Orders(FakeGateway):
    """As at PayPal, where an order of which nothing is held cannot be given up: it lapses, some day."""

    async def void(self, gateway_reference: str, *, key: IntentId) -> GatewayPayment:
        seen = await self.retrieve(gateway_reference)
        if seen.status in {GatewayStatus.REQUIRES_ACTION, GatewayStatus.APPROVED}:
            return replace(seen, status=GatewayStatus.VOIDED, action_url=None)
        return await super().void(gateway_reference, key=key)


class FakeSide:
    """Before the gateway in memory."""

    def __init__(self, clock: Clock, *, approving: bool) -> None:
        """In Stripe's manner, or, `approving`, in PayPal's, whose payers agree at its page."""
        self._fake = Orders(clock) if approving else FakeGateway(clock)
        self._approving = approving
        self.searchable = not approving
        self.note: Note = _unheard

    @property
    def gateway(self) -> Gateway:
        return self._fake

    def means(self, chance: Random) -> str:
        return APPROVAL if self._approving else chance.choice(CARDS)

    async def payments(self, payment_id: PaymentId) -> Sequence[GatewayPayment]:
        return self._fake.payments(payment_id)

    async def payer(self, payment: GatewayPayment, chance: Random) -> None:
        if payment.status is not GatewayStatus.REQUIRES_ACTION:
            return
        agrees, reference = chance.random() < 0.8, payment.gateway_reference
        if not self._approving:
            act = self._fake.complete_action if agrees else self._fake.fail_action
            self.note(act(reference), None)
        elif agrees:
            if chance.random() < 0.2:
                self._fake.answer("complete", GatewayStatus.DECLINED, reason="declined")
            self.note(self._fake.approve(reference), None)

    async def by_itself(self, payment: GatewayPayment, chance: Random) -> None:
        reference, luck = payment.gateway_reference, chance.random()
        match payment.status:
            case GatewayStatus.IN_REVIEW:
                end = self._fake.pass_review if luck < 0.6 else self._fake.fail_review
                self.note(end(reference), None)
            case GatewayStatus.DECLINED if self._approving:
                self.note(self._fake.ask_again(reference), None)
            case GatewayStatus.AUTHORISED if luck < 0.1:
                self.note(self._fake.expire(reference), None)
            case GatewayStatus.CAPTURED if payment.refunded and luck < 0.3:
                self._fake.settle_refunds(reference, "failed")
                self.note(payment, None)

    async def dispute(self, payment: GatewayPayment, chance: Random) -> None:
        if payment.status is not GatewayStatus.CAPTURED:
            return
        known = await self._fake.disputes(payment.gateway_reference)
        if known and chance.random() < 0.6:
            await self._move(payment, chance.randrange(len(known)), chance.choice(list(DisputeStatus)[1:]))
        elif len(known) < 2:
            part = Money(chance.randrange(1, payment.captured.amount + 1), payment.captured.currency)
            self.note(payment, self._fake.dispute(payment.gateway_reference, part).gateway_reference)

    async def settle(self, payment: GatewayPayment, chance: Random) -> None:
        if payment.status is GatewayStatus.IN_REVIEW:
            ends = [self._fake.pass_review, self._fake.fail_review, self._fake.expire]
            self.note(chance.choice(ends)(payment.gateway_reference), None)
        for which, _ in enumerate(await self._fake.disputes(payment.gateway_reference)):
            await self._move(payment, which, chance.choice([DisputeStatus.WON, DisputeStatus.LOST]))

    async def _move(self, payment: GatewayPayment, which: int, to: DisputeStatus) -> None:
        """What is over stays so."""
        found: Sequence[Dispute] = await self._fake.disputes(payment.gateway_reference)
        if found[which].status not in ENDED:
            moved = self._fake.move_dispute(payment.gateway_reference, to, which=which)
            self.note(payment, moved.gateway_reference)


def _unheard(_: GatewayPayment, __: str | None) -> None:
    """Nobody listens yet."""
