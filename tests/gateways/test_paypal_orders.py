"""Orders of PayPal's in our words: what is held, what was taken, and which of several counts."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from bookingd.domain.declines import DeclineReason
from bookingd.domain.ids import IntentId, PaymentId
from bookingd.domain.money import Money
from bookingd.gateways import paypal_orders as orders
from bookingd.gateways.port import GatewayPayment, GatewayStatus, Means
from tests.gateways.paypal_script import AUTHORISATION, CAPTURE, ORDER, held, order, thing
from tests.vendor_specs import DIRECTORY, description

PAYMENT, INTENT = PaymentId(UUID(int=7)), IntentId(UUID(int=8))
LATER = "2026-11-26T12:00:00Z"


def read(body: dict[str, Any]) -> GatewayPayment:
    return orders.payment(orders.picture(body))


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        ("CREATED", GatewayStatus.REQUIRES_ACTION),
        ("PAYER_ACTION_REQUIRED", GatewayStatus.REQUIRES_ACTION),
        ("APPROVED", GatewayStatus.APPROVED),
        ("SAVED", GatewayStatus.PENDING),
        ("VOIDED", GatewayStatus.VOIDED),
        ("COMPLETED", GatewayStatus.PENDING),
        ("A_NEW_WORD", GatewayStatus.PENDING),
    ],
)
def test_an_order_by_itself(status: str, ours: GatewayStatus) -> None:
    payment = read(order(status))

    assert payment.status is ours
    assert (payment.action_url is not None) == (ours is GatewayStatus.REQUIRES_ACTION)
    assert payment.gateway_reference == ORDER


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        ("CREATED", GatewayStatus.AUTHORISED),
        ("PENDING", GatewayStatus.IN_REVIEW),
        ("DENIED", GatewayStatus.DECLINED),
        ("VOIDED", GatewayStatus.VOIDED),
        ("EXPIRED", GatewayStatus.VOIDED),
        ("A_NEW_WORD", GatewayStatus.PENDING),
    ],
)
def test_an_authorisation(status: str, ours: GatewayStatus) -> None:
    payment = read(order(authorizations=[held(status)]))

    assert payment.status is ours
    assert payment.gateway_reference == f"{ORDER}/{AUTHORISATION}"
    is_held = ours in {GatewayStatus.AUTHORISED, GatewayStatus.IN_REVIEW}
    assert payment.authorised_until == (datetime(2026, 12, 21, 12, tzinfo=UTC) if is_held else None)
    assert payment.decline_reason == (DeclineReason.DECLINED if ours is GatewayStatus.DECLINED else None)


@pytest.mark.parametrize(
    ("status", "reason", "ours", "captured"),
    [
        ("COMPLETED", None, GatewayStatus.CAPTURED, "100.00"),
        ("PARTIALLY_REFUNDED", None, GatewayStatus.CAPTURED, "100.00"),
        ("REFUNDED", None, GatewayStatus.CAPTURED, "100.00"),
        ("PENDING", "ECHECK", GatewayStatus.PENDING, "0"),
        ("PENDING", "PENDING_REVIEW", GatewayStatus.PENDING, "0"),
        ("PENDING", None, GatewayStatus.PENDING, "0"),
        ("DECLINED", None, GatewayStatus.DECLINED, "0"),
        ("FAILED", None, GatewayStatus.DECLINED, "0"),
    ],
)
def test_a_capture(status: str, reason: str | None, ours: GatewayStatus, captured: str) -> None:
    capture = thing(CAPTURE, status, value="100.00")
    if reason:
        capture["status_details"] = {"reason": reason}
    payment = read(order(authorizations=[held("CAPTURED")], captures=[capture]))

    assert payment.status is ours
    assert (payment.amount, payment.captured) == (Money.of("123.45", "EUR"), Money.of(captured, "EUR"))
    assert payment.gateway_reference == f"{ORDER}/{AUTHORISATION}/{CAPTURE}"


def test_what_fails_to_be_given_back_is_not_given_back() -> None:
    states = {"R1": "COMPLETED", "R2": "PENDING", "R3": "FAILED", "R4": "CANCELLED"}
    refunds = [thing(name, status, value="10.00") for name, status in states.items()]
    capture = thing(CAPTURE, "PARTIALLY_REFUNDED")
    payment = read(order(authorizations=[held("CAPTURED")], captures=[capture], refunds=refunds))

    assert payment.refunded == Money.of("20.00", "EUR")


def test_of_authorisations_the_newest_counts_whatever_their_order() -> None:
    both = [held(thing_id="NEW1", at=LATER), held("VOIDED")]

    assert read(order(authorizations=both)).gateway_reference == f"{ORDER}/NEW1"
    assert read(order(authorizations=both)).status is GatewayStatus.AUTHORISED


def test_a_capture_that_failed_is_forgotten_once_the_money_is_held_anew() -> None:
    declined = thing(CAPTURE, "DECLINED", at="2026-11-23T12:00:00Z")
    payment = read(order(authorizations=[held(), held(thing_id="NEW1", at=LATER)], captures=[declined]))

    assert (payment.status, payment.gateway_reference) == (GatewayStatus.AUTHORISED, f"{ORDER}/NEW1")


def test_what_paypal_has_just_told_is_laid_over_what_the_order_lists() -> None:
    seen = orders.picture(order(authorizations=[held()]))
    renewed = seen.beside(authorisation=held(thing_id="NEW1", at=LATER))
    same = seen.beside(authorisation=held("CAPTURED"), capture=thing(CAPTURE, "COMPLETED"))

    assert orders.payment(renewed).gateway_reference == f"{ORDER}/NEW1"
    assert [one["status"] for one in same.authorisations] == ["CAPTURED"]
    assert orders.payment(same).status is GatewayStatus.CAPTURED


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("O", ("O", "", "")),
        ("O/A", ("O", "A", "")),
        ("O/A/C", ("O", "A", "C")),
    ],
)
def test_a_reference_grows(text: str, parts: tuple[str, str, str]) -> None:
    reference = orders.Reference.parse(text)

    assert (reference.order, reference.authorisation, reference.capture) == parts
    assert str(reference) == text


@pytest.mark.parametrize(
    ("note", "payment"),
    [
        (str(PAYMENT), PAYMENT),
        (orders.note_of_refund(PAYMENT, INTENT), PAYMENT),
        ("another shop's", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_our_own_id_is_read_from_whatever_carries_it(note: object, payment: PaymentId | None) -> None:
    assert orders.our_id(note) == payment


@pytest.mark.parametrize("payment", [PAYMENT, None])
def test_a_refund_is_known_by_the_intent_that_asked_for_it(payment: PaymentId | None) -> None:
    note = orders.note_of_refund(payment, INTENT)

    assert len(note) <= 127
    assert orders.is_refund_of({"custom_id": note}, INTENT)
    assert not orders.is_refund_of({"custom_id": note}, IntentId(UUID(int=9)))
    assert not orders.is_refund_of({"custom_id": str(PAYMENT)}, INTENT)
    assert not orders.is_refund_of({}, INTENT)


@pytest.mark.parametrize(
    ("status", "ours"),
    [("COMPLETED", "done"), ("PENDING", "pending"), ("FAILED", "failed"), ("CANCELLED", "failed")],
)
def test_a_refund(status: str, ours: str) -> None:
    refund = orders.refund(thing("R1", status, value="20.00", acquirer_reference_number="7498"))
    failed = ours == "failed"

    assert (refund.status, refund.amount, refund.trace) == (ours, Money.of("20.00", "EUR"), "7498")
    made = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert refund.expected_by == (None if failed else made + timedelta(days=30))
    assert refund.failure == (status.lower() if failed else None)


@pytest.mark.parametrize(
    ("payer", "label"),
    [
        ({"email_address": "anna.vogel@example.org", "account_id": "QYR5"}, "PayPal a…l@example.org"),
        ({"account_id": "QYR5"}, "PayPal"),
    ],
)
def test_a_payer_is_told_which_of_their_accounts_it_was(payer: dict[str, str], label: str) -> None:
    body = {**order("APPROVED"), "payment_source": {"paypal": payer}}

    assert read(body).means == Means(kind="paypal", label=label, fingerprint="QYR5")
    assert read({**body, "payment_source": {"paypal": {}}}).means is None


SAMPLES = DIRECTORY / "paypal" / "examples"


def sample(name: str) -> dict[str, Any] | None:
    """What PayPal itself has sent, where it is at hand; else the run says so."""
    if description("paypal/checkout_orders_v2.json") is None:
        return None
    found: dict[str, Any] = json.loads((SAMPLES / name).read_text())
    return found


def test_paypals_own_orders_are_read() -> None:
    if (found := sample("OrderGet.json")) is None:
        return
    payment = read(found)

    assert payment.status is GatewayStatus.REQUIRES_ACTION
    assert payment.action_url == "https://www.sandbox.paypal.com/checkoutnow?token=30L74699WY872124E"
    assert payment.amount == Money.of("10.00", "USD")


def test_paypals_own_short_answers_are_known_to_be_short() -> None:
    if (found := sample("OrderAuthorize.json")) is None:
        return
    (unit,) = found["purchase_units"]
    unit_in_full = {**unit, "amount": {"currency_code": "USD", "value": "10.00"}}
    payment = read({**found, "purchase_units": [unit_in_full]})

    assert not orders.is_whole(found)
    assert (payment.status, payment.gateway_reference) == (
        GatewayStatus.AUTHORISED,
        "8AB97868H7440304S/65H09738KB7340843",
    )
    assert payment.authorised_until == datetime(2024, 6, 14, 7, 32, 54, tzinfo=UTC)


def test_paypals_own_capture_is_read() -> None:
    if (found := sample("PaymentGetCaptured.json")) is None:
        return
    seen = orders.picture(order(authorizations=[held("CAPTURED")])).beside(capture=found)

    assert orders.payment_id(found) is None
    assert seen.reference.capture == "23046316AY790152G"
