"""What bookingd wants of a supplier of travel, and what every adapter must keep.

A call ends in one of four ways: an answer, or one of bookingd.outcomes: Refused (codes SOLD_OUT,
GONE and `not_allowed`), Unavailable (it did not begin: safe to try
again) or UnknownOutcome (it may have happened: look it up by our own reference, P9).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from bookingd.domain import unsellable
from bookingd.domain.fare_calendar import CalendarCriteria
from bookingd.domain.ids import IntentId, ItemId, RecordLocator
from bookingd.domain.offers import Offer
from bookingd.domain.prices import Price
from bookingd.domain.search import FlightCriteria
from bookingd.domain.stays import StayCriteria, StayOffer

SOLD_OUT = unsellable.SOLD_OUT
"""The code of a refusal for want of seats: others that want the same are refused it too."""
GONE = unsellable.GONE
"""The code of a refusal of what is no longer sold at all."""

O_co = TypeVar("O_co", Offer, StayOffer, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[O_co]):
    """What a supplier answers to a search: offers in any order, without ids."""

    offers: Sequence[O_co]
    complete: bool = True
    """Whether these are all that it has; if not, what is counted of them are lower bounds."""
    unconverted: bool = False
    """Whether it has others, in a currency from which there is no exchange rate now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LowestFares:
    """What a supplier answers to a calendar."""

    prices: Mapping[date, Price]
    """Of the cheapest offer of each day on which there is one."""
    unconverted: bool = False
    """As of Found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticketed:
    """An item that the supplier has confirmed, with a ticket number a passenger in the party's order."""

    locator: RecordLocator
    tickets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a supplier has of ours, found by our own reference."""

    held: Offer
    """As held, with its price and conditions."""
    ticketed: Ticketed | None = None


class FlightSource(Protocol):
    """Where flight offers come from."""

    @property
    def name(self) -> str:
        """As in the configuration: `inventory`."""
        ...

    async def search(self, criteria: FlightCriteria) -> Found[Offer]:
        """Offers that meet the criteria.

        `expires_at` is the supplier's own limit; how long we let an offer stand is decided when it is kept.
        Raises Unavailable.
        """
        ...

    async def check(self, offer: Offer) -> Offer:
        """The same offer with price, conditions and seats as they are now; it expires when it did.

        Raises Refused, Unavailable.
        """
        ...


class CalendarSource(Protocol):
    """Who can say the lowest fares of many days at once."""

    @property
    def name(self) -> str:
        """As in the configuration: `inventory`."""
        ...

    async def lowest(self, criteria: CalendarCriteria) -> LowestFares:
        """The lowest fare of each day on which there is an offer. Raises Unavailable."""
        ...


class StaySource(Protocol):
    """Where offers of hotel stays come from."""

    @property
    def name(self) -> str:
        """As in the configuration: `inventory`."""
        ...

    async def search(self, criteria: StayCriteria) -> Found[StayOffer]:
        """Offers that meet the criteria. Raises Unavailable."""
        ...

    async def check(self, offer: StayOffer) -> StayOffer:
        """The same offer with price, terms and rooms as they are now; it expires when it did.

        Raises Refused, Unavailable.
        """
        ...


class FlightDesk(Protocol):
    """Where flights of an outside supplier are held, ticketed and given back.

    Own inventory needs none: its stock moves within the booking's own transaction.
    """

    @property
    def name(self) -> str:
        """As in the configuration."""
        ...

    async def hold(self, item: ItemId, offer: Offer, *, until: datetime, key: IntentId) -> Offer:
        """Hold the offer's seats; the answer is the offer as held (its price may differ). Raises Refused."""
        ...

    async def ticket(self, item: ItemId, *, key: IntentId) -> Ticketed:
        """Confirm a held item and issue its tickets. Raises Refused."""
        ...

    async def release(self, item: ItemId, *, key: IntentId) -> None:
        """Give a held or ticketed item back; giving back twice is harmless."""
        ...

    async def find(self, item: ItemId) -> Order | None:
        """Look up by our own reference; None if the supplier has nothing of it (any more)."""
        ...
