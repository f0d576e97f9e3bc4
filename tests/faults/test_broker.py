"""RabbitMQ gone for a while, and cut off again and again, under load (P12): waiting, and nothing lost."""

import asyncio
from collections import Counter
from uuid import uuid4

import aiohttp
import pytest

from tests.acceptance.conftest import Agency, Open, Topology
from tests.acceptance.daemon import until
from tests.acceptance.guest import Refused
from tests.servers.rabbitmq import OwnBroker

pytestmark = [pytest.mark.full, pytest.mark.timeout(240)]

AWAY = 20.0
"""Seconds that the broker is stopped."""

CUTS = 20
MAILBOXES = [
    f"bookingd.{actor}.{lane}"
    for actor in ("auth", "search.flights", "search.hotels", "booking", "payment", "notify", "audit")
    for lane in ("finishing", "normal", "bulk")
]


@pytest.fixture(params=["over RabbitMQ", "a process an actor"])
def topology(request: pytest.FixtureRequest, own_broker: OwnBroker, redis_url: str) -> Topology:
    """On a broker that the test may stop."""
    return Topology.over(own_broker, redis_url, split=request.param == "a process an actor")


class Crowd:
    """Buyers who book one journey after the other until they are told to stop, and repeat what failed."""

    def __init__(self, agency: Agency, offer: str, buyers: int) -> None:
        self._agency, self._offer = agency, offer
        self._stop = asyncio.Event()
        self._buyers = [asyncio.create_task(self._buy()) for _ in range(buyers)]
        self.ended: list[str] = []

    async def stop(self) -> None:
        """Everybody finishes the journey at hand."""
        self._stop.set()
        await asyncio.gather(*self._buyers)

    async def _buy(self) -> None:
        async with self._agency.guest() as guest:
            while not self._stop.is_set():
                made = await guest.persistently("/v1/bookings", guest.order(self._offer), key=str(uuid4()))
                reference: str = made["reference"]
                await guest.sees(reference, "awaiting_payment", within=90)
                payment = {"gateway": "stripe", "payment_method": "pm_card_visa"}
                await guest.persistently(f"/v1/bookings/{reference}/payments", payment, key=str(uuid4()))
                self.ended.append((await guest.sees(reference, within=90))["state"])


async def offer_of(agency: Agency) -> str:
    async with agency.guest() as guest:
        offers = await guest.search(agency.world)
    return str(offers[0]["id"])


async def all_is_well(agency: Agency, crowd: Crowd) -> None:
    """Whatever was begun has ended well, once."""
    found = await agency.check()
    assert set(crowd.ended) == {"confirmed"}
    assert Counter(one.state for one in found.values()) == {"confirmed": len(crowd.ended)}


async def has_all_consumers(broker: OwnBroker) -> bool:
    """The state of connections tells nothing: the queues are asked who consumes."""
    depths = await broker.queue_depths()
    return {name: depths[name].consumers for name in MAILBOXES} == dict.fromkeys(MAILBOXES, 1)


async def test_a_broker_that_is_stopped_for_a_while_costs_waiting_and_nothing_else(
    agency_of: Open, own_broker: OwnBroker, topology: Topology
) -> None:
    agency = await agency_of(1000)
    offer = await offer_of(agency)
    crowd = Crowd(agency, offer, buyers=5)
    await until(lambda: _some(crowd, 5), 60)

    await own_broker.stop()
    away = asyncio.create_task(asyncio.sleep(AWAY))
    await until(lambda: _says_why(agency), 10)
    async with agency.guest() as guest:
        taken_in = (await guest.post("/v1/bookings", guest.order(offer)))["reference"]
        if topology.split:
            with pytest.raises(Refused) as refused:
                await guest.search(agency.world, depart=agency.world.day.isoformat(), adults="2")
            assert refused.value.status == 503
        await away
        await own_broker.start()

        assert (await guest.sees(taken_in, "awaiting_payment", within=30))["state"] == "awaiting_payment"
        await until(lambda: has_all_consumers(own_broker), 30)
        await until(lambda: _ready(agency), 10)
        so_far = len(crowd.ended)
        await until(lambda: _some(crowd, so_far + 5), 60)
        await crowd.stop()
        await guest.call_off(taken_in)
        await guest.sees(taken_in)

    found = await agency.check()
    assert set(crowd.ended) == {"confirmed"}
    assert Counter(one.state for one in found.values()) == {"confirmed": len(crowd.ended), "cancelled": 1}


async def test_connections_that_are_cut_again_and_again_cost_no_booking(
    agency_of: Open, own_broker: OwnBroker
) -> None:
    agency = await agency_of(1000)
    crowd = Crowd(agency, await offer_of(agency), buyers=5)

    for _ in range(CUTS):
        await asyncio.sleep(0.5)
        await own_broker.kill_connections()
    await crowd.stop()

    await until(lambda: has_all_consumers(own_broker), 30)
    await all_is_well(agency, crowd)


async def _some(crowd: Crowd, number: int) -> bool:
    return len(crowd.ended) >= number


async def _ready(agency: Agency) -> bool:
    return await agency.daemon.status_of("/readyz") == 200


async def _says_why(agency: Agency) -> bool:
    async with aiohttp.ClientSession() as session, session.get(f"{agency.daemon.url}/readyz") as answer:
        return answer.status == 503 and "broker" in await answer.text()
