"""What a service manager hears, at a real datagram socket."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bookingd.service_manager import MORE_TIME, ServiceManager
from bookingd.sources import SystemClock
from tests.fakes.service_manager import Ear, listening


@pytest.fixture
def address(tmp_path: Path) -> str:
    return str(tmp_path / "notify")


@pytest.fixture
def ear(address: str) -> Iterator[Ear]:
    with listening(address) as made:
        yield made


def _ready(manager: ServiceManager, *, alive: Callable[[], bool] = lambda: True) -> None:
    manager.ready(report=lambda: "ready", alive=alive)


def test_a_day_is_told_in_the_words_of_the_protocol(address: str, ear: Ear) -> None:
    manager = ServiceManager(address=address)

    manager.doing("migrating")
    manager.ready(report=lambda: "ready at http://x", alive=lambda: True)
    manager.stopping(within=25)

    assert ear.heard() == [
        "STATUS=migrating",
        "READY=1\nSTATUS=ready at http://x",
        "STOPPING=1\nSTATUS=stopping: finishing what is in hand\nEXTEND_TIMEOUT_USEC=25000000",
    ]


def test_an_abstract_address_is_reached_too() -> None:
    address = f"@bookingd-test-{os.getpid()}"
    with listening(address) as ear:
        ServiceManager(address=address).doing("well")

        assert ear.heard() == ["STATUS=well"]


def test_the_environment_names_it_once_and_no_child_sees_it(
    address: str, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")

    ServiceManager.of_this_process().doing("well")
    ServiceManager.of_this_process().doing("unheard")

    assert ear.heard() == ["STATUS=well"]
    assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} & os.environ.keys()


@pytest.mark.parametrize(("pid", "beats"), [(os.getpid(), True), (1, False)], ids=["itself", "init"])
async def test_a_watchdog_is_fed_by_the_process_that_it_watches(
    address: str, ear: Ear, monkeypatch: pytest.MonkeyPatch, pid: int, beats: bool
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    monkeypatch.setenv("WATCHDOG_PID", str(pid))
    manager = ServiceManager.of_this_process()

    async with manager.kept_informed(SystemClock()):
        _ready(manager)
        await asyncio.sleep(0.1)

    assert ("WATCHDOG=1" in ear.heard()) is beats


async def test_signs_of_life_come_twice_as_often_as_they_must(address: str, ear: Ear) -> None:
    manager = ServiceManager(address=address, watchdog=0.2)
    begin = time.monotonic()

    async with manager.kept_informed(SystemClock()):
        _ready(manager)
        told = [await ear.next() for _ in range(4)]

    assert told == [told[0], *["WATCHDOG=1"] * 3]
    assert 0.19 < time.monotonic() - begin < 0.6


@pytest.mark.may_block
async def test_a_loop_that_stands_still_gives_no_sign_of_life(address: str, ear: Ear) -> None:
    manager = ServiceManager(address=address, watchdog=0.02)

    async with manager.kept_informed(SystemClock()):
        _ready(manager)
        await asyncio.sleep(0.05)
        before = ear.heard()
        time.sleep(0.2)  # noqa: ASYNC251 - that it blocks is the point
        meanwhile = ear.heard()

    assert "WATCHDOG=1" in before
    assert meanwhile == []


async def test_a_daemon_whose_actors_do_not_run_gives_no_sign_of_life(address: str, ear: Ear) -> None:
    manager = ServiceManager(address=address, watchdog=0.02)

    async with manager.kept_informed(SystemClock()):
        _ready(manager, alive=lambda: False)
        await asyncio.sleep(0.1)
        dead = ear.heard()
        manager.stopping(within=1)
        await asyncio.sleep(0.1)

    assert "WATCHDOG=1" not in dead
    # Its parts end one by one now: what counts is that the end goes on.
    assert "WATCHDOG=1" in ear.heard()


async def test_a_start_asks_for_more_time_until_it_is_over(
    address: str, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookingd.service_manager.PULSE", 0.01)
    manager = ServiceManager(address=address)
    asked = f"EXTEND_TIMEOUT_USEC={int(MORE_TIME * 1_000_000)}"

    async with manager.kept_informed(SystemClock()):
        assert [await ear.next(), await ear.next()] == [asked, asked]
        _ready(manager)
        while not (await ear.next()).startswith("READY=1"):
            pass
        await asyncio.sleep(0.05)

    assert ear.heard() == []


async def test_what_it_waits_for_is_told_when_it_changes(
    address: str, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookingd.service_manager.PULSE", 0.01)
    manager = ServiceManager(address=address)
    report = "ready"
    manager.ready(report=lambda: report, alive=lambda: True)

    async with manager.kept_informed(SystemClock()):
        await asyncio.sleep(0.05)
        report = "not ready: database"
        await asyncio.sleep(0.05)

    assert ear.heard() == ["READY=1\nSTATUS=ready", "STATUS=not ready: database"]


async def test_an_ear_that_is_gone_is_told_and_harms_nothing(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    manager = ServiceManager(address=address)

    async with manager.kept_informed(SystemClock()):
        _ready(manager)

    assert f"the service manager at {address} does not hear" in caplog.text


async def test_with_nobody_to_tell_nothing_runs(caplog: pytest.LogCaptureFixture) -> None:
    manager = ServiceManager()

    async with manager.kept_informed(SystemClock()):
        _ready(manager)
        running = {task.get_name() for task in asyncio.all_tasks()}

    assert "service manager" not in running
    assert caplog.text == ""
