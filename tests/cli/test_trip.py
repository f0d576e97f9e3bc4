"""What `bookingd trip` asks for, against an installation that a test plays."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from click.testing import CliRunner

from bookingd.cli import cli
from bookingd.cli.trip.client import Client, Json, TripFailed
from bookingd.cli.trip.journey import Card, Journey, Wish, days_to_try
from bookingd.sources import Sources

TODAY = date(2026, 11, 22)


class Searches:
    """Answers searches; flights end with `last_day`."""

    def __init__(self, last_day: date) -> None:
        self.last_day = last_day
        self.asked: list[date] = []

    async def get(self, path: str, params: dict[str, str] | None = None) -> Json:
        assert path == "/v1/flights/offers"
        assert params is not None
        self.asked.append(date.fromisoformat(params["depart"]))
        return {"offers": [{"id": "of_1"}] if self.asked[-1] <= self.last_day else []}


class Silent:
    def step(self, text: str) -> None: ...

    def detail(self, text: str) -> None: ...


def _journey(client: Any, days: Sequence[date]) -> Journey:
    wish = Wish(
        origin="FRA", destination="LHR", days=days, back=None, card=Card.GOOD, email="ada@example.org"
    )
    return Journey(cast("Client", client), wish=wish, sources=Sources.system(), teller=Silent())


async def test_a_demonstration_that_ends_within_two_weeks_is_flown_while_it_lasts() -> None:
    searches = Searches(TODAY + timedelta(days=8))

    assert await _journey(searches, days_to_try(TODAY))._first_offers()

    assert searches.asked == [TODAY + timedelta(days=14), TODAY + timedelta(days=7)]


async def test_a_day_that_was_asked_for_is_the_only_one() -> None:
    searches = Searches(TODAY)

    with pytest.raises(TripFailed, match="no flight was found from FRA to LHR: try another day"):
        await _journey(searches, [TODAY + timedelta(days=1)])._first_offers()

    assert len(searches.asked) == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--depart", "2999-01-02", "--return", "2999-01-01"], "before the departure"),
        (["--return", datetime.now(UTC).date().isoformat()], "before the departure"),
        (["--decline", "--three-d-secure"], "exclude each other"),
        (["--paypal", "--three-d-secure"], "exclude each other"),
    ],
)
def test_a_trip_that_nobody_can_make_is_wrong_usage(arguments: list[str], reason: str) -> None:
    result = CliRunner().invoke(cli, ["trip", *arguments], prog_name="bookingd")

    assert result.exit_code == 2
    assert reason in result.stderr


def test_an_installation_that_is_not_there_is_a_sentence() -> None:
    result = CliRunner().invoke(cli, ["trip", "--url", "http://127.0.0.1:9"], prog_name="bookingd")

    assert result.exit_code == 1
    assert "http://127.0.0.1:9 does not answer" in result.stderr
    assert "Traceback" not in result.stderr
