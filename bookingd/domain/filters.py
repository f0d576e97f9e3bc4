"""What somebody wants of the flights that were found: filters, checked by whoever reads them in.

Their one rule: they are done with the answers of suppliers and are no part of what those are asked (see
`bookingd.domain.search`), so that they can be changed without asking anybody again.
"""

from dataclasses import dataclass
from enum import StrEnum

MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWindow:
    """A part of the day by local clocks: minutes since midnight, from `begin` to before `end`.

    It goes over midnight where `end` is not behind `begin`, which is how all of them end that end at 0.
    """

    begin: int
    end: int

    def __contains__(self, minute: int) -> bool:
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end

    def __str__(self) -> str:
        return f"{_clock(self.begin)}-{_clock(self.end)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightFilters:
    """What a journey and its fare must be like; what is left out is open.

    What is for each slice has an entry for each of the first so many slices, in the order of travel.
    """

    max_stops: int | None = None
    """On each slice."""
    airlines: tuple[str, ...] = ()
    """IATA codes; all flights are marketed by these."""
    without_airlines: tuple[str, ...] = ()
    """None of the flights is."""
    via: tuple[str, ...] = ()
    """Airports; there are connections, and all of them are at these."""
    without_via: tuple[str, ...] = ()
    airports: tuple[str, ...] = ()
    """Each place that was asked for and may be one of these is one of these; other places are left alone."""
    without_airports: tuple[str, ...] = ()
    """No slice begins or ends there."""
    departure: tuple[tuple[TimeWindow, ...], ...] = ()
    """For each slice windows of which one will do, by the clocks where it begins; none: any time."""
    arrival: tuple[tuple[TimeWindow, ...], ...] = ()
    """The same by the clocks where it ends."""
    max_duration: tuple[int | None, ...] = ()
    """Minutes from door to door, for each slice."""
    min_connection: int | None = None
    """Minutes, of the shortest connection; journeys without one pass."""
    max_connection: int | None = None
    min_price: int | None = None
    """The total, in minor units."""
    max_price: int | None = None
    checked_bags: int = 0
    """So many for each passenger are included at least."""
    refundable: bool = False
    """Can be cancelled, for a fee perhaps."""
    changeable: bool = False


class FlightSort(StrEnum):
    """What results are sorted by, least first; times are those of the way there."""

    PRICE = "price"
    BEST = "best"
    """See `bookingd.domain.ranking`."""
    DURATION = "duration"
    """Of all slices together."""
    DEPARTURE = "departure"
    ARRIVAL = "arrival"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
