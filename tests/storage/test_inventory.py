"""What is known of own flights."""

from datetime import datetime, timedelta

from bookingd.domain.flights import Cabin
from bookingd.domain.money import Money
from bookingd.domain.passengers import PassengerType
from bookingd.storage import inventory
from bookingd.storage.database import Connection
from tests.fakes.inventory import Planted, plant, plant_world
from tests.fakes.sources import START


async def test_a_leg_is_told_with_its_zones_seats_and_base(connection: Connection) -> None:
    await plant_world(connection)
    leaves = datetime(2026, 12, 2, 9, 0)  # noqa: DTZ001 - a wall clock
    await plant(connection, Planted(id=7, leaves=leaves, seats=10, base=12345))
    key = (7, Cabin.ECONOMY)
    found = await inventory.legs(connection, keys=[key, key, (7, Cabin.FIRST), (8, Cabin.ECONOMY)])
    assert list(found) == [key]
    leg = found[key]
    assert (leg.seats_left, leg.base) == (10, Money(12345, "EUR"))
    assert (leg.segment.origin_zone, leg.segment.destination_zone) == ("Europe/Berlin", "America/New_York")
    assert (leg.destination.city, leg.destination.country) == ("NYC", "US")
    assert leg.segment.duration == timedelta(minutes=520)


async def test_tariffs_come_by_airline_and_cabin_the_strictest_first(connection: Connection) -> None:
    await plant_world(connection)
    found = await inventory.tariffs(
        connection, airlines=["LH"], cabins=[Cabin.ECONOMY, Cabin.BUSINESS], currency="EUR"
    )
    assert set(found) == {("LH", Cabin.ECONOMY), ("LH", Cabin.BUSINESS)}
    assert [family.conditions.family for family in found["LH", Cabin.ECONOMY]] == ["Light", "Classic", "Flex"]
    assert found["LH", Cabin.ECONOMY][0].passengers[PassengerType.CHILD] == 7500


async def test_inventory_that_nobody_made_up_is_no_demo(connection: Connection) -> None:
    await plant_world(connection)
    await plant(connection, Planted(id=1, leaves=START))
    assert await inventory.demo(connection) is None
