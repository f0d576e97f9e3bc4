"""What never reaches a handler is answered like everything else: read from the wire, as it leaves."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from bookingd.config import Settings
from bookingd.config.sections import Server
from handlers.application import build
from handlers.server import Runner
from tests.acceptance.daemon import free_port, until
from tests.handlers.conftest import PUBLIC, Api, MakeApi

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


@pytest.fixture
async def port(make_api: MakeApi) -> AsyncIterator[int]:
    """Where the application listens, run as the daemon runs it, with a short time for requests."""
    settings = Settings(public_url=PUBLIC, server=Server(request_timeout_seconds=0.2))
    api: Api = await make_api(settings=settings)
    runner = Runner(build(parts=api.parts), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def said(port: int, sent: bytes) -> tuple[str, dict[str, str], Any]:
    """The status line, the headers and the body of the answer to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    status, *lines = head.strip().split("\r\n")
    headers = {name: value for line in lines for name, value in [line.split(": ", 1)]}
    body = await reader.readexactly(int(headers["Content-Length"]))
    writer.close()
    return status, headers, json.loads(body)


@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 9000 + b"\r\n\r\n",
    ],
    ids=["garbage", "tls", "no host", "bad header", "long line", "long header"],
)
async def test_what_is_no_request_is_told_as_a_problem_and_names_no_library(port: int, sent: bytes) -> None:
    status, headers, problem = await said(port, sent)

    assert " 400 " in status
    assert headers["Server"] == "bookingd"
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert problem["type"] == "/problems/bad-request"
    assert problem["correlation_id"] == headers["X-Correlation-Id"]
    assert "bad header" not in str(problem)


async def test_an_expectation_that_nobody_meets_names_no_library(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEALTH + b"Expect: wonders\r\n\r\n")
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()

    assert " 417 " in head
    assert "Server: bookingd" in head
    assert "aiohttp" not in head


@pytest.mark.parametrize("encoding", [b"br", b"gzip", b"zstd"])
async def test_an_encoded_body_is_refused_before_it_is_unpacked(port: int, encoding: bytes) -> None:
    head = b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7\r\n"

    status, _, problem = await said(port, head + b"Content-Encoding: " + encoding + b"\r\n\r\ngarbage")

    assert (" 415 " in status, problem["type"]) == (True, "/problems/media-type")


async def test_a_body_that_does_not_come_is_its_senders_fault(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    head = (
        b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 70\r\n"
    )
    caplog.set_level(logging.WARNING)

    status, headers, problem = await said(port, head + b'\r\n{"kind"')

    assert (" 408 " in status, problem["type"]) == (True, "/problems/slow-request")
    assert headers["Connection"] == "close"
    assert caplog.messages == []


async def test_a_head_that_does_not_come_ends_the_connection(
    make_api: MakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.server.PATIENCE", 0.1)
    api = await make_api()
    runner = Runner(build(parts=api.parts), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection("127.0.0.1", runner.addresses[0][1])
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")

    assert await asyncio.wait_for(reader.read(), 5) == b""

    writer.close()
    await runner.cleanup()


# Leaving


Listen = Callable[..., Awaitable[Runner]]


@pytest.fixture
async def listen(make_api: MakeApi) -> AsyncIterator[Listen]:
    """Starts servers as the daemon does: `await listen(port=..., reuse_port=True)`."""
    api = await make_api()
    started: list[Runner] = []

    async def start(*, port: int = 0, reuse_port: bool | None = None) -> Runner:
        runner = Runner(build(parts=api.parts), shutdown_timeout=0.1)
        started.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, reuse_port=reuse_port).start()
        return runner

    yield start
    for runner in started:
        await runner.cleanup()


KEPT = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_whoever_waits_to_be_accepted_is_served_to_the_last(listen: Listen) -> None:
    runner = await listen()
    address = runner.addresses[0]
    with socket.create_connection(address) as waiting:  # made by the kernel: the event loop has not turned
        waiting.sendall(KEPT)

        await runner.stop_listening(patience=5)

        waiting.setblocking(False)
        answer = await asyncio.get_running_loop().sock_recv(waiting, 4096)
    assert answer.startswith(b"HTTP/1.1 200")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


async def test_a_newcomer_may_still_ask_and_is_sent_away_with_the_answer(listen: Listen) -> None:
    runner = await listen()
    reader, writer = await _connect(runner)
    leaving = asyncio.create_task(runner.stop_listening(patience=5))
    await asyncio.sleep(0.01)

    writer.write(KEPT)

    answer = await asyncio.wait_for(reader.read(), 1)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"Connection: close" in answer
    await asyncio.wait_for(leaving, 1)
    writer.close()


async def test_a_body_on_its_way_is_waited_for(listen: Listen) -> None:
    runner = await listen()
    reader, writer = await _connect(runner)
    head = b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    writer.write(head + b"Content-Length: 16\r\n\r\n")
    await until(lambda: _matches(runner, lambda each: each._current_request is not None))
    leaving = asyncio.create_task(runner.stop_listening(patience=5))
    await asyncio.sleep(0.01)

    writer.write(b'{"kind":"guest"}')

    assert (await asyncio.wait_for(reader.read(), 1)).startswith(b"HTTP/1.1 20")
    await asyncio.wait_for(leaving, 1)
    writer.close()


async def test_one_who_has_asked_before_is_hung_up_on_and_a_silent_one_soon_too(listen: Listen) -> None:
    runner = await listen()
    idle, idle_writer = await _connect(runner)
    idle_writer.write(KEPT)
    assert b"alive" in await idle.readuntil(b"}")
    silent, silent_writer = await _connect(runner)
    leaving = asyncio.create_task(runner.stop_listening(patience=0.3))

    assert await asyncio.wait_for(idle.read(), 0.2) == b""
    assert not leaving.done()

    await asyncio.wait_for(leaving, 2)
    await runner.cleanup()
    assert await asyncio.wait_for(silent.read(), 1) == b""
    idle_writer.close()
    silent_writer.close()


async def test_two_at_one_port_lose_nobody_when_one_of_them_leaves(listen: Listen) -> None:
    port = free_port()
    first, _ = [await listen(port=port, reuse_port=True) for _ in range(2)]
    stop, lost, served = asyncio.Event(), 0, 0

    def ask() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
                client.sendall(KEPT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
                return client.recv(4096).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    async def ask_on() -> None:
        nonlocal lost, served
        while not stop.is_set():
            answered = await asyncio.to_thread(ask)
            served += answered
            lost += not answered

    clients = [asyncio.create_task(ask_on()) for _ in range(8)]
    await asyncio.sleep(0.3)
    before = served
    await first.stop_listening(patience=2)
    await first.cleanup()
    await asyncio.sleep(0.3)
    stop.set()
    await asyncio.gather(*clients)

    assert lost == 0
    assert served > before > 0


async def _connect(runner: Runner) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that the server has accepted."""
    before = len(_connections(runner))
    opened = await asyncio.open_connection(*runner.addresses[0])
    await until(lambda: _grown(runner, before))
    return opened


async def _grown(runner: Runner, before: int) -> bool:
    return len(_connections(runner)) > before


async def _matches(runner: Runner, fits: Callable[[web.RequestHandler], bool]) -> bool:
    return any(map(fits, _connections(runner)))


def _connections(runner: Runner) -> list[web.RequestHandler]:
    assert runner.server is not None
    return runner.server.connections
