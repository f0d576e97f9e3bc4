"""Along which airports flights of a slice are looked for, and along which not."""

from collections.abc import Iterable

import pytest

from bookingd.domain.connections import ConnectionRules
from bookingd.domain.network import Airport, Network, Route

RULES = ConnectionRules(detour_factor=1.0, detour_km=100.0)
WHERE = {"FRA": 0.0, "MUC": 1.0, "LHR": 2.0, "LGW": 2.1, "CDG": 3.0, "ORD": 4.0, "JFK": 5.0}
"""In degrees of longitude on the equator: 111 km each."""
CITIES = {"LHR": "LON", "LGW": "LON"}
COUNTRIES = {"FRA": "DE", "MUC": "DE", "LHR": "GB", "LGW": "GB", "CDG": "FR", "ORD": "US", "JFK": "US"}


def airport(code: str) -> Airport:
    return Airport(
        code=code,
        city=CITIES.get(code, code),
        country=COUNTRIES[code],
        latitude=0.0,
        longitude=WHERE[code],
        domestic_to_domestic=1,
        domestic_to_international=2,
        international_to_domestic=3,
        international_to_international=4,
    )


def network(*ways: str, carriage: str = "Star Alliance", more: Iterable[Route] = ()) -> Network:
    """Routes as `FRA MUC JFK`: from each airport to the next, as far as it is."""
    routes = [
        Route(
            origin=one,
            carriage=carriage,
            destination=other,
            shortest_km=round(111.2 * abs(WHERE[one] - WHERE[other])),
        )
        for way in ways
        for one, other in zip(way.split(), way.split()[1:], strict=False)
    ]
    return Network([airport(code) for code in WHERE], [*routes, *more])


def found(
    flown: Network, origins: str, destinations: str, *, most_stops: int = 2, rules: ConnectionRules = RULES
) -> set[str]:
    paths = flown.paths(origins.split(), destinations.split(), rules=rules, most_stops=most_stops)
    return {" ".join(path.airports) for path in paths}


def test_one_gets_there_directly_and_over_one_or_two_airports() -> None:
    flown = network("FRA JFK", "FRA MUC JFK", "MUC CDG JFK", "CDG ORD JFK")
    assert found(flown, "FRA", "JFK") == {"FRA JFK", "FRA MUC JFK", "FRA MUC CDG JFK"}
    assert found(flown, "FRA", "JFK", most_stops=1) == {"FRA JFK", "FRA MUC JFK"}
    assert found(flown, "FRA", "JFK", most_stops=0) == {"FRA JFK"}


def test_connections_stay_with_one_carriage_and_direct_flights_are_anybodys() -> None:
    other = [
        Route(origin="MUC", carriage="oneworld", destination="JFK", shortest_km=445),
        Route(origin="FRA", carriage="oneworld", destination="JFK", shortest_km=556),
    ]
    flown = network("FRA MUC", "FRA JFK", more=other)
    assert found(flown, "FRA", "JFK") == {"FRA JFK"}
    [path] = flown.paths(["FRA"], ["JFK"], rules=RULES, most_stops=2)
    assert path.carriage is None


@pytest.mark.parametrize(
    ("way", "changes"),
    [
        ("FRA MUC JFK", (2,)),
        ("CDG ORD JFK", (3,)),
        ("FRA LHR JFK", (4,)),
        ("JFK ORD JFK", None),
        ("FRA MUC LHR JFK", (2, 4)),
        ("LHR ORD JFK", (3,)),
    ],
)
def test_the_time_to_change_follows_from_the_countries_of_both_flights(
    way: str, changes: tuple[int, ...] | None
) -> None:
    origin, *_, destination = way.split()
    paths = network(way).paths([origin], [destination], rules=RULES, most_stops=2)
    assert next((path.changes for path in paths if len(path.airports) > 2), None) == changes


def test_what_is_too_long_as_a_whole_is_not_looked_for() -> None:
    flown = network("MUC FRA CDG", "MUC FRA LHR CDG")
    # MUC to CDG are 222 km; over FRA it is 445, and 322 are allowed.
    assert found(flown, "MUC", "CDG") == set()
    wide = ConnectionRules(detour_factor=2.0, detour_km=1.0)
    assert found(flown, "MUC", "CDG", rules=wide) == {"MUC FRA CDG", "MUC FRA LHR CDG"}


def test_nobody_changes_where_the_slice_may_begin_or_end_nor_twice_in_a_city() -> None:
    flown = network("FRA MUC JFK", "FRA LHR LGW JFK", "FRA CDG JFK", "LGW JFK")
    assert found(flown, "FRA", "JFK") == {"FRA MUC JFK", "FRA CDG JFK"}
    assert found(flown, "FRA MUC", "JFK") == {"FRA CDG JFK", "MUC JFK"}
    assert found(flown, "FRA", "JFK CDG") == {"FRA MUC JFK", "FRA CDG"}
    assert found(flown, "LHR", "JFK") == set()


def test_no_path_leads_within_a_city() -> None:
    assert found(network("LHR LGW", "LHR CDG LGW"), "LHR", "LGW") == set()


def test_a_city_means_all_of_its_airports() -> None:
    flown = network()
    assert flown.airports("LON") == {"LHR", "LGW"}
    assert flown.airports("LHR") == {"LHR"}
    assert flown.airports("FRA", ("LGW", "XXX")) == {"FRA", "LGW"}
    assert flown.airports("XXX") == set()
