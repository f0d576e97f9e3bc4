"""The log of a daemon at Logstash; and a Logstash that is not there costs lines, and no booking."""

import asyncio
import json
import re
from typing import Any

import aiohttp
import pytest

from tests.acceptance.conftest import Agency, Open
from tests.acceptance.daemon import free_port, until

pytestmark = pytest.mark.parametrize("topology", ["in memory"], indirect=True)
"""Each process ships its own log: what holds for one holds for several."""


async def book(agency: Agency) -> None:
    async with agency.guest() as guest:
        offer = (await guest.search(agency.world))[0]
        reference = await guest.book(offer["id"])
        await guest.pay(reference)
        await guest.sees(reference, "confirmed")


async def counted(agency: Agency, name: str) -> float:
    async with aiohttp.ClientSession() as session, session.get(f"{agency.daemon.url}/metrics") as answer:
        found = re.search(rf"^{name} (\S+)$", await answer.text(), re.MULTILINE)
    assert found is not None
    return float(found[1])


async def test_every_line_of_the_log_is_at_logstash_too(agency_of: Open) -> None:
    there: list[dict[str, Any]] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there.extend([json.loads(line) async for line in reader])
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        where = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        agency = await agency_of(10, log={"format": "json"}, **{"log.logstash": {"url": where}})
        await book(agency)
        await agency.check()
        assert await agency.daemon.stop() == 0
        here = [json.loads(line) for line in agency.daemon.log.splitlines() if line.startswith("{")]

        async def all_there() -> bool:
            return len(there) >= len(here)

        await until(all_there)

    assert [line.items() <= told.items() for line, told in zip(here, there, strict=True)] == [True] * len(
        here
    )
    assert {"booking", "payment", "notify"} <= {told["actor"] for told in there if "actor" in told}


async def test_bookings_go_on_while_logstash_is_away_and_what_it_misses_is_counted(agency_of: Open) -> None:
    nowhere = {"url": f"tcp://127.0.0.1:{free_port()}", "queue": 100}
    agency = await agency_of(20, **{"log.logstash": nowhere})

    while await counted(agency, "bookingd_log_records_dropped_total") == 0:
        await book(agency)

    await agency.check()
    assert await counted(agency, "bookingd_logstash_failures_total") > 0
    assert agency.daemon.log.count("does not take our log") == 1
    assert await agency.daemon.stop(within=10) == 0
