"""What the data packages say of our cities: names, people, positions."""

from collections.abc import Mapping

import pytest

from bookingd.domain.places import great_circle_km
from bookingd.seeding.airports import airports, cities, passengers
from bookingd.seeding.place_names import FARTHEST_KM, PlaceName, Town, place_names, towns


@pytest.fixture(scope="module")
def known() -> Mapping[str, Town]:
    return towns()


@pytest.fixture(scope="module")
def names(known: Mapping[str, Town]) -> list[PlaceName]:
    return list(place_names(known))


def test_every_city_that_is_flown_to_is_known(known: Mapping[str, Town]) -> None:
    assert {airports()[code].city_code for code in passengers()} - set(known) == set()


def test_a_city_is_near_its_airports_and_has_people(known: Mapping[str, Town]) -> None:
    far = [
        code
        for code, town in known.items()
        if min(
            great_circle_km(town.latitude, town.longitude, one.latitude, one.longitude)
            for one in airports().values()
            if one.city_code == code
        )
        > FARTHEST_KM
    ]
    assert far == []
    assert known["LON"].population > 5_000_000


@pytest.mark.parametrize(
    ("code", "called"),
    [
        ("CGN", {"Köln", "Colonia", "Keulen", "ケルン"}),
        ("PRG", {"Praha", "Prag", "Praga", "Прага"}),
        ("TYO", {"東京", "Tokio", "도쿄"}),
        ("MUC", {"München", "Muenchen", "Monaco di Baviera", "慕尼黑"}),
        ("VIE", {"Wien", "Bécs", "Viena"}),
    ],
)
def test_cities_are_known_by_local_and_foreign_names(
    names: list[PlaceName], code: str, called: set[str]
) -> None:
    assert called <= {one.name for one in names if one.city_code == code}


@pytest.mark.parametrize(
    ("code", "language", "name"),
    [("PRG", "de", "Prag"), ("PRG", "cs", "Praha"), ("TYO", "ja", "東京"), ("LON", "fr", "Londres")],
)
def test_the_best_known_cities_have_a_name_in_each_language(
    names: list[PlaceName], code: str, language: str, name: str
) -> None:
    assert PlaceName(city_code=code, name=name, language=language) in names


def test_a_language_calls_a_city_by_one_name(names: list[PlaceName]) -> None:
    told = [(one.city_code, one.language) for one in names if one.language]
    assert len(told) == len(set(told))
    assert {one.city_code for one in names} <= set(cities())


def test_codes_and_romanisations_are_no_names(names: list[PlaceName]) -> None:
    prague = {one.name for one in names if one.city_code == "PRG"}
    assert prague & {"PRG", "bu la ge", "peulaha"} == set()
