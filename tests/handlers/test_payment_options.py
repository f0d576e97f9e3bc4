"""How a booking can be paid: what is offered to whom, why something is not, and that no more is taken."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookingd.config import Settings
from bookingd.config.sections import Payments, Transfer
from bookingd.domain.accounts.who import NOBODY
from bookingd.domain.booking.attempts import deadline_after
from bookingd.domain.booking.decide import decide
from bookingd.domain.booking.facts import StartPayment
from bookingd.domain.booking.plans import Schedule
from bookingd.domain.booking.state import Booking, BookingState, PaymentState
from bookingd.domain.consents import KEEP_MEANS
from bookingd.domain.money import Money
from bookingd.gateways import paypal_amounts
from bookingd.storage import credit, payment_means, payments
from bookingd.storage.payment_means import NewMeans
from bookingd.storage.payments import PaymentRow, PaymentStatus
from bookingd.tokens import Purpose
from bookingd.wiring.office import office_gateways
from handlers.application import GatewayFacts
from handlers.paying.options import payment_options
from tests import factories
from tests.fakes.accounts import plant_account
from tests.handlers.conftest import PUBLIC, Api, MakeApi

IBAN = "DE89370400440532013000"
TRANSFERS = Transfer(beneficiary="Example Travel GmbH", iban=IBAN, days=3, least_days=7)
DEPOSITS = Payments(deposit_percent=Decimal(20), balance_days=30, least_wait_days=7)
PAYPAL = GatewayFacts(
    gateway="paypal",
    publishable_key="client",
    api_base="http://paypal.test",
    has_own_page=True,
    currencies=frozenset({"USD", "EUR"}),
    refusal=paypal_amounts.refusal,
)


async def agency(make_api: MakeApi, **sections: Any) -> Api:
    """An agency that takes cards, PayPal, transfers and credit."""
    settings = Settings(public_url=PUBLIC, **{"transfer": TRANSFERS, **sections})
    api = await make_api(settings=settings)
    parts = api.parts
    office = office_gateways(settings, parts.database, parts.sources)
    return await make_api(
        settings=settings,
        gateway_facts=(*parts.gateway_facts, PAYPAL),
        gateways={**parts.gateways, "paypal": api.gateway, **office},
    )


async def client(api: Api, number: int = 1) -> Api:
    """Somebody with an account."""
    async with api.parts.database.transaction() as connection:
        account = await plant_account(connection, number)
    return await api.signed_in(account)


async def held(api: Api, *, departs_in: int = 100, **changes: Any) -> Booking:
    """A booking of theirs that waits for its payment, so many days before its trip."""
    now = api.clock.now()
    booking = await api.booked()
    (item,) = booking.items
    begins = now + timedelta(days=departs_in)
    moved = replace(item, offer=moved_to(item.offer, begins))
    return await api.change(
        booking.reference,
        **{
            "items": (moved,),
            "state": BookingState.AWAITING_PAYMENT,
            "hold_until": now + timedelta(minutes=15),
            **changes,
        },
    )


def moved_to(offer: Any, begins: Any) -> Any:
    by = begins - offer.itinerary.slices[0].departs_at
    slices = tuple(
        replace(
            part,
            segments=tuple(
                replace(one, departs_at=one.departs_at + by, arrives_at=one.arrives_at + by)
                for one in part.segments
            ),
        )
        for part in offer.itinerary.slices
    )
    return replace(offer, itinerary=replace(offer.itinerary, slices=slices))


async def options(api: Api, booking: Booking) -> Any:
    answer = await api.get(f"/v1/bookings/{booking.reference}/payment-options")
    assert api.status == 200, answer
    return answer


def way(answer: Mapping[str, Any], gateway: str) -> Any:
    return next((one for one in answer["ways"] if one["gateway"] == gateway), None)


async def pay(api: Api, booking: Booking, **asked: Any) -> Any:
    headers = {"Idempotency-Key": str(api.parts.sources.ids.new())}
    return await api.post(f"/v1/bookings/{booking.reference}/payments", asked, headers=headers)


async def started(api: Api) -> list[StartPayment]:
    return [message for message in await api.outbox() if isinstance(message, StartPayment)]


def error(problem: Any) -> tuple[str, str]:
    (one,) = problem["errors"]
    return one["field"], one["code"]


async def keeps_a_card(api: Api, booking: Booking, number: int = 77, expires: str = "2031-04") -> str:
    """A card that the booking's owner has agreed to have kept."""
    payment_id = factories.payment_id(number)
    nothing = Money.zero("EUR")
    row = PaymentRow(
        id=payment_id,
        booking_id=booking.id,
        gateway="fake",
        gateway_reference=f"fake_{number}",
        state=PaymentStatus.CAPTURED,
        amount=booking.total,
        captured=booking.total,
        refunded=nothing,
        owner=booking.owner,
        consent=KEEP_MEANS.version,
    )
    async with api.parts.database.transaction() as connection:
        await payments.save(connection, rows=[row], now=api.clock.now())
        means = NewMeans(
            payment_id=payment_id,
            customer="cus_1",
            token="pm_kept",
            kind="card",
            label="Visa ending in 4242",
            fingerprint="fp",
            expires=expires,
        )
        await payment_means.keep(connection, means=[means])
    return str(payment_id)


# What is offered


async def test_everything_is_told_before_paying(make_api: MakeApi) -> None:
    api = await (await agency(make_api, payments=DEPOSITS)).somebody()
    booking = await held(api)

    answer = await options(api, booking)

    full, deposit = answer["plans"]
    assert (full["schedule"], full["pay_now"]) == ("full", answer["total"])
    assert deposit["due_now"]["amount"] + deposit["balance"]["amount"] == answer["total"]["amount"]
    assert deposit["pay_now"] == deposit["due_now"]
    assert deposit["balance_by"].startswith("2027-")
    assert deposit["keeps_deposit"] is False
    assert [one["gateway"] for one in answer["ways"]] == ["fake", "paypal", "transfer"]
    assert way(answer, "fake")["schedules"] == ["full", "deposit"]
    assert way(answer, "paypal")["own_page"] is True
    assert (answer["payable"], answer["kept"], answer["consent"]) == (True, [], None)


async def test_a_browser_learns_what_the_gateways_own_fields_need(make_api: MakeApi) -> None:
    fields = GatewayFacts(
        gateway="stripe",
        publishable_key="pk_test",
        api_base="http://gateway.test",
        script="https://js.stripe.test/v3/",
        keeps=True,
        counted=lambda money: money.amount * 10,
    )
    api = await (await make_api(gateway_facts=(fields,))).somebody()
    booking = await held(api)

    (shown,) = (await options(api, booking))["ways"]

    assert shown["element"] == {
        "script": "https://js.stripe.test/v3/",
        "publishable_key": "pk_test",
        "amounts": {"full": booking.total.amount * 10},
        "currency": "eur",
    }


async def test_a_transfer_says_until_when_the_booking_would_wait_for_it(make_api: MakeApi) -> None:
    """As the lifecycle then does it."""
    api = await (await agency(make_api)).somebody()
    booking = await held(api)

    told = way(await options(api, booking), "transfer")["waits_until"]

    now = api.clock.now()
    message = StartPayment(
        booking_id=booking.id,
        payment_id=factories.payment_id(),
        gateway="transfer",
        payment_method="",
        return_url="",
    )
    after = decide(booking, message, api.parts.terms(now)).booking
    assert after.hold_until == now + timedelta(days=3)
    assert told == after.hold_until.isoformat().replace("+00:00", "Z")
    assert deadline_after(after, "transfer", api.parts.terms(now)) == after.hold_until


async def test_a_trip_too_soon_for_a_transfer_says_so_and_takes_none(make_api: MakeApi) -> None:
    api = await (await agency(make_api)).somebody()
    booking = await held(api, departs_in=9)

    refused = way(await options(api, booking), "transfer")
    problem = await pay(api, booking, gateway="transfer")

    assert (refused["refused"]["code"], refused["schedules"]) == ("trip_too_soon", [])
    assert "waits_until" not in refused
    assert (api.status, error(problem)) == (422, ("gateway", "trip_too_soon"))
    assert await started(api) == []


async def test_nobody_is_offered_a_transfer_to_nowhere(make_api: MakeApi) -> None:
    api = await (await agency(make_api, transfer=Transfer())).somebody()
    booking = await held(api)

    assert way(await options(api, booking), "transfer") is None
    assert error(await pay(api, booking, gateway="transfer")) == ("gateway", "unknown_gateway")
    assert error(await pay(api, booking, gateway="cash")) == ("gateway", "unknown_gateway")


async def test_a_booking_that_cannot_be_paid_says_why(make_api: MakeApi) -> None:
    api = await (await agency(make_api)).somebody()
    booking = await held(api, state=BookingState.CONFIRMED, hold_until=None)

    answer = await options(api, booking)

    assert (answer["payable"], answer["plans"], answer["ways"]) == (False, [], [])
    assert "paid for already" in answer["refused"]["message"]


async def test_nobody_else_learns_how_a_booking_is_paid(make_api: MakeApi) -> None:
    """P10."""
    api = await agency(make_api)
    booking = await held(await api.somebody())

    for other in (api.nobody(), await api.somebody(), await client(api)):
        await other.get(f"/v1/bookings/{booking.reference}/payment-options")
        assert other.status == 404


# Plans


async def test_a_deposit_is_started_as_one(make_api: MakeApi) -> None:
    api = await (await agency(make_api, payments=DEPOSITS)).somebody()
    booking = await held(api)

    accepted = await pay(api, booking, gateway="fake", payment_method="pm_fake", schedule="deposit")

    (message,) = await started(api)
    assert message.schedule is Schedule.DEPOSIT
    assert accepted["amount"]["amount"] == booking.total.amount // 5


@pytest.mark.parametrize("schedule", ["deposit", "at_property"])
async def test_a_plan_that_is_not_offered_is_not_taken(make_api: MakeApi, schedule: str) -> None:
    api = await (await agency(make_api)).somebody()
    booking = await held(api)

    problem = await pay(api, booking, gateway="fake", payment_method="pm_fake", schedule=schedule)

    assert (api.status, error(problem)) == (422, ("schedule", "not_offered"))


async def test_after_the_deposit_the_balance_is_what_can_be_paid(make_api: MakeApi) -> None:
    api = await (await agency(make_api, payments=DEPOSITS)).somebody()
    booking = await held(api)
    plan = next(one for one in (await planned(api, booking)) if one.schedule is Schedule.DEPOSIT)
    paid = replace(factories.payment(1, PaymentState.CAPTURED, amount=plan.due_now))
    booking = await api.change(
        booking.reference, plan=plan, payments=(paid,), state=BookingState.CONFIRMED, hold_until=None
    )

    (shown,) = (await options(api, booking))["plans"]
    accepted = await pay(api, booking, gateway="fake", payment_method="pm_fake")
    wrong = await pay(api, booking, gateway="fake", payment_method="pm_fake", schedule="full")

    assert (shown["schedule"], shown["pay_now"]) == ("deposit", shown["balance"])
    assert accepted["amount"]["amount"] == plan.balance.amount
    assert error(wrong) == ("schedule", "not_offered")


async def planned(api: Api, booking: Booking) -> Any:
    return (await payment_options(api.parts, booking, NOBODY)).plans


# Amounts


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": 1}, "amount"),
        ({"amount": 9_999_999}, "amount"),
        ({"currency": "USD"}, "amount.currency"),
        ({"currency": "JPY"}, "amount.currency"),
    ],
)
async def test_an_amount_of_the_clients_own_is_refused(
    make_api: MakeApi, changes: dict[str, Any], field: str
) -> None:
    api = await (await agency(make_api)).somebody()
    booking = await held(api)
    told = {"amount": booking.total.amount, "currency": "EUR", **changes}

    problem = await pay(api, booking, gateway="fake", payment_method="pm_fake", amount=told)

    assert (api.status, error(problem)) == (422, (field, "differs"))
    assert await started(api) == []


async def test_the_bookings_own_amount_may_be_sent_along(make_api: MakeApi) -> None:
    api = await (await agency(make_api)).somebody()
    booking = await held(api)
    told = (await options(api, booking))["plans"][0]["pay_now"]

    await pay(api, booking, gateway="fake", payment_method="pm_fake", amount=told)

    assert api.status == 202


# Means that are kept


async def test_a_kept_card_pays_for_its_holder_alone(make_api: MakeApi) -> None:
    """P10: not for who only shows a token, not for another account, not for staff."""
    api = await agency(make_api)
    anna = await client(api)
    booking = await held(anna)
    kept = await keeps_a_card(anna, booking)

    (shown,) = (await options(anna, booking))["kept"]
    assert (shown["id"], shown["label"], shown["expired"]) == (kept, "Visa ending in 4242", False)
    await pay(anna, booking, gateway="fake", kept=kept)
    (message,) = await started(anna)
    assert message.payment_method == f"kept:{kept}"

    bert = await client(api, 2)
    other = await held(bert)
    problem = await pay(bert, other, gateway="fake", kept=kept)
    assert (bert.status, error(problem)) == (422, ("kept", "unknown_means"))


async def test_whoever_shows_a_link_sees_and_charges_no_kept_card(make_api: MakeApi) -> None:
    api = await agency(make_api)
    anna = await client(api)
    booking = await held(anna)
    kept = await keeps_a_card(anna, booking)
    link = api.parts.signer.sign(
        Purpose.LINK, str(booking.id), expires_at=api.clock.now() + timedelta(days=1)
    )
    friend = await api.somebody()
    path = f"/v1/bookings/{booking.reference}"

    shown = await friend.get(f"{path}/payment-options", params={"link": link})
    headers = {"Idempotency-Key": "k", "Booking-Token": link}
    problem = await friend.post(f"{path}/payments", {"gateway": "fake", "kept": kept}, headers=headers)

    assert (shown["payable"], shown["kept"], shown["consent"]) == (True, [], None)
    assert (friend.status, error(problem)) == (422, ("kept", "unknown_means"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"payment_method": "pm_fake"}, ("kept", "both")),
        ({"kept": "not-an-id"}, ("kept", "unknown_means")),
        ({"kept": str(factories.payment_id(5))}, ("kept", "unknown_means")),
        ({"gateway": "paypal"}, ("kept", "other_gateway")),
        ({"keep": True, "consent": KEEP_MEANS.version}, ("keep", "kept_already")),
    ],
)
async def test_a_kept_means_that_does_not_fit_is_refused(
    make_api: MakeApi, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    anna = await client(await agency(make_api))
    booking = await held(anna)
    kept = await keeps_a_card(anna, booking)

    problem = await pay(anna, booking, **{"gateway": "fake", "kept": kept, **changes})

    assert (anna.status, error(problem)) == (422, expected)


async def test_an_expired_card_is_told_before_it_is_tried(make_api: MakeApi) -> None:
    anna = await client(await agency(make_api))
    booking = await held(anna)
    kept = await keeps_a_card(anna, booking, expires="2026-01")

    (shown,) = (await options(anna, booking))["kept"]
    problem = await pay(anna, booking, gateway="fake", kept=kept)

    assert shown["expired"] is True
    assert error(problem) == ("kept", "expired_card")


async def test_a_means_is_kept_with_the_words_that_are_shown(make_api: MakeApi) -> None:
    anna = await client(await agency(make_api))
    booking = await held(anna)
    consent = (await options(anna, booking))["consent"]
    wish = {"gateway": "fake", "payment_method": "pm_fake", "keep": True}

    for version in (None, "keep-means-0"):
        problem = await pay(anna, booking, **wish, consent=version)
        assert error(problem) == ("consent", "other_version")
    await pay(anna, booking, **wish, consent=consent["version"])

    (message,) = await started(anna)
    assert (message.keep, consent["text"]) == (True, KEEP_MEANS.text)


async def test_nothing_is_kept_of_guests_or_by_who_keeps_nothing(make_api: MakeApi) -> None:
    api = await agency(make_api)
    guest, anna = await api.somebody(), await client(api)
    wish = {"keep": True, "consent": KEEP_MEANS.version}

    of_guest = await pay(guest, await held(guest), gateway="fake", payment_method="pm_fake", **wish)
    by_paypal = await pay(anna, await held(anna), gateway="paypal", **wish)

    assert error(of_guest) == ("keep", "no_account")
    assert error(by_paypal) == ("keep", "not_kept")


# Agency credit


async def line_of(api: Api, account: str, most: int, currency: str = "EUR") -> None:
    async with api.parts.database.transaction() as connection:
        await credit.set_line(
            connection,
            owner=account,
            most=Money(most, currency),
            days=30,
            version=0,
            by="test",
            now=api.clock.now(),
        )


async def test_a_client_sees_what_is_left_of_their_line(make_api: MakeApi) -> None:
    anna = await client(await agency(make_api))
    booking = await held(anna)
    await line_of(anna, anna.principal, booking.total.amount + 5)

    shown = way(await options(anna, booking), "credit")
    await pay(anna, booking, gateway="credit")

    assert shown["credit"]["left"]["amount"] == booking.total.amount + 5
    assert (shown["schedules"], shown["credit"]["days"]) == (["full"], 30)
    assert anna.status == 202


@pytest.mark.parametrize(("currency", "code"), [("EUR", "credit_limit"), ("USD", "credit_currency")])
async def test_a_line_that_does_not_reach_says_so(make_api: MakeApi, currency: str, code: str) -> None:
    anna = await client(await agency(make_api))
    booking = await held(anna)
    await line_of(anna, anna.principal, booking.total.amount - 1, currency)

    shown = way(await options(anna, booking), "credit")
    problem = await pay(anna, booking, gateway="credit")

    assert (shown["refused"]["code"], error(problem)) == (code, ("gateway", code))


async def test_nobody_else_uses_a_clients_line(make_api: MakeApi) -> None:
    """P10: a booking's token lets a friend pay, but not on account."""
    api = await agency(make_api)
    anna, friend = await client(api), await api.somebody()
    booking = await held(anna)
    await line_of(anna, anna.principal, 10_000_000)
    tomorrow = api.clock.now() + timedelta(days=1)
    token = api.parts.signer.sign(Purpose.BOOKING, str(booking.id), expires_at=tomorrow)
    headers = {"Booking-Token": token, "Idempotency-Key": "k"}
    path = f"/v1/bookings/{booking.reference}"

    shown = await friend.get(f"{path}/payment-options", headers=headers)
    problem = await friend.post(f"{path}/payments", {"gateway": "credit"}, headers=headers)

    assert way(shown, "credit") is None
    assert error(problem) == ("gateway", "no_credit")


# What is offered is what is taken


async def test_everything_that_is_offered_is_taken_and_nothing_that_is_refused(make_api: MakeApi) -> None:
    anna = await client(await agency(make_api, payments=DEPOSITS))
    await line_of(anna, anna.principal, 10_000)
    means = {"fake": {"payment_method": "pm_fake"}}
    for departs_in in (2, 9, 11, 36, 38, 200):
        booking = await held(anna, departs_in=departs_in)
        answer = await options(anna, booking)
        offered = {(one["gateway"], on) for one in answer["ways"] for on in one["schedules"]}
        taken = set()
        for gateway in ("fake", "paypal", "transfer", "credit", "cash", "property"):
            for schedule in Schedule:
                await pay(anna, booking, gateway=gateway, schedule=schedule, **means.get(gateway, {}))
                assert anna.status in {202, 422}
                if anna.status == 202:
                    taken.add((gateway, schedule.value))

        assert taken == offered, departs_in


async def test_a_means_is_not_given_where_nothing_is_charged(make_api: MakeApi) -> None:
    anna = await client(await agency(make_api))
    booking = await held(anna)
    await line_of(anna, anna.principal, 10_000_000)

    for gateway in ("transfer", "credit", "paypal"):
        problem = await pay(anna, booking, gateway=gateway, payment_method="pm_fake")
        assert error(problem) == ("payment_method", "not_taken")
