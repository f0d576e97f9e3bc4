"""Hotels of several suppliers that are one, and such that only look like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.same_hotel import Spot, folded, same_hotels

HERE = (48.8566, 2.3522)


def spot(supplier: str, name: str, *, key: str = "1", north_m: float = 0) -> Spot:
    return Spot(key=(supplier, key), name=name, latitude=HERE[0] + north_m / 111_195, longitude=HERE[1])


def groups(*spots: Spot) -> int:
    return len(set(same_hotels(spots).values()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hôtel Bergère", "BERGERE HOTEL"),
        ("The Gloria Hotel, Paris", "Hotel Gloria Paris"),
        ("Straße 9", "Strasse 9"),
    ],
)
def test_names_that_say_the_same_on_the_same_spot_are_one_hotel(one: str, other: str) -> None:
    assert groups(spot("a", one), spot("b", other, north_m=120)) == 1


@pytest.mark.parametrize(("other", "north_m"), [("Gloria Suites", 0), ("Gloria", 400), ("Gloria 2", 0)])
def test_another_name_or_another_spot_is_another_hotel(other: str, north_m: float) -> None:
    assert groups(spot("a", "Gloria"), spot("b", other, north_m=north_m)) == 2


def test_two_hotels_of_one_supplier_are_never_one() -> None:
    twins = spot("a", "Gloria"), spot("a", "Gloria", key="2")

    assert groups(*twins) == 2
    assert groups(*twins, spot("b", "Gloria")) == 2


def test_neighbours_are_seen_over_the_edge_of_a_cell() -> None:
    edge = Spot(key=("a", "1"), name="Gloria", latitude=48.85999, longitude=2.34999)
    over = Spot(key=("b", "1"), name="Gloria", latitude=48.86001, longitude=2.35001)

    assert groups(edge, over) == 1


@given(
    st.permutations(
        [spot("a", "Gloria"), spot("b", "Hotel Gloria", north_m=90), spot("c", "Gloria", north_m=180)]
    )
)
def test_the_order_in_which_they_come_does_not_matter(spots: list[Spot]) -> None:
    assert same_hotels(spots) == {("a", "1"): ("a", "1"), ("b", "1"): ("a", "1"), ("c", "1"): ("a", "1")}


def test_folding_knows_case_and_accents() -> None:
    assert folded("Hôtel ÉTOILE Straße") == "hotel etoile strasse"
