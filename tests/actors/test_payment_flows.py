"""Approvals, reviews, renewals, parts, kept means, money received, through the real runtime (P2, P5, P9)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actors.payment.notices import LAST_LOOK
from bookingd.domain.booking import facts
from bookingd.domain.consents import KEEP_MEANS
from bookingd.domain.declines import DeclineReason
from bookingd.domain.money import Money
from bookingd.gateways.port import GatewayStatus
from bookingd.messages.payments import ApplyNotice, ForgetMeans
from bookingd.storage import payment_means
from bookingd.storage.database import Database
from bookingd.storage.payments import PaymentStatus, RefundState
from tests import factories
from tests.actors.booking_house import UnrulyBus, plant_departures
from tests.actors.payment_house import (
    ABOUT,
    CAPTURE,
    PAYMENT,
    REFRESH,
    TOTAL,
    VOID,
    PaymentHouse,
    authorise,
    refund,
    settle,
)
from tests.fakes.gateway import APPROVAL, GOOD, HELD_FOR, RECEIVED, REVIEWED

LOST = ["lose_answer", "lose_call", "be_unavailable"]
RENEW = facts.ReauthorisePayment(gateway="fake", amount=TOTAL, **ABOUT)
PART = Money(2_500, "EUR")
HELD = {"authorised:fake": [TOTAL.amount], "authorisations": [-TOTAL.amount]}
TAKEN = {"gateway:fake": [TOTAL.amount], "customers": [-TOTAL.amount]}


@pytest.fixture(params=[False, True], ids=["orderly", "unruly"])
async def house(database: Database, request: pytest.FixtureRequest) -> AsyncIterator[PaymentHouse]:
    """Also with every message twice and in any order (P5)."""
    await plant_departures(database)
    made = PaymentHouse(database, bus=UnrulyBus) if request.param else PaymentHouse(database)
    async with made as opened:
        await opened.plant()
        yield opened


# Approval


async def approved(house: PaymentHouse) -> None:
    await house.ask(authorise(APPROVAL))
    house.gateway.approve(house.reference())


@pytest.mark.parametrize("lost", LOST)
async def test_what_is_approved_is_held_once_whatever_answer_is_lost(house: PaymentHouse, lost: str) -> None:
    """P9; and nobody reads "failed" while it is unknown."""
    getattr(house.gateway, lost)("complete")
    await approved(house)
    await house.send(*[REFRESH] * 3)
    await house.rest()

    row = await house.row()
    assert (row.state, row.gateway_reference) == (PaymentStatus.AUTHORISED, "fake_1/held_1")
    assert house.names() == ["PaymentActionRequired", "PaymentAuthorised"]
    assert house.gateway.calls["complete"] == (1 if lost == "lose_answer" else 2)
    assert await house.balances() == HELD


async def test_an_approval_is_noticed_without_return_or_webhook(house: PaymentHouse) -> None:
    """https://github.com/the-events-calendar/event-tickets/pull/4469: recovery must not need the browser."""
    await approved(house)
    house.jump(timedelta(seconds=30))
    await house.rest()

    assert house.names() == ["PaymentActionRequired", "PaymentAuthorised"]


async def test_an_approval_that_is_declined_fails(house: PaymentHouse) -> None:
    house.gateway.answer("complete", GatewayStatus.DECLINED, reason=DeclineReason.INSUFFICIENT_FUNDS)
    await approved(house)
    await house.ask(REFRESH)

    failed = facts.PaymentFailed(reason=DeclineReason.INSUFFICIENT_FUNDS, **ABOUT)
    assert house.heard[1:] == [failed]
    assert await house.balances() == {}


async def test_an_approval_that_the_gateway_refuses_fails(house: PaymentHouse) -> None:
    house.gateway.refuse("complete", "as_told")
    await approved(house)
    await house.ask(REFRESH)

    assert house.heard[1:] == [facts.PaymentFailed(reason="as_told", **ABOUT)]


async def test_a_payer_may_approve_again_with_another_means(house: PaymentHouse) -> None:
    """PayPal's INSTRUMENT_DECLINED sends the payer back to choose; that approval is another round."""
    house.gateway.answer("complete", GatewayStatus.REQUIRES_ACTION)
    await approved(house)
    await house.ask(REFRESH)
    house.gateway.approve(house.reference())
    await house.ask(REFRESH)

    assert (await house.row()).state is PaymentStatus.AUTHORISED
    assert house.names()[-1] == "PaymentAuthorised"
    assert "PaymentFailed" not in house.names()
    assert await house.column("SELECT round FROM intents WHERE step = 'complete' ORDER BY round") == [1, 2]


async def test_what_failed_stays_so_though_its_payer_may_choose_again_at_the_gateway(
    house: PaymentHouse,
) -> None:
    """PayPal says of a declined order that it waits for its payer: it would be looked at for ever."""
    house.gateway.answer("complete", GatewayStatus.DECLINED, reason=DeclineReason.DECLINED)
    await approved(house)
    await house.ask(REFRESH)
    house.gateway.ask_again(house.reference())
    await house.ask(REFRESH)
    asked_again = await house.row()
    house.gateway.approve(house.reference())
    await house.ask(REFRESH)

    assert (asked_again.state, (await house.row()).state) == (PaymentStatus.FAILED, PaymentStatus.FAILED)
    assert house.names() == ["PaymentActionRequired", "PaymentFailed"]
    assert house.gateway.calls["complete"] == 1


async def test_a_poll_that_comes_when_all_is_captured_asks_nobody(house: PaymentHouse) -> None:
    await approved(house)
    await house.ask(REFRESH, CAPTURE)
    before = house.gateway.calls["retrieve"]
    house.jump(timedelta(minutes=1))
    await house.rest()

    assert house.gateway.calls["retrieve"] == before
    assert await house.value("SELECT count(*) FROM outbox WHERE destination = 'payment'") == 0


@pytest.mark.parametrize("first", ["complete", "void"])
async def test_nothing_is_held_behind_a_voids_back(house: PaymentHouse, first: str) -> None:
    """Called off in the moment of the approval: whoever is first, in the end nothing is held."""
    await approved(house)
    house.gateway.be_unavailable(first, times=2)
    await house.send(REFRESH, VOID, REFRESH)
    await house.rest()

    (payment,) = house.gateway.payments(PAYMENT)
    assert payment.status is GatewayStatus.VOIDED
    assert (await house.row()).state is PaymentStatus.VOIDED
    assert house.names()[-1] == "PaymentVoided"
    assert await house.balances() == {}


# Reviews


@pytest.mark.parametrize("passes", [True, False])
async def test_a_review_is_followed_for_days(house: PaymentHouse, passes: bool) -> None:
    await house.ask(authorise(REVIEWED))
    for _ in range(10):
        house.jump(timedelta(hours=2))
        await house.rest()
    before = house.names()
    (house.gateway.pass_review if passes else house.gateway.fail_review)(house.reference())
    house.jump(timedelta(days=2))
    await house.rest()

    assert before == ["PaymentInReview"]
    assert house.names()[1:] == ["PaymentAuthorised" if passes else "PaymentFailed"]


@pytest.mark.parametrize("lost", LOST)
async def test_a_review_that_begins_with_the_capture_keeps_the_money(house: PaymentHouse, lost: str) -> None:
    """P2, P3: what is held and ticketed is no lost payment because somebody looks at its risk once more."""
    await house.ask(authorise())
    house.gateway.review(house.reference())
    getattr(house.gateway, lost)("capture")
    await house.ask(CAPTURE)

    assert house.names() == ["PaymentAuthorised", "PaymentCaptured"]
    assert await house.balances() == TAKEN


@pytest.mark.parametrize("cleared", [True, False])
async def test_what_waits_to_be_cleared_is_held_until_it_is(house: PaymentHouse, cleared: bool) -> None:
    """As at PayPal: a capture that is pending for days, which events and people make us look at."""
    await house.ask(authorise())
    house.gateway.take_time(house.reference())
    await house.ask(REFRESH, REFRESH)
    row, held = await house.row(), await house.balances()
    assert (row.state, held, house.names()) == (PaymentStatus.AUTHORISED, HELD, ["PaymentAuthorised"])

    (house.gateway.pass_review if cleared else house.gateway.fail_review)(house.reference())
    await house.ask(CAPTURE, *([] if cleared else [VOID]))

    assert await house.balances() == (TAKEN if cleared else {})
    assert ("PaymentCaptured" in house.names(), "CaptureRefused" in house.names()) == (cleared, not cleared)


# Holding for longer


@pytest.mark.parametrize("lost", LOST)
async def test_what_is_held_is_held_for_longer(house: PaymentHouse, lost: str) -> None:
    getattr(house.gateway, lost)("reauthorise")
    await house.ask(authorise())
    house.jump(timedelta(days=3))
    await house.ask(RENEW, RENEW)

    told = house.heard[-1]
    row = await house.row()
    assert isinstance(told, facts.AuthorisationRenewed)
    assert told.until == row.authorised_until
    assert row.authorised_until is not None
    assert row.authorised_until > house.clock.now() + HELD_FOR - timedelta(hours=1)
    assert house.names() == ["PaymentAuthorised", "AuthorisationRenewed"]
    await house.ask(CAPTURE)
    assert await house.balances() == TAKEN


async def test_each_round_holds_for_longer_once(house: PaymentHouse) -> None:
    await house.ask(authorise(), RENEW, replace(RENEW, round=2), RENEW)

    assert house.gateway.calls["reauthorise"] == 2
    assert house.reference() == "fake_1/held_2"


async def test_a_gateway_that_knows_no_renewal_says_so(house: PaymentHouse) -> None:
    house.gateway.refuse("reauthorise", "not_supported")
    await house.ask(authorise(), RENEW)

    assert house.heard[-1] == facts.ReauthorisationRefused(reason="not_supported", **ABOUT)
    assert await house.balances() == HELD


# Parts


async def test_a_part_is_captured_and_the_rest_let_go(house: PaymentHouse) -> None:
    await house.ask(authorise(), replace(CAPTURE, amount=PART))

    assert house.heard[-1] == facts.PaymentCaptured(amount=PART, **ABOUT)
    assert await house.balances() == {"gateway:fake": [PART.amount], "customers": [-PART.amount]}


@pytest.mark.parametrize("lost", LOST)
async def test_parts_are_given_back_in_rounds(house: PaymentHouse, lost: str) -> None:
    getattr(house.gateway, lost)("refund")
    await house.ask(authorise(), CAPTURE)
    await house.send(refund(PART), refund(PART, round=2), refund(PART))
    await house.rest()

    row = await house.row()
    assert (row.state, row.refunded) == (PaymentStatus.CAPTURED, PART * 2)
    back = [fact for fact in house.heard if isinstance(fact, facts.PaymentRefunded)]
    assert {(fact.round, fact.amount) for fact in back} == {(1, PART), (2, PART)}
    left = TOTAL.amount - 2 * PART.amount
    assert await house.balances() == {"gateway:fake": [left], "customers": [-left]}
    assert house.gateway.payments(PAYMENT)[0].refunded == PART * 2


async def test_the_last_part_makes_it_refunded(house: PaymentHouse) -> None:
    await house.ask(authorise(), CAPTURE, refund(PART), refund(TOTAL - PART, round=2))

    assert (await house.row()).state is PaymentStatus.REFUNDED
    assert await house.balances() == {}


async def test_more_than_was_taken_is_never_given_back(house: PaymentHouse) -> None:
    await house.ask(authorise(), CAPTURE, refund(PART), refund(TOTAL, round=2))

    assert house.heard[-1] == facts.RefundFailed(round=2, amount=TOTAL, reason="amount_too_large", **ABOUT)
    assert (await house.row()).refunded == PART
    assert await house.attention() == ["payment_stuck"]


async def refund_rows(house: PaymentHouse) -> list[tuple[int, str]]:
    return [
        (row["round"], row["state"])
        for row in await house.rows("SELECT round, state FROM refunds ORDER BY round")
    ]


@pytest.mark.parametrize("refused", [True, False])
async def test_a_failed_refund_is_settled_in_another_way(house: PaymentHouse, refused: bool) -> None:
    """P6: whoever paid it says how, with proof; the list is clear, and the books say where it came from."""
    if refused:
        house.gateway.refuse("refund", "charge_disputed")
    await house.ask(authorise(), CAPTURE, refund(PART))
    house.gateway.settle_refunds(house.reference(), "failed")
    await house.ask(REFRESH)
    waiting = await house.attention()
    await house.ask(settle(), settle(note="TR-78"))

    assert waiting == ["payment_stuck" if refused else "refund_failed"]
    assert "RefundFailed" in house.names()
    assert house.names()[-1] in {"PaymentRefunded", "RefundFailed"}
    assert await refund_rows(house) == [(1, RefundState.SETTLED)]
    assert await house.value("SELECT settled_proof FROM refunds") == "TR-77"
    assert await house.attention() == []
    assert await house.balances() == {
        "gateway:fake": [TOTAL.amount],
        "gateway:transfer": [-PART.amount],
        "customers": [PART.amount - TOTAL.amount],
    }


async def test_what_did_not_fail_is_not_settled(house: PaymentHouse) -> None:
    await house.ask(authorise(), CAPTURE, refund(PART), settle(), settle(round=9))

    assert await refund_rows(house) == [(1, RefundState.DONE)]
    assert (await house.row()).refunded == PART
    assert [action for action in await house.audited() if action == "payment.settlement_ignored"]


async def test_a_failed_refund_that_was_made_up_for_is_not_paid_twice(house: PaymentHouse) -> None:
    """Another round gave all back meanwhile: a settlement of the first one would give more than was taken."""
    house.gateway.refuse("refund", "as_told")
    await house.ask(authorise(), CAPTURE, refund(TOTAL), refund(TOTAL, round=2), settle())

    assert await house.balances() == {}
    assert await house.attention() == ["payment_stuck"]


async def test_what_the_payer_is_told_of_a_refund_is_kept(house: PaymentHouse) -> None:
    await house.ask(authorise(), CAPTURE, refund(PART))

    (row,) = await house.rows("SELECT expected_by, gateway_reference FROM refunds")
    assert row["gateway_reference"] == "fake_1_refund_1"
    assert row["expected_by"] > house.clock.now()


# Money that is there already


async def test_money_that_staff_received_is_captured_at_once(house: PaymentHouse) -> None:
    await house.ask(authorise(RECEIVED, received=True))

    assert house.heard == [facts.PaymentCaptured(amount=TOTAL, **ABOUT)]
    assert await house.balances() == TAKEN


# Kept means


async def kept(house: PaymentHouse) -> str:
    await house.ask(authorise(keep=True), CAPTURE)
    return f"kept:{PAYMENT}"


def second(method: str, **more: Any) -> facts.AuthorisePayment:
    return authorise(method, payment_id=factories.payment_id(2), off_session=True, **more)


async def state_of_second(house: PaymentHouse) -> tuple[str, str | None]:
    (row,) = await house.rows("SELECT state, failure FROM payments WHERE id = $1", factories.payment_id(2))
    return row["state"], row["failure"]


async def test_a_means_is_kept_with_consent_and_charged_without_its_holder(house: PaymentHouse) -> None:
    method = await kept(house)
    async with house.database.connection() as connection:
        (means,) = await payment_means.of_owner(connection, owner=factories.OWNER)
    await house.ask(second(method))

    assert (means.label, means.consent_version) == ("Fake ending in 4242", KEEP_MEANS.version)
    assert means.customer == f"cus_{factories.OWNER}"
    assert await state_of_second(house) == ("authorised", None)


async def test_nothing_is_kept_without_consent(house: PaymentHouse) -> None:
    await house.ask(authorise(), second(f"kept:{PAYMENT}"))

    assert await state_of_second(house) == ("failed", DeclineReason.CONSENT_WITHDRAWN)


async def test_another_cannot_be_charged(house: PaymentHouse) -> None:
    """P10: neither by another account nor for a booking that it was not kept for."""
    other = factories.booking(2)
    await house.plant(other)
    method = await kept(house)
    await house.ask(second(method, booking_id=other.id, owner="account:other"))

    assert await state_of_second(house) == ("failed", DeclineReason.CONSENT_WITHDRAWN)
    assert house.gateway.calls["authorise"] == 1


async def test_a_booking_that_changed_hands_keeps_its_own_card(house: PaymentHouse) -> None:
    """A guest who has an account since then still owes the balance of this booking."""
    await house.ask(second(await kept(house), owner="account:new"))

    assert await state_of_second(house) == ("authorised", None)


async def test_a_consent_that_was_taken_back_ends_it(house: PaymentHouse) -> None:
    method = await kept(house)
    async with house.database.connection() as connection:
        about: dict[str, Any] = {"payment_id": PAYMENT, "now": house.clock.now()}
        foreign = await payment_means.revoke(connection, owner="account:other", **about)
        done = await payment_means.revoke(connection, owner=factories.OWNER, **about)
    await house.ask(REFRESH, second(method))

    assert (len(foreign), len(done)) == (0, 1)
    assert await state_of_second(house) == ("failed", DeclineReason.CONSENT_WITHDRAWN)
    assert await house.column("SELECT token FROM payment_means") == [""]


async def test_a_means_is_told_without_what_it_is_called_at_the_gateway(house: PaymentHouse) -> None:
    await house.ask(authorise())

    row = await house.row()
    assert (row.means_kind, row.means_label) == ("card", "Fake ending in 4242")
    assert row.means_fingerprint == f"fp_{GOOD}"


# Notices that came early


EARLY = ApplyNotice(gateway="fake", event_id="evt_1", payment_id=PAYMENT, gateway_reference=None)


async def test_a_notice_that_came_before_its_payment_is_applied_when_that_is_here(
    house: PaymentHouse,
) -> None:
    """It was held at once, and so nobody polls; the notice says that it is held no longer."""
    await house.ask(EARLY)
    await house.ask(authorise())
    house.gateway.expire(house.reference())
    before = house.names()
    house.jump(timedelta(minutes=1))
    await house.rest()

    assert (before, house.names()) == (["PaymentAuthorised"], ["PaymentAuthorised", "PaymentVoided"])


async def test_of_a_notice_that_our_own_answer_has_overtaken_nobody_asks_the_gateway(
    house: PaymentHouse,
) -> None:
    """Gateways tell of most authorisations before they answer: one more call for each would tell nothing."""
    await house.ask(replace(EARLY, status="authorised"))
    await house.ask(authorise())
    house.jump(timedelta(minutes=1))
    await house.rest()

    assert (house.gateway.calls["retrieve"], house.names()) == (0, ["PaymentAuthorised"])


async def test_a_notice_that_tells_more_than_we_know_has_the_gateway_asked(house: PaymentHouse) -> None:
    await house.ask(replace(EARLY, status="voided"))
    await house.ask(authorise())
    house.gateway.expire(house.reference())
    house.jump(timedelta(minutes=1))
    await house.rest()

    assert house.names() == ["PaymentAuthorised", "PaymentVoided"]


async def test_a_notice_that_names_only_the_gateways_object_finds_it_too(house: PaymentHouse) -> None:
    await house.ask(authorise(), CAPTURE)
    house.gateway.dispute(house.reference())
    named = replace(EARLY, payment_id=None, gateway_reference="fake_1/held_9", dispute="dp_1")
    await house.ask(named)

    assert house.names()[-1] == "PaymentDisputed"


async def test_what_is_nobodys_is_looked_for_no_longer(house: PaymentHouse) -> None:
    await house.ask(replace(EARLY, look=LAST_LOOK - 1))
    for _ in range(3):
        house.jump(timedelta(hours=3))
        await house.rest()

    assert await house.value("SELECT count(*) FROM outbox") == 0


# Deaths between steps


STEPS: dict[str, list[Any]] = {
    "authorise": [authorise()],
    "complete": [authorise(APPROVAL), REFRESH],
    "reauthorise": [authorise(), RENEW],
    "capture": [authorise(), CAPTURE],
    "void": [authorise(), VOID],
    "refund": [authorise(), CAPTURE, refund(TOTAL)],
}
TOLD = {
    "authorise": "PaymentAuthorised",
    "complete": "PaymentAuthorised",
    "reauthorise": "AuthorisationRenewed",
    "capture": "PaymentCaptured",
    "void": "PaymentVoided",
    "refund": "PaymentRefunded",
}


@pytest.mark.parametrize("operation", list(STEPS))
async def test_a_death_after_the_deed_and_before_it_is_recorded_is_looked_up(
    database: Database, operation: str
) -> None:
    """P4, P9: the process goes with the answer in its hands; the next one finds out, and does it once."""
    await plant_departures(database)
    *before, last = STEPS[operation]
    async with PaymentHouse(database) as first:
        await first.plant()
        await first.ask(*before)
        if operation == "complete":
            first.gateway.approve(first.reference())
        await first.die_after(operation, last)
    async with PaymentHouse(database, clock=first.clock, gateway=first.mortal) as heir:
        heir.inherit()
        await heir.rest()

        assert heir.gateway.calls[operation] == 1
        assert heir.names() == [TOLD[operation]]


# Forgetting


async def test_a_gateway_forgets_what_was_kept_however_often_it_is_told(house: PaymentHouse) -> None:
    method = await kept(house)
    forget = ForgetMeans(gateway="fake", **ABOUT)
    house.gateway.lose_answer("forget")

    await house.ask(forget)
    await house.ask(replace(forget))

    assert method.startswith("kept:")
    assert house.gateway.calls["forget"] >= 2
    assert await house.column("SELECT reason FROM attention") == []
