"""Which nights belong to which flights, and who of the guests flies as what."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from bookingd.domain.flights import Cabin, Itinerary, Slice
from bookingd.domain.packages import Nights, flying_party, nights_between
from bookingd.domain.passengers import Party
from bookingd.domain.places import instant
from bookingd.domain.stays import RoomGuests
from tests import factories

BANGKOK = "Asia/Bangkok"


def _instant(wall: str, zone: str) -> datetime:
    day, clock = wall.split()
    return instant(date.fromisoformat(day), time.fromisoformat(clock), zone)


def there_and_back(lands: str, leaves: str, zone: str = BANGKOK) -> Itinerary:
    """Flights that land and leave when clocks at the destination show it."""
    landing, leaving = _instant(lands, zone), _instant(leaves, zone)
    out = replace(factories.segment(1), destination="BKK", arrives_at=landing, destination_zone=zone)
    back = replace(factories.segment(2), origin="BKK", departs_at=leaving, origin_zone=zone)
    return Itinerary(
        slices=(Slice(segments=(out,)), Slice(segments=(back,))),
        cabin=Cabin.ECONOMY,
        conditions=factories.conditions(),
    )


@pytest.mark.parametrize(
    ("lands", "leaves", "check_in", "check_out"),
    [
        ("2027-03-02 14:00", "2027-03-09 11:00", date(2027, 3, 2), date(2027, 3, 9)),
        ("2027-03-02 23:59", "2027-03-09 23:59", date(2027, 3, 2), date(2027, 3, 9)),
        ("2027-03-02 00:40", "2027-03-09 11:00", date(2027, 3, 1), date(2027, 3, 9)),
        ("2027-03-02 05:59", "2027-03-09 11:00", date(2027, 3, 1), date(2027, 3, 9)),
        ("2027-03-02 06:00", "2027-03-09 11:00", date(2027, 3, 2), date(2027, 3, 9)),
        ("2027-03-02 14:00", "2027-03-09 00:05", date(2027, 3, 2), date(2027, 3, 8)),
        ("2027-03-02 14:00", "2027-03-09 03:00", date(2027, 3, 2), date(2027, 3, 9)),
    ],
)
def test_nights_follow_the_clocks_at_the_destination(
    lands: str, leaves: str, check_in: date, check_out: date
) -> None:
    nights = nights_between(there_and_back(lands, leaves).slices)

    assert nights == Nights(check_in=check_in, check_out=check_out)


def test_an_overnight_flight_begins_the_stay_on_the_day_after_it_left() -> None:
    itinerary = there_and_back("2027-03-03 07:30", "2027-03-05 12:00")
    assert itinerary.slices[0].departs_at < datetime(2027, 3, 2, tzinfo=UTC)

    assert nights_between(itinerary.slices) == Nights(check_in=date(2027, 3, 3), check_out=date(2027, 3, 5))


def test_over_the_date_line_the_stay_may_begin_before_the_day_of_departure() -> None:
    """Sydney to Honolulu: leaves on the 10th in the evening, lands on the 10th in the morning."""
    itinerary = there_and_back("2027-03-10 09:00", "2027-03-14 12:00", zone="Pacific/Honolulu")

    nights = nights_between(itinerary.slices)

    assert nights == Nights(check_in=date(2027, 3, 10), check_out=date(2027, 3, 14))
    assert nights is not None
    assert nights.count == 4


def test_who_leaves_on_the_day_of_arrival_needs_no_hotel() -> None:
    assert nights_between(there_and_back("2027-03-02 08:00", "2027-03-02 20:00").slices) is None
    assert nights_between(there_and_back("2027-03-02 08:00", "2027-03-03 01:00").slices) is None


def test_guests_fly_under_the_airlines_ages() -> None:
    rooms = [RoomGuests(adults=2, children=(1, 2, 11)), RoomGuests(adults=1, children=(12, 17))]

    assert flying_party(rooms) == Party(adults=5, children=2, infants=1)
