"""What clients are shown of hotel stays: the total and what it is made of, deadlines by local clocks."""

from collections.abc import Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Annotated, Any

from msgspec import Meta

from bookingd.domain.money import Money
from bookingd.domain.places import local
from bookingd.domain.stays import (
    Board,
    HotelFacts,
    HotelKind,
    PaidAt,
    StayOffer,
    StayRoom,
    StayTerms,
    hotel_id,
)
from bookingd.messages.search import OfferStatus, SupplierStatus
from bookingd.results.answered import answered
from bookingd.results.cursors import write_cursor
from bookingd.results.facets import Count
from bookingd.results.packing import ResultSet
from bookingd.results.stay_refining import StayAlternative, StayResult, refine
from bookingd.storage.amenities import AmenityName
from handlers.facet_views import FacetValue, PriceFacet, facet_view, price_facet
from handlers.stay_queries import StayQuery
from handlers.views import Amount, AsOf, ExchangeView, PriceView, View, amount, exchange_view, price_view

PICTURES = "/v1/pictures/"


class HotelView(View, frozen=True, kw_only=True):
    """A hotel: what people choose by."""

    id: Annotated[str, Meta(description="As `GET /v1/hotels/{id}` takes it.")]
    name: str
    kind: HotelKind
    stars: Annotated[int, Meta(description="1 to 5; 0 where it has none.")]
    rating: Annotated[int | None, Meta(description="Of its guests, of 100; null: nobody has judged.")]
    reviews: int
    latitude: float
    longitude: float
    address: str
    district: str
    city: str
    city_code: Annotated[str, Meta(description="IATA; empty where it has none.")]
    country: Annotated[str, Meta(description="ISO 3166-1.")]
    zone: Annotated[str, Meta(description="IANA time zone.")]
    amenities: Annotated[tuple[str, ...], Meta(description="Codes of `GET /v1/amenities`.")]
    pictures: Annotated[
        tuple[str, ...], Meta(description="Addresses, to which `/` and a width in pixels are added.")
    ]


class GuestsView(View, frozen=True, kw_only=True):
    """Who sleeps in a room."""

    adults: int
    children: Annotated[tuple[int, ...], Meta(description="Ages at check-in.")]


class RoomView(View, frozen=True, kw_only=True):
    """One room, for the guests at the same place in the search."""

    name: str
    rate: str
    beds: str
    guests: GuestsView


class DeadlineView(View, frozen=True, kw_only=True):
    """An instant, by the clocks of the hotel."""

    local: datetime
    utc: datetime
    zone: str


class CancellationView(View, frozen=True, kw_only=True):
    """What cancelling costs until then; null: from the step before on."""

    until: DeadlineView | None
    fee: Amount


class TermsView(View, frozen=True, kw_only=True):
    """What the rate includes and allows."""

    board: Board
    paid_at: PaidAt
    free_until: Annotated[
        DeadlineView | None, Meta(description="Until when cancelling costs nothing; null: it always costs.")
    ]
    cancellation: Annotated[tuple[CancellationView, ...], Meta(description="In the order of time.")]


class IncludedView(View, frozen=True, kw_only=True):
    """A tax or charge that the price of the rooms has in it."""

    label: str
    amount: Amount


class StayOfferView(View, frozen=True, kw_only=True, omit_defaults=True):
    """What can be booked. The total is all that has to be paid, also at the hotel."""

    id: str
    supplier: str
    hotel: HotelView
    check_in: date
    check_out: date
    nights: int
    rooms: tuple[RoomView, ...]
    terms: TermsView
    price: PriceView
    per_night: Annotated[Amount, Meta(description="The total over the nights, rounded.")]
    included: tuple[IncludedView, ...]
    rooms_left: Annotated[int, Meta(description="How often it could be had; a hint, never a promise.")]
    expires_at: datetime
    exchange: Annotated[
        ExchangeView | None, Meta(description="Left out: the price is in the supplier's currency.")
    ] = None


class StayAlternativeView(View, frozen=True, kw_only=True):
    """Another offer of the same hotel: other rooms, another rate, another supplier."""

    id: str
    supplier: str
    rooms: tuple[RoomView, ...]
    terms: TermsView
    total: Amount
    rooms_left: Annotated[int, Meta(description="How often it could be had; a hint, never a promise.")]
    expires_at: datetime


class StayResultView(StayOfferView, frozen=True, kw_only=True):
    """A hotel: the offer that comes first in the order, and its others that pass the filters."""

    distance_km: Annotated[float, Meta(description="From the middle of what was asked for.")]
    alternatives: Annotated[tuple[StayAlternativeView, ...], Meta(description="The cheapest first.")]


class StayFacets(View, frozen=True, kw_only=True):
    """What can be chosen. Each count is of the hotels that choosing this value alone would leave under all
    other filters; what is chosen is listed also when nothing is left of it.
    """

    stars: tuple[FacetValue, ...]
    kinds: tuple[FacetValue, ...]
    amenities: tuple[FacetValue, ...]
    districts: Annotated[tuple[FacetValue, ...], Meta(description="For `district`.")]
    boards: tuple[FacetValue, ...]
    rating: Annotated[tuple[FacetValue, ...], Meta(description="For `min_rating`: with what is above.")]
    distance: Annotated[
        tuple[FacetValue, ...], Meta(description="For `max_distance_km`: with what is nearer.")
    ]
    refundable: tuple[FacetValue, ...]
    pay_at_property: tuple[FacetValue, ...]


class SoughtPlace(View, frozen=True, kw_only=True):
    """Where was looked: a place by its code, or around a position, or null for one hotel."""

    code: str | None
    name: str | None
    latitude: float
    longitude: float


class StayOffers(View, frozen=True, kw_only=True):
    """A page of hotels."""

    offers: tuple[StayResultView, ...]
    count: Annotated[int, Meta(description="Hotels under the filters, on all pages.")]
    next: Annotated[str | None, Meta(description="`cursor` of the next page; null on the last one.")]
    facets: StayFacets
    price: Annotated[PriceFacet, Meta(description="Of the whole stay.")]
    suppliers: Annotated[dict[str, SupplierStatus], Meta(description="Who answered, failed or was late.")]
    incomplete: Annotated[tuple[str, ...], Meta(description="Who has more than it told.")]
    complete: Annotated[bool, Meta(description="Everybody answered with all that there is.")]
    place: SoughtPlace | None
    nights: int
    currency: str
    searched_at: datetime


class StayNow(View, frozen=True, kw_only=True):
    """What became of an offer since it was made."""

    status: OfferStatus
    as_of: AsOf
    offer: Annotated[StayOfferView | None, Meta(description="As it is now; null where it is not to be had.")]


def stay_answer(query: StayQuery, found: ResultSet, *, searched_at: datetime) -> StayOffers:
    """The page that the query asks for, of the set that was found for its criteria."""
    refined, who = refine(found, query.wish), answered(found)
    currency = query.criteria.currency
    return StayOffers(
        offers=tuple(_result(one, currency) for one in refined.results),
        count=refined.count,
        next=None if refined.next is None else write_cursor(query.fingerprint, refined.next),
        facets=stay_facets(refined.counts, query.amenities, currency),
        price=price_facet(refined.prices, currency),
        suppliers=who.suppliers,
        incomplete=who.incomplete,
        complete=who.complete,
        place=_place(query),
        nights=query.criteria.nights,
        currency=currency,
        searched_at=searched_at,
    )


def stay_view(offer: StayOffer) -> StayOfferView:
    """An offer as travellers see it."""
    return StayOfferView(**shown_of(offer))


def shown_of(offer: StayOffer) -> dict[str, Any]:
    """The fields of a StayOfferView."""
    return {
        "id": offer.id,
        "supplier": offer.supplier,
        "hotel": hotel_view(offer.supplier, offer.hotel),
        "check_in": offer.check_in,
        "check_out": offer.check_out,
        "nights": offer.nights,
        "rooms": tuple(map(room_view, offer.rooms)),
        "terms": terms_view(offer.terms, offer.hotel.zone),
        "price": price_view(offer.price.for_traveller()),
        "per_night": amount(offer.total.times(Fraction(1, offer.nights))),
        "included": tuple(IncludedView(label=one.label, amount=amount(one.amount)) for one in offer.included),
        "rooms_left": offer.rooms_left,
        "expires_at": offer.expires_at,
        "exchange": exchange_view(offer),
    }


def hotel_view(supplier: str, hotel: HotelFacts) -> HotelView:
    """A hotel of a supplier."""
    return HotelView(
        id=hotel_id(supplier, hotel.key),
        name=hotel.name,
        kind=hotel.kind,
        stars=hotel.stars,
        rating=hotel.rating,
        reviews=hotel.reviews,
        latitude=hotel.latitude,
        longitude=hotel.longitude,
        address=hotel.address,
        district=hotel.district,
        city=hotel.city,
        city_code=hotel.city_code,
        country=hotel.country,
        zone=hotel.zone,
        amenities=hotel.amenities,
        pictures=tuple(PICTURES + picture for picture in hotel.pictures),
    )


def room_view(room: StayRoom) -> RoomView:
    """A room with who sleeps in it."""
    guests = GuestsView(adults=room.guests.adults, children=room.guests.children)
    return RoomView(name=room.name, rate=room.rate_name, beds=room.beds, guests=guests)


def terms_view(terms: StayTerms, zone: str) -> TermsView:
    """Terms of a hotel in a zone."""
    return TermsView(
        board=terms.board,
        paid_at=terms.paid_at,
        free_until=_deadline(terms.free_until(), zone),
        cancellation=tuple(
            CancellationView(until=_deadline(step.until, zone), fee=amount(step.fee))
            for step in terms.cancellation
        ),
    )


def stay_facets(
    counts: Mapping[str, tuple[Count, ...]], amenities: Mapping[str, AmenityName], currency: str
) -> StayFacets:
    """The facets of hotels."""
    labels = {"amenities": {code: one.label for code, one in amenities.items()}}
    return StayFacets(
        **{name: facet_view(values, currency, labels.get(name)) for name, values in counts.items()}
    )


def alternative_fields(other: Any, zone: str) -> dict[str, Any]:
    """What is told of another offer of a hotel in that zone, besides its price."""
    return {
        "supplier": other.supplier,
        "rooms": tuple(map(room_view, other.rooms)),
        "terms": terms_view(other.terms, zone),
        "rooms_left": other.rooms_left,
        "expires_at": other.expires_at,
    }


def _result(one: StayResult, currency: str) -> StayResultView:
    zone = one.offer.hotel.zone
    return StayResultView(
        **shown_of(one.offer),
        distance_km=one.metres / 1000,
        alternatives=tuple(_alternative(other, zone, currency) for other in one.alternatives),
    )


def _alternative(other: StayAlternative, zone: str, currency: str) -> StayAlternativeView:
    total = amount(Money(other.total, currency))
    return StayAlternativeView(id=other.offer.id, total=total, **alternative_fields(other.offer, zone))


def _deadline(at: datetime | None, zone: str) -> DeadlineView | None:
    return None if at is None else DeadlineView(local=local(at, zone), utc=at, zone=zone)


def _place(query: StayQuery) -> SoughtPlace | None:
    if query.centre is None:
        return None
    return SoughtPlace(
        code=query.place.code if query.place else None,
        name=query.place.name if query.place else None,
        latitude=query.centre.latitude,
        longitude=query.centre.longitude,
    )
