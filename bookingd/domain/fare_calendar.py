"""The lowest fare of each day of a range: what is looked for, and what is known of a day.

Its one rule: a day's fare is the total of the cheapest offer that the search of that very day finds, so that
whoever takes a day from the calendar finds its price.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bookingd.domain.flights import Cabin
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Party
from bookingd.domain.search import MOST_STOPS, FlightCriteria, WantedSlice

MOST_DAYS = 62
"""Two months."""
MOST_NIGHTS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarCriteria:
    """From where to where, for whom, on which days; there and back after so many nights, or one way."""

    origin: str
    """IATA airport or city code."""
    destination: str
    first_day: date
    """Of departure, local dates at the origin, both included."""
    last_day: date
    stay_nights: int | None = None
    """From the day of the way there to that of the way back, local dates; None: one way."""
    party: Party
    cabin: Cabin = Cabin.ECONOMY
    max_stops: int = MOST_STOPS
    """Connections on each slice."""
    currency: str = "EUR"

    @property
    def days(self) -> Iterator[date]:
        """The days of departure."""
        length = (self.last_day - self.first_day).days + 1
        return (self.first_day + timedelta(days=number) for number in range(length))

    def returns_on(self, day: date) -> date | None:
        """The day of the way back of a journey that begins on `day`."""
        return None if self.stay_nights is None else day + timedelta(days=self.stay_nights)

    def search(self, day: date) -> FlightCriteria:
        """What is asked in a search of that day; its offers are filtered by `max_stops` afterwards."""
        out = WantedSlice(origin=self.origin, destination=self.destination, day=day)
        back = self.returns_on(day)
        slices = (out,) if back is None else (out, _back(out, back))
        return FlightCriteria(
            slices=slices,
            party=self.party,
            cabin=self.cabin,
            max_stops=MOST_STOPS,
            currency=self.currency,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFare:
    """The lowest total for the whole party on a day, as it was known at an instant."""

    day: date
    total: Money
    as_of: datetime
    """Aware, UTC."""
    supplier: str


def lowest(fares: Iterable[DayFare]) -> list[DayFare]:
    """Of each day the lowest fare, of equal ones the youngest; by day."""
    best: dict[date, DayFare] = {}
    for fare in fares:
        known = best.get(fare.day)
        if known is None or _rank(fare) < _rank(known):
            best[fare.day] = fare
    return [best[day] for day in sorted(best)]


def stops_of(offer: Offer) -> int:
    """Connections on the slice that has most of them."""
    return max(part.stops for part in offer.itinerary.slices)


def _rank(fare: DayFare) -> tuple[int, float, str]:
    return fare.total.amount, -fare.as_of.timestamp(), fare.supplier


def _back(out: WantedSlice, day: date) -> WantedSlice:
    return WantedSlice(origin=out.destination, destination=out.origin, day=day)
