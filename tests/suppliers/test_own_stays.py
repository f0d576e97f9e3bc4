"""Own hotels as a supplier: what a search tells, and what an offer is when it is asked for again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bookingd.domain.hotels import AgeBand, RateDay
from bookingd.domain.money import Money
from bookingd.domain.price_matches import Match
from bookingd.domain.price_rules import Per, Rule, RuleBook, RuleKind
from bookingd.domain.stays import Around, Board, PaidAt, RoomGuests, StayCriteria, StayOffer
from bookingd.outcomes import Refused, Unavailable
from bookingd.storage.database import Connection, Database
from bookingd.suppliers import own_stays
from bookingd.suppliers.own_stays import MOST_OFFERS, OwnStays
from tests.fakes.sources import START, ManualClock
from tests.hotels import CITY_TAX, contract, hotel, plan, room, season, sell

CHECK_IN = START.date() + timedelta(days=10)  # a Wednesday
COUPLE = RoomGuests(adults=2)
FAMILY = RoomGuests(adults=2, children=(1, 5))


class HouseRules:
    """A house whose rules a test changes."""

    def __init__(self) -> None:
        self.rules: tuple[Rule, ...] = ()

    async def get(self, connection: Connection, *, now: datetime) -> RuleBook:
        return RuleBook(version=1, rules=self.rules)


@pytest.fixture
def rules() -> HouseRules:
    return HouseRules()


@pytest.fixture
def stays(database: Database, clock: ManualClock, rules: HouseRules) -> OwnStays:
    return OwnStays(database=database, clock=clock, rules=rules)


@pytest.fixture(autouse=True)
async def _frankfurt(connection: Connection) -> None:
    await connection.execute("INSERT INTO cities VALUES ('FRA', 'Frankfurt', 'DE'), ('MUC', 'Munich', 'DE')")


def looking(*rooms: RoomGuests, nights: int = 2, **changed: object) -> StayCriteria:
    facts: dict[str, object] = {
        "place": "FRA",
        "check_in": CHECK_IN,
        "check_out": CHECK_IN + timedelta(days=nights),
        "rooms": rooms or (COUPLE,),
    }
    return StayCriteria(**(facts | changed))  # type: ignore[arg-type]


async def look(stays: OwnStays, *rooms: RoomGuests, **changed: object) -> Sequence[StayOffer]:
    return (await stays.search(looking(*rooms, **changed))).offers  # type: ignore[arg-type]


async def the_one(stays: OwnStays, *rooms: RoomGuests, **changed: object) -> StayOffer:
    (offer,) = await look(stays, *rooms, **changed)
    return offer


async def test_an_offer_tells_all_that_is_mandatory(connection: Connection, stays: OwnStays) -> None:
    await sell(connection, contract())

    offer = await the_one(stays)

    assert offer.total == Money(2 * 10_000 + 4 * 200, "EUR")
    assert offer.at_property == Money(800, "EUR")
    assert (offer.supplier, offer.hotel.key, offer.rooms_left) == ("inventory", "1", 3)
    assert offer.terms.board is Board.BREAKFAST
    assert [(step.until, step.fee.amount) for step in offer.terms.cancellation] == [
        (datetime(2026, 11, 30, 17, tzinfo=UTC), 0),
        (datetime(2026, 12, 1, 23, tzinfo=UTC), 10_000),
        (None, 20_000),
    ]  # nobody who does not come owes the city its tax
    assert offer.expires_at == datetime(2026, 12, 2, 23, tzinfo=UTC)  # sold until the day of arrival is over
    assert (offer.id, offer.made_at) == ("", START)


async def test_children_pay_by_their_ages(connection: Connection, stays: OwnStays) -> None:
    bands = (AgeBand(age_to=2, share=0, cot=True), AgeBand(age_to=11, share=5000))
    wide = room(occupancy=4, adults_max=3, children_max=1)
    prices = season(nightly=(8000, 10_000, 12_000))
    await sell(connection, contract(age_bands=bands, rooms=(wide,), charges=(), seasons=(prices,)))

    async def costs(*ages: int) -> int:
        return (await the_one(stays, RoomGuests(adults=2, children=ages), nights=1)).total.amount

    assert await costs(1) == 10_000
    assert await costs(5) == 11_500
    assert await costs(1, 5) == 11_500
    assert await costs(12) == 12_000  # an adult to this hotel
    assert await look(stays, RoomGuests(adults=2, children=(4, 5))) == []  # one child fits
    assert await look(stays, RoomGuests(adults=3, children=(12,))) == []


async def test_guests_keep_their_rooms(connection: Connection, stays: OwnStays) -> None:
    big = room(2, name="Family room", adults_max=2, children_max=2, occupancy=4, cots=0)
    await sell(connection, contract(rooms=(room(1), big), seasons=(season(), season(1, 2))))
    teens, small = RoomGuests(adults=1, children=(11, 9)), RoomGuests(adults=1, children=(3,))

    there, back = await look(stays, teens, COUPLE, small), await look(stays, small, teens, COUPLE)

    for offers, wanted in ((there, [teens, COUPLE, small]), (back, [small, teens, COUPLE])):
        assert offers
        assert all([one.guests for one in offer.rooms] == wanted for offer in offers)
        assert all(offer.rooms[wanted.index(teens)].name == "Family room" for offer in offers)
    assert {offer.total for offer in there} == {offer.total for offer in back}


async def test_all_rooms_of_an_offer_are_under_one_plan(connection: Connection, stays: OwnStays) -> None:
    plans = (plan(1), plan(2, name="Saver", deadlines=(), paid_at=PaidAt.PROPERTY))
    seasons = (season(1, 1), season(2, 1, nightly=(7000, 9000)))
    await sell(connection, contract(plans=plans, seasons=seasons))

    offers = await look(stays, COUPLE, COUPLE)

    assert sorted([one.rate for one in offer.rooms] for offer in offers) == [["1", "1"], ["2", "2"]]
    later = next(offer for offer in offers if offer.terms.paid_at is PaidAt.PROPERTY)
    assert later.at_property == later.total
    assert later.terms.free_until() is None


async def test_rules_of_the_house_are_on_top(
    connection: Connection, stays: OwnStays, rules: HouseRules
) -> None:
    rules.rules = (
        Rule(
            id="here",
            version=1,
            kind=RuleKind.MARKUP,
            label="Markup",
            match=Match(product="stay", hotel="1", stars_from=3, place="city:FRA"),
            percent=Decimal(10),
        ),
        Rule(
            id="elsewhere",
            version=1,
            kind=RuleKind.SERVICE_FEE,
            label="Fee",
            match=Match(product="flight"),
            fixed=Money(900, "EUR"),
            per=Per.BOOKING,
        ),
    )
    await sell(connection, contract(charges=()))

    offer = await the_one(stays)

    assert offer.total == Money(22_000, "EUR")
    assert offer.price.for_traveller().lines[0].amount == offer.total
    assert offer.terms.cancellation[-1].fee == offer.total


async def test_a_place_is_a_city_an_airport_a_position_or_a_hotel(
    connection: Connection, stays: OwnStays
) -> None:
    await connection.execute(
        "INSERT INTO airports (code, icao, name, city_code, city, country, latitude, longitude, zone)"
        " VALUES ('QFH', '', 'Field', 'MUC', 'Munich', 'DE', 50.1109, 8.70, 'Europe/Berlin')"
    )
    far = hotel(2, city_code="MUC", latitude=48.1351, longitude=11.582)
    await sell(connection, contract(1), contract(2, hotel=far), contract(3, hotel=replace(far, id=3)))

    async def keys(**place: object) -> list[str]:
        found = await look(stays, **({"place": None} | place))
        return [offer.hotel.key for offer in found]

    assert await keys(place="MUC") == ["2", "3"]
    assert await keys(place="QFH") == ["1", "2", "3"]
    assert await keys(around=Around(latitude=48.13, longitude=11.58, radius_km=3)) == ["2", "3"]
    assert await keys(hotel="inventory-3") == ["3"]
    for nothing in ("inventory-4", "inventory-", "inventory-x", "inventory-" + "9" * 30, "other-3", "3"):
        assert await keys(hotel=nothing) == []
    assert await keys(place="XXX") == []


async def test_what_is_in_another_currency_is_not_offered(connection: Connection, stays: OwnStays) -> None:
    await sell(connection, contract())

    assert await look(stays, currency="CHF") == []


async def test_a_search_says_when_there_is_more(
    connection: Connection, stays: OwnStays, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = range(1, MOST_OFFERS + 1)
    plans = (plan(1), plan(2, name="Dear"))
    rooms = tuple(room(number, name=f"Room {number}") for number in many)
    seasons = tuple(season(1, number, nightly=(number, number)) for number in many)
    await sell(connection, contract(rooms=rooms, plans=plans, seasons=seasons), contract(99))

    whole = await stays.search(looking())
    await connection.execute(
        "INSERT INTO rates SELECT hotel_id, 2, room_type_id, first_night, last_night, '{90000, 90000}', 0"
        " FROM rates WHERE room_type_id = 1 AND hotel_id = 1"
    )
    cut = await stays.search(looking())
    monkeypatch.setattr(own_stays, "MOST_HOTELS", 1)
    fewer = await stays.search(looking(place=None, hotel="inventory-99"))
    nearest = await stays.search(looking())

    assert (whole.complete, len(whole.offers)) == (True, MOST_OFFERS + 1)
    assert (cut.complete, len(cut.offers)) == (False, MOST_OFFERS + 1)
    assert {offer.rooms[0].rate_name for offer in cut.offers} == {"Flexible", "Dear"}  # each plan is told
    assert fewer.complete
    assert not nearest.complete


async def test_dearer_mixtures_of_the_same_rooms_are_not_more_that_there_is(
    connection: Connection, stays: OwnStays
) -> None:
    rooms = tuple(room(number, name=f"Room {number}") for number in range(1, 9))
    seasons = tuple(season(1, number, nightly=(number, number)) for number in range(1, 9))
    await sell(connection, contract(rooms=rooms, seasons=seasons, charges=()))

    found = await stays.search(looking(COUPLE, COUPLE, nights=1))

    assert found.complete
    assert [offer.total.amount for offer in found.offers] == [2, 3, 4, 4, 5, 5]


async def test_an_offer_that_is_asked_for_again_is_the_same(connection: Connection, stays: OwnStays) -> None:
    await sell(connection, contract(rooms=(room(cots=2, children_max=2, occupancy=4),)))
    shown = replace(await the_one(stays, FAMILY), id="st_1", expires_at=START + timedelta(minutes=5))  # type: ignore[arg-type]

    assert await stays.check(shown) == shown


async def test_what_has_changed_is_told(
    connection: Connection, stays: OwnStays, clock: ManualClock, rules: HouseRules
) -> None:
    await sell(connection, contract())
    shown = await the_one(stays)
    await connection.execute("INSERT INTO room_nights VALUES (1, $1, 3, 2)", CHECK_IN)
    await connection.execute("UPDATE rates SET nightly = '{1, 11000}'")

    dearer = await stays.check(shown)
    clock.advance(timedelta(days=8, hours=6))  # the deadline is over
    later = await stays.check(shown)

    assert (dearer.total.amount, dearer.rooms_left, dearer.terms.free_until()) == (
        22_800,
        1,
        shown.terms.free_until(),
    )
    assert later.terms.free_until() is None
    assert (later.made_at, later.expires_at) == (shown.made_at, shown.expires_at)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("INSERT INTO room_nights VALUES (1, $1, 3, 3)", "sold_out"),
        ("INSERT INTO room_nights VALUES (1, $1, 3, 2)", "sold_out"),
        ("INSERT INTO rate_days VALUES (1, $1, 1, 1, NULL, NULL, true)", "gone"),
        ("UPDATE rates SET last_night = $1", "gone"),
        ("UPDATE rates SET min_stay = 3 WHERE $1::date IS NOT NULL", "gone"),
        ("UPDATE hotels SET on_sale = false WHERE $1::date IS NOT NULL", "gone"),
        ("UPDATE room_types SET adults_max = 1 WHERE $1::date IS NOT NULL", "gone"),
    ],
)
async def test_what_is_not_to_be_had_is_refused_and_told_why(
    connection: Connection, stays: OwnStays, change: str, code: str
) -> None:
    await sell(connection, contract())
    shown = await the_one(stays, COUPLE, COUPLE)
    await connection.execute(change, CHECK_IN)

    with pytest.raises(Refused) as refused:
        await stays.check(shown)

    assert refused.value.code == code


async def test_what_was_deleted_is_gone(connection: Connection, stays: OwnStays) -> None:
    await sell(connection, contract())
    shown = await the_one(stays)
    for (
        table
    ) in "rates hotel_charges hotel_age_bands rate_plan_deadlines rate_plans room_types hotels".split():
        await connection.execute(f"DELETE FROM {table}")

    with pytest.raises(Refused) as refused:
        await stays.check(shown)

    assert refused.value.code == "gone"


async def test_the_sale_ends_by_the_hotels_clocks(
    connection: Connection, stays: OwnStays, clock: ManualClock
) -> None:
    island = hotel(zone="Pacific/Apia")  # thirteen hours ahead
    await sell(
        connection,
        contract(hotel=island, seasons=(season(release_days=10),)),
        contract(2, seasons=(season(2, 2, release_days=10),)),
    )

    assert [offer.hotel.key for offer in await look(stays)] == ["2"]  # there it is the 23rd already
    assert (await look(stays))[0].expires_at == datetime(2026, 11, 22, 23, tzinfo=UTC)
    clock.advance(timedelta(hours=10, minutes=59))
    assert len(await look(stays)) == 1
    clock.advance(timedelta(minutes=1))
    assert await look(stays) == []


async def test_a_dear_night_makes_the_first_nights_fee(connection: Connection, stays: OwnStays) -> None:
    fair = RateDay(plan=1, room=1, night=CHECK_IN, nightly=(50_000, 60_000), per_adult=0)
    await sell(connection, contract(days=(fair,), charges=(CITY_TAX,)))

    offer = await the_one(stays)

    assert [step.fee.amount for step in offer.terms.cancellation] == [0, 60_000, 70_000]


async def test_a_database_that_is_away_is_told_as_such(
    connection: Connection, stays: OwnStays, database_dsn: str, clock: ManualClock
) -> None:
    await sell(connection, contract())
    shown = await the_one(stays)
    away = await Database.open(dsn=database_dsn)
    await away.close()
    stays = OwnStays(database=away, clock=clock, rules=HouseRules())

    with pytest.raises(Unavailable):
        await stays.search(looking())
    with pytest.raises(Unavailable):
        await stays.check(shown)
