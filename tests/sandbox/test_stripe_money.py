"""Whatever is asked of the stand-in in any order: money comes from somewhere, and is given back once."""

import contextlib
from collections.abc import Callable
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from bookingd.sandbox.stripe import cards, disputes, faults, payments, refunds, settling
from bookingd.sandbox.stripe.account import Account, Work
from bookingd.sandbox.stripe.records import Charge, PaymentIntent, PaymentMethod
from tests.fakes.sources import ManualClock, SeededChance, SequentialIds

HELD = 10_000
CARDS = ("pm_card_visa", "pm_card_pendingRefund", "pm_card_refundFail", "pm_card_riskLevelElevated")


class Till:
    """One payment, and what may be asked of it."""

    def __init__(self, token: str) -> None:
        self.account = Account(None)
        self._sources = (ManualClock(), SequentialIds(), SeededChance())
        work = self.work()
        card = cards.by_token(token, work.at)
        assert card is not None
        method = PaymentMethod(id="pm_1", created=work.now, card=card, billing_details={})
        work.put(method)
        intent = PaymentIntent(
            id="pi_1",
            amount=HELD,
            currency="eur",
            created=work.now,
            capture_method="manual",
            client_secret="secret",
            status="requires_confirmation",
            metadata={},
        )
        payments.confirm(work, payments.create(work, intent), method)

    def work(self) -> Work:
        clock, ids, chance = self._sources
        return Work(self.account, clock=clock, ids=ids, chance=chance, notify=lambda _: False)

    @property
    def intent(self) -> PaymentIntent:
        return self.account.intents["pi_1"]

    @property
    def charge(self) -> Charge:
        return self.account.charges[self.intent.latest_charge or ""]

    def capture(self, amount: int) -> None:
        settling.capture(self.work(), self.intent, amount)

    def cancel(self, _amount: int) -> None:
        settling.cancel(self.work(), self.intent, None)

    def refund(self, amount: int) -> None:
        refunds.refund(self.work(), self.charge, amount, None, {})

    def settle(self, _amount: int) -> None:
        for refund in list(self.account.refunds.values()):
            refunds.settle(self.work(), refund)

    def dispute(self, amount: int) -> None:
        if disputes.can_be_opened(self.charge):
            disputes.begin(self.work(), self.charge, "fraudulent", inquiry=amount % 2 == 0)

    def escalate(self, _amount: int) -> None:
        for dispute in list(self.account.disputes.values()):
            said = {"uncategorized_text": disputes.ESCALATING}
            disputes.decide(self.work(), disputes.answer(self.work(), dispute, said, {}, submit=True))

    def resolve(self, amount: int) -> None:
        for dispute in list(self.account.disputes.values()):
            disputes.resolve(self.work(), dispute, won=amount % 2 == 0)

    def withdrawn(self) -> int:
        """What disputes hold, or took for good."""
        return -sum(each.amount for one in self.account.disputes.values() for each in one.movements)


Step: TypeAlias = Callable[[Till, int], None]
STEPS: tuple[Step, ...] = (
    Till.capture,
    Till.cancel,
    Till.refund,
    Till.settle,
    Till.dispute,
    Till.escalate,
    Till.resolve,
)


def check(till: Till) -> None:
    """What holds after each step."""
    charge, given_back = till.charge, till.charge.returned
    lasting = sum(each.amount for each in till.account.refunds.values() if each.status != "failed")
    balance = sum(each.amount for each in till.account.movements.values())

    assert 0 <= given_back <= charge.amount_captured <= charge.amount == HELD
    assert given_back == lasting
    assert till.intent.amount_received == charge.amount_captured
    assert balance == charge.amount_captured - given_back - till.withdrawn()
    assert 0 <= till.withdrawn() <= charge.amount_captured - given_back
    assert till.intent.amount_capturable in {0, HELD}
    assert not (till.intent.amount_capturable and charge.captured)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CARDS), st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, HELD)), max_size=14))
def test_money_is_neither_made_nor_lost(token: str, steps: list[tuple[Step, int]]) -> None:
    till = Till(token)
    check(till)
    for step, amount in steps:
        with contextlib.suppress(faults.Fault):
            step(till, amount)
        check(till)
