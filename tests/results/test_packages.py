"""Packages made by columns are those that loops over all pairs of flights and stays make."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.conversion import converted
from bookingd.domain.filters import FlightFilters
from bookingd.domain.flights import Itinerary, Slice
from bookingd.domain.ids import OfferId
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.package_prices import compose_package
from bookingd.domain.packages import Nights, nights_between
from bookingd.domain.price_matches import Match
from bookingd.domain.price_rules import Per, Rule, RuleBook, RuleKind
from bookingd.domain.stay_filters import PricePer, StayFilters, StaySort
from bookingd.domain.stays import StayOffer
from bookingd.results.facets import Count
from bookingd.results.flight_filters import Ends
from bookingd.results.flights import flight_set
from bookingd.results.package_refining import PackageRefinement, RefinedPackages, refine
from bookingd.results.packages import Book, nights_of
from bookingd.results.packing import ResultSet, pack, unpack
from bookingd.results.stays import stay_set
from tests import factories
from tests.fakes.sources import START
from tests.rates import frozen
from tests.results.houses import CENTRE, chosen, metres, offers, passes

NONE = Count(value="true", results=0, occurs=0, lowest=None)
LANDING = (date(2026, 12, 2), date(2026, 12, 3))
LEAVING = (date(2026, 12, 6), date(2026, 12, 7))
THERE = Ends(origins=("FRA",), destinations=("JFK",))
BACK = Ends(origins=("JFK",), destinations=("FRA",))
BOOK = Book(
    rules=RuleBook(
        version=3,
        rules=[
            Rule(
                id="together",
                version=1,
                kind=RuleKind.DISCOUNT,
                label="Together",
                percent=Decimal("3.3"),
                maximum=Money(900, "EUR"),
                per=Per.BOOKING,
            ),
            Rule(
                id="stars",
                version=1,
                kind=RuleKind.DISCOUNT,
                label="Stars",
                fixed=Money(77, "EUR"),
                match=Match(stars_from=4),
                add=True,
            ),
        ],
    ),
    airports={},
)


def name(flight: OfferId, stay: OfferId) -> OfferId:
    return OfferId(f"{flight}+{stay}")


def flight(number: int, lands: date, leaves: date, *, total: int, airline: str = "LH") -> Offer:
    """There and back, over the ocean by day: it lands and leaves on these days."""
    out = replace(
        factories.segment(number, departs_at=START, airline=airline),
        departs_at=START.replace(hour=10) + (lands - START.date()),
        arrives_at=START.replace(hour=19) + (lands - START.date()),
    )
    back = replace(
        factories.segment(number + 1, airline=airline),
        origin="JFK",
        destination="FRA",
        origin_zone="America/New_York",
        destination_zone="Europe/Berlin",
        departs_at=START.replace(hour=22) + (leaves - START.date()),
        arrives_at=START.replace(hour=22) + (leaves - START.date()) + timedelta(hours=8),
    )
    made = factories.offer(total=Money(total, "EUR"), for_party=factories.party(adults=2))
    itinerary = Itinerary(
        slices=(Slice(segments=(out,)), Slice(segments=(back,))),
        cabin=made.itinerary.cabin,
        conditions=made.itinerary.conditions,
    )
    return replace(made, id=OfferId(f"of_{number}"), itinerary=itinerary)


def refundable(offer: Offer) -> Offer:
    conditions = replace(offer.itinerary.conditions, cancel_fee=5_000)
    return replace(offer, itinerary=replace(offer.itinerary, conditions=conditions))


@st.composite
def flights(draw: st.DrawFn) -> list[Offer]:
    """Prices differ, so that one flight is the cheapest."""
    count = draw(st.integers(0, 5))
    totals = draw(st.lists(st.integers(10_000, 60_000), min_size=count, max_size=count, unique=True))
    return [
        flight(
            10 * number + 1,
            draw(st.sampled_from(LANDING)),
            draw(st.sampled_from(LEAVING)),
            total=total,
            airline=draw(st.sampled_from(["LH", "UA"])),
        )
        for number, total in enumerate(totals)
    ]


@st.composite
def stays(draw: st.DrawFn) -> list[StayOffer]:
    """Stays of several nights, as all that a search for packages has found."""
    count = itertools.count()
    return [
        replace(
            one,
            id=OfferId(f"st_{next(count)}"),
            check_in=draw(st.sampled_from(LANDING)),
            check_out=draw(st.sampled_from(LEAVING)),
        )
        for one in draw(offers())
    ]


def kept(found: ResultSet) -> ResultSet:
    return unpack(pack(found))


def look(
    some: Sequence[Offer],
    others: Sequence[StayOffer],
    *,
    flying: FlightFilters = FlightFilters(),  # noqa: B008 - a constant
    staying: StayFilters = StayFilters(),  # noqa: B008 - a constant
    sort: StaySort = StaySort.PRICE,
) -> RefinedPackages:
    return refine(
        kept(flight_set(some, slices=2, about=b"{}")),
        kept(stay_set(others, centre=CENTRE, about=b"{}")),
        PackageRefinement(flights=flying, ends=(THERE, BACK), stays=staying, sort=sort, limit=100),
        BOOK,
        name,
    )


def nights(offer: Offer) -> Nights | None:
    return nights_between(offer.itinerary.slices)


def pairs(
    some: Sequence[Offer], others: Sequence[StayOffer], wish: StayFilters
) -> dict[str, tuple[int, str]]:
    """By loops: of each stay that is left the total and the id, by the stay's id."""
    found: dict[str, tuple[int, str]] = {}
    for stay in others:
        going = [
            one for one in some if nights(one) == Nights(check_in=stay.check_in, check_out=stay.check_out)
        ]
        if going:
            cheapest = min(going, key=lambda one: one.total.amount)
            price = compose_package(cheapest, stay, rules=BOOK.rules, airports={})
            open_price = replace(wish, min_price=None, max_price=None)
            if passes(stay, open_price) and _within(price.total.amount, wish):
                found[stay.id] = price.total.amount, str(name(cheapest.id, stay.id))
    return found


def _within(total: int, wish: StayFilters) -> bool:
    above = wish.min_price is None or total >= wish.min_price
    return above and (wish.max_price is None or total <= wish.max_price)


def dear(wish: StayFilters) -> StayFilters:
    """Prices as packages have them."""
    return replace(
        wish,
        price_per=PricePer.STAY,
        min_price=wish.min_price and wish.min_price + 20_000,
        max_price=wish.max_price and wish.max_price + 40_000,
    )


@given(some=flights(), others=stays(), wish=chosen().map(dear), airline=st.sampled_from([None, "LH"]))
def test_every_stay_goes_with_the_cheapest_flight_that_has_its_nights(
    some: list[Offer], others: list[StayOffer], wish: StayFilters, airline: str | None
) -> None:
    flying = FlightFilters(airlines=(airline,) if airline else ())

    refined = look(some, others, flying=flying, staying=wish)

    wanted = [one for one in some if airline in (None, one.itinerary.segments[0].airline)]
    expected = pairs(wanted, others, wish)
    shown = {
        stay: (total, str(package))
        for one in refined.results
        for stay, total, package in [
            (one.offer.stay.id, one.offer.total.amount, one.offer.id),
            *((other.stay.id, other.total, other.id) for other in one.alternatives),
        ]
    }
    assert shown == expected
    assert refined.count == len({one.hotel.key for one in others if one.id in expected})


@given(some=flights(), others=stays())
def test_packages_in_another_currency_are_made_alike(some: list[Offer], others: list[StayOffer]) -> None:
    """Into one with three decimals, in which prices that differ by a cent stay different."""
    into_dinars = frozen(quote="KWD", quote_per_euro="0.33410")
    some, others = converted(some, into_dinars), converted(others, into_dinars)

    results = look(some, others).results

    expected = pairs(some, others, StayFilters())
    shown = {one.offer.stay.id: (one.offer.total.amount, str(one.offer.id)) for one in results}
    assert shown == {stay: expected[stay] for stay in shown}
    assert {one.offer.total.currency for one in results} <= {"KWD"}
    assert bool(shown) == bool(expected)


@given(some=flights(), others=stays(), sort=st.sampled_from(StaySort))
def test_orders_are_those_of_packages(some: list[Offer], others: list[StayOffer], sort: StaySort) -> None:
    results = look(some, others, sort=sort).results

    def value(total: int, stay: StayOffer) -> float:
        rating = stay.hotel.rating
        return {
            StaySort.PRICE: total,
            StaySort.BEST: total * (180 - (60 if rating is None else rating)),
            StaySort.RATING: 1 if rating is None else -rating,
            StaySort.STARS: -stay.hotel.stars,
            StaySort.DISTANCE: metres(stay.hotel),
        }[sort]

    values = [value(one.offer.total.amount, one.offer.stay) for one in results]
    assert values == sorted(values)


@given(some=flights(), others=stays())
def test_flights_are_told_for_whose_nights_there_is_a_hotel(
    some: list[Offer], others: list[StayOffer]
) -> None:
    refined = look(some, others)

    slept = {Nights(check_in=stay.check_in, check_out=stay.check_out) for stay in others}
    assert {one.offer.id for one in refined.flights.results} == {
        one.id for one in some if nights(one) in slept
    }
    counted = {count.value: count.occurs for count in refined.flights.counts["airlines"]}
    for airline in ("LH", "UA"):
        of_it = [one for one in some if nights(one) in slept and one.itinerary.segments[0].airline == airline]
        assert counted.get(airline, 0) == len(of_it)


@given(some=flights(), others=stays(), wish=chosen().map(dear), data=st.data())
def test_the_count_behind_refundable_is_of_packages_that_are_so_in_both_halves(
    some: list[Offer], others: list[StayOffer], wish: StayFilters, data: st.DataObject
) -> None:
    some = [data.draw(st.sampled_from([one, refundable(one)])) for one in some]
    flying = FlightFilters(refundable=wish.refundable)

    refined = look(some, others, flying=flying, staying=wish)

    both = look(some, others, flying=FlightFilters(refundable=True), staying=replace(wish, refundable=True))
    (hotels,) = refined.counts["refundable"] or (NONE,)
    (journeys,) = refined.flights.counts["refundable"] or (NONE,)
    assert hotels.results == both.count
    assert journeys.results == both.flights.count
    assert hotels.lowest == (both.results[0].offer.total.amount if both.results else None)


@given(some=flights())
def test_the_nights_of_the_cheapest_flights_come_first(some: list[Offer]) -> None:
    found = nights_of(kept(flight_set(some, slices=2, about=b"{}")))

    cheapest = sorted(some, key=lambda one: one.total.amount)
    assert list(found) == list(dict.fromkeys(nights(one) for one in cheapest))


@pytest.mark.parametrize("some", [[], [flight(1, LANDING[0], LANDING[0], total=9)]])
def test_where_nobody_stays_overnight_there_is_no_package(some: list[Offer]) -> None:
    assert look(some, [factories.stay()]).results == ()
