"""The stand-in in a process of its own, which is killed and knows everything again."""

import asyncio
import stat
import subprocess
import sys
from pathlib import Path

from tests.conftest import Spawn
from tests.sandbox.paypal_client import Client


async def _started(spawn: Spawn, directory: Path) -> tuple["subprocess.Popen[str]", str]:
    process = spawn(sys.executable, "-m", "bookingd.sandbox", "--directory", str(directory))
    assert process.stdout is not None
    line = await asyncio.to_thread(process.stdout.readline)
    assert line.startswith("listening on "), line
    return process, line.removeprefix("listening on ").strip().replace("/stripe", "/paypal")


async def test_what_was_answered_outlives_a_kill(spawn: Spawn, tmp_path: Path) -> None:
    first, url = await _started(spawn, tmp_path)
    async with Client(url) as client:
        held = await client.authorised()
        taken = await client.take(held["id"], "60.00", key="k1")
        waiting = (await client.order(key="o2", unit={"invoice_id": "other"})).body["id"]
        token = client.token
    root = (tmp_path / "paypal-ca.pem").read_bytes()
    first.kill()
    await asyncio.to_thread(first.wait)

    _, url = await _started(spawn, tmp_path)
    async with Client(url) as client:
        client.token = token
        again = await client.take(held["id"], "60.00", key="k1")
        refund = await client.refund(taken.body["id"], "1.00")
        ledger = (await client.ledger())["p1"]
        approved = await client.approve(waiting)

    assert again.body["id"] == taken.body["id"]
    assert (refund.status, approved.status) == (201, 200)
    assert [ledger[name] for name in ("authorised", "captured", "refunded")] == [4000, 6000, 100]
    assert (tmp_path / "paypal-ca.pem").read_bytes() == root


async def test_what_it_knows_is_its_owners_alone(spawn: Spawn, tmp_path: Path) -> None:
    await _started(spawn, tmp_path)
    found = await asyncio.to_thread(lambda: sorted(tmp_path.glob("paypal*")))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in found}

    assert modes == dict.fromkeys(("paypal-authority.pem", "paypal-ca.pem", "paypal.jsonl"), 0o600)
