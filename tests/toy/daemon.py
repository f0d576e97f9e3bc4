"""The toy bank as a process of its own, which kills itself (-9) at a point that its caller chooses.

    python -m tests.toy.daemon DSN COURIER_URL
        [--die-at POINT] [--times N] [--broker URL] [--pace N --start TIME]

It dies when it passes POINT for the N-th time (1): `before commit`, `before commit of sent`,
`after commit` (nothing published yet), `after deed` (nothing recorded yet), `before settle`,
`deadly message`.
Without a broker it is alone, as on memory://. Its clock may go faster than the host's, counted from TIME on.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from uuid import UUID

import aiohttp

from bookingd.bus.port import Delivered
from bookingd.messages.catalogue import Message
from bookingd.sources import Sources
from bookingd.storage.database import Database
from bookingd.storage.exclusive import hold_exclusively
from bookingd.storage.outbox import Bundle
from tests.bus.rabbit import rabbit_bus
from tests.toy.actors import Fault
from tests.toy.courier import CourierOverHttp
from tests.toy.house import House, hurried


def deadly(point: str, times: int) -> Fault:
    """Kill this process, as the kernel would for want of memory."""
    left = times

    def fault(passed: str) -> None:
        nonlocal left
        if passed == point:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return fault


class FaultyOutlet:
    """Between a commit and the publishing of what it has sent."""

    def __init__(self, house: House, fault: Fault) -> None:
        self._relay = house.relay
        self._fault = fault

    def claim_until(self) -> datetime | None:
        return self._relay.claim_until()

    def hand_over(self, bundles: Sequence[Bundle], notices: Sequence[Message]) -> None:
        self._fault("after commit")
        self._relay.hand_over(bundles, notices)


def break_settling(house: House, fault: Fault) -> None:
    """Between the commit of a handling and the end of its delivery."""
    publish = house.bus.publish

    def faulty(bundles: Sequence[Bundle], delivered: Delivered) -> None:
        def deliver(bundle_id: UUID, gone: bool) -> None:
            fault("before settle")
            delivered(bundle_id, gone)

        publish(bundles, deliver)

    house.bus.publish = faulty  # type: ignore[method-assign]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("dsn")
    parser.add_argument("courier_url")
    parser.add_argument("--die-at", default="")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--broker")
    parser.add_argument("--pace", type=float)
    parser.add_argument("--start", type=datetime.fromisoformat)
    return parser.parse_args()


async def main(given: argparse.Namespace) -> None:
    fault = deadly(given.die_at, given.times)
    sources = hurried(given.pace, given.start) if given.pace else Sources.system()
    async with AsyncExitStack() as stack:
        if not given.broker:
            await stack.enter_async_context(hold_exclusively(given.dsn))
        session = await stack.enter_async_context(aiohttp.ClientSession(given.courier_url))
        database = await Database.open(dsn=given.dsn)
        bus = rabbit_bus(given.broker) if given.broker else None
        courier = CourierOverHttp(session)
        house = House(database, sources=sources, bus=bus, courier=courier, fault=fault)
        house.transactions._outlet = FaultyOutlet(house, fault)
        break_settling(house, fault)
        if not given.broker:
            await house.free()
        await stack.enter_async_context(house)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(arguments()))
