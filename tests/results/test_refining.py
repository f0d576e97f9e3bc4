"""Columns say the same as loops over offers: what remains, in which order, and how many."""

from random import Random
from typing import SupportsIndex

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.results import filters
from bookingd.results.cursors import ForeignCursor, read_cursor, write_cursor
from bookingd.results.facets import Choices, Count, EachNumber, EachTerm, Facet, From, UpTo
from bookingd.results.filters import Filter
from bookingd.results.packing import ResultSet
from bookingd.results.refining import Sieve, in_order
from tests.results.plain import NAMES, UNHEARD, Plain, any_filter, kept, left, offers, results

CHOSEN = st.lists(any_filter(), max_size=4)


def number(found: ResultSet, row: SupportsIndex) -> int:
    """Which of the plain offers an offer of the set is."""
    value: int = msgspec.json.decode(found.body(int(row)))["number"]
    return value


@given(some=offers(), chosen=CHOSEN)
def test_what_passes_all_filters_remains(some: list[Plain], chosen: list[Filter]) -> None:
    found = kept(some)

    mask = Sieve(found.columns, chosen).left

    remaining = left(some, chosen)
    assert {number(found, row) for row in mask.nonzero()[0]} == {offer.number for offer in remaining}
    assert found.columns.count(mask) == results(remaining)
    assert sorted(found.columns.lowest_prices(mask).tolist()) == sorted(
        min(offer.price for offer in remaining if offer.result == result)
        for result in {offer.result for offer in remaining}
    )


@given(some=offers(), chosen=CHOSEN, by=st.sampled_from(["price", "stars", "score"]), limit=st.integers(1, 4))
def test_pages_visit_every_result_once_in_order(
    some: list[Plain], chosen: list[Filter], by: str, limit: int
) -> None:
    found = kept(some)
    ordered = in_order(found.columns, Sieve(found.columns, chosen).left, by=by)

    pages, after = [], None
    while True:
        page = ordered.page(limit=limit, after=after)
        pages.append(page)
        if page.next is None:
            break
        after = read_cursor(write_cursor("this search", page.next), "this search")

    by_number = {offer.number: offer for offer in some}
    shown = [one for page in pages for one in page.results]
    leads = [by_number[number(found, one.row)] for one in shown]
    remaining = left(some, chosen)
    assert ordered.count == len(leads) == results(remaining)
    assert all(len(page.results) == limit for page in pages[:-1])
    places = [(getattr(lead, by), lead.price) for lead in leads]
    assert places == sorted(places)
    for one, lead in zip(shown, leads, strict=True):
        of_result = [offer for offer in remaining if offer.result == lead.result]
        assert (getattr(lead, by), lead.price) == min((getattr(each, by), each.price) for each in of_result)
        others = [by_number[number(found, row)] for row in one.others]
        assert {lead.number, *(other.number for other in others)} == {each.number for each in of_result}
        assert [other.price for other in others] == sorted(other.price for other in others)


@given(some=offers(), chosen=CHOSEN, by=st.sampled_from(["price", "score"]), chance=st.randoms())
def test_the_order_does_not_depend_on_who_answered_first(
    some: list[Plain], chosen: list[Filter], by: str, chance: Random
) -> None:
    shuffled = [*some]
    chance.shuffle(shuffled)

    def order(given: list[Plain]) -> list[int]:
        found = kept(given)
        ordered = in_order(found.columns, Sieve(found.columns, chosen).left, by=by)
        return [number(found, row) for row in ordered.rows]

    assert order(shuffled) == order(some)


def alone(name: str, value: str, facet: Facet) -> Filter:
    """The filter of a facet, set to one value."""
    match facet:
        case EachTerm(alone=True):
            return filters.Only(facet=name, column=name, names=(value,))
        case EachTerm():
            return filters.AnyOf(facet=name, column=name, names=(value,))
        case EachNumber():
            return filters.OneOf(facet=name, column=name, values=(int(value),))
        case UpTo():
            return filters.Range(facet=name, column=name, high=int(value))
        case From():
            return filters.Minimum(facet=name, column=name, least=int(value))
    raise AssertionError(facet)


FACETS = [
    ("airlines", EachTerm(column="airlines", alone=True), (*NAMES, UNHEARD)),
    ("via", EachTerm(column="via"), (*NAMES, UNHEARD)),
    ("stars", EachNumber(column="stars"), ("0", "1", "2", "3")),
    ("stars", UpTo(column="stars"), ("0", "1", "2", "3")),
    ("stars", From(column="stars"), ("1", "2", "3")),
]


@pytest.mark.parametrize(("name", "facet", "values"), FACETS)
@given(data=st.data())
def test_a_count_is_what_its_value_alone_would_leave(
    name: str, facet: Facet, values: tuple[str, ...], data: st.DataObject
) -> None:
    some, chosen = data.draw(offers()), data.draw(CHOSEN)
    found = kept(some)
    others = [one for one in chosen if one.facet != name]
    chosen_value = "1" if name == "stars" else UNHEARD

    counts = Sieve(found.columns, chosen).counts(facet, name=name, chosen=frozenset({chosen_value}))

    expected = {}
    for value in values:
        if isinstance(facet, UpTo | From) and int(value) not in {1, *(offer.stars for offer in some)}:
            continue  # nothing begins or ends there, and it is not chosen
        behind = left(some, [*others, alone(name, value, facet)])
        occurs = results(behind)
        if isinstance(facet, EachTerm):
            anywhere = filters.AnyOf(facet=name, column=name, names=(value,))
            occurs = results(left(some, [*others, anywhere]))
        if occurs or value == chosen_value:
            lowest = min((offer.price for offer in behind), default=None)
            expected[value] = Count(value=value, results=results(behind), occurs=occurs, lowest=lowest)
    assert {count.value: count for count in counts} == expected


@given(some=offers(), chosen=CHOSEN)
def test_choices_are_counted_as_their_filters_say(some: list[Plain], chosen: list[Filter]) -> None:
    found = kept(some)
    free = filters.Flag(facet="free", column="free")
    others = [one for one in chosen if one.facet != "free"]

    counts = Sieve(found.columns, chosen).counts(
        Choices(choices=(("true", free),)), name="free", chosen=frozenset()
    )

    assert sum(count.results for count in counts) == results(left(some, [*others, free]))


@pytest.mark.parametrize("cursor", ["", "!", "e30", "WyJ0aGlzIHNlYXJjaCJd", "x" * 200])
def test_what_was_never_given_out_is_no_cursor(cursor: str) -> None:
    with pytest.raises(ForeignCursor):
        read_cursor(cursor, "this search")


@given(
    place=st.tuples(st.integers(0, 10**9) | st.floats(0, 1e30), st.integers(0, 10**9), st.integers(0, 2**56))
)
def test_a_cursor_is_of_one_search(place: tuple[int | float, int, int]) -> None:
    assert read_cursor(write_cursor("this", place), "this") == place
    with pytest.raises(ForeignCursor):
        read_cursor(write_cursor("this", place), "that")
