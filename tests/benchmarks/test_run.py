"""The benchmarks run from end to end, so that nobody finds them rotten on the day they are needed."""

import json
import sys
from pathlib import Path

from tests.conftest import Spawn


def test_a_tiny_run_measures_all_and_shows_ratios(spawn: Spawn, tmp_path: Path, checkout: Path) -> None:
    file = tmp_path / "figures.json"
    tiny = ["--seconds", "0.5", "--rounds", "1", "--users", "2", "--departures", "1000"]
    tiny += ["--topology", "rabbitmq", "--buyers", "30", "--seats", "3"]

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
    assert {"daemon", "PostgreSQL", "sandbox", "load generator"} <= booked["ours"][0]["cpu_ms_each"].keys()
    assert "confirmed bookings/s" in said
    assert "ratio" in said
