"""What is asked of the actors that search: offers of flights and of stays, and one of them again.

The one rule: an answer comes in parts, one (or a few, where it is much) for each supplier that was asked, as
each of them answers; put together they are the whole. Every part says how far all suppliers are, and with the
last none is pending.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from bookingd.domain.fare_calendar import CalendarCriteria, DayFare
from bookingd.domain.ids import OfferId
from bookingd.domain.offers import Offer
from bookingd.domain.search import FlightCriteria
from bookingd.domain.stays import StayCriteria, StayOffer


class SupplierStatus(StrEnum):
    """How a supplier took part in a search."""

    PENDING = "pending"
    """It was asked, and nothing was heard of it yet."""
    ANSWERED = "answered"
    FAILED = "failed"
    LATE = "late"
    BUSY = "busy"
    """It was not asked: we already ask it as much as it allows."""
    PAUSED = "paused"
    """It was not asked: it has failed too often just now, and is left alone for a while."""
    NO_RATE = "no_rate"
    """Some or all that it has is in a currency from which there is no exchange rate that counts now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFlights:
    """Query: offers that meet the criteria. Answered by FlightResults, in parts."""

    criteria: FlightCriteria


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightResults:
    """Offers that one supplier found, or several put together, and how far every supplier is."""

    offers: tuple[Offer, ...]
    suppliers: dict[str, SupplierStatus]
    incomplete: tuple[str, ...] = ()
    """Of those that answered, who has more than it gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FareCalendar:
    """Query: the lowest fares of many days. Answered by FareCalendarFound."""

    criteria: CalendarCriteria


@dataclass(frozen=True, slots=True, kw_only=True)
class FareCalendarFound:
    """The lowest fare of each day on which one is known, by day; and how those took part who were asked."""

    fares: tuple[DayFare, ...]
    suppliers: dict[str, SupplierStatus]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStays:
    """Query: offers of hotel stays that meet the criteria. Answered by StayResults, in parts."""

    criteria: StayCriteria


@dataclass(frozen=True, slots=True, kw_only=True)
class StayResults:
    """As FlightResults."""

    offers: tuple[StayOffer, ...]
    suppliers: dict[str, SupplierStatus]
    incomplete: tuple[str, ...] = ()
    """As of FlightResults."""


Results = TypeVar("Results", FlightResults, StayResults)


def joined(earlier: Results, part: Results) -> Results:
    """The parts of an answer so far, and one more."""
    incomplete = {*earlier.incomplete, *part.incomplete}
    return replace(
        part,
        offers=(*earlier.offers, *part.offers),
        suppliers=dict(part.suppliers),
        incomplete=tuple(sorted(incomplete)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOffer:
    """Query: ask a flight offer's supplier again. Answered by OfferChecked."""

    offer_id: OfferId


class OfferStatus(StrEnum):
    """What became of an offer since it was made."""

    AVAILABLE = "available"
    CHANGED = "changed"
    """Still to be had, at another price or other conditions."""
    UNAVAILABLE = "unavailable"
    UNCHECKED = "unchecked"
    """Its supplier cannot be asked now: it is told as it was when it was made, and may be gone."""
    NO_RATE = "no_rate"
    """The exchange rate by which it was shown is too old now."""
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferChecked:
    """The offer as it is now (as it was, if `unchecked` or `no_rate`); None where it is unknown or no longer
    to be had.
    """

    status: OfferStatus
    offer: Offer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckStay:
    """Query: ask the supplier of a stay again. Answered by StayChecked."""

    offer_id: OfferId


@dataclass(frozen=True, slots=True, kw_only=True)
class StayChecked:
    """As OfferChecked."""

    status: OfferStatus
    offer: StayOffer | None = None
