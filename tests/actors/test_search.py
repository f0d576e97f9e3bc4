"""The search actor over own inventory: what it shows is what can be booked, in one order."""

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest

from actors.search import FlightSearchActor, flights
from actors.search.asking import Asking
from actors.search.calendars import Calendars
from bookingd.domain.price_rules import RuleBook
from bookingd.messages.envelope import SYSTEM, Origin
from bookingd.messages.search import CheckOffer, OfferStatus, SearchFlights
from bookingd.sources import Sources
from bookingd.storage import offers
from bookingd.storage.database import Connection, Database
from bookingd.storage.offers import FLIGHTS, OfferExpired
from bookingd.suppliers.inventory import InventoryFlights
from bookingd.suppliers.inventory_calendar import InventoryCalendar
from bookingd.suppliers.seen_fares import SeenFares
from bookingd.telemetry.suppliers import CalendarMetrics
from tests.factories import wanted
from tests.fakes.inventory import Planted, plant, plant_world
from tests.fakes.redis import Away
from tests.fakes.sources import START, ManualClock, SeededChance, SequentialIds
from tests.fakes.suppliers import unknowing

ORIGIN = Origin(principal=SYSTEM, correlation_id=UUID(int=1))
NOON = datetime(2026, 12, 2, 12, 0)  # noqa: DTZ001 - a wall clock, its zone is the airport's
WISH = wanted("FRA", "JFK", date(2026, 12, 2), max_stops=0)


class NoRules:
    """A house that adds nothing to fares."""

    async def get(self, connection: Connection, *, now: datetime) -> RuleBook:
        return RuleBook(version=0, rules=())


@pytest.fixture
def actor(
    database: Database, clock: ManualClock, ids: SequentialIds, chance: SeededChance
) -> FlightSearchActor:
    asking = Asking(
        kind=FLIGHTS,
        suppliers=(InventoryFlights(database=database, clock=clock, rules=NoRules()),),
        database=database,
        sources=Sources(clock=clock, ids=ids, chance=chance),
        offers_last=timedelta(minutes=7),
        shown=flights.shown,
        unsellable=unknowing(clock),
        notify=lambda notices: None,
    )
    calendar = InventoryCalendar(database=database, clock=clock, rules=NoRules())
    calendars = Calendars(
        sources=(calendar,),
        others=(),
        seen=SeenFares(Away(), clock=clock),
        clock=clock,
        metrics=CalendarMetrics(),
    )
    return FlightSearchActor(asking=asking, calendars=calendars)


async def test_an_offer_can_be_booked_for_as_long_as_is_configured_and_shown(
    owner_connection: Connection, database: Database, clock: ManualClock, actor: FlightSearchActor
) -> None:
    await plant_world(owner_connection)
    await plant(owner_connection, Planted(id=1, leaves=NOON))

    [results] = [found async for found in actor.search_flights(SearchFlights(criteria=WISH), ORIGIN)]

    shown = results.offers[0]
    assert shown.expires_at == START + timedelta(minutes=7)
    clock.advance(timedelta(minutes=6))
    [checked] = [found async for found in actor.check_offer(CheckOffer(offer_id=shown.id), ORIGIN)]
    assert checked.status is OfferStatus.AVAILABLE
    assert checked.offer is not None
    assert checked.offer.expires_at == shown.expires_at
    clock.advance(timedelta(minutes=1))
    async with database.connection() as connection:
        with pytest.raises(OfferExpired):
            await offers.load(connection, kind=FLIGHTS, offer_id=shown.id, now=clock.now())


async def test_offers_come_by_price_then_duration_then_departure(
    owner_connection: Connection, actor: FlightSearchActor
) -> None:
    await plant_world(owner_connection)
    hour = timedelta(hours=1)
    await plant(
        owner_connection,
        Planted(id=1, leaves=NOON + hour, minutes=480),
        Planted(id=2, leaves=NOON, minutes=480),
        Planted(id=3, leaves=NOON - hour, minutes=500),
        Planted(id=4, leaves=NOON + 2 * hour, minutes=600, base=100),
    )

    [results] = [found async for found in actor.search_flights(SearchFlights(criteria=WISH), ORIGIN)]

    light = [one for one in results.offers if one.itinerary.conditions.family == "Light"]
    assert [one.itinerary.slices[0].segments[0].supplier_key for one in light] == ["4", "2", "1", "3"]
