"""Until when cancelling costs what: by the hotel's clocks, without a gap."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.cancellation import amount, steps
from bookingd.domain.hotels import ALL, FREE, Deadline, Fee, RatePlan
from bookingd.domain.money import Money
from bookingd.domain.stays import Board, CancellationStep, StayTerms

CHECK_IN = date(2027, 3, 30)
TOTAL = Money(30_001, "EUR")
NIGHTS = (3, 1, 2)
LONG_BEFORE = datetime(2027, 1, 1, tzinfo=UTC)
FIRST_NIGHT = Fee(nights=1)


def plan(*deadlines: Deadline, fee: Fee = ALL) -> RatePlan:
    return RatePlan(id=1, name="Flexible", board=Board.BREAKFAST, deadlines=deadlines, fee=fee)


USUAL = plan(
    Deadline(days_before=0, until=time(0), fee=FIRST_NIGHT), Deadline(days_before=2, until=time(18), fee=FREE)
)


def told(
    of: RatePlan,
    *,
    zone: str = "Europe/Berlin",
    check_in: date = CHECK_IN,
    now: datetime = LONG_BEFORE,
    total: Money = TOTAL,
) -> list[tuple[datetime | None, int]]:
    found = steps(of, check_in=check_in, zone=zone, total=total, nights=NIGHTS, now=now)
    return [(step.until, step.fee.amount) for step in found]


def test_free_until_then_the_first_night_then_all() -> None:
    assert told(USUAL) == [
        (datetime(2027, 3, 28, 16, tzinfo=UTC), 0),  # summer time began that morning
        (datetime(2027, 3, 29, 22, tzinfo=UTC), 15_001),  # half of it, rounded up
        (None, 30_001),
    ]


@pytest.mark.parametrize(
    ("zone", "check_in", "utc"),
    [
        ("Europe/Berlin", date(2027, 3, 29), datetime(2027, 3, 27, 17, tzinfo=UTC)),  # still winter
        ("Europe/Berlin", date(2027, 3, 30), datetime(2027, 3, 28, 16, tzinfo=UTC)),  # the day of the change
        ("Europe/Berlin", date(2027, 11, 2), datetime(2027, 10, 31, 17, tzinfo=UTC)),  # and in autumn
        ("America/New_York", date(2027, 3, 16), datetime(2027, 3, 14, 22, tzinfo=UTC)),
        ("America/Sao_Paulo", date(2027, 3, 16), datetime(2027, 3, 14, 21, tzinfo=UTC)),
        ("Asia/Kathmandu", date(2027, 3, 16), datetime(2027, 3, 14, 12, 15, tzinfo=UTC)),
        ("Pacific/Apia", date(2027, 3, 16), datetime(2027, 3, 14, 5, tzinfo=UTC)),
        ("Pacific/Honolulu", date(2027, 3, 16), datetime(2027, 3, 15, 4, tzinfo=UTC)),
        (
            "Australia/Lord_Howe",
            date(2027, 4, 6),
            datetime(2027, 4, 4, 7, 30, tzinfo=UTC),
        ),
    ],
)
def test_a_deadline_is_told_by_the_hotels_clocks_of_that_day(
    zone: str, check_in: date, utc: datetime
) -> None:
    (until, fee), *_ = told(USUAL, zone=zone, check_in=check_in)

    assert (until, fee) == (utc, 0)
    assert until is not None
    assert until.astimezone(ZoneInfo(zone)).time() == time(18)


def test_what_is_over_is_not_told() -> None:
    deadline = datetime(2027, 3, 28, 16, tzinfo=UTC)

    just_before = told(USUAL, now=deadline - timedelta(seconds=1))
    at_it = told(USUAL, now=deadline)

    assert just_before[0] == (deadline, 0)
    assert at_it == just_before[1:]


def test_what_costs_the_same_is_one_step() -> None:
    twice = plan(
        Deadline(days_before=9, until=time(18), fee=FREE),
        Deadline(days_before=2, until=time(18), fee=FREE),
        Deadline(days_before=1, until=time(18), fee=ALL),
    )

    assert told(twice) == [(datetime(2027, 3, 28, 16, tzinfo=UTC), 0), (None, 30_001)]


def test_a_rate_without_deadlines_costs_all_at_once() -> None:
    found = steps(plan(), check_in=CHECK_IN, zone="UTC", total=TOTAL, nights=NIGHTS, now=LONG_BEFORE)

    assert found == (CancellationStep(until=None, fee=TOTAL),)
    assert StayTerms(board=Board.ROOM_ONLY, cancellation=found).free_until() is None


@pytest.mark.parametrize(
    ("fee", "nights", "expected"),
    [
        (Fee(share=5000), (1, 1), 15_001),
        (Fee(share=0), (1, 1), 0),
        (Fee(nights=1), (1, 2), 10_000),
        (Fee(nights=2), (1, 2), 30_001),
        (Fee(nights=9), (1, 2), 30_001),
        (Fee(nights=1), (0, 0), 15_001),  # nothing is known of what a night is worth: equal parts
    ],
)
def test_what_a_fee_comes_to(fee: Fee, nights: tuple[int, ...], expected: int) -> None:
    assert amount(fee, total=TOTAL, nights=nights).amount == expected


fees = st.builds(Fee, share=st.integers(0, 10_000)) | st.builds(Fee, nights=st.integers(1, 5))
deadlines = st.builds(
    Deadline,
    days_before=st.integers(0, 30),
    until=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    fee=fees,
)
ZONES = "Europe/Berlin America/New_York Australia/Lord_Howe Pacific/Apia Asia/Kolkata UTC".split()


@given(
    one=st.lists(deadlines, max_size=5, unique_by=lambda one: (one.days_before, one.until)),
    fee=fees,
    zone=st.sampled_from(ZONES),
    check_in=st.dates(date(2026, 12, 1), date(2028, 2, 1)),
    ahead=st.integers(-5, 40 * 24 * 60),
)
def test_steps_leave_no_gap(one: list[Deadline], fee: Fee, zone: str, check_in: date, ahead: int) -> None:
    now = datetime.combine(check_in, time(12), UTC) - timedelta(minutes=ahead)

    found = steps(plan(*one, fee=fee), check_in=check_in, zone=zone, total=TOTAL, nights=NIGHTS, now=now)

    untils = [step.until for step in found[:-1]]
    assert found[-1].until is None
    assert all(until is not None and until > now for until in untils)
    assert untils == sorted(untils)  # type: ignore[type-var]
    assert all(step.fee != later.fee for step, later in pairwise(found))
    assert all(0 <= step.fee.amount <= TOTAL.amount for step in found)
