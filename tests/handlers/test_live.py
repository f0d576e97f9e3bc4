"""The WebSocket: every event once and in order, whatever notices came; and what it refuses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from msgspec import Raw

from bookingd.domain.booking.state import Booking, BookingState
from bookingd.messages.live import BookingMoved, Step
from bookingd.storage.database import Connection
from bookingd.tokens import Purpose
from handlers import live, live_bookings, live_socket
from handlers.bookings import MOVES
from tests.handlers.conftest import Api, moved

Socket = aiohttp.ClientWebSocketResponse


@asynccontextmanager
async def connected(api: Api, **headers: str) -> AsyncIterator[Socket]:
    own = {"Authorization": f"Bearer {api.token}"} if api.token else {}
    async with api.client.ws_connect("/v1/live", headers={**own, **headers}) as socket:
        yield socket


async def subscribe(socket: Socket, booking: Booking, after: int = 0, **more: Any) -> Any:
    await socket.send_json({"subscribe": f"booking:{booking.reference}", "after": after, **more})
    return await socket.receive_json()


async def sequences(socket: Socket, count: int) -> list[int]:
    return [(await socket.receive_json())["sequence"] for _ in range(count)]


async def moving(api: Api, steps: int) -> Booking:
    booking = await api.booked()
    for _ in range(steps):
        booking = await api.change(booking.reference, state=BookingState.AWAITING_PAYMENT)
    return booking


def brought(booking: Booking, *numbers: int) -> BookingMoved:
    """A notice with the steps of these numbers."""
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    steps = [
        Step(sequence=number, name="test.moved", state=booking.state, details=Raw(b"{}"), at=at)
        for number in numbers
    ]
    return replace(moved(booking), sequence=numbers[-1], steps=tuple(steps))


async def all_gone(api: Api) -> None:
    """Wait until the server has no socket; nothing tells a client when that is so."""
    while api.parts.metrics.registry.get_sample_value("bookingd_live_connections"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_what_happened_is_told_and_then_what_happens(api: Api) -> None:
    booking = await moving(api, 2)
    async with connected(api) as socket:
        assert await subscribe(socket, booking) == {
            "subscribed": f"booking:{booking.reference}",
            "after": 0,
        }
        assert await sequences(socket, 2) == [1, 2]

        await api.change(booking.reference, state=BookingState.CONFIRMED)

        event = await socket.receive_json()
    assert event == {
        "topic": f"booking:{booking.reference}",
        "sequence": 3,
        "name": "test.moved",
        "state": "confirmed",
        "details": {"step": 3},
        "at": "2026-11-22T12:00:00Z",
    }


async def test_it_goes_on_behind_what_was_seen(api: Api) -> None:
    booking = await moving(api, 5)
    async with connected(api) as socket:
        await subscribe(socket, booking, after=3)

        assert await sequences(socket, 2) == [4, 5]


async def test_lost_notices_leave_no_gap(api: Api) -> None:
    booking = await moving(api, 1)
    async with connected(api) as socket:
        await subscribe(socket, booking, after=1)
        for _ in range(3):
            await api.change(booking.reference, quietly=True, state=BookingState.AWAITING_PAYMENT)

        await api.change(booking.reference, state=BookingState.CONFIRMED)

        assert await sequences(socket, 4) == [2, 3, 4, 5]


async def test_with_every_notice_lost_the_table_is_read_anyway(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_bookings, "LOOK_ANYWAY", 0.05)
    booking = await moving(api, 1)
    async with connected(api) as socket:
        await subscribe(socket, booking, after=1)

        await api.change(booking.reference, quietly=True, state=BookingState.CONFIRMED)

        assert await sequences(socket, 1) == [2]


async def test_repeated_notices_tell_nothing_twice(api: Api) -> None:
    booking = await moving(api, 1)
    async with connected(api) as socket:
        await subscribe(socket, booking)
        assert await sequences(socket, 1) == [1]
        for _ in range(5):
            api.bus.notify([moved(booking)])

        await api.change(booking.reference, state=BookingState.CONFIRMED)

        assert await sequences(socket, 1) == [2]


async def test_what_a_notice_brings_is_told_without_reading_it_again(api: Api) -> None:
    booking = await moving(api, 1)
    async with connected(api) as socket:
        await subscribe(socket, booking, after=1)

        api.bus.notify([brought(booking, 2, 3)])  # the table has nothing of these

        assert await sequences(socket, 2) == [2, 3]


async def test_a_notice_behind_a_gap_is_no_shortcut(api: Api) -> None:
    booking = await moving(api, 1)
    async with connected(api) as socket:
        await subscribe(socket, booking, after=1)
        for _ in range(2):
            booking = await api.change(booking.reference, quietly=True, state=BookingState.AWAITING_PAYMENT)

        api.bus.notify([brought(booking, 3)])

        assert await sequences(socket, 2) == [2, 3]


async def test_several_bookings_share_a_socket(api: Api) -> None:
    one, other = await moving(api, 0), await moving(api, 0)
    async with connected(api) as socket:
        await subscribe(socket, one)
        await subscribe(socket, other)

        await api.change(other.reference, state=BookingState.FAILED)
        await api.change(one.reference, state=BookingState.CONFIRMED)

        told = [(await socket.receive_json())["topic"] for _ in range(2)]
    assert told == [f"booking:{other.reference}", f"booking:{one.reference}"]


async def test_what_is_followed_no_longer_is_not_told(api: Api) -> None:
    one, other = await moving(api, 0), await moving(api, 0)
    async with connected(api) as socket:
        await subscribe(socket, one)
        await subscribe(socket, other)
        await socket.send_json({"unsubscribe": f"booking:{one.reference}"})
        assert await socket.receive_json() == {"unsubscribed": f"booking:{one.reference}"}

        await api.change(one.reference, state=BookingState.FAILED)
        await api.change(other.reference, state=BookingState.CONFIRMED)

        assert (await socket.receive_json())["topic"] == f"booking:{other.reference}"


# Who may follow


async def test_a_stranger_gets_the_same_answer_for_a_foreign_and_an_unknown_booking(
    api: Api, stranger: Api
) -> None:
    """P10."""
    booking = await moving(api, 1)
    async with connected(stranger) as socket:
        foreign = await subscribe(socket, booking)
        await socket.send_json({"subscribe": "booking:ZZZZZZ"})
        unknown = await socket.receive_json()

        assert foreign == unknown
        assert foreign["error"]["type"] == "/problems/not-found"
        await api.change(booking.reference, state=BookingState.CONFIRMED)
        await socket.ping()
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.2)


@pytest.mark.parametrize("purpose", [Purpose.BOOKING, Purpose.LINK])
async def test_a_token_opens_its_booking_without_a_session(api: Api, purpose: Purpose) -> None:
    booking = await moving(api, 1)
    expires_at = api.clock.now() + timedelta(hours=1)
    token = api.parts.signer.sign(purpose, str(booking.id), expires_at=expires_at)
    async with connected(api.nobody()) as socket:
        await subscribe(socket, booking, token=token)

        assert await sequences(socket, 1) == [1]


async def test_a_token_of_another_booking_opens_nothing(api: Api, stranger: Api) -> None:
    mine, theirs = await moving(api, 1), await moving(stranger, 1)
    expires_at = api.clock.now() + timedelta(hours=1)
    token = api.parts.signer.sign(Purpose.BOOKING, str(theirs.id), expires_at=expires_at)
    async with connected(stranger) as socket:
        answer = await subscribe(socket, mine, token=token)

    assert answer["error"]["status"] == 404


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}],
)
async def test_another_sites_page_is_not_let_in(api: Api, headers: dict[str, str]) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with connected(api, **headers):
            pass

    assert refused.value.status == 403


async def test_our_own_page_is_let_in(api: Api) -> None:
    booking = await moving(api, 1)
    async with connected(api, Origin="http://bookingd.test") as socket:
        await subscribe(socket, booking)


async def test_without_a_websocket_it_says_so(api: Api) -> None:
    problem = await api.get("/v1/live")

    assert (api.status, problem["type"]) == (426, "/problems/upgrade-required")


# What it refuses


@pytest.mark.parametrize(
    ("message", "slug"),
    [
        ("{", "malformed-json"),
        ("[]", "invalid-fields"),
        ('{"subscribe": "booking:ABC"}', "invalid-fields"),
        ('{"subscribe": "weather:ABCDEF"}', "invalid-fields"),
        ('{"subscribe": 5}', "invalid-fields"),
        ('{"subscribe": "booking:ABCDEF", "after": -1}', "invalid-fields"),
        ('{"subscribe": "booking:ABCDEF", "after": 99999999999}', "invalid-fields"),
        ('{"subscribe": "booking:ABCDEF", "afer": 1}', "invalid-fields"),
        ('{"unsubscribe": "booking:ABCDEF"}', "invalid-fields"),
    ],
)
async def test_nonsense_is_answered_with_a_problem(api: Api, message: str, slug: str) -> None:
    async with connected(api) as socket:
        await socket.send_str(message)
        answer = await socket.receive_json()

    assert answer["error"]["type"] == f"/problems/{slug}"


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ('{"subscribe": 5}', "subscribe"),
        ('{"subscribe": "booking:ABCDEF", "after": -1}', "after"),
        ('{"subscribe": "booking:ABCDEF", "token": 1}', "token"),
        ('{"subscribe": "booking:ABCDEF", "afer": 1}', "afer"),
        ('{"after": 1}', "subscribe"),
        ('{"unsubscribe": 5}', "unsubscribe"),
        ("[]", ""),
    ],
)
async def test_what_is_wrong_with_a_message_is_told_by_its_field(api: Api, message: str, field: str) -> None:
    async with connected(api) as socket:
        await socket.send_str(message)
        answer = await socket.receive_json()

    assert [error["field"] for error in answer["error"]["errors"]] == [field]


async def test_endless_nonsense_ends_the_connection(api: Api) -> None:
    async with connected(api) as socket:
        for _ in range(live_socket.MISTAKES):
            await socket.send_str("nonsense")
        async for _ in socket:
            pass

    assert socket.close_code == live_socket.TOO_MANY_MISTAKES


async def test_a_huge_message_ends_the_connection(api: Api) -> None:
    async with connected(api) as socket:
        await socket.send_str("x" * (live.MESSAGE_BYTES + 1))
        await socket.receive()

    assert socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_a_socket_follows_so_many_and_no_more(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_bookings, "SUBSCRIPTIONS", 1)
    one, other = await moving(api, 0), await moving(api, 0)
    async with connected(api) as socket:
        await subscribe(socket, one)
        answer = await subscribe(socket, other)

    assert answer["error"]["errors"][0]["code"] == "too_many"


async def test_a_full_process_sends_clients_elsewhere(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SOCKETS", 0)

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with connected(api):
            pass

    assert refused.value.status == 503


# How it ends


async def test_a_slow_reader_is_let_go_by_name(
    api: Api, owner_connection: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(live_socket, "SLOW", 0.2)
    caplog.set_level("INFO")
    booking = await moving(api, 1)
    await owner_connection.execute(
        "INSERT INTO booking_events SELECT $1, number, $2, 'x', 'pending',"
        " json_build_object('text', repeat('x', 60000)) FROM generate_series(2, 400) AS number",
        booking.id,
        api.clock.now(),
    )
    async with connected(api) as socket:
        await subscribe(socket, booking)
        connection = socket._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.pause_reading()
        await all_gone(api)

    assert "reads too slowly" in caplog.text


async def test_whoever_leaves_is_forgotten(api: Api) -> None:
    booking = await moving(api, 0)
    moves = api.client.app[MOVES]
    async with connected(api) as socket:
        await subscribe(socket, booking)
        assert booking.id in moves._listeners
        await socket.close()
        await all_gone(api)

    assert moves._listeners == {}


async def test_a_shutdown_says_goodbye(api: Api) -> None:
    booking = await moving(api, 0)
    async with connected(api) as socket:
        await subscribe(socket, booking)
        listening = asyncio.ensure_future(socket.receive())
        await asyncio.sleep(0)

        await api.client.server.close()

        await listening
    assert socket.close_code == aiohttp.WSCloseCode.GOING_AWAY
