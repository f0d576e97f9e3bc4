"""What clients are shown of packages: hotels with a flight each, and the flights that there are besides."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from bookingd.domain.money import Money
from bookingd.domain.packages import PackageOffer
from bookingd.messages.search import OfferStatus, SupplierStatus
from bookingd.results.cursors import write_cursor
from bookingd.results.package_refining import PackageAlternative, PackageResult, RefinedPackages
from bookingd.storage.places import Names
from handlers.facet_views import PriceFacet, price_facet
from handlers.flight_views import FlightFacets, FlightResultView, facets_view, result_view
from handlers.package_queries import PackageQuery
from handlers.stay_views import (
    RoomView,
    StayFacets,
    StayOfferView,
    TermsView,
    alternative_fields,
    stay_facets,
    stay_view,
)
from handlers.views import Amount, AsOf, OfferView, PriceView, View, amount, offer_view, price_view


class PackageView(View, frozen=True, kw_only=True):
    """A flight and the stay at its end at one price: both are booked, or none."""

    id: str
    price: Annotated[PriceView, Meta(description="Of both together, with what they cost less together.")]
    flight: OfferView
    stay: StayOfferView
    expires_at: datetime


class PackageAlternativeView(View, frozen=True, kw_only=True):
    """Another stay in the same hotel with the flight that has its nights."""

    id: str
    stay_id: str
    supplier: str
    rooms: tuple[RoomView, ...]
    terms: TermsView
    total: Annotated[Amount, Meta(description="Of flight and stay.")]
    rooms_left: Annotated[int, Meta(description="How often it could be had; a hint, never a promise.")]
    expires_at: datetime


class PackageResultView(PackageView, frozen=True, kw_only=True):
    """A hotel with a flight: the package that comes first in the order, and its others."""

    distance_km: Annotated[float, Meta(description="From the middle of what was asked for.")]
    alternatives: Annotated[tuple[PackageAlternativeView, ...], Meta(description="The cheapest first.")]


class PackageFacets(View, frozen=True, kw_only=True):
    """What can be chosen."""

    hotels: Annotated[StayFacets, Meta(description="Counts of hotels; prices are those of packages.")]
    flights: Annotated[
        FlightFacets, Meta(description="Counts of journeys with a hotel; prices are those of flights.")
    ]


class PackageOffers(View, frozen=True, kw_only=True):
    """A page of hotels, each with a flight."""

    offers: tuple[PackageResultView, ...]
    count: Annotated[int, Meta(description="Hotels under the filters, on all pages.")]
    next: Annotated[str | None, Meta(description="`cursor` of the next page; null on the last one.")]
    flights: Annotated[
        tuple[FlightResultView, ...],
        Meta(
            description="The cheapest journeys with a hotel. Any of their offers goes with any stay of the"
            " same nights: see `GET /v1/packages/pair`."
        ),
    ]
    facets: PackageFacets
    price: Annotated[PriceFacet, Meta(description="Of packages.")]
    suppliers: Annotated[
        dict[str, dict[str, SupplierStatus]],
        Meta(description="Of `flights` and of `hotels`: who answered, failed or was late."),
    ]
    complete: Annotated[bool, Meta(description="Everybody answered with all that there is.")]
    currency: str
    searched_at: datetime


class PackageNow(View, frozen=True, kw_only=True):
    """What became of a package since it was shown."""

    status: Annotated[OfferStatus, Meta(description="The worse of its two halves.")]
    flight: OfferStatus
    stay: OfferStatus
    as_of: AsOf
    offer: Annotated[PackageView | None, Meta(description="As it is now; null where it is not to be had.")]


def package_answer(
    query: PackageQuery,
    refined: RefinedPackages,
    *,
    names: Names,
    suppliers: Mapping[str, Mapping[str, SupplierStatus]],
    complete: bool,
    searched_at: datetime,
) -> PackageOffers:
    """The page that the query asks for."""
    currency = query.flights.currency
    return PackageOffers(
        offers=tuple(_result(one, names, currency) for one in refined.results),
        count=refined.count,
        next=None if refined.next is None else write_cursor(query.fingerprint, refined.next),
        flights=tuple(result_view(one, names, currency) for one in refined.flights.results),
        facets=PackageFacets(
            hotels=stay_facets(refined.counts, query.amenities, currency),
            flights=facets_view(refined.flights, names, currency),
        ),
        price=price_facet(refined.prices, currency),
        suppliers={kind: dict(statuses) for kind, statuses in suppliers.items()},
        complete=complete,
        currency=currency,
        searched_at=searched_at,
    )


def package_view(offer: PackageOffer, names: Names) -> PackageView:
    """A package as travellers see it."""
    return PackageView(**shown_of(offer, names))


def shown_of(offer: PackageOffer, names: Names) -> dict[str, Any]:
    """The fields of a PackageView."""
    return {
        "id": offer.id,
        "price": price_view(offer.price.for_traveller()),
        "flight": offer_view(offer.flight, names),
        "stay": stay_view(offer.stay),
        "expires_at": offer.expires_at,
    }


def _result(one: PackageResult, names: Names, currency: str) -> PackageResultView:
    zone = one.offer.stay.hotel.zone
    return PackageResultView(
        **shown_of(one.offer, names),
        distance_km=one.metres / 1000,
        alternatives=tuple(_alternative(other, zone, currency) for other in one.alternatives),
    )


def _alternative(other: PackageAlternative, zone: str, currency: str) -> PackageAlternativeView:
    return PackageAlternativeView(
        id=other.id,
        stay_id=other.stay.id,
        total=amount(Money(other.total, currency)),
        **alternative_fields(other.stay, zone),
    )
