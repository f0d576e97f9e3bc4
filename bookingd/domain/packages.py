"""A flight and a hotel as one: who flies of those who share rooms, and which nights belong to which flights.

Its one rule: the nights follow the clocks at the destination, never the day on which the journey began.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bookingd.domain.flights import Slice
from bookingd.domain.ids import OfferId
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import ADULT_FROM, CHILD_FROM, Party
from bookingd.domain.places import local
from bookingd.domain.prices import Price
from bookingd.domain.stays import RoomGuests, StayOffer

SLEEPS_IN = time(6)
"""Who lands before this hour wants a bed at once: the night that began the evening before is theirs.

Hotels give rooms out in the afternoon; a room from one day's afternoon on is no use at five in the morning.
"""

NO_LAST_NIGHT = time(3)
"""Who leaves before this hour left the hotel the evening before; a later flight wants the night before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nights:
    """From the date of the first night to the morning after the last one."""

    check_in: date
    check_out: date

    @property
    def count(self) -> int:
        """How many nights."""
        return (self.check_out - self.check_in).days


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageOffer:
    """A flight and the stay at its end, at one price: both or none."""

    id: OfferId
    """Names both halves (see bookingd.storage.offers)."""
    flight: Offer
    stay: StayOffer
    price: Price

    @property
    def total(self) -> Money:
        """What the traveller pays for both."""
        return self.price.total

    @property
    def expires_at(self) -> datetime:
        """When the first of them does."""
        return min(self.flight.expires_at, self.stay.expires_at)


class NoPair(ValueError):
    """A flight and a stay that are no package; the message says why."""


def check_pair(flight: Offer, stay: StayOffer) -> None:
    """Raises NoPair unless those who fly sleep there, on the nights between their flights."""
    nights = nights_between(flight.itinerary.slices)
    if nights is None or (nights.check_in, nights.check_out) != (stay.check_in, stay.check_out):
        raise NoPair("the nights of this stay are not those between these flights")
    if flight.party != flying_party([room.guests for room in stay.rooms]):
        raise NoPair("not as many fly as stay")
    if flight.price.currency != stay.price.currency:
        raise NoPair(f"the flight is in {flight.price.currency}, the stay in {stay.price.currency}")


def nights_between(slices: Sequence[Slice]) -> Nights | None:
    """The nights where the first slice ends, until the last slice leaves; None where there are none.

    After midnight counts as the night before: who lands at 00:40 on the 2nd checks in on the 1st.
    """
    out, back = slices[0].segments[-1], slices[-1].segments[0]
    lands = local(out.arrives_at, out.destination_zone)
    leaves = local(back.departs_at, back.origin_zone)
    check_in = lands.date() - timedelta(days=lands.time() < SLEEPS_IN)
    check_out = leaves.date() - timedelta(days=leaves.time() < NO_LAST_NIGHT)
    return Nights(check_in=check_in, check_out=check_out) if check_in < check_out else None


def flying_party(rooms: Sequence[RoomGuests]) -> Party:
    """The guests as passengers: hotels call a fifteen-year-old a child, airlines an adult."""
    ages = [age for room in rooms for age in room.children]
    return Party(
        adults=sum(room.adults for room in rooms) + sum(age >= ADULT_FROM for age in ages),
        children=sum(CHILD_FROM <= age < ADULT_FROM for age in ages),
        infants=sum(age < CHILD_FROM for age in ages),
    )
