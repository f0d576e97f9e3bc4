"""The made-up hotels are believable, whole, and always the same."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from statistics import mean, median
from zoneinfo import ZoneInfo

import pytest

from bookingd.domain.hotels import Charge, Contract, Hotel
from bookingd.domain.pictures import MOST_CAPTION, Scene, drawn_id
from bookingd.domain.stays import Board, HotelKind
from bookingd.seeding.chance import Die
from bookingd.seeding.hotels.amenities import amenities
from bookingd.seeding.hotels.houses import house
from bookingd.seeding.hotels.names import email_of
from bookingd.seeding.hotels.places import places
from bookingd.seeding.hotels.positions import Spot
from bookingd.seeding.hotels.seasons import spans
from bookingd.seeding.hotels.world import (
    DEFAULT_HOTELS,
    NIGHTS,
    ImpossibleNumber,
    Made,
    Stays,
    hotels,
    shares,
)

FIRST_NIGHT = date(2026, 11, 22)
STAYS = Stays(first_night=FIRST_NIGHT)
BRANDS = """
hilton, marriott, sheraton, hyatt, accor, novotel, ibis, mercure, sofitel, pullman, fairmont,
raffles, westin, radisson, ritz, kempinski, peninsula, mandarin, shangri la, wyndham, ramada, meliá,
riu, barceló, nh, iberostar, scandic, premier inn, travelodge, intercontinental, sandals, banyan
tree, four seasons, six senses, waldorf, savoy, adlon, sacher, bristol, best western, holiday inn,
motel one, outrigger, red lion, oberoi, taj, aman, conrad, la quinta
"""


@pytest.fixture(scope="module")
def world() -> Sequence[Made]:
    return list(hotels(STAYS))


def contracts(world: Sequence[Made]) -> list[Contract]:
    return [one.contract for one in world]


def told(world: Sequence[Made]) -> list[Hotel]:
    return [one.contract.hotel for one in world]


def test_there_are_thousands_of_hotels_in_hundreds_of_cities(world: Sequence[Made]) -> None:
    of_city = Counter(hotel.city_code for hotel in told(world))
    assert len(world) == DEFAULT_HOTELS >= 3000
    assert set(of_city) == {place.code for place in places()}
    assert len(of_city) >= 150
    assert min(of_city.values()) >= 4
    assert of_city["LON"] > 5 * of_city["DRS"]
    assert [hotel.id for hotel in told(world)] == list(range(1, DEFAULT_HOTELS + 1))


@pytest.mark.parametrize("number", [0, 1, 30, 500, 3200, 9999])
def test_there_are_as_many_as_are_wanted(number: int) -> None:
    counts = shares(number)
    assert sum(counts.values()) == number
    assert all(count >= min(4, number) for count in counts.values())


@pytest.mark.parametrize("number", [-1, 20_001])
def test_an_impossible_number_is_refused(number: int) -> None:
    with pytest.raises(ImpossibleNumber):
        Stays(first_night=FIRST_NIGHT, hotels=number)


def test_the_same_seed_makes_the_same_hotels_and_another_one_others() -> None:
    few = Stays(first_night=FIRST_NIGHT, hotels=60, seed=7)
    assert repr(list(hotels(few))) == repr(list(hotels(few)))
    other = Stays(first_night=FIRST_NIGHT, hotels=60, seed=8)
    assert [one.contract.hotel.name for one in hotels(few)] != [
        one.contract.hotel.name for one in hotels(other)
    ]


def test_with_more_hotels_those_of_a_city_stay_as_they_are(world: Sequence[Made]) -> None:
    more = hotels(Stays(first_night=FIRST_NIGHT, hotels=DEFAULT_HOTELS + 400))
    ours = [hotel.name for hotel in told(world) if hotel.city_code == "LON"]
    theirs = [one.contract.hotel.name for one in more if one.contract.hotel.city_code == "LON"]
    assert theirs[: len(ours)] == ours


def test_no_two_hotels_of_a_city_have_a_name_or_a_position_in_common(world: Sequence[Made]) -> None:
    names = Counter((hotel.city_code, hotel.name.casefold()) for hotel in told(world))
    positions = Counter((hotel.latitude, hotel.longitude) for hotel in told(world))
    assert names.most_common(1)[0][1] == positions.most_common(1)[0][1] == 1


def test_no_name_is_a_brand_or_has_a_hole(world: Sequence[Made]) -> None:
    brands = [f" {brand} " for brand in BRANDS.strip().replace("\n", " ").split(", ")]
    for hotel in told(world):
        words = hotel.name.casefold().replace("-", " ").split()
        assert not any(brand in f" {' '.join(words)} " for brand in brands), hotel.name
        assert 4 <= len(hotel.name) <= 70
        assert not set("{};|") & set(hotel.name + hotel.address)
        assert all(word != following for word, following in pairwise(words)), hotel.name


def test_zones_are_known_and_mails_reach_nobody(world: Sequence[Made]) -> None:
    assert all(ZoneInfo(zone) for zone in {hotel.zone for hotel in told(world)})
    for hotel in told(world):
        assert hotel.email.isascii()
        assert hotel.email.endswith(".example")
        assert len(hotel.email.partition("@")[2].split(".")[0]) <= 63


def test_letters_of_all_languages_become_those_of_a_mail_address() -> None:
    place = next(place for place in places() if place.code == "REK")
    made = house(1, place, Spot(district="", latitude=64.1, longitude=-21.9, from_centre_km=0), Die(1))
    assert email_of("Hótel Æðey & Þór", made) == "reservations@hotel-aedey-thor-reykjavik.example"


def test_descriptions_tell_where_a_hotel_is_and_what_it_has(world: Sequence[Made]) -> None:
    names = {place.code: place.name for place in places()}
    for contract in contracts(world):
        hotel = contract.hotel
        assert hotel.name in hotel.description
        assert names[hotel.city_code] in hotel.description + hotel.address
        assert ("an outdoor pool" not in hotel.description) or "swimming_pool" in hotel.amenities
        assert ("all inclusive" in hotel.description) == any(
            plan.board is Board.ALL_INCLUSIVE for plan in contract.plans
        )


def test_more_stars_have_more_to_offer_and_are_liked_better(world: Sequence[Made]) -> None:
    by_stars = defaultdict(list)
    for hotel in told(world):
        if hotel.kind is HotelKind.HOTEL:
            by_stars[hotel.stars].append(hotel)
    assert set(by_stars) == {2, 3, 4, 5}
    for fewer, more in pairwise(sorted(by_stars)):
        assert mean(len(one.amenities) for one in by_stars[fewer]) < mean(
            len(one.amenities) for one in by_stars[more]
        )
        assert mean(one.rating or 0 for one in by_stars[fewer]) < mean(
            one.rating or 0 for one in by_stars[more]
        )


def test_all_kinds_are_there_with_amenities_of_theirs(world: Sequence[Made]) -> None:
    kinds = Counter(hotel.kind for hotel in told(world))
    assert set(kinds) == set(HotelKind)
    assert min(kinds.values()) > DEFAULT_HOTELS / 30
    codes = [amenity.code for amenity in amenities()]
    assert len(set(codes)) == len(codes) >= 30
    for hotel in told(world):
        assert set(hotel.amenities) <= set(codes)
        assert hotel.kind is not HotelKind.HOSTEL or not {"minibar", "kids_club"} & set(hotel.amenities)
        assert (hotel.rating is None) == (hotel.reviews == 0)


def test_every_hotel_has_rooms_of_which_one_is_for_two(world: Sequence[Made]) -> None:
    for contract in contracts(world):
        assert 2 <= len(contract.rooms) <= 6, contract.hotel
        assert any(room.adults_max >= 2 for room in contract.rooms), contract.hotel
        for room in contract.rooms:
            assert room.adults_max <= room.occupancy
            assert room.allotment >= 2
            assert 8 <= (room.size_m2 or 0) <= 130


def test_every_hotel_has_two_to_five_plans_of_which_one_can_be_cancelled(world: Sequence[Made]) -> None:
    for contract in contracts(world):
        assert 2 <= len(contract.plans) <= 5 or contract.hotel.kind is HotelKind.GUEST_HOUSE, contract.hotel
        assert any(plan.deadlines for plan in contract.plans)
        assert len({plan.name for plan in contract.plans}) == len(contract.plans)


def test_rooms_plans_and_seasons_know_each_other(world: Sequence[Made]) -> None:
    rooms = [room.id for contract in contracts(world) for room in contract.rooms]
    plans = [plan.id for contract in contracts(world) for plan in contract.plans]
    assert len(set(rooms)) == len(rooms)
    assert len(set(plans)) == len(plans)
    for contract in contracts(world):
        adults = {room.id: room.adults_max for room in contract.rooms}
        known = {plan.id for plan in contract.plans}
        for season in contract.seasons:
            assert season.plan in known
            assert len(season.nightly) == adults[season.room]
            assert list(season.nightly) == sorted(season.nightly)
        assert {day.room for day in contract.days} <= set(adults)
        assert {day.plan for day in contract.days} <= known


def test_seasons_have_every_night_of_a_year_once(world: Sequence[Made]) -> None:
    for contract in contracts(world)[::7]:
        nights = defaultdict(list)
        for season in contract.seasons:
            nights[season.plan, season.room].append((season.first_night, season.last_night))
        for found in nights.values():
            found.sort()
            assert (found[0][0], found[-1][1]) == (FIRST_NIGHT, FIRST_NIGHT + timedelta(days=NIGHTS - 1))
            assert all(later[0] == sooner[1] + timedelta(days=1) for sooner, later in pairwise(found))


def test_a_room_for_two_can_be_had_on_most_nights(world: Sequence[Made]) -> None:
    """Two nights, told early enough: restrictions are the exception."""
    for contract in contracts(world)[::11]:
        closed = Counter(day.night for day in contract.days if day.closed or day.closed_to_arrival)
        doubles = {room.id for room in contract.rooms if room.adults_max >= 2}
        open_nights = {
            season.first_night + timedelta(days=number)
            for season in contract.seasons
            if season.room in doubles and season.min_stay <= 3
            for number in range((season.last_night - season.first_night).days + 1)
        }
        assert len(open_nights - set(closed)) > 0.9 * NIGHTS, contract.hotel


def double(contract: Contract) -> float:
    """Euros net that two pay for a night with the fewest meals, on average over the year."""
    room = next(room for room in contract.rooms if room.adults_max == 2)
    plan = next(plan for plan in contract.plans if plan.deadlines)
    return (
        mean(one.nightly[1] for one in contract.seasons if (one.room, one.plan) == (room.id, plan.id)) / 100
    )


def test_prices_follow_stars_and_cities(world: Sequence[Made]) -> None:
    found = defaultdict(list)
    for contract in contracts(world):
        if contract.hotel.kind is HotelKind.HOTEL:
            found[contract.hotel.city_code, contract.hotel.stars].append(double(contract))
            found["everywhere", contract.hotel.stars].append(double(contract))
    for stars in (2, 3, 4):
        assert median(found["everywhere", stars]) < median(found["everywhere", stars + 1])
    assert 250 < median(found["LON", 5]) < 480
    assert 90 < median(found["LON", 3]) < 190
    assert 60 < median(found["BKK", 5]) < 200
    assert median(found["DEL", 3]) < 70
    everything = [price for prices in found.values() for price in prices]
    assert (min(everything) > 12, max(everything) < 1100) == (True, True)


def test_a_bed_in_a_hostel_costs_what_a_bed_costs(world: Sequence[Made]) -> None:
    beds = [
        season.nightly[0] / 100
        for contract in contracts(world)
        if contract.hotel.kind is HotelKind.HOSTEL
        for season in contract.seasons
        if season.room == contract.rooms[0].id
    ]
    assert 3 < min(beds) < median(beds) < max(beds) < 95
    assert 10 < median(beds) < 35


def test_more_freedom_and_more_meals_cost_more(world: Sequence[Made]) -> None:
    for contract in contracts(world)[::13]:
        plans = {plan.id: plan for plan in contract.plans}
        cheapest: dict[tuple[Board, bool], int] = {}
        for season in contract.seasons:
            if (
                season.room == contract.rooms[0].id
                and season.first_night == FIRST_NIGHT
                and season.min_stay <= 3
            ):
                plan = plans[season.plan]
                cheapest[plan.board, bool(plan.deadlines)] = season.nightly[0]
        for board, flexible in cheapest:
            if (board, not flexible) in cheapest:
                assert cheapest[board, False] < cheapest[board, True]


def charge(world: Sequence[Made], city: str, stars: int, code: str) -> Charge:
    return next(
        charge
        for contract in contracts(world)
        if (contract.hotel.city_code, contract.hotel.stars) == (city, stars)
        for charge in contract.charges
        if charge.code == code
    )


def test_towns_take_what_they_publish(world: Sequence[Made]) -> None:
    assert charge(world, "PAR", 4, "city_tax").amount == 845
    assert charge(world, "ROM", 3, "city_tax").nights_max == 10
    assert charge(world, "BER", 3, "city_tax").share == 750
    assert charge(world, "NYC", 3, "occupancy_tax").share == 1475
    assert charge(world, "FRA", 3, "vat").share == round(10_000 * 7 / 107)
    assert charge(world, "LAS", 4, "resort_fee").amount in range(3000, 6000)


def test_every_hotel_has_three_to_six_pictures_of_what_it_has(world: Sequence[Made]) -> None:
    ids = Counter[str]()
    for one in world:
        hotel = one.contract.hotel
        scenes = [portrait.recipe.scene for portrait in one.portraits]
        assert 3 <= len(scenes) == len(set(scenes)) <= 6, hotel
        assert scenes[0] is Scene.FACADE
        assert (Scene.POOL in scenes) == bool({"swimming_pool", "indoor_pool"} & set(hotel.amenities))
        assert all(0 < len(portrait.caption) <= MOST_CAPTION for portrait in one.portraits)
        assert {portrait.recipe.building for portrait in one.portraits} == {hotel.kind.value}
        ids.update(drawn_id(hotel.id, portrait.recipe) for portrait in one.portraits)
    assert ids.most_common(1)[0][1] == 1


@pytest.mark.parametrize("first", [date(2026, 1, 1), date(2026, 12, 30), date(2028, 2, 29), date(2027, 7, 4)])
def test_spans_are_whole_whenever_they_begin(first: date) -> None:
    last = first + timedelta(days=NIGHTS - 1)
    for number, place in enumerate(places()):
        made = house(number, place, Spot(district="", latitude=0, longitude=0, from_centre_km=0), Die(number))
        found = list(spans(made, first, last))
        assert (found[0].first, found[-1].last) == (first, last)
        assert all(later.first == sooner.last + timedelta(days=1) for sooner, later in pairwise(found))
        assert all(span.first <= span.last for span in found)
