"""Paying over HTTP, and coming back from 3-D Secure."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID

import pytest

from bookingd.domain.accounts.who import NOBODY
from bookingd.domain.booking.facts import CallOff, GiveConsent, StartPayment
from bookingd.domain.booking.plans import Plan, Schedule
from bookingd.domain.booking.state import Booking, BookingState, PaymentState
from bookingd.domain.ids import PaymentId
from bookingd.domain.money import Money
from bookingd.gateways import paypal_amounts
from bookingd.messages.payments import ApplyNotice, ReadDisputes, RefreshPayment
from bookingd.outcomes import Unavailable
from bookingd.storage import intents
from bookingd.storage.intents import IntentKey
from bookingd.storage.payments import PaymentRow, PaymentStatus, PaymentStep
from handlers.application import GatewayFacts
from handlers.errors import FieldError, Problem
from handlers.paying.choice import chosen
from handlers.paying.options import payment_options
from handlers.returns import LOOK_AGAIN
from tests import factories
from tests.fakes.sources import ManualClock
from tests.handlers.conftest import PUBLIC, Api, MakeApi

CARD = {"gateway": "fake", "payment_method": "pm_fake"}


async def held(api: Api, **changes: Any) -> Booking:
    booking = await api.booked()
    changes = {
        "state": BookingState.AWAITING_PAYMENT,
        "hold_until": api.clock.now() + timedelta(minutes=15),
        **changes,
    }
    return await api.change(booking.reference, **changes)


async def pay(api: Api, booking: Booking, *, key: str = "k", wait: str = "", **changes: Any) -> Any:
    headers = {"Idempotency-Key": key} | ({"Prefer": wait} if wait else {})
    return await api.post(f"/v1/bookings/{booking.reference}/payments", {**CARD, **changes}, headers=headers)


def row(booking: Booking, payment_id: PaymentId, **changes: Any) -> PaymentRow:
    zero = Money.zero("EUR")
    made = PaymentRow(
        id=payment_id,
        booking_id=booking.id,
        gateway="fake",
        gateway_reference=f"pi_{payment_id}",
        amount=booking.total,
        captured=zero,
        refunded=zero,
    )
    return replace(made, **changes)


async def started(api: Api) -> list[Any]:
    return [message for message in await api.outbox() if isinstance(message, StartPayment)]


# Paying


async def test_an_attempt_is_recorded_before_its_answer(api: Api) -> None:
    """P4."""
    booking = await held(api)

    accepted = await pay(api, booking)

    (message,) = await started(api)
    assert (api.status, accepted["state"], accepted["booking_state"]) == (202, "created", "awaiting_payment")
    assert (str(message.payment_id), message.payment_method) == (accepted["payment_id"], "pm_fake")
    assert message.return_url.startswith(f"{PUBLIC}/v1/bookings/{booking.reference}/payments/")


async def test_paying_twice_with_one_key_is_one_attempt(api: Api) -> None:
    booking = await held(api)
    first = await pay(api, booking)
    await api.change(booking.reference, state=BookingState.CONFIRMED, hold_until=None)

    again = await pay(api, booking)

    assert (api.status, again) == (202, first)
    assert len(await started(api)) == 1


async def test_twenty_clicks_are_one_attempt(api: Api) -> None:
    booking = await held(api)
    clickers = [replace(api) for _ in range(20)]

    await asyncio.gather(*(pay(clicker, booking) for clicker in clickers))

    assert {clicker.status for clicker in clickers} <= {202, 409}
    assert len(await started(api)) == 1


async def test_a_card_that_was_used_under_the_key_cannot_be_another(api: Api) -> None:
    booking = await held(api)
    await pay(api, booking)

    problem = await pay(api, booking, payment_method="pm_other")

    assert (api.status, problem["type"]) == (422, "/problems/key-reused")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"payment_method": "4242424242424242"}, "payment_method"),
        ({"payment_method": "pm_"}, "payment_method"),
        ({"payment_method": "pm_x; drop"}, "payment_method"),
        ({"payment_method": "pm_" + "x" * 500}, "payment_method"),
        ({"payment_method": 4242}, "payment_method"),
        ({"card": {"number": "4242424242424242"}}, "card"),
        ({"gateway": "paypol"}, "gateway"),
        ({"return_url": "https://evil.example/"}, "return_url"),
        ({"return_url": "http://bookingd.test.evil.example/"}, "return_url"),
        ({"return_url": "http://bookingd.test@evil.example/"}, "return_url"),
        ({"return_url": "//evil.example/"}, "return_url"),
        ({"return_url": "javascript:alert(1)"}, "return_url"),
        ({"return_url": "http://bookingd.test\\@evil.example/"}, "return_url"),
        ({"return_url": "http://[bookingd.test/"}, "return_url"),
    ],
)
async def test_what_is_wrong_is_told_by_its_field_and_nothing_is_begun(
    api: Api, changes: dict[str, Any], field: str
) -> None:
    booking = await held(api)

    problem = await pay(api, booking, **changes)

    assert (api.status, problem["errors"][0]["field"]) == (422, field)
    assert await started(api) == []


async def test_the_payer_may_come_back_to_a_page_of_ours(api: Api) -> None:
    booking = await held(api)

    await pay(api, booking, return_url=f"{PUBLIC}/trips/1?x=y")

    (message,) = await started(api)
    assert message.return_url == f"{PUBLIC}/trips/1?x=y"


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (BookingState.PENDING, "still being held"),
        (BookingState.PRICE_CHANGED, "agree to it first"),
        (BookingState.CONFIRMING, "already"),
        (BookingState.CONFIRMED, "paid for already"),
        (BookingState.EXPIRED, "not paid for in time"),
        (BookingState.FAILED, "nothing was charged"),
        (BookingState.CANCELLED, "called off"),
    ],
)
async def test_a_booking_that_cannot_be_paid_says_what_to_do(
    api: Api, state: BookingState, told: str
) -> None:
    booking = await held(api, state=state)

    problem = await pay(api, booking)

    assert (api.status, problem["type"]) == (409, "/problems/booking-state")
    assert told in problem["detail"]
    assert await started(api) == []


async def test_one_payment_at_a_time_is_with_a_gateway(api: Api) -> None:
    booking = await held(api, payments=(factories.payment(state=PaymentState.CREATED),))

    problem = await pay(api, booking)

    assert (api.status, problem["type"]) == (409, "/problems/booking-state")
    assert "with its gateway" in problem["detail"]
    assert await started(api) == []


@pytest.mark.parametrize("state", [PaymentState.REQUIRES_ACTION, PaymentState.FAILED, PaymentState.VOIDING])
async def test_whoever_did_not_finish_paying_may_begin_anew(api: Api, state: PaymentState) -> None:
    await pay(api, await held(api, payments=(factories.payment(state=state),)))

    assert (api.status, len(await started(api))) == (202, 1)


async def test_a_hold_that_has_just_ended_is_not_paid(api: Api) -> None:
    booking = await held(api)
    api.clock.advance(timedelta(minutes=15))

    await pay(api, booking)

    assert (api.status, await started(api)) == (409, [])


async def test_whoever_waits_is_told_where_to_act(api: Api) -> None:
    booking = await held(api)
    waiting = asyncio.ensure_future(pay(api, booking, wait="wait=10"))
    await api.until_stored("outbox", 2)
    payment_id = (await started(api))[0].payment_id
    waits = PaymentStatus.REQUIRES_ACTION
    await api.record(row(booking, payment_id, state=waits, action_url="https://bank.example/3ds"))

    payment = replace(factories.payment(state=PaymentState.REQUIRES_ACTION), id=payment_id)
    await api.change(booking.reference, payments=(payment,))
    answer = await waiting

    assert (api.status, answer["state"]) == (201, "requires_action")
    assert answer["action_url"] == "https://bank.example/3ds"
    shown = await api.get(f"/v1/bookings/{booking.reference}")
    assert shown["payments"][0]["action_url"] == "https://bank.example/3ds"


async def test_whoever_waits_is_told_why_it_failed(api: Api) -> None:
    booking = await held(api)
    waiting = asyncio.ensure_future(pay(api, booking, wait="wait=10"))
    await api.until_stored("outbox", 2)
    payment_id = (await started(api))[0].payment_id
    await api.record(row(booking, payment_id, state=PaymentStatus.FAILED, failure="insufficient_funds"))

    payment = replace(factories.payment(state=PaymentState.FAILED), id=payment_id)
    await api.change(booking.reference, payments=(payment,))
    answer = await waiting

    assert (answer["state"], answer["failure"]) == ("failed", "insufficient_funds")


async def test_an_address_to_act_at_is_gone_once_nothing_is_to_be_done(api: Api) -> None:
    payment = factories.payment(state=PaymentState.FAILED)
    booking = await held(api, payments=(payment,))
    failed = PaymentStatus.FAILED
    await api.record(row(booking, payment.id, state=failed, action_url="https://x", failure="card_declined"))

    shown = await api.get(f"/v1/bookings/{booking.reference}")

    assert (shown["payments"][0]["action_url"], shown["payments"][0]["failure"]) == (None, "card_declined")


async def test_clients_learn_where_to_give_their_card(api: Api) -> None:
    answer = await api.nobody().get("/v1/gateways")

    assert answer["gateways"] == [
        {"gateway": "fake", "publishable_key": "pk_test", "api_base": "http://gateway.test"}
    ]


async def test_clients_learn_what_shows_the_gateways_own_fields(api: Api, make_api: MakeApi) -> None:
    script = "http://gateway.test/js/v3/"
    facts = [replace(one, script=script) for one in api.parts.gateway_facts]
    other = await make_api(gateway_facts=tuple(facts))

    [shown] = (await other.nobody().get("/v1/gateways"))["gateways"]
    assert shown["script"] == script


PAYPAL = GatewayFacts(
    gateway="paypal",
    publishable_key="client",
    api_base="http://paypal.test",
    has_own_page=True,
    currencies=frozenset({"USD", "EUR"}),
    refusal=paypal_amounts.refusal,
)


@pytest.fixture
async def paypal_too(api: Api, make_api: MakeApi) -> Api:
    """Somebody where there is a second gateway, with a page of its own."""
    facts = (*api.parts.gateway_facts, PAYPAL)
    gateways = {**api.parts.gateways, "paypal": api.gateway}
    return await (await make_api(gateway_facts=facts, gateways=gateways)).somebody()


async def test_clients_learn_who_sends_payers_to_a_page_of_its_own(paypal_too: Api) -> None:
    answer = await paypal_too.nobody().get("/v1/gateways")

    assert answer["gateways"][1] == {
        "gateway": "paypal",
        "publishable_key": "client",
        "api_base": "http://paypal.test",
        "own_page": True,
        "currencies": ["EUR", "USD"],
    }


async def test_who_pays_at_the_gateways_page_gives_no_means(paypal_too: Api) -> None:
    api = paypal_too
    booking = await held(api)

    problem = await pay(api, booking, gateway="paypal")
    assert (api.status, problem["errors"][0]["field"]) == (422, "payment_method")

    headers = {"Idempotency-Key": "k2"}
    await api.post(f"/v1/bookings/{booking.reference}/payments", {"gateway": "paypal"}, headers=headers)
    (message,) = await started(api)
    assert (api.status, message.gateway, message.payment_method) == (202, "paypal", "")


def chooses(gateway: str, **changes: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("schedule", "kept", "consent", "amount"))
    return {"gateway": gateway, "payment_method": "", "keep": False, **nothing, **changes}


async def test_a_gateway_that_cannot_take_the_amount_is_not_asked(paypal_too: Api) -> None:
    now = paypal_too.clock.now()
    dinars = replace(factories.offer(), price=factories.price(Money(12_345, "KWD")))
    booking = factories.booking(
        items=(replace(factories.item(), offer=dinars),),
        state=BookingState.AWAITING_PAYMENT,
        hold_until=now + timedelta(minutes=15),
    )
    offered = await payment_options(paypal_too.parts, booking, NOBODY)
    assert chosen(offered, chooses("fake")).due == Money(12_345, "KWD")

    with pytest.raises(Problem) as refused:
        chosen(offered, chooses("paypal"))

    assert refused.value.errors == (
        FieldError(
            field="gateway",
            code="currency_not_taken",
            message="PayPal takes no KWD.",
            hint="Pay with another one: fake.",
        ),
    )


# Consents and cancellations


async def dearer(api: Api) -> Booking:
    booking = await api.booked()
    (item,) = booking.items
    changed = replace(item, proposed=factories.dearer(item.offer))
    return await api.change(booking.reference, state=BookingState.PRICE_CHANGED, items=(changed,))


async def test_a_changed_price_is_agreed_to_as_it_is_shown(api: Api) -> None:
    """P8."""
    booking = await dearer(api)
    shown = await api.get(f"/v1/bookings/{booking.reference}")

    await api.post(f"/v1/bookings/{booking.reference}/consents", {"total": shown["proposed_total"]})

    assert api.status == 202
    agreed = GiveConsent(booking_id=booking.id, total=Money(10_500, "EUR"))
    assert (await api.outbox())[-1] == agreed


@pytest.mark.parametrize(("amount", "currency"), [(10_000, "EUR"), (10_500, "USD"), (0, "EUR")])
async def test_another_price_is_no_consent(api: Api, amount: int, currency: str) -> None:
    booking = await dearer(api)
    total = {"amount": amount, "currency": currency}

    problem = await api.post(f"/v1/bookings/{booking.reference}/consents", {"total": total})

    assert (api.status, problem["errors"][0]["field"]) == (422, "total")
    assert len(await api.outbox()) == 1


async def test_consent_that_nobody_waits_for_is_refused(api: Api) -> None:
    booking = await held(api)
    total = {"amount": 10_000, "currency": "EUR"}

    await api.post(f"/v1/bookings/{booking.reference}/consents", {"total": total})

    assert api.status == 409


async def test_what_is_not_paid_for_can_be_called_off(api: Api) -> None:
    booking = await held(api)

    await api.post(f"/v1/bookings/{booking.reference}/cancellations", {})

    assert api.status == 202
    assert (await api.outbox())[-1] == CallOff(booking_id=booking.id)


async def test_calling_off_with_a_key_is_asked_once(api: Api) -> None:
    booking = await held(api)
    for _ in range(2):
        path = f"/v1/bookings/{booking.reference}/cancellations"
        await api.post(path, {}, headers={"Idempotency-Key": "k"})
        assert api.status == 202

    asked = [message for message in await api.outbox() if isinstance(message, CallOff)]
    assert len(asked) == 1


@pytest.mark.parametrize("state", [BookingState.CONFIRMING, BookingState.CONFIRMED, BookingState.EXPIRED])
async def test_what_cannot_be_called_off_says_what_to_do(api: Api, state: BookingState) -> None:
    booking = await held(api, state=state)

    problem = await api.post(f"/v1/bookings/{booking.reference}/cancellations", {})

    assert (api.status, problem["type"]) == (409, "/problems/booking-state")
    assert len(await api.outbox()) == 1


# Webhooks


async def event(
    api: Api,
    booking: Booking,
    payment_id: PaymentId | None,
    *,
    told: str | None = None,
    event_id: str = "evt_1",
    dispute: str | None = None,
    **headers: str,
) -> Any:
    body = {
        "status": told,
        "dispute": dispute,
        "event_id": event_id,
        "kind": "payment_intent.succeeded",
        "gateway_reference": "pi_1",
        "payment_id": None if payment_id is None else str(payment_id),
    }
    return await api.nobody().post("/webhooks/fake", body, headers={"Fake-Signature": "good", **headers})


async def refreshed(api: Api) -> list[Any]:
    return [message for message in await api.outbox() if isinstance(message, RefreshPayment)]


async def test_an_event_is_stored_and_makes_us_look_once(api: Api) -> None:
    booking, payment_id = await held(api), factories.payment_id()
    await api.record(row(booking, payment_id))

    for _ in range(3):
        assert await event(api, booking, payment_id) == {"received": True}

    assert await refreshed(api) == [RefreshPayment(payment_id=payment_id, booking_id=booking.id)]
    assert await api.count("webhook_events") == 1


@pytest.mark.parametrize("payment_id", [None, PaymentId(UUID(int=77))])
async def test_an_event_that_is_ahead_of_us_is_stored_and_acknowledged(
    api: Api, payment_id: PaymentId | None
) -> None:
    booking = await held(api)

    assert await event(api, booking, payment_id) == {"received": True}

    assert (await refreshed(api), await api.count("webhook_events")) == ([], 1)


async def test_an_event_that_is_ahead_of_us_is_looked_for_later(api: Api) -> None:
    """https://github.com/duncanmcclean/statamic-cargo/issues/190: stored with the event, and not lost."""
    payment_id = factories.payment_id()

    for _ in range(2):
        await event(api, await held(api), payment_id)

    [later] = [message for message in await api.outbox() if isinstance(message, ApplyNotice)]
    assert (later.gateway, later.event_id, later.payment_id) == ("fake", "evt_1", payment_id)


async def test_an_event_about_a_dispute_has_the_disputes_read(api: Api) -> None:
    booking, payment_id = await held(api), factories.payment_id()
    await api.record(row(booking, payment_id, state=PaymentStatus.CAPTURED))

    await event(api, booking, payment_id, told="captured", dispute="dp_1")

    assert await refreshed(api) == []
    [read] = [message for message in await api.outbox() if isinstance(message, ReadDisputes)]
    assert read == ReadDisputes(payment_id=payment_id, booking_id=booking.id)


async def test_an_event_finds_a_payment_whose_name_has_grown(api: Api) -> None:
    """PayPal's order, which is authorised and captured meanwhile."""
    booking, payment_id = await held(api), factories.payment_id()
    await api.record(row(booking, payment_id, gateway_reference="pi_1/auth_2/capture_3"))

    await event(api, booking, None)

    assert await refreshed(api) == [RefreshPayment(payment_id=payment_id, booking_id=booking.id)]


async def test_an_event_of_one_gateway_moves_no_payment_of_another(api: Api) -> None:
    booking, payment_id = await held(api), factories.payment_id()
    await api.record(row(booking, payment_id, gateway="other"))

    await event(api, booking, payment_id)

    assert await refreshed(api) == []


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        ({}, {"Fake-Signature": "bad"}, "bad_signature"),
        ({"padding": "x" * 300_000}, {"Fake-Signature": "good"}, "too_large"),
    ],
)
async def test_what_is_refused_is_counted_and_not_stored(
    api: Api, body: dict[str, str], headers: dict[str, str], reason: str
) -> None:
    await api.nobody().post("/webhooks/fake", body, headers=headers)

    counted = api.parts.metrics.registry.get_sample_value(
        "bookingd_webhooks_refused_total", {"gateway": "fake", "reason": reason}
    )
    assert counted == 1
    assert await api.count("webhook_events") == 0


async def test_an_event_about_a_refund_is_known_by_the_gateways_own_reference(api: Api) -> None:
    """Stripe's refund objects carry the payment's `pi_…`, and none of our ids."""
    booking, payment_id = await held(api), factories.payment_id()
    await api.record(row(booking, payment_id, gateway_reference="pi_1"))

    await event(api, booking, None)

    assert await refreshed(api) == [RefreshPayment(payment_id=payment_id, booking_id=booking.id)]


@pytest.mark.parametrize(
    ("told", "state", "looks"),
    [
        ("captured", PaymentStatus.CAPTURED, 0),
        ("captured", PaymentStatus.AUTHORISED, 1),
        ("authorised", PaymentStatus.CAPTURED, 0),
        ("authorised", PaymentStatus.FAILED, 1),  # a payer may try again at the bank
        ("pending", PaymentStatus.CREATED, 0),
        ("voided", PaymentStatus.AUTHORISED, 1),
        ("declined", PaymentStatus.REQUIRES_ACTION, 1),
    ],
)
async def test_an_event_that_tells_what_we_know_makes_nobody_look(
    api: Api, told: str, state: PaymentStatus, looks: int
) -> None:
    booking, payment_id = await held(api), factories.payment_id()
    await api.record(row(booking, payment_id, state=state))

    await event(api, booking, payment_id, told=told)

    assert len(await refreshed(api)) == looks
    assert await api.count("webhook_events") == 1


@pytest.mark.parametrize(
    ("told", "step", "looks"),
    [
        ("captured", PaymentStep.CAPTURE, 0),
        ("authorised", PaymentStep.COMPLETE, 0),
        ("authorised", PaymentStep.CAPTURE, 1),
        ("voided", PaymentStep.CAPTURE, 1),
        ("voided", PaymentStep.VOID, 0),
        (None, PaymentStep.CAPTURE, 1),
    ],
)
async def test_an_event_that_a_call_under_way_is_about_to_answer_makes_nobody_look(
    api: Api, told: str | None, step: PaymentStep, looks: int
) -> None:
    booking, payment_id = await held(api), factories.payment_id()
    state = PaymentStatus.APPROVED if told == "authorised" else PaymentStatus.AUTHORISED
    await api.record(row(booking, payment_id, state=state))
    key = IntentKey(subject=booking.id, object=payment_id, step=step)
    now = api.clock.now()
    until, process = now + timedelta(minutes=1), UUID(int=77)
    async with api.parts.database.connection() as connection:
        wishes = [factories.wish(key)]
        await intents.lease(connection, actor="payment", wishes=wishes, process=process, now=now, until=until)

    await event(api, booking, payment_id, told=told)

    assert len(await refreshed(api)) == looks


async def test_a_rush_of_events_is_stored_together(api: Api) -> None:
    booking, payment_id = await held(api), factories.payment_id()
    await api.record(row(booking, payment_id))
    names = [f"evt_{number % 20}" for number in range(40)]

    answers = await asyncio.gather(*(event(api, booking, payment_id, event_id=name) for name in names))

    assert answers == [{"received": True}] * 40
    assert await api.count("webhook_events") == 20
    assert 1 <= len(await refreshed(api)) < 20


async def test_a_forged_event_is_refused(api: Api) -> None:
    problem = await event(api, await held(api), None, **{"Fake-Signature": "bad"})

    assert problem["type"] == "/problems/bad-signature"
    assert await api.count("webhook_events") == 0


async def test_an_event_that_tells_nothing_is_acknowledged_and_not_stored(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.gateway, "read_notice", AsyncMock(return_value=None))

    assert await event(api, await held(api), None) == {"received": True}
    assert await api.count("webhook_events") == 0


async def test_an_event_that_cannot_be_verified_now_is_to_be_sent_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = await held(api)
    away = AsyncMock(side_effect=Unavailable("the certificate cannot be had"))
    with monkeypatch.context() as patched:
        patched.setattr(api.gateway, "read_notice", away)
        problem = await event(api, booking, None)

    assert (problem["type"], problem["status"]) == ("/problems/unavailable", 503)
    assert await event(api, booking, None) == {"received": True}
    assert await api.count("webhook_events") == 1


async def test_an_event_of_an_unknown_gateway_is_not_taken(api: Api) -> None:
    await api.post("/webhooks/paypol", {})

    assert api.status == 404


# Coming back


async def come_back(
    api: Api,
    payment: PaymentState,
    state: BookingState = BookingState.AWAITING_PAYMENT,
    **query: str,
) -> str:
    booking = await held(api, state=state, payments=(factories.payment(state=payment),))
    await api.record(row(booking, factories.payment_id()))
    path = f"/v1/bookings/{booking.reference}/payments/{factories.payment_id()}/return"
    page: str = await api.get(path, params={"payment_intent": "pi_1", "redirect_status": "failed"} | query)
    return page


@pytest.mark.parametrize(
    "state",
    [
        PaymentState.CREATED,
        PaymentState.REQUIRES_ACTION,
        PaymentState.IN_REVIEW,
        PaymentState.AUTHORISED,
    ],
)
async def test_an_unknown_outcome_is_never_called_a_failure(api: Api, state: PaymentState) -> None:
    page = await come_back(api, state)

    assert "The outcome is not known yet." in page
    assert "do not pay again" in page
    assert "fail" not in page.lower()
    assert '<meta http-equiv="refresh"' in page


async def test_coming_back_makes_us_look(api: Api) -> None:
    await come_back(api, PaymentState.REQUIRES_ACTION)

    assert len(await refreshed(api)) == 1


@pytest.mark.parametrize(
    ("payment", "state", "told"),
    [
        (PaymentState.CAPTURING, BookingState.CONFIRMING, "Your payment is accepted"),
        (PaymentState.CAPTURED, BookingState.CONFIRMED, "Your booking is confirmed"),
        (PaymentState.FAILED, BookingState.AWAITING_PAYMENT, "This payment was not made"),
        (PaymentState.REFUNDING, BookingState.AWAITING_PAYMENT, "goes back to your card"),
        (PaymentState.VOIDING, BookingState.EXPIRED, "it goes back by itself"),
    ],
)
async def test_a_known_outcome_is_told(
    api: Api, payment: PaymentState, state: BookingState, told: str
) -> None:
    assert told in await come_back(api, payment, state)


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        ("insufficient_funds", "Your bank says that the card has not enough funds."),
        ("expired_card", "The card has expired."),
        (None, "Your seats are still held."),
    ],
)
async def test_a_declined_payment_says_why(api: Api, failure: str | None, told: str) -> None:
    booking = await held(api, payments=(factories.payment(state=PaymentState.FAILED),))
    await api.record(row(booking, factories.payment_id(), failure=failure))

    page = await api.get(f"/v1/bookings/{booking.reference}/payments/{factories.payment_id()}/return")

    assert f"<p>{told}" in page


async def test_who_left_the_gateways_page_reads_that_nothing_is_paid_yet_while_we_look(api: Api) -> None:
    page = await come_back(api, PaymentState.REQUIRES_ACTION, cancelled="1")

    assert "You have not paid yet" in page
    assert "If you did not agree there, nothing is charged" in page
    assert len(await refreshed(api)) == 1


async def come_back_from_the_balance(api: Api, state: PaymentState, **query: str) -> str:
    """To a confirmed booking of which only a deposit is paid."""
    booking = await held(api)
    deposit = booking.total.allocate(5)[0]
    rest = booking.total - deposit
    plan = Plan(
        schedule=Schedule.DEPOSIT,
        due_now=deposit,
        balance=rest,
        balance_by=api.clock.now() + timedelta(days=20),
        at_property=Money.zero(booking.total.currency),
    )
    paid = factories.payment(2, PaymentState.CAPTURED, amount=deposit)
    tried = factories.payment(state=state, amount=rest)
    await api.change(booking.reference, state=BookingState.CONFIRMED, hold_until=None)
    booking = await api.change(booking.reference, plan=plan, payments=(paid, tried))
    await api.record(row(booking, tried.id))
    path = f"/v1/bookings/{booking.reference}/payments/{tried.id}/return"
    page: str = await api.get(path, params=query)
    return page


@pytest.mark.parametrize("state", [PaymentState.FAILED, PaymentState.VOIDING, PaymentState.VOIDED])
async def test_a_balance_that_was_declined_is_not_called_paid(api: Api, state: PaymentState) -> None:
    page = await come_back_from_the_balance(api, state)

    assert "This payment was not made" in page
    assert "Your booking stands" in page
    assert "Paid and ticketed" not in page
    assert "/pay" in page
    assert "Pay before" in page


async def test_a_balance_whose_outcome_is_unknown_is_neither_paid_nor_asked_for_again(api: Api) -> None:
    page = await come_back_from_the_balance(api, PaymentState.CREATED)

    assert "The outcome is not known yet." in page
    assert "do not pay again" in page
    assert "Pay in another way" not in page
    assert "Pay before" not in page


@pytest.mark.parametrize("state", [PaymentState.AUTHORISED, PaymentState.CAPTURING])
async def test_a_balance_that_is_being_taken_is_looked_at_again(api: Api, state: PaymentState) -> None:
    page = await come_back_from_the_balance(api, state)

    assert "Your balance is being taken." in page
    assert "deposit" not in page
    assert '<meta http-equiv="refresh"' in page


async def test_who_left_the_page_of_the_balance_reads_that_the_booking_stands(api: Api) -> None:
    page = await come_back_from_the_balance(api, PaymentState.REQUIRES_ACTION, cancelled="1")

    assert "You have not paid the balance yet" in page
    assert "Your booking stands" in page


@pytest.mark.parametrize("state", [PaymentState.CREATED, PaymentState.AUTHORISED])
async def test_who_says_that_they_left_does_not_make_it_so(api: Api, state: PaymentState) -> None:
    page = await come_back(api, state, cancelled="1")

    assert "We are checking your payment" in page
    assert "not paid" not in page


async def test_the_page_runs_nothing_and_loads_nothing(api: Api) -> None:
    page = await come_back(api, PaymentState.CREATED)

    policy = api.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'nonce-")
    assert "<script" not in page
    assert "src=" not in page
    assert policy.split("'nonce-")[1].split("'")[0] in page


async def test_the_default_address_opens_the_page_without_a_session(api: Api) -> None:
    booking = await held(api)
    await pay(api, booking)
    (message,) = await started(api)
    await api.change(booking.reference, payments=(replace(factories.payment(), id=message.payment_id),))
    nobody = api.nobody()

    # PayPal's page brings a token of its own back.
    page = await nobody.get(f"{message.return_url.removeprefix(PUBLIC)}&token=5O190127TN364715T&PayerID=X")

    assert (nobody.status, booking.reference in page) == (200, True)


async def test_who_loads_the_page_all_the_time_does_not_call_the_gateway_all_the_time(api: Api) -> None:
    """Each look is a call, and gateways answer only so many: payments of others would wait for them."""
    booking = await held(api, payments=(factories.payment(state=PaymentState.REQUIRES_ACTION),))
    await api.record(row(booking, factories.payment_id()))
    path = f"/v1/bookings/{booking.reference}/payments/{factories.payment_id()}/return"

    for _ in range(30):
        await api.get(path)
    flooded = len(await refreshed(api))
    for _ in range(5):
        api.clock.advance(timedelta(seconds=LOOK_AGAIN))
        await api.get(path)

    assert api.status == 200
    assert flooded <= 5
    assert len(await refreshed(api)) == flooded + 5


async def test_a_payment_of_another_booking_is_not_shown(api: Api) -> None:
    booking = await held(api)

    await api.get(f"/v1/bookings/{booking.reference}/payments/{factories.payment_id(9)}/return")
    assert api.status == 404

    await api.get(f"/v1/bookings/{booking.reference}/payments/nonsense/return")
    assert api.status == 404


# The brake on card testing


async def test_too_many_attempts_at_a_booking_have_to_wait(make_api: MakeApi, clock: ManualClock) -> None:
    api = await make_api(brake=factories.brake(clock, attempts_at_booking=2))
    api = await api.somebody()
    booking = await held(api)
    for key in "aab":  # one of them is sent twice
        await pay(api, booking, key=key)

    problem = await pay(api, booking, key="c")

    assert (api.status, problem["type"]) == (429, "/problems/too-many-payments")
    assert 0 < int(api.headers["Retry-After"]) <= 3600
    assert "Nothing was charged" in problem["detail"]
    assert len(await started(api)) == 2
