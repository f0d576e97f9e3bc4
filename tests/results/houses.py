"""Stays made up for tests, and what their filters mean, offer by offer."""

import itertools
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from bookingd.domain.ids import OfferId
from bookingd.domain.money import Money
from bookingd.domain.places import great_circle_km
from bookingd.domain.same_hotel import folded
from bookingd.domain.stay_filters import PricePer, StayFilters, StaySort
from bookingd.domain.stays import Board, CancellationStep, HotelFacts, HotelKind, PaidAt, StayOffer, StayTerms
from bookingd.results.stays import Position
from tests import factories
from tests.fakes.sources import START

CENTRE = Position(latitude=48.8566, longitude=2.3522)
NIGHTS = 3
AMENITIES = ("pool", "spa", "wifi")
NAMES = ("Hôtel Bergère", "Grand Étoile", "Pension Zwölf", "The Quiet House")
WISH = factories.wanted_stay(place="PAR", check_in=date(2026, 12, 2), nights=NIGHTS)


def house(number: int, **facts: object) -> HotelFacts:
    """Hotels stand a kilometre apart, so that none is another one."""
    here = replace(
        factories.hotel(number),
        name=NAMES[number % len(NAMES)],
        latitude=CENTRE.latitude + number / 111,
        longitude=CENTRE.longitude,
        zone="Europe/Paris",
    )
    return replace(here, **facts)  # type: ignore[arg-type]


@st.composite
def houses(draw: st.DrawFn, number: int) -> HotelFacts:
    return house(
        number,
        kind=draw(st.sampled_from(HotelKind)),
        stars=draw(st.integers(0, 5)),
        rating=draw(st.sampled_from([None, 55, 70, 80, 91])),
        district=draw(st.sampled_from(["", "Marais", "Opéra"])),
        amenities=tuple(sorted(draw(st.sets(st.sampled_from(AMENITIES))))),
    )


@st.composite
def rates(draw: st.DrawFn, hotel: HotelFacts) -> StayOffer:
    total = Money(draw(st.sampled_from([9_000, 9_000, 12_345, 30_001])), "EUR")
    free = CancellationStep(until=START + timedelta(days=1), fee=Money(0, "EUR"))
    last = CancellationStep(until=None, fee=total)
    terms = StayTerms(
        board=draw(st.sampled_from(Board)),
        cancellation=(free, last) if draw(st.booleans()) else (last,),
        paid_at=draw(st.sampled_from(PaidAt)),
    )
    made = factories.stay(total=total, wish=WISH, rate=draw(st.sampled_from("abc")))
    return replace(made, hotel=hotel, terms=terms)


@st.composite
def offers(draw: st.DrawFn) -> list[StayOffer]:
    """Of up to five hotels, each with an id of its own."""
    hotels = [draw(houses(number)) for number in range(draw(st.integers(0, 5)))]
    some = [draw(rates(hotel)) for hotel in hotels for _ in range(draw(st.integers(1, 3)))]
    count = itertools.count()
    return draw(st.permutations([replace(one, id=OfferId(f"st_{next(count)}")) for one in some]))


@st.composite
def chosen(draw: st.DrawFn) -> StayFilters:
    """Filters, most of them open."""

    def sometimes(strategy: st.SearchStrategy[object], otherwise: object) -> object:
        return draw(strategy) if draw(st.integers(0, 3)) == 0 else otherwise

    given = {
        "stars": sometimes(st.sampled_from([(3,), (0, 4, 5)]), ()),
        "kinds": sometimes(st.sampled_from([(HotelKind.HOTEL,), (HotelKind.RESORT, HotelKind.HOSTEL)]), ()),
        "amenities": sometimes(st.sampled_from([("wifi",), ("pool", "spa"), ("sauna",)]), ()),
        "districts": sometimes(st.just(("Marais",)), ()),
        "boards": sometimes(st.just((Board.BREAKFAST, Board.HALF_BOARD)), ()),
        "name": sometimes(st.sampled_from(["ETOILE", "zwolf", "house", "nowhere"]), ""),
        "min_rating": sometimes(st.sampled_from([70, 75, 90]), None),
        "max_distance_km": sometimes(st.sampled_from([1.5, 3.0]), None),
        "min_price": sometimes(st.sampled_from([3_001, 10_000]), None),
        "max_price": sometimes(st.sampled_from([4_115, 12_345]), None),
        "price_per": draw(st.sampled_from(PricePer)),
        "refundable": sometimes(st.just(value=True), False),
        "pay_at_property": sometimes(st.just(value=True), False),
    }
    return StayFilters(**given)


def passes(offer: StayOffer, wish: StayFilters) -> bool:
    """What the filters mean."""
    hotel, terms = offer.hotel, offer.terms
    return (
        hotel.stars in (wish.stars or (hotel.stars,))
        and hotel.kind in (wish.kinds or (hotel.kind,))
        and set(wish.amenities) <= set(hotel.amenities)
        and hotel.district in (wish.districts or (hotel.district,))
        and terms.board in (wish.boards or (terms.board,))
        and folded(wish.name) in folded(hotel.name)
        and (wish.min_rating is None or (hotel.rating is not None and hotel.rating >= wish.min_rating))
        and (wish.max_distance_km is None or metres(hotel) <= wish.max_distance_km * 1000)
        and _affordable(offer, wish)
        and (not wish.refundable or terms.free_until() is not None)
        and (not wish.pay_at_property or terms.paid_at is PaidAt.PROPERTY)
    )


def _affordable(offer: StayOffer, wish: StayFilters) -> bool:
    total = offer.total.amount / (NIGHTS if wish.price_per is PricePer.NIGHT else 1)
    return (wish.min_price is None or total >= wish.min_price) and (
        wish.max_price is None or total <= wish.max_price
    )


def metres(hotel: HotelFacts) -> int:
    km = great_circle_km(CENTRE.latitude, CENTRE.longitude, hotel.latitude, hotel.longitude)
    return round(km * 1000)


def value(offer: StayOffer, sort: StaySort) -> float:
    """What an offer is sorted by, the least first."""
    hotel, total = offer.hotel, offer.total.amount
    match sort:
        case StaySort.PRICE:
            return total
        case StaySort.BEST:
            return total * (180 - (60 if hotel.rating is None else hotel.rating))
        case StaySort.RATING:
            return 1 if hotel.rating is None else -hotel.rating
        case StaySort.STARS:
            return -hotel.stars
        case StaySort.DISTANCE:
            return metres(hotel)
