"""Which transport a daemon has, and whom it shares its database with."""

import asyncio
import os
from datetime import timedelta
from uuid import UUID

import pytest

from bookingd.lifecycle import live
from bookingd.messages.catalogue import Kind, Lane
from bookingd.storage import outbox
from bookingd.storage.database import Connection
from bookingd.storage.outbox import Bundle
from bookingd.wiring.house import House
from bookingd.wiring.transport import process_name
from tests.acceptance.daemon import until
from tests.fakes.sources import START
from tests.servers.rabbitmq import Broker
from tests.wiring.conftest import Build, SettingsOf

HOLDER = """
    SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'bookingd together'
"""


@pytest.fixture
async def claimed(connection: Connection) -> None:
    """A bundle that another process was about to publish."""
    bundle = Bundle(
        id=UUID(int=1),
        kind=Kind.COMMAND,
        destination="booking",
        lane=Lane.NORMAL,
        payload=b"[]",
        due_at=START,
        claimed_until=START + timedelta(days=3650),
    )
    await outbox.insert(connection, bundles=[bundle])


@pytest.mark.usefixtures("claimed")
async def test_in_memory_a_start_frees_what_a_former_one_had_claimed(
    settings_of: SettingsOf, build_house: Build, connection: Connection
) -> None:
    await build_house(settings_of())

    assert await connection.fetchval("SELECT claimed_until FROM outbox") is None


@pytest.mark.usefixtures("claimed")
async def test_over_rabbitmq_a_start_leaves_the_claims_of_others_alone(
    settings_of: SettingsOf, build_house: Build, connection: Connection, broker: Broker
) -> None:
    await build_house(settings_of(bus={"url": broker.url}))

    assert await connection.fetchval("SELECT claimed_until FROM outbox") is not None


@pytest.fixture
async def house(settings_of: SettingsOf, build_house: Build, broker: Broker) -> House:
    return await build_house(settings_of(bus={"url": broker.url}))


async def test_a_daemon_over_rabbitmq_outlives_the_session_of_its_lock(
    house: House, administrator: Connection
) -> None:
    ready, stop = asyncio.Event(), asyncio.Event()
    day = asyncio.create_task(live(house, stop=stop, ready=ready.set))
    await ready.wait()
    lost = await administrator.fetchval(HOLDER)

    await administrator.execute("SELECT pg_terminate_backend($1, 5000)", lost)

    async def replaced() -> bool:
        return await administrator.fetchval(HOLDER) not in {None, lost}

    await until(replaced)
    assert not day.done()
    stop.set()
    await day


async def test_a_broker_that_is_away_is_a_reason_not_to_be_ready(house: House, broker: Broker) -> None:
    house.readiness.ready = True
    assert house.readiness.report()["broker"] is None

    await house.readiness.bus.close()

    assert house.readiness.report()["broker"] == "waiting for it"


async def test_the_broker_is_told_who_is_connected(settings_of: SettingsOf) -> None:
    name = process_name(settings_of())

    assert name.startswith("bookingd house at ")
    assert name.endswith(f"({os.getpid()})")
