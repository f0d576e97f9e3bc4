"""A flight search refined by columns says the same as loops over its offers."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.filters import FlightFilters, FlightSort, TimeWindow
from bookingd.domain.flights import Itinerary
from bookingd.domain.ids import OfferId
from bookingd.domain.offers import Offer
from bookingd.results.cursors import Place
from bookingd.results.flight_filters import PERIODS
from bookingd.results.flight_refining import FlightResult, Refined, Refinement, Span, refine
from bookingd.results.flights import flight_set
from bookingd.results.packing import ResultSet, pack, unpack
from tests.results import journeys
from tests.results.journeys import BACK, THERE, chosen, journey, offers, passes, value, waits

NOTHING = FlightFilters()


def kept(some: list[Offer]) -> ResultSet:
    return unpack(pack(flight_set(some, slices=2, about=b"{}")))


def look(found: ResultSet, filters: FlightFilters = NOTHING, **more: Any) -> Refined:
    """The set there and back between London and New York."""
    return refine(found, Refinement(filters=filters, ends=(THERE, BACK), **{"limit": 100, **more}))


def results(some: list[Offer]) -> int:
    return len({journey(offer) for offer in some})


@given(some=offers(), filters=chosen(), sort=st.sampled_from(FlightSort))
def test_filters_and_orders_do_what_loops_do(
    some: list[Offer], filters: FlightFilters, sort: FlightSort
) -> None:
    refined = look(kept(some), filters, sort=sort)

    left = [offer for offer in some if passes(offer, filters)]
    assert refined.count == len(refined.results) == results(left)
    places = [(value(one.offer, sort), one.offer.total.amount) for one in refined.results]
    assert places == sorted(places)
    shown = {journey(one.offer): one for one in refined.results}
    for key, one in shown.items():
        same = [offer for offer in left if journey(offer) == key]
        assert {one.offer.id, *(other.offer.id for other in one.alternatives)} == {each.id for each in same}
        assert len(one.alternatives) == len(same) - 1
        assert (value(one.offer, sort), one.offer.total.amount) == min(
            (value(each, sort), each.total.amount) for each in same
        )


@given(some=offers())
def test_an_alternative_is_told_as_it_is(some: list[Offer]) -> None:
    by_id = {offer.id: offer for offer in some}

    for one in look(kept(some)).results:
        assert one.offer == by_id[one.offer.id]
        assert [other.total for other in one.alternatives] == sorted(
            other.total for other in one.alternatives
        )
        for other in one.alternatives:
            offer = by_id[other.offer.id]
            assert (other.total, other.offer.supplier) == (offer.total.amount, offer.supplier)
            assert other.offer.itinerary.conditions == offer.itinerary.conditions
            assert (other.offer.seats_left, other.offer.expires_at) == (offer.seats_left, offer.expires_at)


@given(some=offers(), filters=chosen(), sort=st.sampled_from(FlightSort), limit=st.integers(1, 3))
def test_paging_visits_every_result_once(
    some: list[Offer], filters: FlightFilters, sort: FlightSort, limit: int
) -> None:
    found, pages = kept(some), list[tuple[FlightResult, ...]]()
    after: Place | None = None
    while True:
        page = look(found, filters, sort=sort, limit=limit, after=after)
        pages.append(page.results)
        after = page.next
        if after is None:
            break

    whole = look(found, filters, sort=sort)
    assert [one for page in pages for one in page] == [*whole.results]


def alone(filters: FlightFilters, facet: str, value: str) -> FlightFilters:
    """The filters with those of one facet set to one value alone."""
    name, _, number = facet.partition(".")
    changes: dict[str, Any]
    match name:
        case "stops":
            changes = {"max_stops": int(value)}
        case "checked_bags":
            changes = {"checked_bags": int(value)}
        case "refundable" | "changeable":
            changes = {name: True}
        case "airlines" | "via" | "airports":
            changes = {name: (value,), f"without_{name}": ()}
        case _:
            begin, end = (int(clock[:2]) * 60 for clock in value.split("-"))
            windows = {0: (), 1: (), **dict(enumerate(getattr(filters, name)))}
            windows[int(number)] = (TimeWindow(begin=begin, end=end),)
            changes = {name: (windows[0], windows[1])}
    return replace(filters, **changes)


@given(some=offers(), filters=chosen())
def test_counts_are_what_recounting_says(some: list[Offer], filters: FlightFilters) -> None:
    refined = look(kept(some), filters)

    for facet, counts in refined.counts.items():
        for count in counts:
            behind = [offer for offer in some if passes(offer, alone(filters, facet, count.value))]
            assert (facet, count.value, count.results) == (facet, count.value, results(behind))
            assert count.lowest == min((offer.total.amount for offer in behind), default=None)


@given(some=offers())
def test_every_value_that_occurs_is_counted(some: list[Offer]) -> None:
    counts = look(kept(some)).counts
    values = {facet: {count.value for count in counted} for facet, counted in counts.items()}

    flights = [one for offer in some for one in offer.itinerary.segments]
    parts = [part for offer in some for part in offer.itinerary.slices]
    assert values["airlines"] == {one.airline for one in flights}
    assert values["via"] == {one.destination for part in parts for one in part.segments[:-1]}
    assert values["stops"] == {str(max(part.stops for part in offer.itinerary.slices)) for offer in some}
    assert values["departure.1"] <= {str(period) for period in PERIODS}


@given(some=offers(), filters=chosen())
def test_prices_are_those_without_the_price_filter(some: list[Offer], filters: FlightFilters) -> None:
    prices = look(kept(some), filters).prices

    left = [offer for offer in some if passes(offer, replace(filters, min_price=None, max_price=None))]
    amounts = [offer.total.amount for offer in left]
    assert sum(bar.results for bar in prices.bars) == results(left)
    assert prices.least == min(amounts, default=None)


@given(some=offers(), filters=chosen())
def test_spans_are_those_without_their_own_filter(some: list[Offer], filters: FlightFilters) -> None:
    refined = look(kept(some), filters)

    open_ended = replace(filters, min_connection=None, max_connection=None)
    all_waits = [wait for offer in some if passes(offer, open_ended) for wait in waits(offer)]
    expected = Span(least=min(all_waits), most=max(all_waits)) if all_waits else None
    assert refined.connections == expected
    for number, span in enumerate(refined.durations):
        without = list(filters.max_duration)
        without[number : number + 1] = [None]
        left = [offer for offer in some if passes(offer, replace(filters, max_duration=tuple(without)))]
        minutes = [offer.itinerary.slices[number].duration // timedelta(minutes=1) for offer in left]
        assert span == (Span(least=min(minutes), most=max(minutes)) if minutes else None)


@given(some=offers(), filters=chosen())
def test_what_is_chosen_stays_in_sight(some: list[Offer], filters: FlightFilters) -> None:
    counts = look(kept(some), filters).counts

    shown = {count.value for count in counts["airlines"]}
    assert shown >= {*filters.airlines, *filters.without_airlines}
    assert filters.max_stops is None or str(filters.max_stops) in {one.value for one in counts["stops"]}
    for number, windows in enumerate(filters.departure):
        assert {str(window) for window in windows} <= {one.value for one in counts[f"departure.{number}"]}


@given(some=offers())
def test_one_journey_of_two_suppliers_is_one_result(some: list[Offer]) -> None:
    elsewhere = [
        replace(offer, id=OfferId(f"{offer.id}x"), supplier="elsewhere", itinerary=_under_other_keys(offer))
        for offer in some
    ]

    refined = look(kept([*some, *elsewhere]))

    assert refined.count == results(some)
    assert sum(1 + len(one.alternatives) for one in refined.results) == 2 * len(some)


@pytest.mark.parametrize(
    ("begin", "end", "inside", "outside"),
    [
        (6 * 60, 12 * 60, (360, 719), (359, 720, 0)),
        (22 * 60, 6 * 60, (1320, 1439, 0, 359), (360, 1319)),
        (18 * 60, 0, (1080, 1439), (0, 1079)),
        (0, 24 * 60, (0, 1439), ()),
    ],
)
def test_windows_may_go_over_midnight(
    begin: int, end: int, inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    window = TimeWindow(begin=begin, end=end)

    assert all(minute in window for minute in inside)
    assert not any(minute in window for minute in outside)
    assert all(journeys._within(minute, window) == (minute in window) for minute in range(1440))


def test_nothing_found_is_told_as_that() -> None:
    refined = look(kept([]), replace(NOTHING, airlines=("LH",)))

    assert (refined.count, refined.results, refined.next) == (0, (), None)
    assert refined.prices.bars == ()
    assert refined.durations == (None, None)
    assert [(count.value, count.results) for count in refined.counts["airlines"]] == [("LH", 0)]


def _under_other_keys(offer: Offer) -> Itinerary:
    """As another supplier knows the same flights."""
    parts = tuple(
        replace(part, segments=tuple(replace(one, supplier_key=f"x{one.number}") for one in part.segments))
        for part in offer.itinerary.slices
    )
    return replace(offer.itinerary, slices=parts)
