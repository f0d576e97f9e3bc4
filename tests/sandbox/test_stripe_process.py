"""The stand-in in a process of its own, which is killed and knows everything again."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.conftest import Spawn
from tests.sandbox.stripe_client import Client


async def _started(
    spawn: Spawn, *options: str, stdin: int = subprocess.DEVNULL
) -> tuple["subprocess.Popen[str]", str]:
    process = spawn(sys.executable, "-m", "bookingd.sandbox", *options, stdin=stdin)
    assert process.stdout is not None
    line = await asyncio.to_thread(process.stdout.readline)
    assert line.startswith("listening on "), line
    return process, line.removeprefix("listening on ").strip()


async def test_what_was_answered_outlives_a_kill(spawn: Spawn, tmp_path: Path) -> None:
    first, url = await _started(spawn, "--directory", str(tmp_path))
    async with Client(url) as client:
        held = await client.authorise(key="k1")
        taken = await client.authorise(key="k2")
        path = f"/v1/payment_intents/{taken.body['id']}/capture"
        captured = await client.post(path, key="k3")
    first.kill()
    await asyncio.to_thread(first.wait)

    _, url = await _started(spawn, "--directory", str(tmp_path))
    async with Client(url) as client:
        assert (await client.authorise(key="k1")).raw == held.raw
        assert (await client.post(path, key="k3")).raw == captured.raw
        ledger = (await client.ledger())["p1"]
        refund = await client.post("/v1/refunds", {"payment_intent": taken.body["id"], "amount": "1"})
    assert (len(ledger["payment_intents"]), ledger["captured"]) == (2, 10000)
    assert refund.status == 200


async def test_a_line_that_the_kill_cut_off_never_happened(spawn: Spawn, tmp_path: Path) -> None:
    first, url = await _started(spawn, "--directory", str(tmp_path))
    async with Client(url) as client:
        held = await client.authorise()
    first.kill()
    await asyncio.to_thread(first.wait)
    with (tmp_path / "stripe.jsonl").open("ab") as journal:
        journal.write(b'[{"object":"payment_intent","id":"pi_cut')

    _, url = await _started(spawn, "--directory", str(tmp_path))
    async with Client(url) as client:
        intents = (await client.get("/v1/payment_intents")).body["data"]
    assert [each["id"] for each in intents] == [held.body["id"]]


async def test_it_ends_when_asked_to(spawn: Spawn) -> None:
    process, _ = await _started(spawn)
    process.send_signal(signal.SIGTERM)

    assert await asyncio.to_thread(process.wait, 10) == 0


async def test_it_ends_with_who_started_it(spawn: Spawn) -> None:
    read, write = os.pipe()
    process, _ = await _started(spawn, "--until-eof", stdin=read)
    os.close(read)
    os.close(write)

    assert await asyncio.to_thread(process.wait, 10) == 0


async def test_a_standing_fault_can_be_asked_for(spawn: Spawn) -> None:
    _, url = await _started(spawn, "--misbehave", "stripe:list:error_before")
    async with Client(url) as client:
        assert [(await client.get("/v1/events")).status for _ in range(2)] == [500, 500]


async def test_a_fault_that_nobody_knows_is_a_usage_error(spawn: Spawn) -> None:
    process = spawn(sys.executable, "-m", "bookingd.sandbox", "--misbehave", "stripe:badly")

    assert await asyncio.to_thread(process.wait, 10) == 2
