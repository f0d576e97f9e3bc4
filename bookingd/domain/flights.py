"""What a flight journey is made of: segments, slices, cabins and the conditions of a fare."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from bookingd.domain.places import local


class Cabin(StrEnum):
    """A class of service, lowest first."""

    ECONOMY = "economy"
    PREMIUM_ECONOMY = "premium_economy"
    BUSINESS = "business"
    FIRST = "first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One flight between two airports.

    `departs_at` and `arrives_at` are aware instants in UTC; the local wall clocks follow from the
    airports' IANA zones, which travel along.
    """

    supplier_key: str
    """The supplier's own key of this departure; for own inventory the departure's id in decimal."""
    airline: str
    """IATA code of the marketing airline."""
    number: int
    """Flight number without the airline: 441 of LH 441."""
    origin: str
    """IATA airport code."""
    destination: str
    departs_at: datetime
    arrives_at: datetime
    origin_zone: str
    """IANA zone of the origin airport."""
    destination_zone: str
    aircraft: str
    """ICAO type designator, A320."""

    @property
    def duration(self) -> timedelta:
        """Time from gate to gate."""
        return self.arrives_at - self.departs_at

    @property
    def designator(self) -> str:
        """As printed on a ticket: `LH 441`."""
        return f"{self.airline} {self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The way from one place to another: one segment, or several with connections between them."""

    segments: tuple[Segment, ...]

    @property
    def origin(self) -> str:
        """IATA code of the first airport."""
        return self.segments[0].origin

    @property
    def destination(self) -> str:
        """IATA code of the last airport."""
        return self.segments[-1].destination

    @property
    def departs_at(self) -> datetime:
        """The instant of the first departure, UTC."""
        return self.segments[0].departs_at

    @property
    def arrives_at(self) -> datetime:
        """The instant of the last arrival, UTC."""
        return self.segments[-1].arrives_at

    @property
    def duration(self) -> timedelta:
        """Door to door: with the waiting at connections."""
        return self.arrives_at - self.departs_at

    @property
    def stops(self) -> int:
        """Connections on the way."""
        return len(self.segments) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What a fare family allows. None as a fee means that it is not possible at all; 0 means free.

    Fees are minor units of the offer's currency, a passenger.
    """

    family: str
    """The brand that the airline gives it: `Light`, `Classic`, `Flex`."""
    carry_on_bags: int
    checked_bags: int
    change_fee: int | None
    cancel_fee: int | None
    minors_alone: bool = False
    """Whether a child may travel without an adult."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Itinerary:
    """All slices of one flight item: one for one way, two for a return."""

    slices: tuple[Slice, ...]
    cabin: Cabin
    conditions: Conditions

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Every flight in the order of travel."""
        return tuple(segment for part in self.slices for segment in part.segments)

    @property
    def ends_on(self) -> date:
        """The local day on which the last flight arrives."""
        return max(local(one.arrives_at, one.destination_zone).date() for one in self.segments)
