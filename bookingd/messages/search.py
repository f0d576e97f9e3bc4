"""What is asked of the search actor."""

from dataclasses import dataclass
from enum import StrEnum

from bookingd.domain.ids import OfferId
from bookingd.domain.offers import Offer
from bookingd.domain.search import FlightCriteria


class SupplierStatus(StrEnum):
    """How a supplier took part in a search."""

    ANSWERED = "answered"
    FAILED = "failed"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFlights:
    """Query: offers that meet the criteria. Answered by FlightResults."""

    criteria: FlightCriteria


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightResults:
    """Offers, best price first, and which suppliers they came from."""

    offers: tuple[Offer, ...]
    suppliers: dict[str, SupplierStatus]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOffer:
    """Query: ask the offer's supplier again. Answered by OfferChecked."""

    offer_id: OfferId


class OfferStatus(StrEnum):
    """What became of an offer since it was made."""

    AVAILABLE = "available"
    CHANGED = "changed"
    """Still to be had, at another price or other conditions."""
    UNAVAILABLE = "unavailable"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferChecked:
    """The offer as it is now; None where it is unknown or no longer to be had."""

    status: OfferStatus
    offer: Offer | None = None
