"""Places found by what somebody types, in a small world."""

import pytest

from bookingd.places.entries import Kind, described
from bookingd.places.gazetteer import AirportFacts, CityFacts, Gazetteer, HotelFacts, Position
from bookingd.places.index import Index, Match

SOMEWHERE = Position(latitude=50.0, longitude=8.0)
COUNTRIES = {"DE": "Germany", "GB": "United Kingdom", "CA": "Canada", "US": "United States", "JP": "Japan"}


def airport(code: str, name: str, city: str, rank: int | None = None, icao: str = "") -> AirportFacts:
    return AirportFacts(code=code, icao=icao, name=name, city_code=city, position=SOMEWHERE, rank=rank)


def city(
    code: str, name: str, country: str, people: int | None = None, *others: str, **told: str
) -> CityFacts:
    return CityFacts(
        code=code,
        name=name,
        country=country,
        population=people,
        position=None,
        other_names=others,
        names=told,
    )


def hotel(id: str, name: str, city_code: str, country: str, reviews: int = 10) -> HotelFacts:  # noqa: A002
    return HotelFacts(
        id=id, name=name, city_code=city_code, country=country, position=SOMEWHERE, reviews=reviews
    )


WORLD = Gazetteer(
    version=1,
    airports=[
        airport("LHR", "London Heathrow Airport", "LON", 3, icao="EGLL"),
        airport("LGW", "London Gatwick Airport", "LON", 20),
        airport("YXU", "London Airport", "YXU"),
        airport("CGN", "Cologne Bonn Airport", "CGN", 90),
        airport("MUC", "Munich Airport", "MUC", 30),
        airport("HND", "Haneda Airport", "TYO", 2),
        airport("ORD", "Chicago O'Hare International", "CHI", 5),
        airport("NUE", "Nuremberg Airport", "NUE"),
        airport("LOW", "Lowest Landing", "LOW"),
    ],
    cities=[
        city("LON", "London", "GB", 9_000_000, "Londres", "Londinium"),
        city("YXU", "London", "CA", 400_000),
        city("CGN", "Cologne", "DE", 1_000_000, "Köln", "Colonia", "Keulen"),
        city("MUC", "Munich", "DE", 1_500_000, "München", "Monaco di Baviera"),
        city("TYO", "Tokyo", "JP", 9_000_000, "東京", "Tokio", de="Tokio"),
        city("CHI", "Chicago", "US", 2_700_000),
        city("NUE", "Nuremberg", "DE", 500_000, "Nürnberg"),
        city("LOW", "Lowest", "US"),
    ],
    hotels=[
        hotel("1", "Hotel Adler", "CGN", "DE", 900),
        hotel("2", "Hotel Adler", "MUC", "DE", 20),
        hotel("3", "Park House London", "LON", "GB"),
        hotel("4", "L'Étoile", "MUC", "DE"),
    ],
)
INDEX = Index(described(WORLD, COUNTRIES))


def find(typed: str, *kinds: Kind, limit: int = 10) -> list[Match]:
    return INDEX.find(typed, kinds=kinds or tuple(Kind), limit=limit)


def names(typed: str, *kinds: Kind, limit: int = 10) -> list[str]:
    """Each as `LON city`, hotels as `1 hotel`."""
    return [f"{one.entry.code or one.entry.id} {one.entry.kind}" for one in find(typed, *kinds, limit=limit)]


def first(typed: str) -> str:
    return names(typed, limit=1)[0]


def test_an_exact_code_wins_over_every_name() -> None:
    """Lowest begins with it, and it is a town's whole name's beginning; LON is asked for."""
    assert first("LON") == "LON city"
    assert first("lhr") == "LHR airport"
    assert names("low")[:2] == ["LOW city", "LOW airport"]


def test_a_city_comes_before_its_airports_and_those_by_their_traffic() -> None:
    assert names("london", Kind.CITY, Kind.AIRPORT)[:3] == ["LON city", "LHR airport", "YXU city"]


def test_a_city_names_its_airports_the_busiest_first() -> None:
    assert find("london")[0].entry.airports == ("LHR", "LGW")


@pytest.mark.parametrize("typed", ["köln", "Koln", "KOELN", "colonia", "cologne", "keul", "Cologne bonn"])
def test_a_city_is_found_by_all_of_its_names(typed: str) -> None:
    assert "CGN" in first(typed)


@pytest.mark.parametrize(
    ("typed", "by"),
    [("köln", "Köln"), ("Londres", "Londres"), ("東京", "東京"), ("london", None), ("gatw", None)],
)
def test_it_is_told_by_which_other_name_a_place_was_found(typed: str, by: str | None) -> None:
    assert find(typed)[0].by == by


def test_an_airport_is_found_by_its_citys_names() -> None:
    assert names("東京") == ["TYO city", "HND airport"]
    assert "MUC airport" in names("monaco di")


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("heathrow", "LHR"),
        ("gatwick london", "LGW"),
        ("ohare", "ORD"),
        ("o'hare chicago", "ORD"),
        ("EGLL", "LHR"),
        ("london lgw", "LGW"),
        ("lhr london", "LHR"),
        ("london canada", "YXU"),
        ("london ca", "YXU"),
    ],
)
def test_every_word_may_be_begun_in_any_order(typed: str, code: str) -> None:
    assert find(typed)[0].entry.code == code


@pytest.mark.parametrize(
    ("typed", "code"),
    [("londn", "LON"), ("muncih", "MUC"), ("nurmberg", "NUE"), ("hethrow", "LHR"), ("cihcago", "CHI")],
)
def test_a_letter_or_two_may_be_wrong(typed: str, code: str) -> None:
    assert find(typed)[0].entry.code == code


def test_who_typed_a_name_right_is_shown_nothing_like_it() -> None:
    assert names("lowest") == ["LOW city", "LOW airport"]


def test_hotels_are_found_by_their_names_and_told_apart_by_their_cities() -> None:
    assert names("adler") == ["1 hotel", "2 hotel"]
    assert names("adler münchen") == ["2 hotel"]
    assert names("letoile") == ["4 hotel"]


def test_a_city_alone_finds_no_hotels() -> None:
    assert names("cologne", Kind.HOTEL) == []


def test_a_letter_or_two_find_no_other_names_unless_they_are_whole() -> None:
    world = Gazetteer(
        version=1,
        airports=[airport("LAX", "Los Angeles International", "LAX", 1)],
        cities=[city("LAX", "Los Angeles", "US", 4_000_000, "LA", "Ö", "Ciudad")],
        hotels=[],
    )
    index = Index(described(world, {}))
    typed = ("la", "o", "ci", "ciu")
    assert [len(index.find(one, kinds=[Kind.CITY], limit=9)) for one in typed] == [1, 0, 0, 1]


def test_of_nothing_typed_the_best_known_places_come() -> None:
    assert names("  ", limit=3) == ["TYO city", "LON city", "CHI city"]
    assert names("  ", Kind.AIRPORT, limit=3) == ["HND airport", "LHR airport", "ORD airport"]
    assert names("", Kind.HOTEL, limit=1) == ["1 hotel"]


def test_of_what_has_no_letters_nothing_comes() -> None:
    assert names("?!") == []


def test_only_the_kinds_that_are_wanted_come() -> None:
    assert {one.entry.kind for one in find("lon", Kind.AIRPORT)} == {Kind.AIRPORT}
    assert names("londn", Kind.HOTEL) == ["3 hotel"]


def test_a_city_is_where_its_busiest_airport_is_unless_it_says_otherwise() -> None:
    assert find("chicago")[0].entry.position == SOMEWHERE


def test_a_town_is_told_once_however_many_airports_bear_its_name() -> None:
    """Le Bourget is a city of its own by the book; London in Canada is another town."""
    near = Position(latitude=50.4, longitude=8.0)
    far = Position(latitude=40.0, longitude=8.0)
    world = Gazetteer(
        version=1,
        airports=[
            airport("CDG", "Charles de Gaulle", "PAR", 7),
            AirportFacts(code="LBG", icao="", name="Le Bourget", city_code="LBG", position=near, rank=None),
            AirportFacts(code="PRX", icao="", name="Cox Field", city_code="PRX", position=far, rank=None),
        ],
        cities=[city("LBG", "PARIS", "FR"), city("PAR", "Paris", "FR"), city("PRX", "Paris", "FR")],
        hotels=[],
    )
    found = Index(described(world, {})).find("paris", kinds=[Kind.CITY], limit=9)
    assert [one.entry.code for one in found] == ["PAR", "PRX"]


def test_a_city_without_airport_and_position_is_nowhere() -> None:
    lost = Gazetteer(version=1, airports=[], cities=[city("XXX", "Atlantis", "GR")], hotels=[])
    assert len(Index(described(lost, {}))) == 0


def test_an_empty_world_has_no_places() -> None:
    empty = Index(described(Gazetteer(version=1, airports=[], cities=[], hotels=[]), {}))
    assert empty.find("london", kinds=tuple(Kind), limit=5) == []
    assert empty.find("", kinds=tuple(Kind), limit=5) == []
