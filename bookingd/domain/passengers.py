"""Who travels: passenger types by birth date, and which parties may go.

Types follow IATA's usual limits: an infant is under 2, a child under 12 on the day of a flight. A trip is
booked under the types of its first day, with one exception that airlines and agencies share: an infant
that turns 2 before the last flight needs a seat there, so it is booked as a child for the whole trip
(Gotogate's and BlincTrip's help pages say it in these words, read 2026-11). A child that turns 12 on the
way stays a child; there airlines differ, and Duffel wants the age on the last slice's day instead, which
is its adapter's to translate.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bookingd.domain.flights import Conditions, Itinerary
from bookingd.domain.places import local

CHILD_FROM = 2  # years
ADULT_FROM = 12
MOST_SEATS = 9  # what one reservation may take in airline systems; more is a group, sold by hand
BORN_FROM = date(1900, 1, 1)
LONGEST_NAME = 60

# The letters of ASCII, Latin-1 and Latin Extended-A, as in Duffel's names (@duffel/api 1.25). What one
# supplier cannot print of them (Duffel: Æ, Œ, Þ, ð) its adapter spells out.
_NAME = re.compile(r"[A-Za-zÀ-ÖØ-öø-\u017F](?:[A-Za-zÀ-ÖØ-öø-\u017F' -]*[A-Za-zÀ-ÖØ-öø-\u017F'])?")


class PassengerType(StrEnum):
    """What a passenger counts as on one day."""

    ADULT = "adult"
    CHILD = "child"
    INFANT = "infant"
    """On a lap: takes no seat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """How many of each type travel together."""

    adults: int = 1
    children: int = 0
    infants: int = 0

    @property
    def heads(self) -> tuple[tuple[PassengerType, int], ...]:
        """How many of each type that is there, adults first."""
        counted = (
            (PassengerType.ADULT, self.adults),
            (PassengerType.CHILD, self.children),
            (PassengerType.INFANT, self.infants),
        )
        return tuple(head for head in counted if head[1])

    @property
    def seats(self) -> int:
        """Seats that the party takes: infants sit on laps."""
        return self.adults + self.children

    @property
    def size(self) -> int:
        """Heads."""
        return self.adults + self.children + self.infants

    def __str__(self) -> str:
        return ", ".join(counted(kind, count) for kind, count in self.heads) or "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passenger:
    """One traveller; `type` is the one that the trip is booked under, see `booked_type`."""

    number: int
    """Counts from 1, in the order of the tickets."""
    given_name: str
    surname: str
    born: date
    type: PassengerType


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyProblem:
    """Why these passengers may not go: `field` is as in a request, `passengers[1].born`."""

    field: str
    code: str
    """Stable, for programs."""
    message: str
    """A sentence for the traveller."""


def age(born: date, on: date) -> int:
    """Whole years on a day. Who is born on 29 February has the birthday on 1 March of common years."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def passenger_type(born: date, on: date) -> PassengerType:
    """What a passenger counts as on one day; before the birth, an infant."""
    years = age(born, on)
    if years >= ADULT_FROM:
        return PassengerType.ADULT
    return PassengerType.CHILD if years >= CHILD_FROM else PassengerType.INFANT


def booked_type(born: date, dates: Sequence[date]) -> PassengerType:
    """The type under which a trip with flights on `dates` is booked and priced."""
    first = passenger_type(born, min(dates))
    if first is PassengerType.INFANT and passenger_type(born, max(dates)) is not PassengerType.INFANT:
        return PassengerType.CHILD
    return first


def travel_dates(itinerary: Itinerary) -> tuple[date, ...]:
    """The local day of each departure at its airport, in the order of travel."""
    return tuple(local(segment.departs_at, segment.origin_zone).date() for segment in itinerary.segments)


def party_of(passengers: Sequence[Passenger]) -> Party:
    """How many of each type they are."""
    types = [passenger.type for passenger in passengers]
    return Party(
        adults=types.count(PassengerType.ADULT),
        children=types.count(PassengerType.CHILD),
        infants=types.count(PassengerType.INFANT),
    )


def check_party(
    passengers: Sequence[Passenger],
    *,
    dates: Sequence[date],
    conditions: Conditions,
    party: Party,
    today: date,
) -> list[PartyProblem]:
    """Everything that keeps `passengers` from flying on `dates` under an offer made for `party`.

    `dates` are local, one a flight (`travel_dates`); `today` bounds birth dates. An empty list is a yes.
    """
    single = [
        problem
        for index, passenger in enumerate(passengers)
        for problem in _passenger_problems(f"passengers[{index}]", passenger, dates, today)
    ]
    return single + list(_party_problems(party_of(passengers), conditions, party))


def _passenger_problems(
    field: str, passenger: Passenger, dates: Sequence[date], today: date
) -> Iterator[PartyProblem]:
    yield from name_problems(f"{field}.given_name", passenger.given_name)
    yield from name_problems(f"{field}.surname", passenger.surname)
    yield from _birth_problems(f"{field}.born", passenger, dates, today)


def name_problems(field: str, name: str) -> Iterator[PartyProblem]:
    """What keeps a name from being printed on a ticket."""
    spelt = unicodedata.normalize("NFC", name)
    if not 1 <= len(spelt) <= LONGEST_NAME:
        message = f"A name has 1 to {LONGEST_NAME} letters."
        yield PartyProblem(field=field, code="name_length", message=message)
    elif not _NAME.fullmatch(spelt):
        message = (
            "Spell the name in Latin letters as in the passport; hyphen, apostrophe and space may be in it."
        )
        yield PartyProblem(field=field, code="name_spelling", message=message)


def _birth_problems(
    field: str, passenger: Passenger, dates: Sequence[date], today: date
) -> Iterator[PartyProblem]:
    if passenger.born > today:
        yield PartyProblem(field=field, code="born_in_future", message="The date of birth is in the future.")
    elif passenger.born < BORN_FROM:
        message = f"The date of birth is before {BORN_FROM.year}."
        yield PartyProblem(field=field, code="born_too_early", message=message)
    elif (due := booked_type(passenger.born, dates)) is not passenger.type:
        message = _type_message(passenger, dates, due)
        yield PartyProblem(field=field, code="type_differs", message=message)


def _type_message(passenger: Passenger, dates: Sequence[date], due: PassengerType) -> str:
    if (
        passenger.type is PassengerType.INFANT
        and passenger_type(passenger.born, min(dates)) is passenger.type
    ):
        return "This infant turns 2 before the last flight and needs a seat there: book it as a child."
    return f"By the date of birth this passenger travels as {due}, not as {passenger.type}."


def _party_problems(there: Party, conditions: Conditions, declared: Party) -> Iterator[PartyProblem]:
    def problem(code: str, message: str) -> PartyProblem:
        return PartyProblem(field="passengers", code=code, message=message)

    if there.size == 0:
        yield problem("nobody", "Somebody has to travel.")
    if there.seats > MOST_SEATS:
        yield problem("too_many", f"One booking takes {MOST_SEATS} seats at most, not {there.seats}.")
    if there.infants > there.adults:
        yield problem("infants_without_adults", "Each infant travels on the lap of an adult of its own.")
    if there.children and not there.adults and not conditions.minors_alone:
        yield problem("minors_alone", "This fare takes no children without an adult.")
    if there != declared:
        yield problem("party_differs", f"The offer is for {declared}; these passengers are {there}.")


def counted(kind: PassengerType, count: int) -> str:
    """As a person says it: `1 child`, `2 children`."""
    if count == 1:
        return f"1 {kind}"
    return f"{count} {'children' if kind is PassengerType.CHILD else f'{kind}s'}"
