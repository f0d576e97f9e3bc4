"""P10 over HTTP: every address that leads to a booking, walked by those who have no business there."""

import asyncio
import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from bookingd.domain.booking.state import Booking, BookingState
from bookingd.domain.documents.document import Party
from bookingd.tokens import Purpose
from handlers.operations import Route
from handlers.routes import ROUTES
from tests import factories
from tests.fakes.documents import plant_invoice
from tests.handlers.conftest import Api, MakeApi

BODIES: dict[str, Any] = {
    "pay": {"gateway": "fake", "payment_method": "pm_fake"},
    "consent": {"total": {"amount": 1, "currency": "EUR"}},
    "cancel": {},
    "want_invoice": {},
    "bill_to": {"name": "Mallory", "address_lines": ["1"], "city": "X", "country": "DE"},
}
WAYS_IN = {"ask_for_access", "show_code", "access_page", "ask_by_form", "show_code_by_form"}
"""Which answer alike for whatever reference: tests/handlers/test_guest_access.py."""
TAKING = {"take_over"}
"""For accounts only, whatever token they show: tests/handlers/test_claims.py."""
PAGES = {"pay_page", "pay_by_form"}
"""Which lead who has no business there to the way in by a code: tests/handlers/test_pay_page.py."""
BY_ROLE = "/v1/admin/"
"""Begins what only staff reach, by their roles: tests/handlers/test_gate.py."""
OF_A_BOOKING = [
    route
    for route in ROUTES
    if "{reference}" in route.path
    and route.handler.__name__ not in WAYS_IN | TAKING | PAGES
    and not route.path.startswith(BY_ROLE)
]
UNSAFE = [route for route in OF_A_BOOKING if route.method != "GET"]


async def held(api: Api) -> Booking:
    """A booking of this session with a payment that requires an action, and an invoice."""
    booking, parts = await api.booked(), api.parts
    await plant_invoice(parts.database, parts.sources, booking, Party(name="Anna"), now=api.clock.now())
    return await api.change(
        booking.reference,
        state=BookingState.AWAITING_PAYMENT,
        hold_until=api.clock.now() + timedelta(minutes=15),
        payments=(factories.payment(),),
    )


async def ask(api: Api, route: Route, reference: str, **more: Any) -> Any:
    ids = {"payment_id": factories.payment_id(), "number": "INV-2026-000001"}
    path = route.path.format(reference=reference, **ids)
    if route.method == "GET":
        return await api.get(path, **more)
    headers = {"Idempotency-Key": "key", **more.pop("headers", {})}
    return await api.ask(route.method, path, json=BODIES[route.handler.__name__], headers=headers, **more)


def token(api: Api, booking: Booking, purpose: Purpose, *, hours: int = 1) -> str:
    expires_at = api.clock.now() + timedelta(hours=hours)
    return api.parts.signer.sign(purpose, str(booking.id), expires_at=expires_at)


def named(route: Route) -> str:
    return str(route.handler.__name__)


def test_all_of_them_are_walked() -> None:
    assert {named(route) for route in OF_A_BOOKING} == {
        "show",
        "events",
        "messages",
        "options",
        "pay",
        "consent",
        "cancel",
        "returned",
        "own_documents",
        "one_document",
        "want_invoice",
        "billing",
        "bill_to",
    }


@pytest.mark.parametrize("route", OF_A_BOOKING, ids=named)
async def test_a_stranger_learns_nothing_and_does_nothing(api: Api, stranger: Api, route: Route) -> None:
    booking = await held(api)
    before = await api.outbox()
    foreign = await ask(stranger, route, booking.reference)
    assert stranger.status == 404

    unknown = await ask(stranger, route, "ZZZZZZ")

    assert stranger.status == 404
    assert told(foreign) == told(unknown)
    assert (await api.outbox(), await api.stored(booking.reference)) == (before, booking)


async def test_a_guest_on_the_way_back_warns_nobody(
    api: Api, stranger: Api, caplog: pytest.LogCaptureFixture
) -> None:
    booking = await held(api)
    caplog.set_level(logging.INFO, logger="handlers.opened")

    await api.nobody().get(f"/v1/bookings/{booking.reference}")
    await stranger.get(f"/v1/bookings/{booking.reference}")

    assert [record.levelname for record in caplog.records if "refused:" in record.message] == [
        "INFO",
        "WARNING",
    ]


async def test_a_refused_look_is_in_the_trail_once_a_minute(api: Api, stranger: Api) -> None:
    """P10, P11: told, and no way to flood what tells it."""
    booking = await held(api)
    entries = (
        "SELECT principal FROM audit_entries WHERE action = 'access.refused' AND subject_id = $1 ORDER BY at"
    )

    async def look(who: Api) -> None:
        await who.get(f"/v1/bookings/{booking.reference}")

    await asyncio.gather(*(look(stranger) for _ in range(5)))
    await look(api.nobody())
    api.clock.advance(timedelta(seconds=61))
    await look(stranger)

    async with api.parts.database.connection() as connection:
        told = [row["principal"] for row in await connection.fetch(entries, str(booking.id))]
    assert sorted(told)[2:] == ["nobody"]
    assert told.count(sorted(told)[0]) == 2


@pytest.mark.parametrize("route", OF_A_BOOKING, ids=named)
async def test_whoever_is_nobody_gets_nowhere(api: Api, route: Route) -> None:
    booking = await held(api)
    nobody = api.nobody()

    problem = await ask(nobody, route, booking.reference)

    if route.method == "GET":
        assert nobody.status == 404
    else:
        assert (nobody.status, problem["type"]) == (401, "/problems/session-required")
        assert "POST /v1/sessions" in problem["detail"]


@pytest.mark.parametrize("route", OF_A_BOOKING, ids=named)
async def test_the_token_of_another_booking_opens_nothing(api: Api, stranger: Api, route: Route) -> None:
    booking, theirs = await held(api), await stranger.booked()
    headers = {"Booking-Token": token(api, theirs, Purpose.BOOKING)}

    await ask(stranger, route, booking.reference, headers=headers)

    assert stranger.status == 404


@pytest.mark.parametrize("route", OF_A_BOOKING, ids=named)
async def test_a_forged_or_old_token_opens_nothing(api: Api, stranger: Api, route: Route) -> None:
    booking = await held(api)
    good = token(api, booking, Purpose.BOOKING)
    bad = (
        good[:-4] + "AAAA",
        token(api, booking, Purpose.BOOKING, hours=-1),
        token(api, booking, Purpose.GUEST),
        good.replace(str(booking.id), str(UUID(int=5))),
        "....",
        "b",
    )

    for one in bad:
        await ask(stranger, route, booking.reference, headers={"Booking-Token": one})
        assert stranger.status == 404


@pytest.mark.parametrize("route", OF_A_BOOKING, ids=named)
async def test_the_bookings_own_token_opens_it_to_anybody(api: Api, stranger: Api, route: Route) -> None:
    booking = await held(api)
    headers = {"Booking-Token": token(api, booking, Purpose.BOOKING)}

    await ask(stranger, route, booking.reference, headers=headers)

    assert stranger.status in {200, 202, 409}


async def test_a_mail_link_opens_it_for_reading_without_any_session(api: Api) -> None:
    booking, nobody = await held(api), api.nobody()

    shown = await nobody.get(
        f"/v1/bookings/{booking.reference}", params={"link": token(api, booking, Purpose.LINK)}
    )

    assert (nobody.status, shown["reference"]) == (200, booking.reference)


async def test_a_mail_link_does_not_give_the_booking_up(api: Api, stranger: Api) -> None:
    booking = await held(api)
    headers = {"Booking-Token": token(api, booking, Purpose.LINK)}

    await stranger.post(f"/v1/bookings/{booking.reference}/cancellations", {}, headers=headers)

    assert stranger.status == 404


@pytest.mark.parametrize("route", [one for one in OF_A_BOOKING if "billing" in one.path], ids=named)
async def test_a_mail_link_says_nobody_whom_to_bill(api: Api, stranger: Api, route: Route) -> None:
    booking = await held(api)

    await ask(
        stranger, route, booking.reference, headers={"Booking-Token": token(api, booking, Purpose.LINK)}
    )

    assert stranger.status == 404


async def test_a_bad_session_is_told_so(api: Api) -> None:
    nobody = api.nobody()

    problem = await nobody.get("/v1/bookings", headers={"Authorization": "Bearer made.up.by.me"})

    assert (nobody.status, problem["type"]) == (401, "/problems/session-required")
    assert nobody.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_session_ends(api: Api) -> None:
    api.clock.advance(timedelta(days=31))

    await api.get("/v1/bookings")

    assert api.status == 401


async def test_a_token_of_another_installation_is_nobody_here(api: Api, make_api: MakeApi) -> None:
    elsewhere = type(api.parts.signer)(b"x" * 32)
    other = await (await make_api(signer=elsewhere)).somebody()
    api.token = other.token

    await api.get("/v1/bookings")

    assert api.status == 401


def told(problem: dict[str, Any]) -> dict[str, Any]:
    """A problem less what names this one occurrence."""
    return {name: value for name, value in problem.items() if name not in {"instance", "correlation_id"}}
