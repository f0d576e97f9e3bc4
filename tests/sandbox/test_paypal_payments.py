"""The life of a payment: authorised, captured, voided, authorised again, given back."""

from datetime import timedelta

import pytest

from bookingd.sandbox.misbehaviour import Switches
from bookingd.sandbox.paypal.terms import Terms
from bookingd.sources import Sources
from tests.sandbox.conftest import Endpoint, WatchedClock, paypal_server
from tests.sandbox.paypal_client import Client

HELD = "/v2/payments/authorizations"


async def test_money_is_held_taken_and_given_back(paypal: Client) -> None:
    held = await paypal.authorised()
    before = (await paypal.ledger())["p1"]
    taken = await paypal.take(held["id"], final_capture=True)
    back = await paypal.refund(taken.body["id"], "40.00")
    rest = await paypal.refund(taken.body["id"])

    assert (before["authorised"], before["captured"]) == (10000, 0)
    assert (taken.status, taken.body["status"], taken.body["amount"]["value"]) == (201, "COMPLETED", "100.00")
    assert [each.body["amount"]["value"] for each in (back, rest)] == ["40.00", "60.00"]
    assert (await paypal.get(f"/v2/payments/captures/{taken.body['id']}")).body["status"] == "REFUNDED"
    ledger = (await paypal.ledger())["p1"]
    assert [ledger[name] for name in ("authorised", "captured", "refunded")] == [0, 10000, 10000]


async def test_a_payment_is_taken_in_parts(paypal: Client) -> None:
    held = await paypal.authorised()
    first = await paypal.take(held["id"], "30.00")
    partly = (await paypal.get(f"{HELD}/{held['id']}")).body["status"]
    second = await paypal.take(held["id"])
    whole = (await paypal.get(f"{HELD}/{held['id']}")).body["status"]
    late = await paypal.take(held["id"], "1.00")

    assert [each.body["amount"]["value"] for each in (first, second)] == ["30.00", "70.00"]
    assert (partly, whole, late.issue) == ("PARTIALLY_CAPTURED", "CAPTURED", "AUTHORIZATION_ALREADY_CAPTURED")


async def test_the_last_part_may_be_less_than_what_is_left(paypal: Client) -> None:
    held = await paypal.authorised()
    await paypal.take(held["id"], "30.00", final_capture=True)
    late = await paypal.take(held["id"], "1.00")

    assert (late.status, late.issue) == (422, "AUTHORIZATION_ALREADY_CAPTURED")
    assert (await paypal.ledger())["p1"]["authorised"] == 0


@pytest.mark.parametrize(
    ("currency", "held", "most", "too_much"),
    [
        ("EUR", "100.00", "115.00", "115.01"),
        ("USD", "1000.00", "1075.00", "1075.01"),
        ("JPY", "1000", "1150", "1151"),
    ],
)
async def test_a_little_more_than_was_held_may_be_taken(
    paypal: Client, currency: str, held: str, most: str, too_much: str
) -> None:
    thing = await paypal.authorised(unit={"amount": {"currency_code": currency, "value": held}})
    refused = await paypal.take(thing["id"], too_much, currency=currency)
    taken = await paypal.take(thing["id"], most, currency=currency)

    assert (refused.issue, taken.status) == ("MAX_CAPTURE_AMOUNT_EXCEEDED", 201)


async def test_how_often_and_how_much_may_be_taken_is_a_matter_of_terms(
    sources: Sources, switches: Switches
) -> None:
    server = paypal_server(sources, switches, terms=Terms(overcapture_percent=100, most_captures=2))
    await server.start()
    async with Client(server.url("paypal")) as client:
        held = await client.authorised()
        more = await client.take(held["id"], "100.01")
        for _ in range(2):
            await client.take(held["id"], "1.00")
        often = await client.take(held["id"], "1.00")
    await server.stop()

    assert [more.issue, often.issue] == ["MAX_CAPTURE_AMOUNT_EXCEEDED", "MAX_CAPTURE_COUNT_EXCEEDED"]


@pytest.mark.parametrize(
    ("value", "currency", "issue"),
    [
        ("1.00", "USD", "AUTH_CAPTURE_CURRENCY_MISMATCH"),
        ("1.001", "EUR", "DECIMAL_PRECISION"),
        ("1.00", "JPY", "DECIMALS_NOT_SUPPORTED"),
        ("0", "EUR", "CANNOT_BE_ZERO_OR_NEGATIVE"),
        ("1.000", "TND", "INVALID_CURRENCY_CODE"),
    ],
)
async def test_a_capture_that_makes_no_sense_is_refused(
    paypal: Client, value: str, currency: str, issue: str
) -> None:
    held = await paypal.authorised()
    answer = await paypal.take(held["id"], value, currency=currency)

    assert (answer.status, answer.issue) == (422, issue)
    assert (await paypal.ledger())["p1"]["captured"] == 0


async def test_an_invoice_is_captured_once(paypal: Client) -> None:
    held = await paypal.authorised()
    await paypal.take(held["id"], "1.00", invoice_id="part-1")
    again = await paypal.take(held["id"], "1.00", invoice_id="part-1")

    assert (again.status, again.issue) == (422, "DUPLICATE_INVOICE_ID")


async def test_what_is_held_is_let_go_of(paypal: Client) -> None:
    held = await paypal.authorised()
    gone = await paypal.post(f"{HELD}/{held['id']}/void")
    again = await paypal.post(f"{HELD}/{held['id']}/void")
    late = await paypal.take(held["id"])

    assert (gone.status, gone.body["status"]) == (200, "VOIDED")
    assert [again.issue, late.issue] == ["PREVIOUSLY_VOIDED", "AUTHORIZATION_VOIDED"]
    assert (await paypal.ledger())["p1"]["authorised"] == 0


async def test_a_minimal_answer_to_a_void_is_empty(paypal: Client) -> None:
    held = await paypal.authorised()
    gone = await paypal.post(f"{HELD}/{held['id']}/void", Prefer="return=minimal")

    assert (gone.status, gone.body) == (204, {})


async def test_what_is_left_of_a_part_is_let_go_of(paypal: Client) -> None:
    held = await paypal.authorised()
    await paypal.take(held["id"], "30.00")
    gone = await paypal.post(f"{HELD}/{held['id']}/void")

    assert gone.body["status"] == "VOIDED"
    ledger = (await paypal.ledger())["p1"]
    assert (ledger["authorised"], ledger["captured"]) == (0, 3000)


async def test_what_was_taken_whole_is_not_voided(paypal: Client) -> None:
    held = await paypal.authorised()
    await paypal.take(held["id"])
    answer = await paypal.post(f"{HELD}/{held['id']}/void")

    assert (answer.status, answer.issue) == (422, "PREVIOUSLY_CAPTURED")


async def test_it_is_authorised_again_from_the_fourth_day_on(paypal: Client, clock: WatchedClock) -> None:
    held = await paypal.authorised("lapsing")
    early = await paypal.post(f"{HELD}/{held['id']}/reauthorize")
    clock.advance(timedelta(days=3))
    async with Client(paypal.base_url) as later:
        lapsed = await later.take(held["id"])
        amount = {"currency_code": "EUR", "value": "110.00"}
        renewed = await later.post(f"{HELD}/{held['id']}/reauthorize", {"amount": amount}, key="r1")
        twice = await later.post(f"{HELD}/{renewed.body['id']}/reauthorize")
        voided = await later.post(f"{HELD}/{renewed.body['id']}/void")
        taken = await later.take(renewed.body["id"], "110.00")

    assert (early.issue, lapsed.issue) == ("TRANSACTION_REFUSED", "PAYER_CANNOT_PAY")
    assert (renewed.status, renewed.body["status"], renewed.body["id"] != held["id"]) == (
        201,
        "CREATED",
        True,
    )
    assert [twice.issue, voided.issue] == ["REAUTHORIZATION_NOT_SUPPORTED", "CANNOT_BE_VOIDED"]
    assert (taken.status, taken.body["amount"]["value"]) == (201, "110.00")


@pytest.mark.parametrize(("value", "currency"), [("116.00", "EUR"), ("1.00", "USD")])
async def test_it_is_authorised_again_for_about_the_same(
    paypal: Client, clock: WatchedClock, value: str, currency: str
) -> None:
    held = await paypal.authorised()
    clock.advance(timedelta(days=4))
    async with Client(paypal.base_url) as later:
        body = {"amount": {"currency_code": currency, "value": value}}
        answer = await later.post(f"{HELD}/{held['id']}/reauthorize", body)

    assert answer.issue == ("AUTH_CURRENCY_MISMATCH" if currency == "USD" else "TRANSACTION_REFUSED")


async def test_the_clock_can_be_put_forward(telling_paypal: Client, paypal_endpoint: Endpoint) -> None:
    held = await telling_paypal.authorised()
    await telling_paypal.control("/clock", {"forward_seconds": 30 * 24 * 3600})
    told = (await paypal_endpoint.next("PAYMENT.AUTHORIZATION.VOIDED")).event["resource"]

    assert told["id"] == held["id"]


@pytest.mark.parametrize(("instrument", "status"), [("review", "CREATED"), ("review_denied", "DENIED")])
async def test_a_review_takes_a_moment(
    telling_paypal: Client, paypal_endpoint: Endpoint, instrument: str, status: str
) -> None:
    held = await telling_paypal.authorised(instrument)
    early = await telling_paypal.take(held["id"])
    await paypal_endpoint.clock.asked_for(2)
    paypal_endpoint.clock.advance(2)
    kind = "CREATED" if status == "CREATED" else "VOIDED"
    told = (await paypal_endpoint.next(f"PAYMENT.AUTHORIZATION.{kind}")).event["resource"]

    assert (held["status"], held["status_details"]) == ("PENDING", {"reason": "PENDING_REVIEW"})
    assert (early.issue, told["status"]) == ("TRANSACTION_REFUSED", status)


@pytest.mark.parametrize(
    ("instrument", "issue"), [("denied", "AUTHORIZATION_DENIED"), ("capture_refused", "TRANSACTION_REFUSED")]
)
async def test_what_the_vendor_does_not_want_is_not_captured(
    paypal: Client, instrument: str, issue: str
) -> None:
    held = await paypal.authorised(instrument)
    answer = await paypal.take(held["id"])

    assert (answer.status, answer.issue) == (422, issue)


async def test_a_capture_may_be_declined_with_an_answer_of_success(
    telling_paypal: Client, paypal_endpoint: Endpoint
) -> None:
    held = await telling_paypal.authorised("capture_declined")
    taken = await telling_paypal.take(held["id"])
    told = (await paypal_endpoint.next("PAYMENT.CAPTURE.DECLINED")).event["resource"]
    refund = await telling_paypal.refund(taken.body["id"])

    assert (taken.status, taken.body["status"], told["id"]) == (201, "DECLINED", taken.body["id"])
    assert refund.issue == "REFUND_NOT_ALLOWED"
    assert (await telling_paypal.ledger())["p1"]["captured"] == 0


async def test_no_more_is_given_back_than_was_taken(paypal: Client) -> None:
    taken = await paypal.take((await paypal.authorised())["id"])
    await paypal.refund(taken.body["id"], "60.00")
    more = await paypal.refund(taken.body["id"], "40.01")
    await paypal.refund(taken.body["id"])
    again = await paypal.refund(taken.body["id"])

    assert [more.issue, again.issue] == ["REFUND_AMOUNT_EXCEEDED", "CAPTURE_FULLY_REFUNDED"]
    assert (await paypal.ledger())["p1"]["refunded"] == 10000


@pytest.mark.parametrize(
    ("value", "currency", "issue"),
    [
        ("1.00", "USD", "REFUND_CAPTURE_CURRENCY_MISMATCH"),
        ("1.001", "EUR", "DECIMAL_PRECISION"),
        ("0.00", "EUR", "CANNOT_BE_ZERO_OR_NEGATIVE"),
    ],
)
async def test_a_refund_that_makes_no_sense_is_refused(
    paypal: Client, value: str, currency: str, issue: str
) -> None:
    taken = await paypal.take((await paypal.authorised())["id"])
    answer = await paypal.refund(taken.body["id"], value, currency=currency)

    assert (answer.status, answer.issue) == (422, issue)


async def test_what_was_taken_long_ago_is_not_given_back(paypal: Client, clock: WatchedClock) -> None:
    taken = await paypal.take((await paypal.authorised())["id"])
    clock.advance(timedelta(days=181))
    async with Client(paypal.base_url) as later:
        answer = await later.refund(taken.body["id"])

    assert answer.issue == "REFUND_TIME_LIMIT_EXCEEDED"


async def test_a_pending_capture_is_not_given_back(paypal: Client) -> None:
    taken = await paypal.take((await paypal.authorised("echeck"))["id"])
    answer = await paypal.refund(taken.body["id"])

    assert (answer.status, answer.issue) == (422, "PENDING_CAPTURE")


async def test_a_merchant_without_money_gives_nothing_back(paypal: Client) -> None:
    taken = await paypal.take((await paypal.authorised("refund_no_funds"))["id"])
    answer = await paypal.refund(taken.body["id"])

    assert (answer.status, answer.issue) == (422, "REFUND_FAILED_INSUFFICIENT_FUNDS")


@pytest.mark.parametrize(
    ("instrument", "kind", "status", "returned"),
    [
        ("refund_pending", "PAYMENT.CAPTURE.REFUNDED", "COMPLETED", 10000),
        ("refund_failed", "PAYMENT.REFUND.FAILED", "FAILED", 0),
    ],
)
async def test_a_refund_that_takes_its_time_ends_some_day(
    telling_paypal: Client,
    paypal_endpoint: Endpoint,
    *,
    instrument: str,
    kind: str,
    status: str,
    returned: int,
) -> None:
    taken = await telling_paypal.take((await telling_paypal.authorised(instrument))["id"])
    refund = await telling_paypal.refund(taken.body["id"])
    pending = (await paypal_endpoint.next("PAYMENT.REFUND.PENDING")).event["resource"]
    await paypal_endpoint.clock.asked_for(2)
    paypal_endpoint.clock.advance(2)
    told = (await paypal_endpoint.next(kind)).event["resource"]
    read = (await telling_paypal.get(f"/v2/payments/refunds/{refund.body['id']}")).body

    assert (refund.body["status"], pending["id"]) == ("PENDING", refund.body["id"])
    assert (told["status"], read["status"]) == (status, status)
    assert (await telling_paypal.ledger())["p1"]["refunded"] == returned


async def test_a_note_and_references_are_kept(paypal: Client) -> None:
    taken = await paypal.take((await paypal.authorised())["id"])
    refund = await paypal.refund(
        taken.body["id"], "1.00", custom_id="r1", invoice_id="ABC234-r1", note_to_payer="Cancelled"
    )
    again = await paypal.refund(taken.body["id"], "1.00", invoice_id="ABC234-r1")

    assert [refund.body[name] for name in ("custom_id", "invoice_id", "note_to_payer")] == [
        "r1",
        "ABC234-r1",
        "Cancelled",
    ]
    assert (again.status, again.issue) == (422, "DUPLICATE_INVOICE_ID")
