"""The life of a payment at the stand-in, call by call; each body is checked against the vendor's schema."""

import pytest

from bookingd.sandbox.stripe import cards
from bookingd.sandbox.stripe.wishes import declining_token
from tests.sandbox.conftest import WatchedClock
from tests.sandbox.stripe_client import Client


async def test_a_confirmed_payment_waits_for_its_capture(client: Client) -> None:
    intent = (await client.authorise(**{"expand[]": "latest_charge"})).body

    assert intent["status"] == "requires_capture"
    assert (intent["amount_capturable"], intent["amount_received"]) == (10000, 0)
    charge = intent["latest_charge"]
    assert (charge["captured"], charge["amount_captured"], charge["paid"]) == (False, 0, True)
    assert charge["metadata"]["payment_id"] == "p1"


async def test_an_authorisation_holds_for_seven_days(client: Client, clock: WatchedClock) -> None:
    intent = (await client.authorise(**{"expand[]": "latest_charge"})).body

    until = intent["latest_charge"]["payment_method_details"]["card"]["capture_before"]
    assert until == int(clock.now().timestamp()) + 7 * 24 * 3600


async def test_a_payment_without_confirmation_goes_through_all_its_states(client: Client) -> None:
    bare = (await client.post("/v1/payment_intents", {"amount": "500", "currency": "eur"})).body
    path = f"/v1/payment_intents/{bare['id']}/confirm"
    confirmed = (await client.post(path, {"payment_method": "pm_card_visa"})).body

    assert (bare["status"], confirmed["status"]) == ("requires_payment_method", "succeeded")


async def test_a_capture_takes_a_part_and_releases_the_rest(client: Client) -> None:
    intent = (await client.authorise()).body
    captured = (
        await client.post(
            f"/v1/payment_intents/{intent['id']}/capture",
            {"amount_to_capture": "7000", "expand[0]": "latest_charge"},
        )
    ).body

    assert (captured["status"], captured["amount_received"]) == ("succeeded", 7000)
    assert captured["amount_capturable"] == 0
    assert captured["latest_charge"]["amount_captured"] == 7000


async def test_nothing_is_captured_twice(client: Client) -> None:
    path = f"/v1/payment_intents/{(await client.authorise()).body['id']}/capture"
    await client.post(path)
    again = await client.post(path)

    assert (again.status, again.error["code"]) == (400, "payment_intent_unexpected_state")


async def test_more_than_is_authorised_is_not_captured(client: Client) -> None:
    intent = (await client.authorise()).body
    path = f"/v1/payment_intents/{intent['id']}"
    refused = await client.post(f"{path}/capture", {"amount_to_capture": "10001"})

    assert (refused.status, refused.error["code"]) == (400, "amount_too_large")
    assert (await client.get(path)).body["status"] == "requires_capture"


async def test_a_cancelled_payment_releases_what_was_held(client: Client) -> None:
    intent = (await client.authorise()).body
    canceled = (await client.post(f"/v1/payment_intents/{intent['id']}/cancel")).body
    late = await client.post(f"/v1/payment_intents/{intent['id']}/capture")

    assert (canceled["status"], canceled["amount_capturable"]) == ("canceled", 0)
    assert late.error["payment_intent"]["status"] == "canceled"


async def test_refunds_never_exceed_what_was_captured(client: Client) -> None:
    intent = (await client.authorise()).body
    await client.post(f"/v1/payment_intents/{intent['id']}/capture", {"amount_to_capture": "7000"})
    refund = {"payment_intent": intent["id"], "amount": "4000"}
    first, second = await client.post("/v1/refunds", refund), await client.post("/v1/refunds", refund)
    rest = await client.post("/v1/refunds", {"payment_intent": intent["id"]})
    nothing = await client.post("/v1/refunds", {"payment_intent": intent["id"]})

    assert (first.status, first.body["status"]) == (200, "succeeded")
    assert (second.status, second.error["param"]) == (400, "amount")
    assert rest.body["amount"] == 3000
    assert nothing.error["code"] == "charge_already_refunded"
    assert (await client.ledger())["p1"]["refunded"] == 7000


async def test_what_is_not_captured_cannot_be_refunded(client: Client) -> None:
    intent = (await client.authorise()).body
    refused = await client.post("/v1/refunds", {"payment_intent": intent["id"], "amount": "1"})

    assert refused.status == 400


@pytest.mark.parametrize(
    ("number", "code", "reason"),
    [
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000009987", "card_declined", "lost_card"),
        ("4000000000009979", "card_declined", "stolen_card"),
        ("4000000000000069", "expired_card", "expired_card"),
        ("4000000000000127", "incorrect_cvc", "incorrect_cvc"),
        ("4000000000000119", "processing_error", "processing_error"),
        ("4000000000006975", "card_declined", "card_velocity_exceeded"),
    ],
)
async def test_the_vendors_test_cards_are_declined_as_there(
    client: Client, number: str, code: str, reason: str
) -> None:
    method = (await client.card(number=number)).body["id"]
    declined = await client.authorise(payment_method=method)

    assert (declined.status, declined.error["code"]) == (402, code)
    assert declined.error["decline_code"] == reason
    left = declined.error["payment_intent"]
    assert (left["status"], left["payment_method"]) == ("requires_payment_method", None)
    assert left["last_payment_error"]["decline_code"] == reason


async def test_another_card_saves_a_declined_payment(client: Client) -> None:
    declined = await client.authorise(payment_method="pm_card_chargeDeclined")
    path = f"/v1/payment_intents/{declined.error['payment_intent']['id']}/confirm"
    saved = (await client.post(path, {"payment_method": "pm_card_visa"})).body

    assert (saved["status"], saved["last_payment_error"]) == ("requires_capture", None)


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"number": "4242"}, "invalid_number"),
        ({"exp_month": "13"}, "invalid_expiry_month"),
        ({"exp_year": "2019"}, "invalid_expiry_year"),
        ({"exp_month": "10", "exp_year": "26"}, "invalid_expiry_month"),
        ({"cvc": "12"}, "invalid_cvc"),
    ],
)
async def test_card_data_that_cannot_be_right_are_refused(
    client: Client, printed: dict[str, str], code: str
) -> None:
    refused = await client.card(**printed)

    assert (refused.status, refused.error["type"]) == (402, "card_error")
    assert refused.error["code"] == code


async def test_a_card_is_known_by_its_last_digits_only(client: Client) -> None:
    method = await client.card(number="5555 5555 5555 4444")

    assert (method.body["card"]["brand"], method.body["card"]["last4"]) == ("mastercard", "4444")
    assert b"55555555" not in method.raw


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"colour": "blue"}, "parameter_unknown"),
        ({"amount": ""}, "parameter_missing"),
        ({"amount": "12.5"}, "parameter_invalid_integer"),
        ({"amount": "0"}, "parameter_invalid_integer"),
        ({"amount": "49"}, "amount_too_small"),
        ({"amount": "100000000"}, "amount_too_large"),
        ({"payment_method": "pm_nobody"}, "resource_missing"),
    ],
)
async def test_parameters_without_sense_are_refused(
    client: Client, changes: dict[str, str], code: str
) -> None:
    refused = await client.authorise(**changes)

    assert (refused.status, refused.error["code"]) == (400, code)
    assert await client.ledger() == {}


@pytest.mark.parametrize(("currency", "amount"), [("kwd", "1234"), ("isk", "1250"), ("ugx", "50")])
async def test_amounts_that_a_currency_does_not_know_are_refused(
    client: Client, currency: str, amount: str
) -> None:
    refused = await client.authorise(currency=currency, amount=amount)

    assert refused.error["param"] == "amount"


async def test_the_list_is_consistent_at_once_and_comes_in_pages(client: Client, clock: WatchedClock) -> None:
    await client.authorise()
    clock.advance(60)
    since = int(clock.now().timestamp())
    made = [(await client.authorise()).body["id"] for _ in range(3)]
    path = f"/v1/payment_intents?created[gte]={since}&limit=2&expand[0]=data.latest_charge"
    first = (await client.get(path)).body
    second = (await client.get(f"{path}&starting_after={first['data'][-1]['id']}")).body

    assert [each["id"] for each in first["data"] + second["data"]] == list(reversed(made))
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert first["data"][0]["latest_charge"]["object"] == "charge"


async def test_charges_methods_and_refunds_can_be_read(client: Client) -> None:
    intent = (await client.authorise()).body
    await client.post(f"/v1/payment_intents/{intent['id']}/capture")
    refund = (await client.post("/v1/refunds", {"payment_intent": intent["id"], "amount": "1"})).body
    charge = (await client.get(f"/v1/charges/{refund['charge']}")).body
    method = (await client.get(f"/v1/payment_methods/{intent['payment_method']}")).body
    listed = (await client.get(f"/v1/refunds?payment_intent={intent['id']}")).body

    assert (charge["amount_captured"], charge["amount_refunded"]) == (10000, 1)
    assert method["card"]["last4"] == "4242"
    assert [each["id"] for each in listed["data"]] == [refund["id"]]


async def test_events_tell_what_happened(client: Client) -> None:
    intent = (await client.authorise()).body
    await client.post(f"/v1/payment_intents/{intent['id']}/capture")
    kinds = [each["type"] for each in (await client.get("/v1/events")).body["data"]]

    assert kinds == [
        "payment_intent.succeeded",
        "charge.captured",
        "payment_intent.amount_capturable_updated",
        "charge.succeeded",
        "payment_intent.created",
    ]


@pytest.mark.parametrize(
    "path", ["/v1/payment_intents/pi_x", "/v1/refunds/re_x", "/v1/charges/ch_x", "/v1/nothing"]
)
async def test_what_is_not_there_is_not_found(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_a_foreign_key_opens_nothing_and_is_not_repeated(client: Client) -> None:
    refused = await client.post("/v1/refunds", Authorization="Bearer sk_test_of_somebody_else")

    assert refused.status == 401
    assert b"of_somebody" not in refused.raw


async def test_the_publishable_key_makes_cards_and_nothing_else(client: Client) -> None:
    browser = "Bearer pk_test_sandbox"
    card = {"type": "card", "card[number]": "4242424242424242", "card[exp_month]": "1"}
    made = await client.post("/v1/payment_methods", {**card, "card[exp_year]": "2031"}, Authorization=browser)
    refused = await client.post("/v1/refunds", Authorization=browser)

    assert made.status == 200
    assert (refused.status, refused.error["code"]) == (403, "secret_key_required")


async def test_a_browser_reads_its_own_payment_by_the_client_secret(client: Client) -> None:
    intent = (await client.authorise()).body
    path, browser = f"/v1/payment_intents/{intent['id']}", {"Authorization": "Bearer pk_test_sandbox"}

    assert (await client.get(path, **browser)).status == 403
    shown = await client.get(f"{path}?client_secret={intent['client_secret']}", **browser)
    assert shown.body["id"] == intent["id"]


async def test_a_page_of_another_origin_may_make_a_card(client: Client) -> None:
    async with client.session.options(f"{client.base_url}/v1/payment_methods") as answer:
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


async def test_every_reason_of_a_decline_can_be_had(client: Client) -> None:
    for code in cards.MESSAGES:
        declined = await client.authorise(payment_method=declining_token(code))

        assert (declined.status, declined.error["decline_code"]) == (402, code)
        assert declined.error["message"]


async def test_a_decline_for_no_known_reason_is_no_card(client: Client) -> None:
    refused = await client.authorise(payment_method=declining_token("bad_mood"))

    assert (refused.status, refused.error["code"]) == (400, "resource_missing")


async def test_the_same_card_is_known_again_whoever_uses_it(client: Client) -> None:
    first, second = await client.card(), await client.card()
    other = await client.card(number="5555555555554444")
    prints = [each.body["card"]["fingerprint"] for each in (first, second, other)]

    assert prints[0] == prints[1] != prints[2]
