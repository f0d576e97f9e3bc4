"""What suppliers would not sell when it came to it, and which offers are the like of it.

The one rule: a refusal is about stock, or about one fare; never about who asked. Whoever wants less than was
refused may still be sold to.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from bookingd.domain.offers import Offer
from bookingd.domain.stays import StayOffer

SOLD_OUT = "sold_out"
GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a supplier refused, by a number that its like have too."""

    key: int
    """See `takes` and `fare`."""
    number: int
    """Seats that were wanted; of stays always 1, since how many rooms is part of the key."""
    supplier: str
    reason: str
    """SOLD_OUT or GONE."""
    at: datetime


def refusal(offer: Offer | StayOffer, reason: str, *, at: datetime) -> Refusal | None:
    """What is to be remembered of a supplier's refusal of an offer; None where it was about who asked.

    Where all is sold out every fare of the same seats is refused; where a fare is gone, that one alone.
    """
    if reason not in {SOLD_OUT, GONE}:
        return None
    key = takes(offer) if reason == SOLD_OUT else fare(offer)
    return Refusal(key=key, number=wanted(offer), supplier=offer.supplier, reason=reason, at=at)


def wanted(offer: Offer | StayOffer) -> int:
    """How many seats an offer takes; see `Refusal.number`."""
    return offer.party.seats if isinstance(offer, Offer) else 1


def takes(offer: Offer | StayOffer) -> int:
    """The same for offers that take the same out of their supplier's stock, be it more of it or less."""
    if isinstance(offer, Offer):
        seats = offer.seats
        return _number("seats", seats.supplier, seats.cabin, *seats.departures)
    rooms = (part for room in offer.rooms for part in (room.key, room.rate))
    nights = offer.check_in.isoformat(), offer.check_out.isoformat()
    return _number("rooms", offer.supplier, offer.hotel.key, *nights, *rooms)


def fare(offer: Offer | StayOffer) -> int:
    """The same for offers of the same fare, or rate, for that."""
    return keys(offer)[1]


def keys(offer: Offer | StayOffer) -> tuple[int, int]:
    """Both: what it takes, and the fare."""
    taken = takes(offer)
    if isinstance(offer, Offer):
        return taken, _number("fare", str(taken), offer.itinerary.conditions.family)
    return taken, taken


def _number(*parts: str) -> int:
    """56 bits: a whole number for every program that it goes through."""
    named = "\0".join(parts).encode()
    return int.from_bytes(hashlib.blake2b(named, digest_size=7).digest())
