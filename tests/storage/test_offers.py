"""Offers found again by their ids."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest

from bookingd.domain.flights import Cabin, Conditions, Itinerary, Segment, Slice
from bookingd.domain.ids import OfferId
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Party, PassengerType
from bookingd.domain.prices import LineKind, Price, PriceLine
from bookingd.storage import offers
from bookingd.storage.database import Connection
from bookingd.storage.offers import FLIGHTS, STAYS, Halves, MalformedOfferId, OfferExpired, OfferNotFound
from tests import factories
from tests.factories import wanted
from tests.fakes.sources import START, SequentialIds

CRITERIA = wanted("LON", "JFK", date(2026, 12, 1), party=Party(adults=2, children=1))
LIFE = timedelta(minutes=20)


def an_offer(number: int = 1) -> Offer:
    segment = Segment(
        supplier_key=str(number),
        airline="BA",
        number=117,
        origin="LHR",
        destination="JFK",
        departs_at=START + timedelta(days=9),
        arrives_at=START + timedelta(days=9, hours=8),
        origin_zone="Europe/London",
        destination_zone="America/New_York",
        aircraft="A359",
    )
    conditions = Conditions(family="Light", carry_on_bags=1, checked_bags=0, change_fee=None, cancel_fee=None)
    line = PriceLine(
        kind=LineKind.NET, each=Money(31000, "EUR"), count=2, passenger=PassengerType.ADULT, rule="Light"
    )
    return Offer(
        id=OfferId(""),
        supplier="inventory",
        itinerary=Itinerary(slices=(Slice(segments=(segment,)),), cabin=Cabin.ECONOMY, conditions=conditions),
        party=CRITERIA.party,
        price=Price(currency="EUR", lines=(line,)),
        seats_left=9,
        made_at=START,
        expires_at=START + LIFE,
    )


async def kept(connection: Connection, ids: SequentialIds, *found: Offer) -> list[Offer]:
    return await offers.save(
        connection,
        kind=FLIGHTS,
        set_id=ids.new(),
        criteria=CRITERIA,
        found=found,
        now=START,
        expires_at=START + LIFE,
    )


async def load(connection: Connection, offer_id: str, *, now: datetime) -> Offer:
    return await offers.load(connection, kind=FLIGHTS, offer_id=offer_id, now=now)


async def test_an_offer_comes_back_as_it_was_shown(connection: Connection, ids: SequentialIds) -> None:
    first, second = await kept(connection, ids, an_offer(1), an_offer(2))
    assert await load(connection, second.id, now=START) == second
    assert second == replace(an_offer(2), id=second.id)
    assert first.id != second.id


async def test_a_stay_is_kept_and_named_as_one(connection: Connection, ids: SequentialIds) -> None:
    made, wish = factories.stay(), factories.wanted_stay()
    [stay] = await offers.save(
        connection,
        kind=STAYS,
        set_id=ids.new(),
        criteria=wish,
        found=[made],
        now=START,
        expires_at=START + LIFE,
    )

    kind, set_id, _ = offers.parse_id(stay.id)

    assert (kind, stay.id[:3]) == (STAYS, "st_")
    assert await offers.load(connection, kind=STAYS, offer_id=stay.id, now=START) == replace(
        made, id=stay.id, expires_at=START + LIFE
    )
    assert await offers.load_criteria(connection, kind=STAYS, set_id=set_id) == wish
    for other in (stay.id, offers.id_of(FLIGHTS, set_id, 0)):
        with pytest.raises(OfferNotFound):
            await load(connection, other, now=START)


async def test_the_criteria_of_a_set_come_back(connection: Connection, ids: SequentialIds) -> None:
    [offer] = await kept(connection, ids, an_offer())
    _, set_id, _ = offers.parse_id(offer.id)
    assert await offers.load_criteria(connection, kind=FLIGHTS, set_id=set_id) == CRITERIA


async def test_an_offer_ends_at_its_instant(connection: Connection, ids: SequentialIds) -> None:
    [offer] = await kept(connection, ids, an_offer())
    await load(connection, offer.id, now=START + LIFE - timedelta(seconds=1))
    with pytest.raises(OfferExpired, match="2026-11-22 12:20"):
        await load(connection, offer.id, now=START + LIFE)


@pytest.mark.parametrize("own", [LIFE / 2, LIFE * 3])
async def test_an_offer_ends_when_it_was_said_to_by_its_supplier_or_by_us(
    connection: Connection, ids: SequentialIds, own: timedelta
) -> None:
    [offer] = await kept(connection, ids, replace(an_offer(), expires_at=START + own))
    assert offer.expires_at == START + min(own, LIFE)
    await offers.load(
        connection, kind=FLIGHTS, offer_id=offer.id, now=offer.expires_at - timedelta(seconds=1)
    )
    with pytest.raises(OfferExpired):
        await load(connection, offer.id, now=offer.expires_at)


async def test_an_unknown_offer_is_told_apart(connection: Connection, ids: SequentialIds) -> None:
    [offer] = await kept(connection, ids, an_offer())
    _, set_id, place = offers.parse_id(offer.id)
    for unknown in (offers.id_of(FLIGHTS, set_id, place + 1), offers.id_of(FLIGHTS, UUID(int=1), 0)):
        with pytest.raises(OfferNotFound, match=unknown):
            await load(connection, unknown, now=START)


@pytest.mark.parametrize(
    "text", ["", "of_", "of_x", "of_" + "A" * 23, "of_" + "A" * 25, "A" * 24, "of_ä" * 8]
)
def test_what_is_no_id_is_refused_before_anything_is_asked(text: str) -> None:
    with pytest.raises(MalformedOfferId):
        offers.parse_id(text)


def test_an_id_stands_for_its_set_and_place() -> None:
    set_id = UUID("0192f0c1-2b3c-7def-8abc-0123456789ab")
    assert offers.parse_id(offers.id_of(FLIGHTS, set_id, 199)) == (FLIGHTS, set_id, 199)


def test_a_package_is_named_by_its_halves() -> None:
    flight = offers.id_of(FLIGHTS, UUID(int=7 << 64), 3)
    stay = offers.id_of(STAYS, UUID(int=9 << 64), 65535)

    package = offers.package_id(Halves(flight, stay, rules=70_000))

    assert package.startswith("pk_")
    assert offers.halves_of(package) == Halves(flight, stay, rules=70_000)


@pytest.mark.parametrize("text", ["", "pk_", "pk_%%", "of_" + "A" * 52, "pk_" + "A" * 24])
def test_what_is_no_package_has_no_halves(text: str) -> None:
    with pytest.raises(MalformedOfferId):
        offers.halves_of(text)


def test_a_package_is_a_flight_and_a_stay_in_this_order() -> None:
    flight = offers.id_of(FLIGHTS, UUID(int=7), 3)

    with pytest.raises(MalformedOfferId):
        offers.package_id(Halves(flight, flight, rules=1))


async def test_sets_lie_in_the_part_of_their_day(
    connection: Connection, owner_connection: Connection, ids: SequentialIds
) -> None:
    await connection.fetchval("SELECT ensure_partitions($1)", START)
    await kept(connection, ids, an_offer())
    assert await owner_connection.fetchval("SELECT tableoid::regclass::text FROM offer_sets") == (
        "offer_sets_p20261122"
    )
