"""Unpacked sets: kept while they are good and there is room."""

from datetime import timedelta

from bookingd.results.packing import Entry, Layout, gather
from bookingd.results.shelf import Opened, Shelf
from tests.fakes.sources import START

SIZE = 1000
MINUTE = timedelta(minutes=1)


def opened(*, until: timedelta = MINUTE) -> Opened:
    """A set of about SIZE bytes."""
    entry = Entry(result=b"", offer=b"", numbers=(1,), body=b" " * (SIZE - 8))
    found = gather([entry], layout=Layout(numbers=("price",)), about=b"")
    return Opened(found=found, made_at=START, until=START + until)


def test_a_set_is_there_until_its_time_is_over() -> None:
    shelf, one = Shelf(), opened()
    shelf.put("one", one)

    assert shelf.get("one", now=START) is one
    assert shelf.get("one", now=START + MINUTE) is None
    assert shelf.get("other", now=START) is None


def test_the_one_unused_for_longest_goes_first() -> None:
    shelf = Shelf(most_bytes=2 * SIZE)
    for key in ("one", "two"):
        shelf.put(key, opened())
    shelf.get("one", now=START)

    shelf.put("three", opened())

    assert [key for key in ("one", "two", "three") if shelf.get(key, now=START)] == ["one", "three"]


def test_a_newer_set_takes_the_place_of_the_older() -> None:
    shelf, newer = Shelf(most_bytes=SIZE), opened(until=2 * MINUTE)
    shelf.put("one", opened())

    shelf.put("one", newer)

    assert shelf.get("one", now=START) is newer


def test_what_is_larger_than_the_shelf_is_not_kept() -> None:
    shelf = Shelf(most_bytes=SIZE - 1)

    shelf.put("one", opened())

    assert shelf.get("one", now=START) is None
