"""The answer to a flight search: results, and what is told beside them.

The one rule: it is a function of the query and of the set that was found, whether the set comes from the
cache, from suppliers just now, or is still growing.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from bookingd.domain.flights import Cabin
from bookingd.domain.money import Money
from bookingd.domain.search import WantedSlice
from bookingd.messages.search import SupplierStatus
from bookingd.results.answered import answered
from bookingd.results.cursors import write_cursor
from bookingd.results.flight_filters import Ends
from bookingd.results.flight_refining import Alternative, FlightResult, Refined, Span, refine
from bookingd.results.packing import ResultSet
from bookingd.storage.places import Names
from handlers.called import Called
from handlers.facet_views import FacetValue, PriceFacet, facet_view, price_facet
from handlers.flight_queries import FlightQuery
from handlers.views import (
    Amount,
    ConditionsView,
    OfferView,
    View,
    amount,
    codes,
    conditions_view,
    shown_of,
)


class AlternativeView(View, frozen=True, kw_only=True):
    """Another offer of the same journey: of another supplier, or under another fare."""

    id: str
    supplier: str
    cabin: Cabin
    conditions: ConditionsView
    total: Amount
    seats_left: Annotated[int, Meta(description="A hint, never a promise.")]
    expires_at: datetime


class FlightResultView(OfferView, frozen=True, kw_only=True):
    """A journey: the offer that comes first in the order, and its others that pass the filters."""

    alternatives: Annotated[tuple[AlternativeView, ...], Meta(description="The cheapest first.")]


class MinutesSpan(View, frozen=True, kw_only=True):
    """The least and the most minutes."""

    min: int
    max: int


class FlightFacets(View, frozen=True, kw_only=True):
    """What can be chosen. Each count is of the results that choosing this value alone would leave under all
    other filters; what is chosen is listed also when nothing is left of it.
    """

    stops: Annotated[tuple[FacetValue, ...], Meta(description="For `max_stops`: with what is below.")]
    airlines: tuple[FacetValue, ...]
    via: tuple[FacetValue, ...]
    airports: tuple[FacetValue, ...]
    checked_bags: Annotated[tuple[FacetValue, ...], Meta(description="With what is above.")]
    refundable: tuple[FacetValue, ...]
    changeable: tuple[FacetValue, ...]
    departure: Annotated[tuple[tuple[FacetValue, ...], ...], Meta(description="Of each slice.")]
    arrival: Annotated[tuple[tuple[FacetValue, ...], ...], Meta(description="Of each slice.")]
    duration: Annotated[
        tuple[MinutesSpan | None, ...], Meta(description="Of each slice, for `max_duration`.")
    ]
    connection: Annotated[
        MinutesSpan | None,
        Meta(description="For `min_connection` and `max_connection`; null: there is none."),
    ]


class EndAirport(View, frozen=True, kw_only=True):
    """An airport that will do."""

    code: str
    name: str
    nearby: Annotated[bool, Meta(description="By `nearby_km`.")]


class EndView(View, frozen=True, kw_only=True):
    """A place that was asked for, and the airports that it was taken for."""

    code: str
    name: str
    airports: tuple[EndAirport, ...]


class WantedSliceView(View, frozen=True, kw_only=True):
    """A slice as it was understood."""

    origin: EndView
    destination: EndView
    day: date
    flexible_days: int


class FlightOffers(View, frozen=True, kw_only=True):
    """A page of results."""

    offers: tuple[FlightResultView, ...]
    count: Annotated[int, Meta(description="Results under the filters, on all pages.")]
    next: Annotated[str | None, Meta(description="`cursor` of the next page; null on the last one.")]
    facets: FlightFacets
    price: PriceFacet
    suppliers: Annotated[dict[str, SupplierStatus], Meta(description="Who answered, failed or was late.")]
    incomplete: Annotated[tuple[str, ...], Meta(description="Who has more than it told: the dearer ones.")]
    complete: Annotated[bool, Meta(description="Everybody answered with all that there is.")]
    slices: tuple[WantedSliceView, ...]
    currency: str
    searched_at: datetime


async def flight_answer(
    query: FlightQuery, found: ResultSet, *, called: Called, searched_at: datetime
) -> FlightOffers:
    """The page that the query asks for, of the set that was found for its criteria."""
    refined = refine(found, query.wish)
    names = await names_for(called, refined, query.wish.ends)
    currency, who = query.criteria.currency, answered(found)
    return FlightOffers(
        offers=tuple(result_view(one, names, currency) for one in refined.results),
        count=refined.count,
        next=None if refined.next is None else write_cursor(query.fingerprint, refined.next),
        facets=facets_view(refined, names, currency),
        price=price_facet(refined.prices, currency),
        suppliers=who.suppliers,
        incomplete=who.incomplete,
        complete=who.complete,
        slices=tuple(_slice(one, query, names) for one in query.criteria.slices),
        currency=currency,
        searched_at=searched_at,
    )


async def names_for(called: Called, refined: Refined, ends: Sequence[Ends]) -> Names:
    """How everything is called that is shown of flights between these ends."""
    airports, airlines = codes(one.offer.itinerary for one in refined.results)
    airports |= {code for of_slice in ends for code in of_slice.origins + of_slice.destinations}
    airports |= {count.value for name in ("via", "airports") for count in refined.counts[name]}
    airlines |= {count.value for count in refined.counts["airlines"]}
    return await called.names(airports=airports, airlines=airlines)


def result_view(one: FlightResult, names: Names, currency: str) -> FlightResultView:
    """A journey with all its offers."""
    others = tuple(_alternative(other, currency) for other in one.alternatives)
    return FlightResultView(**shown_of(one.offer, names), alternatives=others)


def _alternative(other: Alternative, currency: str) -> AlternativeView:
    offer = other.offer
    return AlternativeView(
        id=offer.id,
        supplier=offer.supplier,
        cabin=offer.itinerary.cabin,
        conditions=conditions_view(offer.itinerary.conditions, currency),
        total=amount(Money(other.total, currency)),
        seats_left=offer.seats_left,
        expires_at=offer.expires_at,
    )


def facets_view(refined: Refined, names: Names, currency: str) -> FlightFacets:
    """The facets of flights."""
    counts = refined.counts
    airports = {code: airport.name for code, airport in names.airports.items()}

    def each_slice(name: str) -> tuple[tuple[FacetValue, ...], ...]:
        slices = range(len(refined.durations))
        return tuple(facet_view(counts[f"{name}.{number}"], currency) for number in slices)

    return FlightFacets(
        stops=facet_view(counts["stops"], currency),
        airlines=facet_view(counts["airlines"], currency, names.airlines),
        via=facet_view(counts["via"], currency, airports),
        airports=facet_view(counts["airports"], currency, airports),
        checked_bags=facet_view(counts["checked_bags"], currency),
        refundable=facet_view(counts["refundable"], currency),
        changeable=facet_view(counts["changeable"], currency),
        departure=each_slice("departure"),
        arrival=each_slice("arrival"),
        duration=tuple(map(_span, refined.durations)),
        connection=_span(refined.connections),
    )


def _span(span: Span | None) -> MinutesSpan | None:
    return None if span is None else MinutesSpan(min=span.least, max=span.most)


def _slice(one: WantedSlice, query: FlightQuery, names: Names) -> WantedSliceView:
    return WantedSliceView(
        origin=_end(one.origin, one.nearby_origins, query, names),
        destination=_end(one.destination, one.nearby_destinations, query, names),
        day=one.day,
        flexible_days=query.criteria.flexible_days,
    )


def _end(code: str, nearby: Sequence[str], query: FlightQuery, names: Names) -> EndView:
    place = query.known[code]
    return EndView(
        code=code,
        name=place.name,
        airports=tuple(
            EndAirport(code=airport, name=_name(airport, names), nearby=near)
            for airports, near in ((place.airports, False), (nearby, True))
            for airport in airports
        ),
    )


def _name(airport: str, names: Names) -> str:
    known = names.airports.get(airport)
    return known.name if known else airport
