"""The daemon with flight suppliers that answer after a known time, in place of own inventory.

    python -m benchmarks.pretended NAME=SECONDS,NAME=SECONDS BOOKINGD_ARGUMENTS...

All of it is the daemon as it is delivered but for what stands behind the port of suppliers; each of these has
a guard like any other. Nothing that they offer can be booked.
"""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from bookingd.cli import main
from bookingd.domain.flights import Conditions, Itinerary, Segment, Slice
from bookingd.domain.ids import OfferId
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import PassengerType
from bookingd.domain.prices import LineKind, Price, PriceLine
from bookingd.domain.search import FlightCriteria, WantedSlice
from bookingd.suppliers.port import FlightSource, Found
from bookingd.wiring import actors

OFFERS = 30
"""Of one supplier for one search."""
CONDITIONS = Conditions(family="Classic", carry_on_bags=1, checked_bags=1, change_fee=7000, cancel_fee=None)


class Pretended:
    """One supplier."""

    def __init__(self, name: str, seconds: float) -> None:
        self.name = name
        self._seconds = seconds

    async def search(self, criteria: FlightCriteria) -> Found[Offer]:
        """Flights at each hour of the day, and of the next ones."""
        made = [self._offer(criteria, number) for number in range(OFFERS)]
        await asyncio.sleep(self._seconds)
        return Found(offers=made)

    async def check(self, offer: Offer) -> Offer:
        """Nothing ever changes."""
        await asyncio.sleep(self._seconds)
        return offer

    def _offer(self, criteria: FlightCriteria, number: int) -> Offer:
        slices = tuple(_slice(one, number) for one in criteria.slices)
        total = Money(20_000 + 137 * number + 11 * len(self.name), criteria.currency)
        line = PriceLine(
            kind=LineKind.NET,
            each=total,
            count=criteria.party.seats,
            passenger=PassengerType.ADULT,
            label="Fare",
        )
        made_at = datetime.now(UTC)
        return Offer(
            id=OfferId(""),
            supplier=self.name,
            itinerary=Itinerary(slices=slices, cabin=criteria.cabin, conditions=CONDITIONS),
            party=criteria.party,
            price=Price(currency=criteria.currency, lines=(line,)),
            seats_left=9,
            made_at=made_at,
            expires_at=made_at + timedelta(hours=1),
        )


def _slice(wanted: WantedSlice, number: int) -> Slice:
    leaves = datetime.combine(wanted.day, time(0, 5), UTC) + timedelta(hours=number % 24)
    segment = Segment(
        supplier_key=f"{wanted.origin}{wanted.destination}{wanted.day}{number}",
        airline="LH",
        number=400 + number,
        origin=wanted.origin,
        destination=wanted.destination,
        departs_at=leaves,
        arrives_at=leaves + timedelta(hours=2, minutes=number),
        origin_zone="UTC",
        destination_zone="UTC",
        aircraft="A320",
    )
    return Slice(segments=(segment,))


def suppliers(spelt: str) -> Sequence[FlightSource]:
    """Of `fast=0.02,slow=0.15`."""
    pairs = (one.split("=") for one in spelt.split(","))
    return tuple(Pretended(name, float(seconds)) for name, seconds in pairs)


if __name__ == "__main__":
    pretended = suppliers(sys.argv[1])
    actors.flight_sources = lambda tools, rules: pretended
    del sys.argv[1]
    main()
