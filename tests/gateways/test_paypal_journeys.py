"""Payments by PayPal from the payer's yes to the last refund, before our stand-in, and what goes wrong."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from bookingd.domain.declines import DeclineReason
from bookingd.domain.money import Money
from bookingd.gateways.paypal import PayPalGateway
from bookingd.gateways.port import (
    Authorisation,
    DisputeStatus,
    GatewayPayment,
    GatewayStatus,
    Means,
    Posting,
    PostingKind,
)
from bookingd.outcomes import OutsideError, Refused, Unavailable, UnknownOutcome
from bookingd.sandbox.misbehaviour import Choice, How, Switches
from bookingd.sandbox.paypal import PayPalSandbox
from bookingd.sandbox.paypal.terms import Terms
from bookingd.sandbox.server import SandboxServer
from bookingd.sources import Sources
from tests.gateways.arrange import RETURN_URL, a_request, an_intent
from tests.gateways.conftest import paypal_gateway

ALL, PART = Money.of("123.45", "EUR"), Money.of("20.00", "EUR")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The adapter, the stand-in behind it, and what can be made to happen there."""

    gateway: PayPalGateway
    server: SandboxServer
    session: aiohttp.ClientSession
    switches: Switches

    async def make(self, path: str, **wish: Any) -> Any:
        async with self.session.post(f"{self.server.url('_sandbox')}/paypal{path}", json=wish) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json() if answer.status == 200 else None

    async def later(self, **delta: float) -> None:
        await self.make("/clock", forward_seconds=timedelta(**delta).total_seconds())

    def once(self, operation: str, how: How) -> None:
        self.switches.add(sandbox="paypal", operation=operation, choice=Choice(how=how))

    async def approved(
        self, instrument: str = "balance", request: Authorisation | None = None
    ) -> GatewayPayment:
        payment = await self.gateway.authorise(request or a_request(""), key=an_intent())
        await self.make(f"/orders/{payment.gateway_reference}/approve", instrument=instrument)
        return await self.gateway.retrieve(payment.gateway_reference)

    async def held(self, instrument: str = "balance") -> GatewayPayment:
        approved = await self.approved(instrument)
        return await self.gateway.complete(approved.gateway_reference, key=an_intent())

    async def taken(self, instrument: str = "balance") -> GatewayPayment:
        held = await self.held(instrument)
        return await self.gateway.capture(held.gateway_reference, amount=ALL, key=an_intent())

    async def seen(self, payment: GatewayPayment, status: GatewayStatus) -> GatewayPayment:
        """As it is once the stand-in has done what was due."""
        found = await self.gateway.retrieve(payment.gateway_reference)
        for _ in range(100):
            if found.status is status:
                return found
            found = await self.gateway.retrieve(payment.gateway_reference)
        raise AssertionError(f"it stays {found.status}")

    async def ledger(self, payment: GatewayPayment) -> Any:
        async with self.session.get(f"{self.server.url('_sandbox')}/paypal/ledger") as answer:
            return (await answer.json())["payments"][str(payment.payment_id)]


MakeWorld = Callable[..., Awaitable[World]]


@pytest.fixture
async def make_world() -> AsyncIterator[MakeWorld]:
    async with AsyncExitStack() as stack:

        async def make(*, terms: Terms | None = None, timeout: float = 5.0) -> World:
            sources, switches = Sources.system(), Switches()
            sandbox = PayPalSandbox(
                clock=sources.clock, ids=sources.ids, chance=sources.chance, switches=switches, terms=terms
            )
            server = SandboxServer([sandbox], switches=switches)
            await server.start()
            stack.push_async_callback(server.stop)
            gateway = await stack.enter_async_context(paypal_gateway(server, sandbox, timeout=timeout))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return World(gateway=gateway, server=server, session=session, switches=switches)

        yield make


@pytest.fixture
async def world(make_world: MakeWorld) -> World:
    return await make_world()


# The payer's side


async def test_the_payer_is_sent_to_a_page_and_comes_back(world: World) -> None:
    payment = await world.gateway.authorise(a_request(""), key=an_intent())
    assert payment.status is GatewayStatus.REQUIRES_ACTION
    assert payment.action_url is not None

    async def decide(decision: str) -> str:
        data = {"decision": decision, "email": "anna.vogel@example.org"}
        async with world.session.post(str(payment.action_url), data=data, allow_redirects=False) as answer:
            return answer.headers["Location"]

    assert (await decide("cancel")).startswith(f"{RETURN_URL}?cancelled=1&token=")
    assert (await world.gateway.retrieve(payment.gateway_reference)).status is GatewayStatus.REQUIRES_ACTION
    assert (await decide("approve")).startswith(f"{RETURN_URL}?token=")
    approved = await world.gateway.retrieve(payment.gateway_reference)
    assert (approved.status, approved.action_url) == (GatewayStatus.APPROVED, None)
    assert approved.means == Means(
        kind="paypal",
        label="PayPal a…l@example.org",
        fingerprint=approved.means.fingerprint if approved.means else None,
    )


async def test_nothing_is_held_before_the_payer_has_approved(world: World) -> None:
    payment = await world.gateway.authorise(a_request(""), key=an_intent())

    with pytest.raises(Refused) as refused:
        await world.gateway.complete(payment.gateway_reference, key=an_intent())
    with pytest.raises(Refused) as not_taken:
        await world.gateway.capture(payment.gateway_reference, amount=ALL, key=an_intent())

    assert refused.value.code == "not_approved"
    assert not_taken.value.code == "not_authorised"


async def test_what_is_not_asked_of_paypal_is_refused_before_a_call(world: World) -> None:
    asked = a_request("")
    for request in (
        replace(asked, off_session=True),
        replace(asked, payment_method="pm_card_visa"),
        replace(asked, amount=Money(1000, "KWD")),
        replace(asked, amount=Money.of("100.50", "HUF")),
    ):
        with pytest.raises(Refused):
            await world.gateway.authorise(request, key=an_intent())


async def test_an_approval_may_be_taken_back(world: World) -> None:
    payment = await world.approved()
    await world.make(f"/orders/{payment.gateway_reference}/reverse")

    assert (await world.gateway.retrieve(payment.gateway_reference)).status is GatewayStatus.VOIDED
    with pytest.raises(Refused):
        await world.gateway.complete(payment.gateway_reference, key=an_intent())


async def test_an_order_that_nobody_approved_lapses(world: World) -> None:
    payment = await world.gateway.authorise(a_request(""), key=an_intent())
    await world.later(hours=4)

    await world.seen(payment, GatewayStatus.VOIDED)


async def test_an_order_that_is_given_up_is_not_held(world: World) -> None:
    for payment in (await world.gateway.authorise(a_request(""), key=an_intent()), await world.approved()):
        voided = await world.gateway.void(payment.gateway_reference, key=an_intent())

        assert (voided.status, voided.action_url) == (GatewayStatus.VOIDED, None)


# Held


async def test_the_reference_grows_and_each_of_them_finds_the_newest(world: World) -> None:
    approved = await world.approved()
    held = await world.gateway.complete(approved.gateway_reference, key=an_intent())
    taken = await world.gateway.capture(held.gateway_reference, amount=ALL, key=an_intent())

    references = [one.gateway_reference for one in (approved, held, taken)]
    assert [one.count("/") for one in references] == [0, 1, 2]
    assert references[2].startswith(f"{references[1]}/")
    for reference in references:
        assert await world.gateway.retrieve(reference) == taken


async def test_what_is_known_counts_where_the_order_lists_less(world: World) -> None:
    one, other = await world.taken(), await world.held()
    order = other.gateway_reference.partition("/")[0]
    _, authorisation, capture = one.gateway_reference.split("/")

    found = await world.gateway.retrieve(f"{order}/{authorisation}/{capture}")

    assert found.status is GatewayStatus.CAPTURED


@pytest.mark.parametrize(
    ("instrument", "reason"), [("declined", DeclineReason.DECLINED), ("denied", DeclineReason.DECLINED)]
)
async def test_a_payer_whose_means_is_refused_is_declined(
    world: World, instrument: str, reason: DeclineReason
) -> None:
    payment = await world.held(instrument)

    assert (payment.status, payment.decline_reason) == (GatewayStatus.DECLINED, reason)
    assert payment.action_url is None


@pytest.mark.parametrize(
    ("instrument", "ends"),
    [("review", GatewayStatus.AUTHORISED), ("review_denied", GatewayStatus.DECLINED)],
)
async def test_a_review_is_waited_for(world: World, instrument: str, ends: GatewayStatus) -> None:
    held = await world.held(instrument)
    assert held.status is GatewayStatus.IN_REVIEW
    with pytest.raises(Refused):
        await world.gateway.capture(held.gateway_reference, amount=ALL, key=an_intent())

    await world.later(days=1)

    await world.seen(held, ends)


async def test_what_is_held_lasts_29_days(world: World) -> None:
    held = await world.held()
    now = datetime.now(UTC)

    assert held.authorised_until is not None
    assert abs(held.authorised_until - now - timedelta(days=29)) < timedelta(minutes=1)
    await world.later(days=30)
    assert (await world.seen(held, GatewayStatus.VOIDED)).authorised_until is None


async def test_the_money_is_held_anew_after_the_honour_period(world: World) -> None:
    held = await world.held("lapsing")
    with pytest.raises(Refused, match="transaction_refused"):
        await world.gateway.reauthorise(held.gateway_reference, amount=ALL, key=an_intent())
    await world.later(days=4)
    with pytest.raises(Refused, match="payer_cannot_pay"):
        await world.gateway.capture(held.gateway_reference, amount=ALL, key=an_intent())

    renewed = await world.gateway.reauthorise(held.gateway_reference, amount=ALL, key=an_intent())

    assert renewed.status is GatewayStatus.AUTHORISED
    assert renewed.gateway_reference != held.gateway_reference
    assert await world.gateway.retrieve(held.gateway_reference) == renewed
    taken = await world.gateway.capture(renewed.gateway_reference, amount=ALL, key=an_intent())
    assert (taken.status, taken.captured) == (GatewayStatus.CAPTURED, ALL)
    with pytest.raises(Refused):
        await world.gateway.reauthorise(renewed.gateway_reference, amount=ALL, key=an_intent())


async def test_what_was_held_anew_is_let_go_by_what_was_held_first(world: World) -> None:
    held = await world.held()
    await world.later(days=4)
    renewed = await world.gateway.reauthorise(held.gateway_reference, amount=ALL, key=an_intent())

    voided = await world.gateway.void(renewed.gateway_reference, key=an_intent())

    assert voided.status is GatewayStatus.VOIDED
    assert (await world.gateway.void(renewed.gateway_reference, key=an_intent())).status is voided.status


async def test_what_is_taken_is_not_voided(world: World) -> None:
    taken = await world.taken()

    with pytest.raises(Refused, match="previously_captured"):
        await world.gateway.void(taken.gateway_reference, key=an_intent())


# Taken


@pytest.mark.parametrize(
    ("instrument", "ends"),
    [("echeck", GatewayStatus.CAPTURED), ("echeck_denied", GatewayStatus.DECLINED)],
)
async def test_a_capture_that_has_to_clear_is_no_money_yet(
    world: World, instrument: str, ends: GatewayStatus
) -> None:
    pending = await world.taken(instrument)
    assert (pending.status, pending.captured.amount) == (GatewayStatus.PENDING, 0)

    await world.later(days=5)

    cleared = await world.seen(pending, ends)
    assert cleared.captured == (ALL if ends is GatewayStatus.CAPTURED else Money.zero("EUR"))


@pytest.mark.parametrize(
    ("instrument", "code"),
    [("capture_declined", "capture_declined"), ("capture_refused", "transaction_refused")],
)
async def test_money_that_cannot_be_taken_is_refused(world: World, instrument: str, code: str) -> None:
    held = await world.held(instrument)

    with pytest.raises(Refused) as refused:
        await world.gateway.capture(held.gateway_reference, amount=ALL, key=an_intent())

    assert refused.value.code == code


async def test_several_refunds_are_told_apart(world: World) -> None:
    taken = await world.taken()
    keys = [an_intent() for _ in range(3)]
    made = [await world.gateway.refund(taken.gateway_reference, amount=PART, key=key) for key in keys]

    assert [one.status for one in made] == ["done"] * 3
    assert len({one.gateway_reference for one in made}) == 3
    for key, refund in zip(keys, made, strict=True):
        assert await world.gateway.find_refund(taken.gateway_reference, key=key) == refund
    assert (await world.gateway.retrieve(taken.gateway_reference)).refunded == PART * 3
    with pytest.raises(Refused, match="refund_amount_exceeded"):
        await world.gateway.refund(taken.gateway_reference, amount=ALL, key=an_intent())


@pytest.mark.parametrize(
    ("instrument", "ends", "back"), [("refund_pending", "done", PART), ("refund_failed", "failed", PART * 0)]
)
async def test_a_refund_may_take_its_time_and_fail(
    world: World, instrument: str, ends: str, back: Money
) -> None:
    taken, key = await world.taken(instrument), an_intent()
    made = await world.gateway.refund(taken.gateway_reference, amount=PART, key=key)
    assert made.status == "pending"
    assert made.expected_by is not None

    await world.later(days=5)

    found = await world.gateway.find_refund(taken.gateway_reference, key=key)
    while found is None or found.status == "pending":
        found = await world.gateway.find_refund(taken.gateway_reference, key=key)
    assert (found.status, found.gateway_reference) == (ends, made.gateway_reference)
    assert (await world.gateway.retrieve(taken.gateway_reference)).refunded == back


async def test_what_cannot_be_given_back_is_refused(world: World) -> None:
    held, taken = await world.held(), await world.taken("refund_no_funds")

    with pytest.raises(Refused, match="not_captured"):
        await world.gateway.refund(held.gateway_reference, amount=PART, key=an_intent())
    with pytest.raises(Refused, match="refund_failed_insufficient_funds"):
        await world.gateway.refund(taken.gateway_reference, amount=PART, key=an_intent())


# Unknown outcomes (P9)

LOST = [How.TIMEOUT_AFTER_DEED, How.CLOSE_AFTER_DEED, How.ERROR_AFTER_DEED, How.HTML_AFTER_DEED]


@pytest.mark.parametrize("how", LOST)
async def test_an_order_whose_answer_is_lost_is_the_same_one_when_it_is_asked_for_again(
    make_world: MakeWorld, how: How
) -> None:
    world = await make_world(timeout=0.5)
    request, key = a_request(""), an_intent()
    world.once("create", how)
    with pytest.raises(UnknownOutcome):
        await world.gateway.authorise(request, key=key)

    assert await world.gateway.find(request.payment_id, since=datetime.now(UTC)) is None
    again = await world.gateway.authorise(request, key=key)

    assert [one["id"] for one in (await world.ledger(again))["orders"]] == [again.gateway_reference]


@pytest.mark.parametrize("how", LOST)
async def test_what_became_of_a_deed_whose_answer_is_lost_is_read(make_world: MakeWorld, how: How) -> None:
    world = await make_world(timeout=0.5)
    approved = await world.approved()
    gateway, reference, key = world.gateway, approved.gateway_reference, an_intent()

    async def lost(operation: str, deed: Callable[[], Awaitable[object]]) -> GatewayPayment:
        world.once(operation, how)
        with pytest.raises(UnknownOutcome):
            await deed()
        return await gateway.retrieve(reference)

    held = await lost("authorise", lambda: gateway.complete(reference, key=an_intent()))
    assert held.status is GatewayStatus.AUTHORISED
    taken = await lost("capture", lambda: gateway.capture(reference, amount=ALL, key=an_intent()))
    assert (taken.status, taken.captured) == (GatewayStatus.CAPTURED, ALL)
    given = await lost("refund", lambda: gateway.refund(reference, amount=PART, key=key))
    assert given.refunded == PART
    refund = await gateway.find_refund(reference, key=key)
    assert refund == await gateway.refund(reference, amount=PART, key=key), "and its repetition is the same"


async def test_what_became_of_a_void_whose_answer_is_lost_is_read(make_world: MakeWorld) -> None:
    world = await make_world(timeout=0.5)
    held = await world.held()
    world.once("cancel", How.TIMEOUT_AFTER_DEED)
    with pytest.raises(UnknownOutcome):
        await world.gateway.void(held.gateway_reference, key=an_intent())

    assert (await world.gateway.retrieve(held.gateway_reference)).status is GatewayStatus.VOIDED


@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        (How.RATE_LIMITED, Unavailable),
        (How.LOCKED, Unavailable),
        (How.CLOSE_BEFORE, UnknownOutcome),
        (How.ERROR_BEFORE, UnknownOutcome),
        (How.TIMEOUT_BEFORE, UnknownOutcome),
    ],
)
async def test_what_was_not_done_is_done_by_its_repetition(
    make_world: MakeWorld, how: How, outcome: type[OutsideError]
) -> None:
    world = await make_world(timeout=0.5)
    held, key = await world.held(), an_intent()
    world.once("capture", how)
    with pytest.raises(outcome):
        await world.gateway.capture(held.gateway_reference, amount=ALL, key=key)

    assert (await world.gateway.retrieve(held.gateway_reference)).status is GatewayStatus.AUTHORISED
    taken = await world.gateway.capture(held.gateway_reference, amount=ALL, key=key)
    assert taken.captured == ALL


async def test_a_second_hold_of_one_payment_is_refused(world: World) -> None:
    """Two orders of one payment, should they ever be: PayPal holds no money twice under one invoice."""
    request = a_request("")
    first, second = await world.approved(request=request), await world.approved(request=request)
    assert first.gateway_reference != second.gateway_reference
    await world.gateway.complete(first.gateway_reference, key=an_intent())

    with pytest.raises(Refused, match="duplicate_invoice_id"):
        await world.gateway.complete(second.gateway_reference, key=an_intent())


# Disputes and books


@pytest.mark.parametrize(("outcome", "status"), [("won", DisputeStatus.WON), ("lost", DisputeStatus.LOST)])
async def test_a_dispute_is_followed_to_its_end(world: World, outcome: str, status: DisputeStatus) -> None:
    taken = await world.taken()
    assert await world.gateway.disputes(taken.gateway_reference) == []
    capture = taken.gateway_reference.rpartition("/")[2]
    begun = await world.make(f"/captures/{capture}/dispute", reason="UNAUTHORISED")

    (dispute,) = await world.gateway.disputes(taken.gateway_reference)
    assert (dispute.gateway_reference, dispute.amount) == (begun["dispute_id"], ALL)
    assert (dispute.reason, dispute.status) == ("unauthorised", DisputeStatus.NEEDS_RESPONSE)
    assert dispute.respond_by is not None

    await world.make(f"/disputes/{begun['dispute_id']}/resolve", outcome=outcome)

    (closed,) = await world.gateway.disputes(taken.gateway_reference)
    assert (closed.status, closed.respond_by) == (status, None)


async def statement(world: World, since: datetime, until: datetime) -> list[Posting]:
    return [one async for one in world.gateway.statement(since=since, until=until)]


async def test_paypals_books_say_what_moved(world: World) -> None:
    begin = datetime.now(UTC) - timedelta(days=90)
    taken = await world.taken()
    await world.held()
    refund = await world.gateway.refund(taken.gateway_reference, amount=PART, key=an_intent())
    end = datetime.now(UTC) + timedelta(days=1)

    told = await statement(world, begin, end)

    capture = taken.gateway_reference.rpartition("/")[2]
    fee = Money.of("4.80", "EUR")
    assert {(one.kind, one.payment_id, one.amount, one.own_reference) for one in told} == {
        (PostingKind.CAPTURE, taken.payment_id, ALL, capture),
        (PostingKind.FEE, taken.payment_id, fee, capture),
        (PostingKind.REFUND, taken.payment_id, PART, refund.gateway_reference),
    }
    assert {one.gateway_reference for one in told} == {capture}
    assert await statement(world, begin, begin + timedelta(days=40)) == []


async def test_a_lost_dispute_stands_in_paypals_books_by_its_name(world: World) -> None:
    taken = await world.taken()
    capture = taken.gateway_reference.rpartition("/")[2]
    begun = await world.make(f"/captures/{capture}/dispute")
    await world.make(f"/disputes/{begun['dispute_id']}/resolve", outcome="lost")

    now = datetime.now(UTC)
    told = await statement(world, now - timedelta(days=1), now + timedelta(days=1))

    (lost,) = [one for one in told if one.kind is PostingKind.DISPUTE]
    assert (lost.own_reference, lost.gateway_reference) == (begun["dispute_id"], capture)
    assert (lost.payment_id, lost.amount) == (taken.payment_id, ALL)


async def test_books_that_may_not_be_read_say_so(make_world: MakeWorld) -> None:
    world = await make_world(terms=Terms(may_search=False))

    with pytest.raises(Refused, match=r"not_permitted.*paypal\.transaction_search = false"):
        await statement(world, datetime.now(UTC) - timedelta(days=1), datetime.now(UTC))
