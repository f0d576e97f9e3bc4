"""Journeys by chance over a few airports, and what a search does with them done by loops over the offers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from bookingd.domain.filters import FlightFilters, FlightSort, TimeWindow
from bookingd.domain.flights import Cabin, Conditions, Itinerary, Segment, Slice
from bookingd.domain.ids import OfferId
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.ranking import score
from bookingd.results.flight_filters import Ends
from tests import factories
from tests.fakes.sources import START

ZONES = {
    "LHR": "Europe/London",
    "LGW": "Europe/London",
    "FRA": "Europe/Berlin",
    "MUC": "Europe/Berlin",
    "KEF": "Atlantic/Reykjavik",
    "JFK": "America/New_York",
    "EWR": "America/New_York",
}
LONDON, NEW_YORK = ("LGW", "LHR"), ("EWR", "JFK")
THERE, BACK = Ends(origins=LONDON, destinations=NEW_YORK), Ends(origins=NEW_YORK, destinations=LONDON)
AIRLINES = ("BA", "LH", "UA")
HUBS = ("FRA", "KEF", "MUC")
FAMILIES = (
    Conditions(family="Light", carry_on_bags=1, checked_bags=0, change_fee=None, cancel_fee=None),
    Conditions(family="Classic", carry_on_bags=1, checked_bags=1, change_fee=7000, cancel_fee=None),
    Conditions(family="Flex", carry_on_bags=1, checked_bags=2, change_fee=0, cancel_fee=5000),
)
SUPPLIERS = ("inventory", "other")


@st.composite
def slices(draw: st.DrawFn, ends: Ends, day: datetime) -> Slice:
    """A way over one or two hubs, or none; times of few values, so that equal ones come about."""
    stops = [
        draw(st.sampled_from(ends.origins)),
        *draw(st.lists(st.sampled_from(HUBS), max_size=2, unique=True)),
        draw(st.sampled_from(ends.destinations)),
    ]
    segments, at = [], day + timedelta(hours=draw(st.integers(0, 23)))
    for origin, destination in pairwise(stops):
        arrives = at + timedelta(hours=draw(st.integers(1, 3)))
        segments.append(
            Segment(
                supplier_key=f"{origin}{destination}{at:%d%H}",
                airline=draw(st.sampled_from(AIRLINES)),
                number=draw(st.integers(1, 2)),
                origin=origin,
                destination=destination,
                departs_at=at,
                arrives_at=arrives,
                origin_zone=ZONES[origin],
                destination_zone=ZONES[destination],
                aircraft="A320",
            )
        )
        at = arrives + timedelta(minutes=draw(st.sampled_from([45, 90, 240])))
    return Slice(segments=tuple(segments))


@st.composite
def offers(draw: st.DrawFn) -> list[Offer]:
    """There and back, a few journeys in some families of some suppliers, some of them twice."""
    ways = draw(
        st.lists(
            st.tuples(slices(THERE, START), slices(BACK, START + timedelta(days=7))), min_size=1, max_size=6
        )
    )
    each = st.tuples(
        st.sampled_from(ways), st.sampled_from(FAMILIES), st.sampled_from(SUPPLIERS), st.integers(100, 130)
    )
    return [
        replace(
            factories.offer(supplier=supplier, total=Money(price * 100, "EUR")),
            id=OfferId(f"of_{number}"),
            itinerary=Itinerary(slices=way, cabin=Cabin.ECONOMY, conditions=family),
        )
        for number, (way, family, supplier, price) in enumerate(draw(st.lists(each, max_size=20)))
    ]


@st.composite
def chosen(draw: st.DrawFn) -> FlightFilters:
    """Mostly nothing, so that something remains."""

    def some(of: Sequence[str], most: int = 2) -> tuple[str, ...]:
        return draw(
            st.just(()) | st.lists(st.sampled_from([*of, "ZZZ"]), max_size=most, unique=True).map(tuple)
        )

    def perhaps(values: Sequence[int]) -> int | None:
        return draw(st.none() | st.sampled_from(values))

    windows = st.lists(st.just(()) | st.tuples(_window()) | st.tuples(_window(), _window()), max_size=2).map(
        tuple
    )
    return FlightFilters(
        max_stops=perhaps([0, 1, 2]),
        airlines=some(AIRLINES),
        without_airlines=some(AIRLINES, 1),
        via=some(HUBS),
        without_via=some(HUBS, 1),
        airports=some((*LONDON, *NEW_YORK)),
        without_airports=some((*LONDON, *NEW_YORK), 1),
        departure=draw(st.just(()) | windows),
        arrival=draw(st.just(()) | windows),
        max_duration=draw(st.lists(st.none() | st.integers(60, 900), max_size=2).map(tuple)),
        min_connection=perhaps([45, 60, 90]),
        max_connection=perhaps([60, 90, 240]),
        min_price=perhaps([10_000, 10_500, 12_000]),
        max_price=perhaps([10_000, 12_000, 12_500]),
        checked_bags=draw(st.sampled_from([0, 0, 1, 2])),
        refundable=draw(st.sampled_from([False, False, True])),
        changeable=draw(st.sampled_from([False, False, True])),
    )


def _window() -> st.SearchStrategy[TimeWindow]:
    hours = st.tuples(st.integers(0, 23), st.integers(0, 24)).filter(lambda hours: hours[0] != hours[1])
    return hours.map(lambda hours: TimeWindow(begin=hours[0] * 60, end=hours[1] * 60))


def journey(offer: Offer) -> tuple[tuple[str, int, str, str, datetime], ...]:
    """What makes two offers one result."""
    return tuple(
        (one.airline, one.number, one.origin, one.destination, one.departs_at)
        for one in offer.itinerary.segments
    )


def waits(offer: Offer) -> list[int]:
    return [
        (two.departs_at - one.arrives_at) // timedelta(minutes=1)
        for part in offer.itinerary.slices
        for one, two in pairwise(part.segments)
    ]


def passes(offer: Offer, chosen: FlightFilters) -> bool:
    """Whether the offer passes all filters, one after the other as docs/search.md tells them."""
    parts, conditions = offer.itinerary.slices, offer.itinerary.conditions
    airlines = {one.airline for one in offer.itinerary.segments}
    via = {one.destination for part in parts for one in part.segments[:-1]}
    ends = [(part.origin, LONDON if number == 0 else NEW_YORK) for number, part in enumerate(parts)]
    ends += [(part.destination, NEW_YORK if number == 0 else LONDON) for number, part in enumerate(parts)]
    return all(
        (
            chosen.max_stops is None or all(part.stops <= chosen.max_stops for part in parts),
            not chosen.airlines or airlines <= set(chosen.airlines),
            not airlines & set(chosen.without_airlines),
            not chosen.via or (via and via <= set(chosen.via)),
            not via & set(chosen.without_via),
            all(end in chosen.airports for end, could in ends if set(could) & set(chosen.airports)),
            all(end not in chosen.without_airports for end, _ in ends),
            _in_windows([_clock(part.departs_at, part.origin) for part in parts], chosen.departure),
            _in_windows([_clock(part.arrives_at, part.destination) for part in parts], chosen.arrival),
            all(
                most is None or part.duration <= timedelta(minutes=most)
                for part, most in zip(parts, chosen.max_duration, strict=False)
            ),
            chosen.min_connection is None or all(wait >= chosen.min_connection for wait in waits(offer)),
            chosen.max_connection is None or all(wait <= chosen.max_connection for wait in waits(offer)),
            chosen.min_price is None or offer.total.amount >= chosen.min_price,
            chosen.max_price is None or offer.total.amount <= chosen.max_price,
            conditions.checked_bags >= chosen.checked_bags,
            not chosen.refundable or conditions.cancel_fee is not None,
            not chosen.changeable or conditions.change_fee is not None,
        )
    )


def value(offer: Offer, sort: FlightSort) -> float:
    """What the offer is sorted by."""
    parts = offer.itinerary.slices
    minutes = sum(part.duration // timedelta(minutes=1) for part in parts)
    stops = sum(part.stops for part in parts)
    return {
        FlightSort.PRICE: offer.total.amount,
        FlightSort.BEST: float(score(price=offer.total.amount, minutes=minutes, stops=stops)),
        FlightSort.DURATION: minutes,
        FlightSort.DEPARTURE: parts[0].departs_at.timestamp(),
        FlightSort.ARRIVAL: parts[0].arrives_at.timestamp(),
    }[sort]


def _clock(at: datetime, airport: str) -> int:
    shown = at.astimezone(ZoneInfo(ZONES[airport]))
    return shown.hour * 60 + shown.minute


def _in_windows(minutes: list[int], windows: tuple[tuple[TimeWindow, ...], ...]) -> bool:
    return all(
        not of_slice or any(_within(minute, window) for window in of_slice)
        for minute, of_slice in zip(minutes, windows, strict=False)
    )


def _within(minute: int, window: TimeWindow) -> bool:
    """Going forward from the window's begin one comes to the minute before one comes to its end."""
    length = (window.end - window.begin) % (24 * 60) or 24 * 60
    return (minute - window.begin) % (24 * 60) < length
