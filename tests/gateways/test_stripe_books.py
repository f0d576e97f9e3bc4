"""What Stripe's books say (disputes, movements of the balance), and what it wants a person to look at."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bookingd.domain.money import Money
from bookingd.gateways.port import DisputeStatus, GatewayPayment, GatewayStatus, PostingKind
from bookingd.gateways.stripe import StripeGateway
from bookingd.outcomes import Refused
from bookingd.sandbox.misbehaviour import Switches
from bookingd.sources import Sources
from tests.fakes.sources import SeededChance, SequentialIds
from tests.gateways.arrange import a_request, an_intent
from tests.gateways.conftest import stripe_gateway
from tests.sandbox.conftest import Endpoint, WatchedClock, listening, stripe_server
from tests.sandbox.stripe_client import Client, check_event


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The adapter, its merchant, and the time at Stripe."""

    stripe: StripeGateway
    merchant: Client
    clock: WatchedClock
    endpoint: Endpoint

    async def taken(self, token: str, amount: str = "100.00") -> GatewayPayment:
        """A payment that was captured."""
        held = await self.stripe.authorise(a_request(token, amount=Money.of(amount, "EUR")), key=an_intent())
        return await self.stripe.capture(held.gateway_reference, amount=held.amount, key=an_intent())

    async def later(self, seconds: float, kind: str) -> None:
        """Let what Stripe waits for happen."""
        await self.clock.asked_for(seconds)
        self.clock.advance(seconds)
        await self.endpoint.next(kind)

    async def disputed(self) -> GatewayPayment:
        """A payment that its payer wants back."""
        paid = await self.taken("pm_card_createDispute")
        await self.later(2.0, "charge.dispute.created")
        return paid

    async def books(self) -> list[tuple[PostingKind, int]]:
        since = self.clock.now() - timedelta(days=1)
        until = self.clock.now() + timedelta(days=1)
        found = self.stripe.statement(since=since, until=until)
        return [(posting.kind, posting.amount.amount) async for posting in found]


@pytest.fixture
async def desk(ids: SequentialIds, chance: SeededChance) -> AsyncIterator[Desk]:
    clock = WatchedClock()
    async with listening(Endpoint(clock, check_event, "type")) as endpoint:
        sources = Sources(clock=clock, ids=ids, chance=chance)
        server = stripe_server(sources, Switches(), webhook_url=endpoint.url)
        await server.start()
        async with stripe_gateway(server.url("stripe")) as stripe, Client(server.url("stripe")) as merchant:
            yield Desk(stripe=stripe, merchant=merchant, clock=clock, endpoint=endpoint)
        await server.stop()


async def test_a_dispute_says_what_for_and_until_when(desk: Desk) -> None:
    paid = await desk.disputed()
    [dispute] = await desk.stripe.disputes(paid.gateway_reference)

    assert (dispute.reason, dispute.status, dispute.amount) == (
        "fraudulent",
        DisputeStatus.NEEDS_RESPONSE,
        Money.of("100.00", "EUR"),
    )
    assert dispute.respond_by is not None
    assert timedelta(days=8) < dispute.respond_by - desk.clock.now() <= timedelta(days=9)


@pytest.mark.parametrize(
    ("evidence", "status", "last"),
    [
        ("winning_evidence", DisputeStatus.WON, PostingKind.DISPUTE_WON),
        ("losing_evidence", DisputeStatus.LOST, PostingKind.DISPUTE),
    ],
)
async def test_a_dispute_ends_as_the_bank_says(
    desk: Desk, evidence: str, status: DisputeStatus, last: PostingKind
) -> None:
    paid = await desk.disputed()
    [dispute] = await desk.stripe.disputes(paid.gateway_reference)
    form = {"evidence[uncategorized_text]": evidence}
    await desk.merchant.post(f"/v1/disputes/{dispute.gateway_reference}", form)
    [answered] = await desk.stripe.disputes(paid.gateway_reference)
    await desk.later(2.0, "charge.dispute.closed")
    [ended] = await desk.stripe.disputes(paid.gateway_reference)

    assert answered.status is DisputeStatus.UNDER_REVIEW
    assert (ended.status, (await desk.books())[0][0]) == (status, last)


async def test_an_inquiry_is_a_question_until_it_is_answered(desk: Desk) -> None:
    """To give the money back answers it; nothing has moved for it before."""
    paid = await desk.taken("pm_card_createDisputeInquiry")
    await desk.later(2.0, "charge.dispute.created")
    [asked] = await desk.stripe.disputes(paid.gateway_reference)
    moved = [kind for kind, _ in await desk.books()]
    await desk.stripe.refund(paid.gateway_reference, amount=paid.amount, key=an_intent())
    [ended] = await desk.stripe.disputes(paid.gateway_reference)

    assert (asked.status, ended.status) == (DisputeStatus.INQUIRY, DisputeStatus.WON)
    assert asked.respond_by is not None
    assert PostingKind.DISPUTE not in moved


async def test_what_is_disputed_is_not_given_back_too(desk: Desk) -> None:
    paid = await desk.disputed()

    with pytest.raises(Refused) as refused:
        await desk.stripe.refund(paid.gateway_reference, amount=paid.amount, key=an_intent())
    assert refused.value.code == "charge_disputed"


async def test_the_books_tell_each_movement_and_what_it_cost(desk: Desk) -> None:
    await desk.disputed()
    part = await desk.taken("pm_card_visa")
    await desk.stripe.refund(part.gateway_reference, amount=Money.of("30.00", "EUR"), key=an_intent())

    assert await desk.books() == [
        (PostingKind.REFUND, 3000),
        (PostingKind.CAPTURE, 10000),
        (PostingKind.FEE, 175),
        (PostingKind.DISPUTE, 10000),
        (PostingKind.FEE, 1500),
        (PostingKind.CAPTURE, 10000),
        (PostingKind.FEE, 175),
    ]


async def test_a_movement_names_its_payment(desk: Desk) -> None:
    paid = await desk.taken("pm_card_visa")
    await desk.stripe.refund(paid.gateway_reference, amount=paid.amount, key=an_intent())
    since, until = desk.clock.now(), desk.clock.now() + timedelta(seconds=1)
    refund, capture, fee = [posting async for posting in desk.stripe.statement(since=since, until=until)]

    assert {each.gateway_reference for each in (refund, capture, fee)} == {paid.gateway_reference}
    assert (capture.payment_id, capture.at) == (paid.payment_id, desk.clock.now())
    assert [each.own_reference[:3] for each in (refund, capture, fee)] == ["re_", "ch_", "txn"]


async def test_a_window_of_the_books_ends_before_the_next_begins(desk: Desk) -> None:
    await desk.taken("pm_card_visa")
    day = timedelta(days=1)
    now = desk.clock.now()
    windows = [(now - day, now), (now, now + day), (now + day, now + 2 * day)]
    found = [
        [posting async for posting in desk.stripe.statement(since=since, until=until)]
        for since, until in windows
    ]

    assert [len(each) for each in found] == [0, 2, 0]


async def test_all_pages_of_the_books_are_read(desk: Desk) -> None:
    for _ in range(51):
        paid = await desk.taken("pm_card_visa")
        await desk.stripe.refund(paid.gateway_reference, amount=Money.of("1.00", "EUR"), key=an_intent())

    assert len(await desk.books()) == 51 * 3


async def test_of_a_part_that_was_captured_the_books_tell_the_part(desk: Desk) -> None:
    held = await desk.stripe.authorise(a_request("pm_card_visa"), key=an_intent())
    await desk.stripe.capture(held.gateway_reference, amount=Money.of("23.45", "EUR"), key=an_intent())

    assert (PostingKind.CAPTURE, 2345) in await desk.books()


async def test_an_authorisation_that_ended_is_void(desk: Desk) -> None:
    held = await desk.stripe.authorise(a_request("pm_card_visa"), key=an_intent())
    await desk.later(7 * 24 * 3600, "payment_intent.canceled")
    ended = await desk.stripe.retrieve(held.gateway_reference)

    assert held.authorised_until == desk.clock.now()
    assert ended.status is GatewayStatus.VOIDED
    with pytest.raises(Refused):
        await desk.stripe.capture(held.gateway_reference, amount=held.amount, key=an_intent())


async def test_a_card_is_not_held_for_longer(desk: Desk) -> None:
    held = await desk.stripe.authorise(a_request("pm_card_visa"), key=an_intent())

    with pytest.raises(Refused) as longer:
        await desk.stripe.reauthorise(held.gateway_reference, amount=held.amount, key=an_intent())
    with pytest.raises(Refused) as completed:
        await desk.stripe.complete(held.gateway_reference, key=an_intent())
    assert (longer.value.code, completed.value.code) == ("not_supported", "not_approved")


async def test_a_risk_is_reviewed_before_the_money_counts(desk: Desk) -> None:
    request = a_request("pm_card_riskLevelElevated")
    since = desk.clock.now()
    held = await desk.stripe.authorise(request, key=an_intent())
    found = await desk.stripe.find(request.payment_id, since=since)
    [review] = (await desk.merchant.get("/v1/reviews")).body["data"]
    await desk.merchant.post(f"/v1/reviews/{review['id']}/approve")

    assert held.status is GatewayStatus.IN_REVIEW
    assert found == held
    assert (await desk.stripe.retrieve(held.gateway_reference)).status is GatewayStatus.AUTHORISED


async def test_who_is_not_trusted_is_let_go(desk: Desk) -> None:
    held = await desk.stripe.authorise(a_request("pm_card_riskLevelElevated"), key=an_intent())
    voided = await desk.stripe.void(held.gateway_reference, key=an_intent())

    assert voided.status is GatewayStatus.VOIDED
    assert (await desk.merchant.get("/v1/reviews")).body["data"] == []


async def test_a_refund_tells_how_far_it_is_and_how_to_trace_it(desk: Desk) -> None:
    slow, closed = await desk.taken("pm_card_pendingRefund"), await desk.taken("pm_card_refundFail")
    keys = an_intent(), an_intent()
    begun = [
        await desk.stripe.refund(paid.gateway_reference, amount=paid.amount, key=key)
        for paid, key in zip((slow, closed), keys, strict=True)
    ]
    await desk.later(2.0, "refund.failed")
    ended = [
        await desk.stripe.find_refund(paid.gateway_reference, key=key)
        for paid, key in zip((slow, closed), keys, strict=True)
    ]

    assert [(refund.status, bool(refund.trace)) for refund in begun] == [("pending", False), ("done", True)]
    assert [(refund.status, bool(refund.trace), refund.failure) for refund in ended if refund] == [
        ("done", True, None),
        ("failed", False, "expired_or_canceled_card"),
    ]
    assert (await desk.stripe.retrieve(closed.gateway_reference)).refunded.amount == 0
