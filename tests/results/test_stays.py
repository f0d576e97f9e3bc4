"""A hotel search refined by columns says the same as loops over its offers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.ids import OfferId
from bookingd.domain.stay_filters import StayFilters, StaySort
from bookingd.domain.stays import Board, HotelKind, StayOffer
from bookingd.results.packing import ResultSet, joined, pack, unpack
from bookingd.results.stay_refining import RefinedStays, StayRefinement, refine
from bookingd.results.stays import stay_set
from tests import factories
from tests.results.houses import CENTRE, NIGHTS, WISH, chosen, house, offers, passes, value

NOTHING = StayFilters()
CHOOSING: dict[str, Callable[[str], dict[str, Any]]] = {
    "stars": lambda value: {"stars": (int(value),)},
    "kinds": lambda value: {"kinds": (HotelKind(value),)},
    "districts": lambda value: {"districts": (value,)},
    "boards": lambda value: {"boards": (Board(value),)},
    "rating": lambda value: {"min_rating": int(value)},
    "distance": lambda value: {"max_distance_km": float(value)},
    "refundable": lambda _: {"refundable": True},
    "pay_at_property": lambda _: {"pay_at_property": True},
}
"""What choosing a value alone in a facet means."""


def with_chosen(filters: StayFilters, facet: str, value: str) -> StayFilters:
    """The filters with the value chosen: an amenity besides those that are, any other alone."""
    if facet == "amenities":
        return replace(filters, amenities=tuple({*filters.amenities, value}))
    return replace(filters, **CHOOSING[facet](value))


def kept(some: list[StayOffer]) -> ResultSet:
    return unpack(pack(stay_set(some, centre=CENTRE, about=b"{}")))


def look(found: ResultSet, filters: StayFilters = NOTHING, **more: Any) -> RefinedStays:
    return refine(found, StayRefinement(filters=filters, nights=NIGHTS, **{"limit": 100, **more}))


def hotels(some: list[StayOffer]) -> set[str]:
    return {offer.hotel.key for offer in some}


@given(some=offers(), filters=chosen(), sort=st.sampled_from(StaySort))
def test_filters_and_orders_do_what_loops_do(
    some: list[StayOffer], filters: StayFilters, sort: StaySort
) -> None:
    refined = look(kept(some), filters, sort=sort)

    left = [offer for offer in some if passes(offer, filters)]
    assert {one.offer.hotel.key for one in refined.results} == hotels(left)
    assert refined.count == len(refined.results) == len(hotels(left))
    places = [(value(one.offer, sort), one.offer.total.amount) for one in refined.results]
    assert places == sorted(places)
    for one in refined.results:
        same = [offer for offer in left if offer.hotel == one.offer.hotel]
        assert {one.offer.id, *(other.offer.id for other in one.alternatives)} == {each.id for each in same}
        assert value(one.offer, sort) == min(value(each, sort) for each in same)


@given(some=offers(), filters=chosen())
def test_the_count_behind_a_value_is_what_choosing_it_leaves(
    some: list[StayOffer], filters: StayFilters
) -> None:
    found = kept(some)
    refined = look(found, filters)

    for facet, counts in refined.counts.items():
        for count in counts:
            assert count.results == look(found, with_chosen(filters, facet, count.value)).count


@given(some=offers(), filters=chosen(), sort=st.sampled_from(StaySort), limit=st.integers(1, 3))
def test_paging_visits_every_hotel_once(
    some: list[StayOffer], filters: StayFilters, sort: StaySort, limit: int
) -> None:
    found = kept(some)
    whole = look(found, filters, sort=sort)
    seen: list[str] = []
    after = None
    while True:
        page = look(found, filters, sort=sort, limit=limit, after=after)
        seen += [one.offer.hotel.key for one in page.results]
        if (after := page.next) is None:
            break

    assert seen == [one.offer.hotel.key for one in whole.results]


@given(some=offers(), filters=chosen())
def test_bars_count_hotels_whatever_price_is_wanted(some: list[StayOffer], filters: StayFilters) -> None:
    prices = look(kept(some), filters).prices

    others = replace(filters, min_price=None, max_price=None)
    left = [offer for offer in some if passes(offer, others)]
    assert sum(bar.results for bar in prices.bars) == len(hotels(left))
    assert prices.least == min((offer.total.amount for offer in left), default=None)


def test_one_hotel_of_two_suppliers_is_one_result() -> None:
    ours = replace(factories.stay(wish=WISH), hotel=house(0), id=OfferId("st_1"))
    theirs = replace(
        ours,
        id=OfferId("st_2"),
        supplier="another",
        hotel=house(0, key="X9", name="BERGERE Hotel"),
    )

    (result,) = look(kept([theirs, ours])).results

    assert {result.offer.id, result.alternatives[0].offer.id} == {"st_1", "st_2"}


@given(some=offers(), filters=chosen(), sort=st.sampled_from(StaySort), data=st.data())
def test_sets_that_are_joined_say_what_one_set_says(
    some: list[StayOffer], filters: StayFilters, sort: StaySort, data: st.DataObject
) -> None:
    # No supplier has one rate of one hotel twice: which of them led would be chance.
    some = list({(one.hotel.key, one.rooms[0].rate): one for one in some}.values())
    whose = [data.draw(st.integers(0, 2)) for _ in some]
    parts = [[one for one, of in zip(some, whose, strict=True) if of == number] for number in range(3)]

    whole = joined([kept(part) for part in parts])

    assert look(whole, filters, sort=sort) == look(kept(some), filters, sort=sort)


@pytest.mark.parametrize("text", ["bergère", "BERGERE", "hotel b"])
def test_names_are_found_without_their_accents(text: str) -> None:
    found = kept([replace(factories.stay(wish=WISH), hotel=house(0))])

    assert look(found, StayFilters(name=text)).count == 1


def test_an_unknown_amenity_leaves_nothing_and_is_told() -> None:
    found = kept([replace(factories.stay(wish=WISH), hotel=house(0))])

    refined = look(found, StayFilters(amenities=("heliport",)))

    assert refined.count == 0
    assert [(count.value, count.results) for count in refined.counts["amenities"]] == [("heliport", 0)]
