"""What a contract with a hotel says: what the house is like, its rooms, its rates, what it takes besides.

Its one rule: what no stay could be priced by is refused here, by the value itself. Nights are dates in the
hotel's zone; amounts are whole minor units of the hotel's currency, net; shares and factors basis points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from bookingd.domain.stays import MOST_NIGHTS, Board, HotelKind, PaidAt

WHOLE = 10_000
"""Basis points."""
EVERY_DAY_ALIKE = (WHOLE,) * 7


class InvalidContract(ValueError):
    """A part of a contract contradicts itself."""


class ChargePer(StrEnum):
    """What a charge's amount is for."""

    PERSON_NIGHT = "person_night"
    ROOM_NIGHT = "room_night"
    ROOM = "room"
    """Once a room, however long the stay is."""
    SHARE = "share"
    """Of what travellers pay for the rooms: of our net nobody could work it out then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amenity:
    """Something that hotels can have."""

    code: str
    """As in filters: `swimming_pool`."""
    label: str
    category: str
    rank: int
    """The order in which they are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """What cancelling costs: a share of the stay's price, or that of its first nights."""

    share: int | None = None
    nights: int | None = None

    def __post_init__(self) -> None:
        if (self.share is None) == (self.nights is None):
            raise InvalidContract("a fee is a share or a number of nights, and not both")


FREE = Fee(share=0)
ALL = Fee(share=WHOLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """Until when cancelling costs `fee`: `until` by the hotel's wall clock, so many days before arrival."""

    days_before: int
    until: time
    fee: Fee


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeBand:
    """Children up to `age_to` (whole years at check-in) whom no band below has.

    Either `share` of what one more adult pays, or `fixed` a night. A child beyond all bands is an adult.
    """

    age_to: int
    share: int | None = None
    fixed: int | None = None
    cot: bool = False
    """Sleeps in a cot, while the room has one, and needs no bed then."""

    def __post_init__(self) -> None:
        if (self.share is None) == (self.fixed is None):
            raise InvalidContract("an age band has a share or a fixed amount, and not both")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomType:
    """Rooms that are alike and are sold as one."""

    id: int
    name: str
    description: str = ""
    beds: str
    """As people read it: `1 king bed`."""
    size_m2: int | None = None
    adults_max: int
    children_max: int
    """In beds."""
    occupancy: int
    """Adults and children in beds."""
    cots: int = 0
    allotment: int
    """Rooms a night that are ours to sell, where `room_nights` does not say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatePlan:
    """The terms under which rooms are sold. Of the deadlines ahead the next one counts; else `fee`."""

    id: int
    name: str
    board: Board
    paid_at: PaidAt = PaidAt.BOOKING
    deadlines: tuple[Deadline, ...] = ()
    fee: Fee = ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """What a room costs under a plan from night to night.

    A night belongs to the season with the earliest `last_night` of those that have it. The stay's length and
    the release days follow the season of the night of arrival.
    """

    plan: int
    room: int
    first_night: date
    last_night: date
    nightly: tuple[int, ...]
    """The room a night with one adult, two, three ...; more than it names are not taken."""
    per_adult: int
    """Of one more person in the room a night: the shares of age bands are of it."""
    weekdays: tuple[int, ...] = EVERY_DAY_ALIKE
    """Factors on both, Monday first."""
    min_stay: int = 1
    max_stay: int = MOST_NIGHTS
    release_days: int = 0
    """It is sold until the end of the day so many days before arrival, in the hotel's zone."""

    def __post_init__(self) -> None:
        if self.first_night > self.last_night:
            raise InvalidContract("a season ends before it begins")
        if not self.nightly or len(self.weekdays) != len(EVERY_DAY_ALIKE):
            raise InvalidContract("a season needs a price for one adult at least, and seven weekday factors")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateDay:
    """What a night has otherwise than its season says; None: as there."""

    plan: int
    room: int
    night: date
    """For `closed_to_departure` the day of leaving."""
    nightly: tuple[int, ...] | None = None
    """The prices of this night, without weekday factors; together with `per_adult`."""
    per_adult: int | None = None
    closed: bool = False
    closed_to_arrival: bool = False
    closed_to_departure: bool = False
    min_stay: int | None = None
    max_stay: int | None = None
    release_days: int | None = None

    def __post_init__(self) -> None:
        if (self.nightly is None) != (self.per_adult is None):
            raise InvalidContract("prices of a night come with what one more person pays")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What state, town or hotel take besides the rates, or `included` in them; it is mandatory."""

    code: str
    """`city_tax`, `vat`, `resort_fee` ..."""
    label: str
    per: ChargePer
    amount: int | None = None
    share: int | None = None
    """Basis points; with ChargePer.SHARE in place of `amount`."""
    age_from: int = 0
    """Of persons: younger ones pay nothing."""
    nights_max: int | None = None
    """Not for more than so many nights of a stay."""
    included: bool = False
    paid_at: PaidAt = PaidAt.BOOKING

    def __post_init__(self) -> None:
        if (self.per is ChargePer.SHARE) != (self.share is not None) or (self.share is None) == (
            self.amount is None
        ):
            raise InvalidContract(f"charge {self.code} has an amount, or a share if it is one")
        if self.included and self.paid_at is not PaidAt.BOOKING:
            raise InvalidContract(f"charge {self.code} is in the rates, and paid with them")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hotel:
    """A hotel that we have a contract with."""

    id: int
    name: str
    kind: HotelKind
    stars: int
    """1 to 5; 0: it has none."""
    rating: int | None = None
    """Of its guests, in tenths: 0 to 100."""
    reviews: int = 0
    city_code: str
    """IATA: under which it is found."""
    district: str = ""
    address: str
    """Street, postal code and town in one line."""
    latitude: float
    longitude: float
    zone: str
    """IANA."""
    check_in_from: time
    check_in_until: time | None = None
    """None: at any hour."""
    check_out_until: time
    amenities: tuple[str, ...] = ()
    description: str = ""
    """Paragraphs with empty lines between them."""
    email: str
    """Whom bookings and cancellations are sent to."""
    phone: str = ""
    currency: str = "EUR"
    on_sale: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A hotel with all that is sold of it; plans and rooms of seasons and days are named by their ids."""

    hotel: Hotel
    rooms: Sequence[RoomType]
    plans: Sequence[RatePlan]
    seasons: Sequence[Season]
    age_bands: Sequence[AgeBand] = ()
    days: Sequence[RateDay] = ()
    charges: Sequence[Charge] = ()
