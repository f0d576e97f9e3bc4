"""Stays as a set: what of each offer stands in which column.

Its one rule: one hotel is one result, with all its rooms and rates, whoever sells them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from bookingd.domain.package_prices import discountable
from bookingd.domain.places import great_circle_km
from bookingd.domain.prices import LineKind
from bookingd.domain.ranking import UNRATED, stay_score
from bookingd.domain.same_hotel import HotelKey, Spot, folded, same_hotels
from bookingd.domain.stay_filters import StaySort
from bookingd.domain.stays import HotelFacts, PaidAt, StayOffer
from bookingd.results import sellable
from bookingd.results.columns import PRICE
from bookingd.results.packing import Entry, Layout, ResultSet, gather, mark_of

NO_RATING = -1
"""The guest rating of a hotel that has none: no filter by rating lets it through."""

LAYOUT = Layout(
    numbers=(
        PRICE,
        StaySort.BEST.value,
        StaySort.RATING.value,
        StaySort.STARS.value,
        StaySort.DISTANCE.value,
        "guest_rating",
        "refundable",
        "pay_at_property",
        "net",
        "discountable",
        "check_in",
        "check_out",
        "hotel",
        *sellable.LAYOUT,
    ),
    terms=("stars", "kinds", "amenities", "districts", "boards", "name"),
)
"""Columns to sort by are ascending: the best rating and the most stars are negative. `distance` in metres.

`net` and `discountable` are what a package's discount is reckoned from (bookingd.domain.package_prices)."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Degrees."""

    latitude: float
    longitude: float


def stay_set(offers: Sequence[StayOffer], *, centre: Position | None, about: bytes) -> ResultSet:
    """The offers of a search, all in one currency; distances are from `centre`, without one they are 0."""
    return gather(_entries(offers, centre), layout=LAYOUT, about=about)


def _entries(offers: Sequence[StayOffer], centre: Position | None) -> Iterator[Entry]:
    hotels = {(offer.supplier, offer.hotel.key): offer.hotel for offer in offers}
    stands_for = same_hotels(_spot(key, hotel) for key, hotel in hotels.items())
    metres = {key: _metres(hotel, centre) for key, hotel in hotels.items()}
    terms = {key: _terms(hotel) for key, hotel in hotels.items()}
    for offer in offers:
        key = offer.supplier, offer.hotel.key
        yield Entry(
            result=_encode(stands_for[key]),
            offer=_encode((key, [(room.key, room.rate) for room in offer.rooms])),
            numbers=_numbers(offer, metres[key]),
            terms=(*terms[key][:-1], (offer.terms.board.value,), terms[key][-1]),
            body=_encode(offer),
        )


def _numbers(offer: StayOffer, metres: int) -> tuple[int, ...]:
    hotel, total = offer.hotel, offer.total.amount
    return (
        total,
        stay_score(price=total, rating=UNRATED if hotel.rating is None else hotel.rating),
        -_rating(hotel),
        -hotel.stars,
        metres,
        _rating(hotel),
        offer.terms.free_until() is not None,
        offer.terms.paid_at is PaidAt.PROPERTY,
        offer.price.of_kind(LineKind.NET).amount,
        discountable(offer.price),
        offer.check_in.toordinal(),
        offer.check_out.toordinal(),
        mark_of(_encode((offer.supplier, hotel.key))),
        *sellable.numbers_of(offer),
    )


def _terms(hotel: HotelFacts) -> tuple[tuple[str, ...], ...]:
    """All but the board, which is the rate's."""
    return (
        (str(hotel.stars),),
        (hotel.kind.value,),
        hotel.amenities,
        (hotel.district,) if hotel.district else (),
        (folded(hotel.name),),
    )


def _rating(hotel: HotelFacts) -> int:
    return NO_RATING if hotel.rating is None else hotel.rating


def _metres(hotel: HotelFacts, centre: Position | None) -> int:
    if centre is None:
        return 0
    km = great_circle_km(centre.latitude, centre.longitude, hotel.latitude, hotel.longitude)
    return round(km * 1000)


def _spot(key: HotelKey, hotel: HotelFacts) -> Spot:
    return Spot(key=key, name=hotel.name, latitude=hotel.latitude, longitude=hotel.longitude)
