"""Made-up hotels stand in real cities, where people live."""

import pytest

from bookingd.domain.places import great_circle_km
from bookingd.seeding.airports import airports, cities, passengers
from bookingd.seeding.chance import Die
from bookingd.seeding.hotels.districts import districts
from bookingd.seeding.hotels.flavours import flavours
from bookingd.seeding.hotels.places import Place, places
from bookingd.seeding.hotels.positions import FARTHEST_CENTRE_KM, FARTHEST_KM, WIDEST_KM, Ground


def test_every_city_that_the_network_serves_has_hotels_and_more_have() -> None:
    codes = [place.code for place in places()]
    served = {airports()[code].city_code for code in passengers()}
    assert len(set(codes)) == len(codes) >= 200
    assert served <= set(codes) <= set(cities())
    assert [place.name for place in places()] == [cities()[code].name for code in codes]


def test_districts_belong_to_cities_with_hotels() -> None:
    assert set(districts()) <= {place.code for place in places()}
    for named in districts().values():
        assert len({district.name for district in named}) == len(named)


@pytest.mark.parametrize("place", places(), ids=lambda place: place.code)
def test_hotels_stand_in_or_near_their_city_and_not_on_a_runway(place: Place) -> None:
    ground = Ground(place)
    served = [one for one in airports().values() if one.city_code == place.code and one.rank]
    bound = FARTHEST_KM if place.code in districts() else WIDEST_KM + 1
    for number in range(40):
        spot = ground.spot(Die(7, number))
        here = spot.latitude, spot.longitude
        if not spot.airport:
            assert spot.from_centre_km < bound
        assert spot.from_centre_km < FARTHEST_CENTRE_KM
        assert all(great_circle_km(*here, one.latitude, one.longitude) > 1.4 for one in served), spot


def test_where_hotels_stand_near_an_airport_it_is_near() -> None:
    london = next(place for place in places() if place.code == "LON")
    spots = [Ground(london).spot(Die(1, number)) for number in range(400)]
    near = [spot for spot in spots if spot.airport]
    assert 5 <= len(near) <= 60
    for spot in near:
        airport = airports()[spot.airport]
        assert great_circle_km(spot.latitude, spot.longitude, airport.latitude, airport.longitude) < 10


def test_every_city_has_a_language_to_name_hotels_in() -> None:
    known = flavours()
    assert {place.flavour for place in places()} <= set(known)
    kinds = {"streets", "founders", "words", "hotel", "grand", "resort", "apartment", "guest_house", "hostel"}
    for flavour in known.values():
        assert kinds <= set(flavour.words)
