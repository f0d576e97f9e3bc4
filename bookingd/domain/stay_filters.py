"""What somebody wants of the stays that were found: filters, checked by whoever reads them in.

Their one rule is that of `bookingd.domain.filters`: nobody is asked again for them.
"""

from dataclasses import dataclass
from enum import StrEnum

from bookingd.domain.stays import Board, HotelKind


class PricePer(StrEnum):
    """What a price in a filter is for."""

    STAY = "stay"
    NIGHT = "night"
    """The whole price over the number of nights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StayFilters:
    """What a hotel and its rate must be like; what is left out is open."""

    stars: tuple[int, ...] = ()
    """One of these; 0: without stars."""
    kinds: tuple[HotelKind, ...] = ()
    """One of these."""
    amenities: tuple[str, ...] = ()
    """All of these."""
    districts: tuple[str, ...] = ()
    """One of these."""
    boards: tuple[Board, ...] = ()
    """One of these."""
    name: str = ""
    """In the hotel's name, whatever the accents and the case."""
    min_rating: int | None = None
    """Tenths; who has no rating does not pass."""
    max_distance_km: float | None = None
    """From the place that was asked for."""
    min_price: int | None = None
    """In minor units, of what `price_per` says."""
    max_price: int | None = None
    price_per: PricePer = PricePer.STAY
    refundable: bool = False
    """Can still be cancelled for nothing."""
    pay_at_property: bool = False


class StaySort(StrEnum):
    """What results are sorted by, the best first."""

    PRICE = "price"
    BEST = "best"
    """See `bookingd.domain.ranking`."""
    RATING = "rating"
    STARS = "stars"
    DISTANCE = "distance"
