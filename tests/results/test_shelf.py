"""Unpacked sets: the ones used last stay while there is room."""

from datetime import timedelta

from bookingd.results.packing import Entry, Layout, gather, pack
from bookingd.results.shelf import Shelf
from tests.fakes.sources import START

SIZE = 1000
LATER = START + timedelta(minutes=1)


def packed() -> bytes:
    """A set of SIZE bytes."""
    entry = Entry(result=b"", offer=b"", numbers=(1,), body=b" " * (SIZE - 8))
    return pack(gather([entry], layout=Layout(numbers=("price",)), about=b""))


def test_a_set_is_unpacked_once() -> None:
    shelf = Shelf()

    found = shelf.open("one", START, packed())

    assert shelf.open("one", START, packed()) is found
    assert found.columns.size == 1


def test_a_set_that_was_made_anew_is_another_one() -> None:
    shelf = Shelf()
    found = shelf.open("one", START, packed())

    assert shelf.open("one", LATER, packed()) is not found


def test_the_one_unused_for_longest_goes_first() -> None:
    shelf = Shelf(most_bytes=2 * SIZE)
    one, two = (shelf.open(key, START, packed()) for key in ("one", "two"))
    shelf.open("one", START, packed())

    shelf.open("three", START, packed())

    assert shelf.open("one", START, packed()) is one
    assert shelf.open("two", START, packed()) is not two


def test_what_is_larger_than_the_shelf_is_opened_and_not_kept() -> None:
    shelf = Shelf(most_bytes=SIZE - 1)

    found = shelf.open("one", START, packed())

    assert found.columns.size == 1
    assert shelf.open("one", START, packed()) is not found
