"""What is still open when a session ends: it tells nothing more, whatever notices got lost."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, hdrs

from bookingd.domain.accounts.permissions import Role
from bookingd.domain.booking.state import Booking, BookingState
from bookingd.domain.ids import AccountId
from bookingd.messages.live import AccountChanged
from bookingd.storage import accounts, sessions
from bookingd.storage.accounts import AccountState
from bookingd.storage.database import Connection, Database, DatabaseUnavailable
from bookingd.storage.sessions import Ending
from handlers import live_bookings
from handlers.remembered import KNOWN_FOR
from tests.fakes.accounts import plant_account, plant_api_key
from tests.handlers.conftest import Api
from tests.storage.test_accounts import until_somebody_waits

SIGN_IN_AGAIN = 4001


@pytest.fixture
async def account(connection: Connection) -> AccountId:
    return await plant_account(connection)


@pytest.fixture
async def owner(api: Api, account: AccountId) -> Api:
    return await api.signed_in(account)


Stop = Callable[[], Awaitable[Any]]


@pytest.fixture(params=["ended", "suspended", "run out"])
async def stop(request: pytest.FixtureRequest, api: Api, connection: Connection, account: AccountId) -> Stop:
    """Ends the session, and tells nobody."""

    async def ended() -> None:
        now = api.clock.now()
        await sessions.end_all(connection, account=account, because=Ending.REVOKED, now=now)

    async def suspended() -> None:
        await accounts.set_state(connection, account=account, state=AccountState.SUSPENDED)

    async def run_out() -> None:
        api.clock.advance(timedelta(days=1))

    return {"ended": ended, "suspended": suspended, "run out": run_out}[request.param]


async def following(api: Api, booking: Booking) -> ClientWebSocketResponse:
    """A socket that has been told everything so far."""
    headers = {hdrs.AUTHORIZATION: f"Bearer {api.token}"}
    socket = await api.client.ws_connect("/v1/live", headers=headers)
    await socket.send_json({"subscribe": f"booking:{booking.reference}", "after": booking.sequence})
    assert "subscribed" in await socket.receive_json()
    return socket


async def close_code(socket: ClientWebSocketResponse) -> int | None:
    """With which it is closed, before anything else comes."""
    await socket.receive(timeout=5)
    return socket.close_code


async def test_nothing_is_told_after_the_end_though_the_notice_got_lost(
    owner: Api, stop: Stop, connection: Connection
) -> None:
    booking = await owner.booked(state=BookingState.AWAITING_PAYMENT)
    socket = await following(owner, booking)
    await stop()
    owner.clock.advance(timedelta(seconds=KNOWN_FOR))

    await owner.change(booking.reference, state=BookingState.CONFIRMED)

    assert await close_code(socket) == SIGN_IN_AGAIN


async def test_a_socket_that_has_nothing_to_tell_is_closed_all_the_same(
    owner: Api, stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_bookings, "LOOK_ANYWAY", 0.05)
    socket = await following(owner, await owner.booked())
    await stop()
    owner.clock.advance(timedelta(seconds=KNOWN_FOR))

    assert await close_code(socket) == SIGN_IN_AGAIN


async def test_nothing_more_is_followed_after_the_end(owner: Api, stop: Stop) -> None:
    booking = await owner.booked()
    socket = await following(owner, booking)
    await stop()
    owner.clock.advance(timedelta(seconds=KNOWN_FOR))

    await socket.send_json({"subscribe": f"booking:{booking.reference}", "after": 0})

    assert await close_code(socket) == SIGN_IN_AGAIN


async def test_a_socket_outlives_its_access_token_as_its_session_does(owner: Api) -> None:
    booking = await owner.booked(state=BookingState.AWAITING_PAYMENT)
    socket = await following(owner, booking)
    owner.clock.advance(timedelta(minutes=11))

    await owner.change(booking.reference, state=BookingState.CONFIRMED)

    assert (await socket.receive_json(timeout=5))["state"] == "confirmed"
    await socket.close()


async def test_whoever_has_lost_a_role_follows_nothing_by_it(
    owner: Api, api: Api, connection: Connection
) -> None:
    agent = await plant_account(connection, 2, Role.AGENT)
    socket = await following(await api.signed_in(agent, second_factor=True), booking := await owner.booked())
    await accounts.set_roles(connection, account=agent, roles=[Role.TRAVELLER])
    api.clock.advance(timedelta(seconds=KNOWN_FOR))

    await owner.change(booking.reference, state=BookingState.CONFIRMED)

    assert await close_code(socket) == SIGN_IN_AGAIN


async def test_a_program_whose_key_was_revoked_is_told_nothing_more(
    owner: Api, api: Api, connection: Connection, account: AccountId
) -> None:
    booking = await owner.booked()
    program = api.nobody()
    program.token = await plant_api_key(connection, account)
    socket = await following(program, booking)
    await connection.execute("UPDATE api_keys SET revoked_at = $1", api.clock.now())
    api.clock.advance(timedelta(seconds=KNOWN_FOR))

    await owner.change(booking.reference, state=BookingState.CONFIRMED)

    assert await close_code(socket) == SIGN_IN_AGAIN


async def test_a_booking_that_is_somebody_elses_now_is_told_no_more_though_the_notice_got_lost(
    api: Api, account: AccountId, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_bookings, "LOOK_ANYWAY", 0.05)
    booking = await api.booked(state=BookingState.AWAITING_PAYMENT)
    socket = await following(api, booking)

    await api.change(booking.reference, quietly=True, owner=f"account:{account}")

    assert await close_code(socket) == SIGN_IN_AGAIN


async def test_a_token_goes_on_to_open_what_is_somebody_elses_now(
    api: Api, account: AccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the right to this booking, whoever's it is."""
    monkeypatch.setattr(live_bookings, "LOOK_ANYWAY", 0.05)
    accepted = await api.book()
    booking = await api.stored(accepted["reference"])
    socket = await api.client.ws_connect("/v1/live")
    wish = {"subscribe": f"booking:{booking.reference}", "token": accepted["booking_token"]}
    await socket.send_json(wish)
    await socket.receive_json()

    await api.change(booking.reference, quietly=True, owner=f"account:{account}")

    assert (await socket.receive_json(timeout=5))["sequence"] == booking.sequence + 1
    await socket.close()


async def test_a_guest_goes_on(api: Api) -> None:
    booking = await api.booked(state=BookingState.AWAITING_PAYMENT)
    socket = await following(api, booking)
    api.clock.advance(timedelta(seconds=KNOWN_FOR))

    await api.change(booking.reference, state=BookingState.CONFIRMED)

    assert (await socket.receive_json(timeout=5))["state"] == "confirmed"
    await socket.close()


async def test_while_the_database_is_away_nothing_is_told_and_later_all_of_it(
    owner: Api, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the session is open cannot be known then."""
    monkeypatch.setattr(live_bookings, "LOOK_ANYWAY", 0.05)
    booking = await owner.booked(state=BookingState.AWAITING_PAYMENT)
    socket = await following(owner, booking)
    owner.clock.advance(timedelta(seconds=KNOWN_FOR))
    connection = database.connection
    asked = asyncio.Event()

    def away() -> Any:
        asked.set()
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(database, "connection", away)
    await asyncio.wait_for(asked.wait(), 5)
    monkeypatch.setattr(database, "connection", connection)
    await owner.change(booking.reference, quietly=True, state=BookingState.CONFIRMED)

    assert (await socket.receive_json(timeout=5))["state"] == "confirmed"
    await socket.close()


async def test_what_was_waited_for_is_not_told_after_the_end(
    owner: Api, api: Api, connection: Connection, account: AccountId
) -> None:
    """The booking is placed; whoever signs in again learns of it by the same key."""
    order = owner.order(await owner.shown())
    waiting = asyncio.create_task(owner.book(order, key="once", Prefer="wait=10"))
    await owner.until_stored("bookings")
    now = api.clock.now()
    await sessions.end_all(connection, account=account, because=Ending.REVOKED, now=now)
    api.bus.notify([AccountChanged(account_id=account)])
    reference = await connection.fetchval("SELECT reference FROM bookings")
    await owner.change(reference, state=BookingState.AWAITING_PAYMENT)

    answer = await waiting

    assert (owner.status, answer["type"]) == (401, "/problems/session-required")
    again = await api.signed_in(account)
    assert (await again.book(order, key="once"))["reference"] == reference


@pytest.mark.parametrize(
    "wish",
    [
        ("POST", "/v1/me/api-keys", {"json": {"name": "a way back in", "scopes": ["book"]}}),
        ("POST", "/v1/me/second-factor/totp", {"json": {}}),
        ("DELETE", "/v1/me", {}),
    ],
)
async def test_what_waited_while_its_session_was_ended_is_not_done(
    owner: Api, account: AccountId, database: Database, connection: Connection, wish: tuple[str, str, Any]
) -> None:
    """Who is being thrown out by a new password makes themselves no other way in at this moment."""
    async with database.transaction() as other:
        await accounts.lock(other, account=account)
        method, path, body = wish
        late = asyncio.create_task(owner.ask(method, path, **body))
        await until_somebody_waits(connection)
        now = owner.clock.now()
        await sessions.end_all(other, account=account, because=Ending.PASSWORD_CHANGED, now=now)

    problem = await late

    assert (owner.status, problem["type"]) == (401, "/problems/session-required")
    assert await owner.count("api_keys") + await owner.count("authenticators") == 0
    assert (await accounts.by_ids(connection, ids=[account]))[account].open
