"""What a flight search may ask, beyond the form of its fields: every mistake at once, by its field."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from bookingd.domain.passengers import MOST_SEATS, Party
from bookingd.domain.places import local
from bookingd.domain.search import FlightCriteria
from bookingd.storage.places import Place
from handlers.errors import FieldError, invalid

DAYS_AHEAD = 361
"""Airlines open their flights 330 to 361 days ahead (Lufthansa and SAS say 361; read 2026-11)."""


def check(
    criteria: FlightCriteria, *, asked_currency: str | None, known: Mapping[str, Place], now: datetime
) -> None:
    """Raises Problem with everything that keeps the search from being made."""
    origin = known.get(criteria.slices[0].origin)
    today = local(now, origin.zone).date() if origin else now.astimezone(UTC).date()
    found = [
        *_places(criteria, known),
        *_dates(criteria, today),
        *_party(criteria.party),
        *_currency(criteria.currency, asked_currency),
    ]
    if found:
        raise invalid(*found)


def _places(criteria: FlightCriteria, known: Mapping[str, Place]) -> Iterator[FieldError]:
    out = criteria.slices[0]
    for field, code in (("origin", out.origin), ("destination", out.destination)):
        if code not in known:
            yield _wrong(field, "unknown_place", f"{code} is neither an airport nor a city that we know.")
    ends = [known[code].city_code for code in (out.origin, out.destination) if code in known]
    if len(ends) == 2 and ends[0] == ends[1]:
        yield _wrong("destination", "same_place", "Origin and destination are in the same place.")


def _dates(criteria: FlightCriteria, today: date) -> Iterator[FieldError]:
    last = today + timedelta(days=DAYS_AHEAD)
    days = [part.day for part in criteria.slices]
    for field, day in zip(("depart", "return"), days, strict=False):
        if day < today:
            yield _wrong(field, "past", f"{day} is over; at the origin it is {today}.")
        elif day > last:
            yield _wrong(field, "too_far", f"Flights are sold {DAYS_AHEAD} days ahead, until {last}.")
    if days[-1] < days[0]:
        yield _wrong("return", "before_departure", "The return is before the departure.")


def _party(party: Party) -> Iterator[FieldError]:
    if party.adults == 0:
        words = "At least one adult travels; for children who travel alone, ask the agency's staff."
        yield _wrong("adults", "no_adults", words)
    if party.seats > MOST_SEATS:
        field = "adults" if party.adults >= party.children else "children"
        yield _wrong(field, "too_many", f"One booking takes {MOST_SEATS} seats at most, not {party.seats}.")
    if party.infants > party.adults:
        words = "Each infant travels on the lap of an adult of its own."
        yield _wrong("infants", "infants_without_adults", words)


def _currency(ours: str, asked: str | None) -> Iterator[FieldError]:
    if asked is not None and asked.upper() != ours:
        yield _wrong("currency", "currency", f"Prices are in {ours} only.")


def _wrong(field: str, code: str, message: str) -> FieldError:
    return FieldError(field=field, code=code, message=message)
