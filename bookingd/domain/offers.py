"""An offer: what can be booked, for whom, at which price, until when."""

from dataclasses import dataclass
from datetime import datetime

from bookingd.domain.exchange import FrozenRate
from bookingd.domain.flights import Cabin, Conditions, Itinerary
from bookingd.domain.ids import OfferId
from bookingd.domain.money import Money
from bookingd.domain.passengers import Party
from bookingd.domain.prices import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """What an offer takes out of its supplier's stock: of two that take the same both can be had, or none."""

    supplier: str
    departures: tuple[str, ...]
    """The supplier's keys of its segments, in the order of travel."""
    cabin: Cabin
    number: int
    """In each of them; infants have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppliedFlight:
    """What is sold in another currency than the supplier's, as the supplier has it; see `conversion`."""

    rate: FrozenRate
    price: Price
    """Line by line what the offer's price was converted from."""
    conditions: Conditions
    """With fees in the supplier's currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A priced flight itinerary of one supplier for one party.

    The price and the conditions are what the traveller was shown, and what is compared with the
    supplier's answer when the offer is held (P8).
    """

    id: OfferId
    supplier: str
    """Name of the supplier's adapter in the configuration: `inventory` for own stock."""
    itinerary: Itinerary
    party: Party
    price: Price
    seats_left: int
    """The smallest number of seats left on its segments when it was made; a hint, never a promise."""
    made_at: datetime
    expires_at: datetime
    supplied: SuppliedFlight | None = None
    """Where it is sold in another currency than the supplier's."""

    @property
    def total(self) -> Money:
        """What the traveller pays for everybody."""
        return self.price.total

    @property
    def seats(self) -> Seats:
        """What it takes."""
        return Seats(
            supplier=self.supplier,
            departures=tuple(segment.supplier_key for segment in self.itinerary.segments),
            cabin=self.itinerary.cabin,
            number=self.party.seats,
        )
