"""An offer: what can be booked, for whom, at which price, until when."""

from dataclasses import dataclass
from datetime import datetime

from bookingd.domain.flights import Itinerary
from bookingd.domain.ids import OfferId
from bookingd.domain.money import Money
from bookingd.domain.passengers import Party
from bookingd.domain.prices import Price


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

    @property
    def total(self) -> Money:
        """What the traveller pays for everybody."""
        return self.price.total
