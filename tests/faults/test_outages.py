"""PostgreSQL gone for a while, under load (P12): clear 503s, then everything goes on, whole."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from bookingd.storage.database import Connection
from tests.acceptance import truths
from tests.acceptance.conftest import Agency, Open
from tests.acceptance.daemon import until
from tests.acceptance.guest import Refused
from tests.faults.wire import Wire, through, to_postgres

BUYERS = 15


async def _journey(agency: Agency, offer_id: str) -> str:
    async with agency.guest() as guest:
        made = await guest.persistently("/v1/bookings", guest.order(offer_id), key=str(uuid4()))
        reference: str = made["reference"]
        await guest.sees(reference, "awaiting_payment", within=60)
        payment = {"gateway": "stripe", "payment_method": "pm_card_visa"}
        await guest.persistently(f"/v1/bookings/{reference}/payments", payment, key=str(uuid4()))
        return str((await guest.sees(reference, within=60))["state"])


async def _offer(agency: Agency) -> str:
    async with agency.guest() as guest:
        found: str = (await guest.search(agency.world))[0]["id"]
    return found


async def _journeys(agency: Agency) -> "list[asyncio.Task[str]]":
    offer = await _offer(agency)
    return [asyncio.create_task(_journey(agency, offer)) for _ in range(BUYERS)]


async def _all_confirmed(agency: Agency, journeys: "list[asyncio.Task[str]]") -> None:
    ended = await asyncio.gather(*journeys)
    found = await agency.check()
    assert Counter(ended) == {"confirmed": BUYERS}
    assert Counter(one.state for one in found.values()) == {"confirmed": BUYERS}
    assert len(await truths.check_mail(agency.database, agency.mails.directory)) == BUYERS


@pytest.fixture
async def wire(database_dsn: str) -> AsyncIterator[Wire]:
    """Between the daemon and its PostgreSQL."""
    async with Wire.laid(to_postgres(database_dsn)) as laid:
        yield laid


async def test_while_postgresql_is_away_everybody_is_told_so_and_then_all_goes_on(
    agency_of: Open, wire: Wire, database_dsn: str
) -> None:
    agency = await agency_of(100, dsn=through(database_dsn, wire))
    journeys = await _journeys(agency)
    async with agency.guest() as guest:
        order = guest.order(await _offer(agency))
        for _ in range(2):
            await wire.cut()
            with pytest.raises(Refused) as refused:
                async with asyncio.timeout(5):
                    await guest.post("/v1/bookings", order)
            assert refused.value.status == 503
            assert refused.value.body["type"] == "/problems/unavailable"

            async def unready() -> bool:
                return await agency.daemon.status_of("/readyz") == 503

            await until(unready, 10)
            assert await agency.daemon.status_of("/healthz") == 200
            await asyncio.sleep(1)
            await wire.mend()

            async def ready() -> bool:
                return await agency.daemon.status_of("/readyz") == 200

            await until(ready, 15)
            await asyncio.sleep(0.3)

    await _all_confirmed(agency, journeys)
    await truths.check_audit(agency.daemon)


async def test_a_503_says_when_to_come_again(agency_of: Open, wire: Wire, database_dsn: str) -> None:
    agency = await agency_of(100, dsn=through(database_dsn, wire))
    async with agency.guest() as guest:
        await wire.cut()
        headers = {"Authorization": f"Bearer {guest.token}"}
        async with guest.http.get(f"{guest.url}/v1/bookings", headers=headers) as answer:
            status, kind, again = answer.status, answer.content_type, answer.headers.get("Retry-After")
        await wire.mend()

        async def there() -> bool:
            return await agency.daemon.status_of("/readyz") == 200

        await until(there, 15)
    assert (status, kind) == (503, "application/problem+json")
    assert int(again or 0) >= 1


async def test_sessions_that_are_ended_again_and_again_cost_no_booking(
    agency: Agency, administrator: Connection
) -> None:
    journeys = await _journeys(agency)
    for _ in range(6):
        await asyncio.sleep(0.25)
        await administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'bookingd%'"
        )

    await _all_confirmed(agency, journeys)


async def test_a_daemon_without_its_database_does_not_start_and_says_why(
    agency_of: Open, wire: Wire, database_dsn: str
) -> None:
    agency = await agency_of(100, dsn=through(database_dsn, wire))
    assert await agency.daemon.stop() == 0
    await wire.cut()

    agency.daemon.launch()

    assert await agency.daemon.ended() == 1  # another try may help: nothing is wrong with the settings
    assert "PostgreSQL cannot be reached" in agency.daemon.log
