"""The benchmarks run from end to end, so that nobody finds them rotten on the day they are needed."""

import json
import sys
from pathlib import Path

import pytest

from tests.conftest import Spawn

ROOMS_OF = {"front": "handlers", "back": "actors."}
"""What each process is busy with, whichever of them is the costliest in so short a run."""


@pytest.mark.timeout(300)
def test_a_tiny_run_measures_all_and_shows_ratios(spawn: Spawn, tmp_path: Path, checkout: Path) -> None:
    file = tmp_path / "figures.json"
    tiny = ["--seconds", "0.5", "--rounds", "1", "--users", "2", "--departures", "1000"]
    tiny += ["--topology", "rabbitmq", "--buyers", "30", "--seats", "3", "--hotels", "20"]
    tiny += ["--sizes", "600,2400", "--waiting", "200"]

    run = spawn(sys.executable, "-m", "benchmarks", "all", *tiny, "--json", file, cwd=checkout)
    assert run.stdout is not None
    said = run.stdout.read()

    assert run.wait() == 0, said
    found = json.loads(file.read_text())
    (booked,) = found["booking"]
    assert booked["users"] == 2
    assert booked["ours"][0]["done"] > 0
    assert booked["floor"][0]["done"] > 0
    assert 0 < booked["ratio"][0] < 1
    assert booked["topology"] == "rabbitmq"
    assert found["contest"][0]["sold_out"] > 0
    assert len(found["spine"]) == 3
    assert all(one["ratio"][0] > 0 for one in found["spine"])
    assert 0 < found["cached_search"]["rate_ratio"][0] < 1
    assert found["new_searches"]["done"] > 0
    assert [one["at_once"] for one in found["fanout"]["added"]] == [1, 4]
    assert all(one["rounds"][0]["done"] > 0 for one in found["fanout"]["added"])
    assert set(found["fanout"]["together"]["calls"]) == {1}
    small, large = found["inventories"]["sizes"]
    assert large["days"] > small["days"]
    assert large["routes"] == 2 * small["routes"]
    assert small["rounds"][0]["done"] > 0
    assert found["inventories"]["growth"][0] > 0
    assert all(one["rounds"][0]["done"] > 0 for one in found["inventories"]["wider"].values())
    assert found["refining"]["offers"] == 10_000
    assert found["refining"]["ours"][0]["p99_ms"] > 0
    assert found["refining"]["ratio"][0] > 1
    looked_up = found["places"]
    assert looked_up["hotels"] == 20
    assert looked_up["right"][0]["done"] > 0
    assert looked_up["mistaken"][0]["done"] > 0
    assert looked_up["found"] > 0.95
    assert looked_up["found_mistaken"] > 0.7
    signed_in = found["sign_ins"]
    assert signed_in["ours"][0]["done"] >= signed_in["users"]
    assert signed_in["ratio"][0] > 0
    assert signed_in["beside"][0]["done"] > 0
    assert {"daemon", "PostgreSQL", "sandbox", "load generator"} <= booked["ours"][0]["cpu_ms_each"].keys()
    assert [one["gateway"] for one in found["payments"]] == ["stripe", "paypal"]
    assert all(one["ours"][0]["done"] > 0 and 0 < one["ratio"][0] < 1 for one in found["payments"])
    assert [one["gateway"] for one in found["webhooks"]] == ["stripe", "paypal"]
    assert all(one["ours"][0]["p99_ms"] > 0 and one["ratio"][0] > 0 for one in found["webhooks"])
    assert found["profiles"] is None
    assert "confirmed bookings/s" in said
    assert "ratio" in said


@pytest.mark.full
@pytest.mark.alone
@pytest.mark.parametrize("what", ["booking", "contest"])
def test_where_the_daemons_time_goes_is_told_or_why_it_cannot_be(
    what: str, spawn: Spawn, tmp_path: Path, checkout: Path
) -> None:
    file = tmp_path / "figures.json"
    tiny = ["--seconds", "1", "--rounds", "1", "--users", "8", "--departures", "1000"]
    tiny += ["--topology", "split", "--buyers", "1000", "--seats", "50"]

    run = spawn(sys.executable, "-m", "benchmarks", what, *tiny, "--profile", "--json", file, cwd=checkout)
    assert run.stdout is not None
    said = run.stdout.read()

    assert run.wait() == 0, said
    found = json.loads(file.read_text())
    assert found[what]
    profiles = found["profiles"]
    assert bool(profiles["found"]) != bool(profiles["missed"])
    assert profiles["found"] or "No profile" in said
    for profile in profiles["found"]:
        assert f"Where the time of {profile['component']} goes" in said
        assert profile["samples"] > 0
        busy = ROOMS_OF[profile["component"]]
        assert any(room["name"].startswith(busy) for room in profile["rooms"])


def test_what_has_no_profile_is_not_asked_for_one(spawn: Spawn, checkout: Path) -> None:
    run = spawn(sys.executable, "-m", "benchmarks", "search", "--profile", cwd=checkout)
    assert run.stdout is not None

    said = run.stdout.read()

    assert run.wait() == 2
    assert "search has no profile" in said
