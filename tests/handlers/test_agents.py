"""Staff who act for travellers: the booking is the traveller's, and the trail names who did what to whose."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import hdrs

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.booking.state import BookingState, Item
from bookingd.domain.ids import AccountId
from bookingd.storage.database import Connection
from tests import factories
from tests.fakes.accounts import plant_account
from tests.handlers.conftest import CONTACT, Api


@pytest.fixture
async def agent(api: Api, connection: Connection) -> Api:
    return await api.signed_in(await plant_account(connection, 1, Role.AGENT), second_factor=True)


@pytest.fixture
async def auditor(api: Api, connection: Connection) -> Api:
    return await api.signed_in(await plant_account(connection, 2, Role.AUDITOR), second_factor=True)


async def for_somebody(agent: Api, **more: Any) -> Any:
    """What the agent books for the traveller of CONTACT."""
    return await agent.book(agent.order(await agent.shown(), on_behalf=True), **more)


async def trail(api: Api, action: str) -> list[dict[str, Any]]:
    async with api.parts.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT canonical::text FROM audit_entries WHERE action = $1 ORDER BY at, id", action
        )
    return [json.loads(row["canonical"]) for row in rows]


# Booking for a traveller


async def test_what_an_agent_books_for_somebody_is_not_the_agents(agent: Api) -> None:
    made = await for_somebody(agent)

    assert agent.status == 202, made
    assert "booking_token" not in made
    assert (await agent.get("/v1/bookings"))["bookings"] == []
    assert (await agent.get(made["links"]["self"]))["contact"]["email"] == CONTACT["email"]
    booking = await agent.stored(made["reference"])
    assert booking.owner.startswith("guest:")


async def test_the_trail_names_the_agent_and_whose_booking_it_is(agent: Api) -> None:
    made = await for_somebody(agent)

    (entry,) = await trail(agent, "booking.requested")
    owner = (await agent.stored(made["reference"])).owner
    assert (entry["principal"], entry["details"]["owner"]) == (agent.principal, owner)


async def test_the_traveller_takes_it_over(agent: Api, api: Api, connection: Connection) -> None:
    made = await for_somebody(agent)
    traveller = await api.signed_in(await plant_account(connection, 3, address=CONTACT["email"]))

    await traveller.post(f"/v1/bookings/{made['reference']}/claims", {})

    assert traveller.status == 200
    await agent.get(made["links"]["self"])
    assert agent.status == 200


async def test_the_same_request_again_is_the_same_booking(agent: Api) -> None:
    offer = await agent.shown()
    body = agent.order(offer, on_behalf=True)

    first = await agent.book(body, key="once")
    second = await agent.book(body, key="once")

    assert first == second
    assert await agent.count("bookings") == 1


async def test_what_an_agent_books_for_themselves_is_their_own(agent: Api) -> None:
    made = await agent.book()

    assert "booking_token" in made
    assert [one["reference"] for one in (await agent.get("/v1/bookings"))["bookings"]] == [made["reference"]]
    (entry,) = await trail(agent, "booking.requested")
    assert "owner" not in entry["details"]


async def test_nobody_but_staff_who_act_books_for_others(
    api: Api, auditor: Api, connection: Connection
) -> None:
    traveller = await api.signed_in(await plant_account(connection, 3))
    weak = await api.signed_in(await plant_account(connection, 4, Role.AGENT))
    slugs = {}
    for name, who in (("guest", api), ("traveller", traveller), ("auditor", auditor), ("weak", weak)):
        problem = await for_somebody(who)
        slugs[name] = (who.status, problem["type"].removeprefix("/problems/"))

    assert slugs == {
        "guest": (403, "not-allowed"),
        "traveller": (403, "not-allowed"),
        "auditor": (403, "not-allowed"),
        "weak": (403, "second-factor-needed"),
    }
    assert await api.count("bookings") == 0


@pytest.mark.parametrize("value", ["yes", "true", 1, None, {}])
async def test_it_is_said_by_true_or_false(agent: Api, value: Any) -> None:
    await agent.book(agent.order(await agent.shown(), on_behalf=value))

    assert agent.status == 422


# Acting on what is a traveller's


DEEDS: Mapping[str, tuple[BookingState, dict[str, Any]]] = {
    "payments": (BookingState.AWAITING_PAYMENT, {"gateway": "fake", "payment_method": "pm_fake"}),
    "consents": (BookingState.PRICE_CHANGED, {}),
    "cancellations": (BookingState.AWAITING_PAYMENT, {}),
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_what_an_agent_does_for_a_traveller_is_sent_in_the_agents_name(
    api: Api, agent: Api, deed: str
) -> None:
    state, body = DEEDS[deed]
    booking = await api.booked(state=state, hold_until=api.clock.now() + timedelta(minutes=15))
    if deed == "consents":
        booking = await api.change(booking.reference, items=(dearer(booking.items[0]),))
        total = booking.proposed_total
        body = {"total": {"amount": total.amount, "currency": total.currency}}

    headers = {"Idempotency-Key": "once"}
    answer = await agent.post(f"/v1/bookings/{booking.reference}/{deed}", body, headers=headers)

    assert agent.status == 202, answer
    async with api.parts.database.connection() as connection:
        rows = await connection.fetch("SELECT bundle FROM outbox ORDER BY id")
    assert agent.principal.encode() in rows[-1]["bundle"]


@pytest.mark.parametrize("deed", DEEDS)
async def test_who_only_reads_does_nothing(api: Api, auditor: Api, deed: str) -> None:
    booking = await api.booked(state=DEEDS[deed][0], hold_until=api.clock.now() + timedelta(minutes=15))
    before = await api.outbox()
    body = {"total": {"amount": 1, "currency": "EUR"}} if deed == "consents" else DEEDS[deed][1]

    headers = {"Idempotency-Key": "once"}
    await auditor.post(f"/v1/bookings/{booking.reference}/{deed}", body, headers=headers)

    assert auditor.status == 404
    assert await api.outbox() == before


def dearer(item: Item) -> Item:
    return replace(item, proposed=factories.dearer(item.offer))


# Looking at what is a traveller's


async def test_staff_who_look_are_in_the_trail(api: Api, auditor: Api) -> None:
    """P11."""
    booking = await api.booked()

    await auditor.get(f"/v1/bookings/{booking.reference}")

    (entry,) = await trail(api, "booking.read")
    assert entry["principal"] == auditor.principal
    assert entry["subject"] == {"kind": "booking", "id": str(booking.id)}
    assert entry["details"] == {"owner": booking.owner}


@pytest.mark.parametrize("part", ["", "/events", "/messages"])
async def test_wherever_they_look(api: Api, auditor: Api, part: str) -> None:
    booking = await api.booked()

    await auditor.get(f"/v1/bookings/{booking.reference}{part}")

    assert len(await trail(api, "booking.read")) == 1


@pytest.mark.parametrize("part", ["/payment-options", "/billing"])
async def test_wherever_they_look_who_might_do_more_there(api: Api, agent: Api, part: str) -> None:
    """P11: what takes the right to pay, or to say whom to bill, is looked at as well."""
    booking = await api.booked()

    await agent.get(f"/v1/bookings/{booking.reference}{part}")

    assert (agent.status, len(await trail(api, "booking.read"))) == (200, 1)


async def test_once_an_hour_is_enough(api: Api, auditor: Api, agent: Api) -> None:
    booking, other = await api.booked(), await api.booked()

    async def look(who: Api, reference: str) -> None:
        await who.get(f"/v1/bookings/{reference}")

    for _ in range(3):
        await look(auditor, booking.reference)
    await look(auditor, other.reference)
    await look(agent, booking.reference)
    assert len(await trail(api, "booking.read")) == 3
    api.clock.advance(timedelta(minutes=59))
    auditor, agent = await again(api, auditor), await again(api, agent)
    await look(auditor, booking.reference)
    assert len(await trail(api, "booking.read")) == 3

    api.clock.advance(timedelta(minutes=2))
    await look(await again(api, auditor), booking.reference)

    assert len(await trail(api, "booking.read")) == 4


async def again(api: Api, who: Api) -> Api:
    """The same account, with a token that is not too old."""
    return await api.signed_in(AccountId(UUID(who.principal.removeprefix("account:"))), second_factor=True)


async def test_a_look_that_is_not_news_is_one_all_the_same(api: Api, auditor: Api) -> None:
    booking = await api.booked()
    tag = f'W/"{booking.sequence}"'

    await auditor.get(f"/v1/bookings/{booking.reference}", headers={"If-None-Match": tag})

    assert (auditor.status, len(await trail(api, "booking.read"))) == (304, 1)


async def test_staff_who_follow_it_live_are_in_the_trail(api: Api, auditor: Api) -> None:
    booking = await api.booked()
    headers = {hdrs.AUTHORIZATION: f"Bearer {auditor.token}"}
    async with api.client.ws_connect("/v1/live", headers=headers) as socket:
        await socket.send_json({"subscribe": f"booking:{booking.reference}", "after": 0})
        assert "subscribed" in await socket.receive_json(timeout=5)

    assert len(await trail(api, "booking.read")) == 1


async def test_what_is_ones_own_is_looked_at_unseen(api: Api, agent: Api) -> None:
    """A guest's and an agent's; and what opens by a token, whose holder is nobody of the staff."""
    made, own = await api.book(), await agent.book()
    nobody = api.nobody()

    await api.get(made["links"]["self"])
    await nobody.get(made["links"]["self"], headers={"Booking-Token": made["booking_token"]})
    await agent.get(own["links"]["self"])

    assert (api.status, nobody.status, agent.status) == (200, 200, 200)
    assert await trail(api, "booking.read") == []


async def test_staff_with_a_token_in_hand_are_staff(api: Api, auditor: Api) -> None:
    made = await api.book()

    await auditor.get(made["links"]["self"], headers={"Booking-Token": made["booking_token"]})

    assert len(await trail(api, "booking.read")) == 1
