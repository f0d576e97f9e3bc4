"""Reviews: what Radar finds risky, a person at the merchant looks at."""

from typing import Any

from tests.sandbox.stripe_client import Client

RISKY = "pm_card_riskLevelElevated"


async def _reviewed(client: Client) -> dict[str, Any]:
    return (
        await client.authorise(payment_method=RISKY, **{"expand[0]": "latest_charge", "expand[1]": "review"})
    ).body


async def test_a_risky_payment_is_held_and_reviewed(client: Client) -> None:
    intent = await _reviewed(client)
    outcome = intent["latest_charge"]["outcome"]

    assert (intent["status"], intent["review"]["open"]) == ("requires_capture", True)
    assert (outcome["risk_level"], outcome["type"]) == ("elevated", "manual_review")


async def test_an_approved_review_is_closed(client: Client) -> None:
    intent = await _reviewed(client)
    path = f"/v1/reviews/{intent['review']['id']}"
    listed = (await client.get("/v1/reviews")).body["data"]
    approved, again = await client.post(f"{path}/approve"), await client.post(f"{path}/approve")

    assert [each["id"] for each in listed] == [intent["review"]["id"]]
    assert (approved.body["open"], approved.body["closed_reason"], again.status) == (False, "approved", 400)
    assert (await client.get("/v1/reviews")).body["data"] == []
    assert (await client.get(path)).body == approved.body


async def test_who_lets_go_of_the_money_has_answered(client: Client) -> None:
    held, taken = await _reviewed(client), await _reviewed(client)
    await client.post(f"/v1/payment_intents/{held['id']}/cancel")
    await client.capture(taken)
    await client.post("/v1/refunds", {"payment_intent": taken["id"]})
    reviews = [(await client.get(f"/v1/reviews/{each['review']['id']}")).body for each in (held, taken)]

    assert [review["closed_reason"] for review in reviews] == ["refunded", "refunded"]


async def test_the_riskiest_is_blocked(client: Client) -> None:
    declined = await client.authorise(payment_method="pm_card_riskLevelHighest")
    charge = (await client.get(f"/v1/charges/{declined.error['charge']}")).body

    assert (declined.status, declined.error["decline_code"]) == (402, "fraudulent")
    assert (charge["outcome"]["type"], charge["outcome"]["risk_level"]) == ("blocked", "highest")


async def test_reviews_are_told_of(client: Client) -> None:
    intent = await _reviewed(client)
    await client.post(f"/v1/reviews/{intent['review']['id']}/approve")
    kinds = [each["type"] for each in (await client.get("/v1/events")).body["data"]]

    assert {"review.opened", "review.closed"} <= set(kinds)
