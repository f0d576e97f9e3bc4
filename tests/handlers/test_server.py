"""What never reaches a handler is answered like everything else: read from the wire, as it leaves."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from bookingd.config import Settings
from bookingd.config.sections import Server
from handlers.application import build
from handlers.server import Runner
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
