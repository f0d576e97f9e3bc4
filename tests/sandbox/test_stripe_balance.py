"""The balance: each time that money came or went, with the fee that it cost."""

from tests.sandbox.conftest import Endpoint, WatchedClock
from tests.sandbox.stripe_client import Client

LIST = "/v1/balance_transactions"


async def test_what_is_captured_comes_in_and_what_is_refunded_goes_out(client: Client) -> None:
    intent = (await client.authorise()).body
    await client.capture(intent, amount_to_capture="7000")
    for amount in ("2000", "500"):
        await client.post("/v1/refunds", {"payment_intent": intent["id"], "amount": amount})
    movements = (await client.get(f"{LIST}?expand[]=data.source")).body["data"]

    assert [(each["type"], each["amount"], each["fee"], each["net"]) for each in movements] == [
        ("refund", -500, 0, -500),
        ("refund", -2000, 0, -2000),
        ("charge", 7000, 130, 6870),
    ]
    assert {each["source"]["payment_intent"] for each in movements} == {intent["id"]}


async def test_what_is_only_held_moves_nothing(client: Client) -> None:
    intent = (await client.authorise()).body
    await client.post(f"/v1/payment_intents/{intent['id']}/cancel")

    assert (await client.get(LIST)).body["data"] == []


async def test_a_refund_that_fails_comes_back(
    telling_client: Client, endpoint: Endpoint, clock: WatchedClock
) -> None:
    paid = await telling_client.paid("pm_card_refundFail")
    refund = (await telling_client.post("/v1/refunds", {"payment_intent": paid["id"]})).body
    await clock.asked_for(2.0)
    clock.advance(2)
    failed = (await endpoint.next("refund.failed")).event["data"]["object"]
    movements = (await telling_client.get(f"{LIST}?source={refund['id']}")).body["data"]

    assert [(each["type"], each["amount"]) for each in movements] == [
        ("refund_failure", 10000),
        ("refund", -10000),
    ]
    assert failed["failure_balance_transaction"] == movements[0]["id"]


async def test_movements_are_listed_by_time_and_kind(client: Client, clock: WatchedClock) -> None:
    await client.paid("pm_card_visa")
    clock.advance(60)
    now = int(clock.now().timestamp())
    paid = await client.paid("pm_card_visa")
    await client.post("/v1/refunds", {"payment_intent": paid["id"]})
    late = (await client.get(f"{LIST}?created[gte]={now}&type=charge")).body["data"]
    early = (await client.get(f"{LIST}?created[lt]={now}")).body["data"]

    assert (len(late), len(early)) == (1, 1)
    assert (await client.get(f"{LIST}/{late[0]['id']}")).body == late[0]


async def test_a_refund_has_the_number_by_which_a_bank_finds_it(
    telling_client: Client, endpoint: Endpoint, clock: WatchedClock
) -> None:
    quick, slow = (
        await telling_client.paid("pm_card_visa"),
        await telling_client.paid("pm_card_pendingRefund"),
    )
    done = (await telling_client.post("/v1/refunds", {"payment_intent": quick["id"]})).body
    pending = (await telling_client.post("/v1/refunds", {"payment_intent": slow["id"]})).body
    await clock.asked_for(2.0)
    clock.advance(2)
    later = (await endpoint.next("refund.updated")).event["data"]["object"]

    details = [each["destination_details"]["card"] for each in (done, pending, later)]
    assert [each["reference_status"] for each in details] == ["available", "pending", "available"]
    assert len(details[0]["reference"]) == len(details[2]["reference"]) == 23


async def test_charges_of_a_payment_are_listed(client: Client) -> None:
    declined = await client.authorise(payment_method="pm_card_chargeDeclined")
    intent = declined.error["payment_intent"]["id"]
    await client.post(f"/v1/payment_intents/{intent}/confirm", {"payment_method": "pm_card_visa"})
    charges = (await client.get(f"/v1/charges?payment_intent={intent}")).body["data"]

    assert [each["status"] for each in charges] == ["succeeded", "failed"]
