"""`bookingd trip` as an operator runs it: its words and its exit status."""

import json
from pathlib import Path

import pytest

from tests.acceptance.conftest import Agency
from tests.acceptance.daemon import Daemon, free_port
from tests.conftest import Spawn


async def test_a_trip_is_booked_and_told_about(agency: Agency) -> None:
    status, told, steps = await agency.daemon.command("trip", "--url", agency.daemon.url)

    assert status == 0, steps
    [booking] = (await agency.check()).values()
    assert f"Booking {booking.reference}" in told
    assert "confirmed" in told
    assert "FRA" in told
    assert "LHR" in told
    assert all(ticket in told for ticket in booking.tickets)
    assert "ada@example.org" in told
    assert "payment.captured" in steps
    assert "invoice INV-" in told
    assert "receipt REC-" in told


async def test_as_json_it_is_the_booking_alone(agency: Agency) -> None:
    status, told, _ = await agency.daemon.command("trip", "--url", agency.daemon.url, "--json")

    assert status == 0
    assert json.loads(told)["state"] == "confirmed"


async def test_a_declined_trip_is_called_off_and_counts_as_success(agency: Agency) -> None:
    status, told, steps = await agency.daemon.command("trip", "--url", agency.daemon.url, "--decline")

    assert status == 0, steps
    assert "cancelled" in told
    [booking] = (await agency.check()).values()
    assert booking.state == "cancelled"
    assert [payment["captured"] for payment in (await agency.gateway.payments()).values()] == [0]


async def test_a_trip_with_three_d_secure_answers_the_bank(agency: Agency) -> None:
    status, told, steps = await agency.daemon.command("trip", "--url", agency.daemon.url, "--three-d-secure")

    assert status == 0, steps
    assert "confirmed" in told
    assert "3-D Secure" in steps
    await agency.check()


async def test_a_trip_fails_where_the_gateway_takes_no_card(agency: Agency) -> None:
    """The smoke test must be able to fail: a gateway that takes no calls is no working installation."""
    await agency.gateway.misbehave("error_before", "payment_method")

    status, _, steps = await agency.daemon.command("trip", "--url", agency.daemon.url, "--timeout", "10")

    assert status == 1
    assert "Traceback" not in steps


@pytest.mark.parametrize("topology", ["in memory"], indirect=True)
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "QQQ"), "destination"),
        (("--from", "LHR", "--to", "LHR"), "destination"),
        (("--depart", "2020-01-01"), "depart"),
        (("--to", "JFK"), "no flight was found"),
    ],
)
async def test_what_cannot_be_booked_is_said(agency: Agency, arguments: tuple[str, ...], words: str) -> None:
    status, told, steps = await agency.daemon.command("trip", "--url", agency.daemon.url, *arguments)

    assert status == 1
    assert words in steps
    assert told == ""
    assert "Traceback" not in steps
    assert await agency.check() == {}


async def test_where_nobody_listens_it_says_so(spawn: Spawn, tmp_path: Path) -> None:
    nobody = Daemon(directory=tmp_path, port=free_port(), spawn=spawn)

    status, told, steps = await nobody.command("trip", "--url", nobody.url)

    assert status == 1
    assert f"{nobody.url} does not answer" in steps
    assert told == ""
    assert "Traceback" not in steps
