"""Customers and their cards: saved with consent, charged later without their holder, and forgotten."""

import pytest

from tests.sandbox.conftest import WatchedClock
from tests.sandbox.stripe_client import Client

ALONE = {"off_session": "true", "return_url": ""}
"""What a payment says that is made without the payer."""


async def _saved(client: Client, token: str = "pm_card_visa") -> tuple[str, str]:
    """A customer who paid once and agreed to more: both ids."""
    customer = await client.customer(email="ann@example.com")
    paid = await client.authorise(payment_method=token, customer=customer, setup_future_usage="off_session")
    assert paid.status == 200, paid.raw
    return customer, paid.body["payment_method"]


async def test_who_agrees_pays_later_without_being_there(client: Client) -> None:
    customer, card = await _saved(client)
    later = (await client.authorise(payment_method=card, customer=customer, **ALONE)).body

    assert (later["status"], later["customer"], later["payment_method"]) == (
        "requires_capture",
        customer,
        card,
    )


async def test_a_saved_card_is_its_customers(client: Client) -> None:
    customer, card = await _saved(client)
    listed = (await client.get(f"/v1/customers/{customer}/payment_methods?type=card")).body["data"]
    same = (await client.get(f"/v1/payment_methods?customer={customer}&type=card")).body["data"]

    assert [each["id"] for each in listed] == [each["id"] for each in same] == [card]
    assert listed[0]["customer"] == customer


async def test_a_card_of_nobody_pays_once(client: Client) -> None:
    card = (await client.card()).body["id"]
    first, second = await client.authorise(payment_method=card), await client.authorise(payment_method=card)

    assert (first.status, second.status) == (200, 400)
    assert "previously used" in second.error["message"]


async def test_a_card_of_somebody_pays_for_nobody_else(client: Client) -> None:
    _, card = await _saved(client)
    other = await client.authorise(payment_method=card, customer=await client.customer())
    nobody = await client.authorise(payment_method=card)

    assert [(answer.status, answer.error["param"]) for answer in (other, nobody)] == [
        (400, "payment_method")
    ] * 2
    assert len((await client.ledger())["p1"]["payment_intents"]) == 1


async def test_a_bank_may_ask_for_its_customer_who_is_not_there(client: Client) -> None:
    customer = await client.customer()
    card = (await client.card(number="4000002760003184")).body["id"]
    await client.post(f"/v1/payment_methods/{card}/attach", {"customer": customer})
    declined = await client.authorise(payment_method=card, customer=customer, **ALONE)

    assert (declined.status, declined.error["code"]) == (402, "authentication_required")
    assert declined.error["decline_code"] == "authentication_required"
    assert declined.error["payment_intent"]["status"] == "requires_payment_method"


async def test_a_bank_that_asked_once_asks_no_more(client: Client) -> None:
    customer = await client.customer()
    asked = await client.authorise(
        payment_method="pm_card_authenticationRequiredOnSetup",
        customer=customer,
        setup_future_usage="off_session",
    )
    page = asked.body["next_action"]["redirect_to_url"]["url"]
    async with client.session.post(page, data={"outcome": "complete"}, allow_redirects=False):
        pass
    card = (await client.get(f"/v1/customers/{customer}/payment_methods")).body["data"][0]["id"]
    later = (await client.authorise(payment_method=card, customer=customer, **ALONE)).body

    assert later["status"] == "requires_capture"


async def test_without_the_payer_a_visa_is_held_for_less_long(client: Client, clock: WatchedClock) -> None:
    customer, card = await _saved(client)
    wish = {"payment_method": card, "customer": customer, "expand[0]": "latest_charge", **ALONE}
    charge = (await client.authorise(**wish)).body["latest_charge"]

    until = charge["payment_method_details"]["card"]["capture_before"]
    assert until == int(clock.now().timestamp()) + (4 * 24 + 18) * 3600


async def test_a_detached_card_is_never_used_again(client: Client) -> None:
    customer, card = await _saved(client)
    detached = (await client.post(f"/v1/payment_methods/{card}/detach")).body
    again = await client.post(f"/v1/payment_methods/{card}/attach", {"customer": customer})

    assert detached["customer"] is None
    assert again.status == 400
    assert (await client.authorise(payment_method=card, customer=customer, **ALONE)).status == 400


async def test_a_forgotten_customer_keeps_no_card(client: Client) -> None:
    customer, card = await _saved(client)
    gone = (await client.delete(f"/v1/customers/{customer}")).body

    assert gone["deleted"] is True
    assert (await client.get(f"/v1/payment_methods/{card}")).body["customer"] is None
    assert (await client.authorise(customer=customer)).error["code"] == "resource_missing"


async def test_customers_are_found_by_their_address(client: Client) -> None:
    ann, _ = await client.customer(email="ann@example.com"), await client.customer(email="bob@example.com")
    await client.post(f"/v1/customers/{ann}", {"name": "Ann", "metadata[owner]": "account:1"})
    found = (await client.get("/v1/customers?email=ann@example.com")).body["data"]

    assert [(each["id"], each["name"], each["metadata"]) for each in found] == [
        (ann, "Ann", {"owner": "account:1"})
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"customer": "cus_nobody"},
        {"off_session": "true", "setup_future_usage": "off_session"},
        {"off_session": "true", "confirm": "false", "return_url": ""},
    ],
)
async def test_what_makes_no_sense_together_is_refused(client: Client, changes: dict[str, str]) -> None:
    assert (await client.authorise(**changes)).status == 400
    assert await client.ledger() == {}
