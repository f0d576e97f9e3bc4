"""What a calendar of lowest fares may ask, and what is wrong with it."""

import calendar
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from bookingd.domain.fare_calendar import MOST_DAYS, MOST_NIGHTS, CalendarCriteria
from bookingd.domain.flights import Cabin
from bookingd.domain.passengers import Party
from bookingd.domain.search import MOST_STOPS
from bookingd.storage import places
from bookingd.storage.database import Database
from handlers.criteria import (
    DAYS_AHEAD,
    currency_mistakes,
    currency_of,
    party_mistakes,
    slice_mistakes,
    today_at,
    wrong,
)
from handlers.errors import FieldError, invalid
from handlers.fields import MISSING, NEEDED, Choice, Code, Day, Request, Said, Text, Whole, load_query
from handlers.flight_requests import AskedSlice
from handlers.requests import schema

RANGE = ("from", "to")

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """A range of days, both included."""

    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        length = (self.last - self.first).days + 1
        return (self.first + timedelta(days=number) for number in range(length))


class Month(fields.String):
    """A month as `2027-01`. Loaded as its days."""

    default_error_messages = {  # noqa: RUF012
        **NEEDED,
        "invalid": Said("month", "This has to be a month as 2027-01."),
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = _MONTH.fullmatch(value) if isinstance(value, str) else None
        if found is None or found[1] == "0000":
            raise self.make_error("invalid")
        year, month = int(found[1]), int(found[2])
        return Days(first=date(year, month, 1), last=date(year, month, calendar.monthrange(year, month)[1]))


class CalendarSearch(Request):
    """Days of departure, as a month or from one day to another, and what is looked for on each of them."""

    origin = Code(required=True, metadata={"description": "Airport or city (IATA).", "example": "FRA"})
    destination = Code(required=True, metadata={"description": "Airport or city (IATA).", "example": "LON"})
    month = Month(load_default=None, metadata={"description": "All days of a month.", "example": "2027-01"})
    from_ = Day(
        data_key="from",
        attribute="first_day",
        load_default=None,
        metadata={"description": "Instead of `month`: the first day of departure, local date at the origin."},
    )
    to = Day(
        attribute="last_day",
        load_default=None,
        metadata={"description": f"The last one; {MOST_DAYS} days at most."},
    )
    stay_nights = Whole(
        0,
        MOST_NIGHTS,
        load_default=None,
        metadata={"description": "There and back: from departure to the way back; left out for one way."},
    )
    adults = Whole(0, 99, load_default=1, metadata={"description": "12 years and older."})
    children = Whole(0, 99, load_default=0, metadata={"description": "2 to 11 years old when flying."})
    infants = Whole(0, 99, load_default=0, metadata={"description": "Under 2, on an adult's lap."})
    cabin = Choice([cabin.value for cabin in Cabin], load_default=Cabin.ECONOMY.value)
    currency = Text(
        longest=3,
        shortest=3,
        load_default=None,
        metadata={"description": "One that the agency sells in; its own unless said."},
    )
    max_stops = Whole(
        0,
        MOST_STOPS,
        load_default=MOST_STOPS,
        metadata={"description": "Connections on each slice at most, as in a search; no limit unless given."},
    )

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _a_month_or_a_range(self, data: Any, original: Any, **_: Any) -> None:
        given = set(original) if isinstance(original, Mapping) else set()
        if "month" in given:
            words = "The days are told by `month`: leave this out, or leave that out."
            mistakes = {name: [Said("both", words)] for name in RANGE if name in given}
        elif given.isdisjoint(RANGE):
            mistakes = {"month": [Said("required", "Say which days: `month`, or `from` and `to`.")]}
        else:
            mistakes = {name: [MISSING] for name in RANGE if name not in given}
        if mistakes:
            raise ValidationError(mistakes)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarQuery:
    """A calendar that was found good: the days to show, and what is looked for on those that are not over."""

    days: Days
    criteria: CalendarCriteria
    currency: str | None
    """Where it is not the agency's own."""


async def understand(
    pairs: Any, *, database: Database, currencies: Sequence[str], now: datetime
) -> CalendarQuery:
    """What a query string (a multi-dictionary) means. Raises Problem with all that is wrong."""
    asked = load_query(schema(CalendarSearch), pairs)
    days = asked["month"] or Days(first=asked["first_day"], last=asked["last_day"])
    origin, destination = asked["origin"].strip().upper(), asked["destination"].strip().upper()
    async with database.connection() as connection:
        known = await places.known(connection, codes={origin, destination})
    today = today_at(known.get(origin), now)
    party = Party(adults=asked["adults"], children=asked["children"], infants=asked["infants"])
    ends = AskedSlice(origin=origin, destination=destination, day=today)
    mistakes = [
        *slice_mistakes([ends], [("origin", "destination", "from")], known=known, now=now),
        *_day_mistakes(days, today, whole_month=asked["month"] is not None),
        *party_mistakes(party),
        *currency_mistakes(currencies, asked["currency"]),
    ]
    if mistakes:
        raise invalid(*mistakes)
    criteria = CalendarCriteria(
        origin=origin,
        destination=destination,
        first_day=max(days.first, today),
        last_day=min(days.last, today + timedelta(days=DAYS_AHEAD)),
        stay_nights=asked["stay_nights"],
        party=party,
        cabin=Cabin(asked["cabin"]),
        max_stops=asked["max_stops"],
        currency=currency_of(currencies, asked["currency"]),
    )
    own = criteria.currency == currencies[0]
    return CalendarQuery(days=days, criteria=criteria, currency=None if own else criteria.currency)


def _day_mistakes(days: Days, today: date, *, whole_month: bool) -> Iterator[FieldError]:
    """Days that are over, or that nobody sells yet, may be among them, as long as others are too."""
    first, last = ("month", "month") if whole_month else RANGE
    furthest = today + timedelta(days=DAYS_AHEAD)
    if days.last < days.first:
        yield wrong(last, "before_first", f"The last day is before the first one, {days.first}.")
    elif days.last < today:
        yield wrong(last, "past", f"{days.last} is over; at the origin it is {today}.")
    elif days.first > furthest:
        yield wrong(first, "too_far", f"Flights are sold {DAYS_AHEAD} days ahead, until {furthest}.")
    elif (days.last - days.first).days >= MOST_DAYS:
        yield wrong(last, "too_many_days", f"A calendar has {MOST_DAYS} days at most.")
