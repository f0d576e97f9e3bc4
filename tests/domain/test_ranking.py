"""What is better than what, and that the number means nothing beyond the order."""

from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.ranking import score

PRICES = st.integers(1, 10**9)
MINUTES = st.integers(30, 6 * 3000)
STOPS = st.integers(0, 12)
FACTOR = 1e-12
"""What rounding of doubles may make of a product of five."""


def of(price: int, minutes: int, stops: int = 0) -> float:
    return float(score(price=price, minutes=minutes, stops=stops))


@given(price=PRICES, minutes=MINUTES, stops=STOPS)
def test_cheaper_shorter_and_straighter_is_better(price: int, minutes: int, stops: int) -> None:
    assert of(price, minutes, stops) < of(price + 1, minutes, stops)
    assert of(price, minutes, stops) < of(price, minutes + 1, stops)
    assert of(price, minutes, stops) < of(price, minutes, stops + 1)


@given(price=PRICES, minutes=MINUTES, stops=STOPS)
def test_the_number_is_the_square_of_the_published_formula(price: int, minutes: int, stops: int) -> None:
    published = 10 * price * minutes**0.5 * (1 + stops / 10)
    assert abs(of(price, minutes, stops) / published**2 - 1) < FACTOR


@given(ways=st.lists(st.tuples(PRICES, MINUTES, STOPS), min_size=2, max_size=8))
def test_the_order_is_the_same_in_every_currency(ways: list[tuple[int, int, int]]) -> None:
    def order(rate: int) -> list[float]:
        ranked = sorted(ways, key=lambda way: of(way[0] * rate, way[1], way[2]))
        return [of(*way) for way in ranked]

    for one, other in zip(order(1), order(157), strict=True):
        assert abs(one / other - 1) < FACTOR


def test_four_times_as_long_weighs_as_twice_as_dear() -> None:
    assert of(20_000, 120) == of(10_000, 480)


def test_a_connection_weighs_a_tenth_of_the_price() -> None:
    assert of(11_000, 120, stops=0) == of(10_000, 120, stops=1)
