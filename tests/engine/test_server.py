"""The embedded PostgreSQL comes up anywhere, keeps its data, and never stays behind."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from bookingd.engine import (
    DAEMON,
    OWNER,
    SUPERUSER,
    Engine,
    EngineError,
    process,
    running_dsn,
    server,
    sockets,
)
from bookingd.engine.account import server_account
from bookingd.engine.process import end_of
from bookingd.sources import SystemClock
from tests.conftest import Spawn


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Deep, and below a directory that nobody else may enter: as in root's own temporary clone."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    place = closed / ("a-deep-checkout-" * 6) / "var" / "postgres"
    yield place
    if place.exists():  # a daemon that a test killed cannot clear its socket away
        sockets.clear_directory(place / "socket", server_account(place / "data"))


@pytest.fixture
async def engine(directory: Path) -> AsyncIterator[Engine]:
    async with Engine(directory, durable=False) as started:
        yield started


async def ask(dsn: str, statement: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def lives(pid: int | None) -> bool:
    """A dead process whose new parent has not looked yet does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except FileNotFoundError:
        return False


def drafts(directory: Path) -> list[Path]:
    return list(directory.glob("draft-*"))


def socket_place(dsn: str) -> Path:
    return Path(dsn.partition("host=")[2])


def server_pid(daemon: "subprocess.Popen[str]") -> int:
    """Waits for the daemon's line `ready PID`."""
    assert daemon.stdout is not None
    line = daemon.stdout.readline()
    assert line.startswith("ready "), line + daemon.stdout.read()
    return int(line.split()[1])


async def test_both_roles_and_the_administrator_come_in_and_the_daemon_makes_no_tables(
    engine: Engine,
) -> None:
    for role in (SUPERUSER, OWNER, DAEMON):
        assert await ask(engine.dsn(role), "SELECT current_user") == role

    await ask(engine.dsn(OWNER), "CREATE TABLE things (id integer)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await ask(engine.dsn(DAEMON), "CREATE TABLE mine (id integer)")


async def test_it_listens_on_nothing_but_a_private_socket(engine: Engine) -> None:
    place = socket_place(engine.dsn())

    assert await ask(engine.dsn(), "SHOW listen_addresses") == ""
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert len(bytes(place / ".s.PGSQL.5432")) <= 107


async def test_a_second_start_finds_its_data(directory: Path) -> None:
    async with Engine(directory, durable=False) as first:
        await ask(first.dsn(OWNER), "CREATE TABLE things AS SELECT 7 AS number")

    async with Engine(directory, durable=False) as second:
        assert await ask(second.dsn(OWNER), "SELECT number FROM things") == 7


async def test_stopping_leaves_no_process_and_no_socket(directory: Path) -> None:
    engine = Engine(directory, durable=False)
    await engine.start()
    pid, place = engine.pid, socket_place(engine.dsn())

    await engine.stop()

    assert not lives(pid)
    assert not place.exists()
    assert engine.pid is None
    with pytest.raises(EngineError, match="not running"):
        engine.dsn()


@pytest.mark.may_block
async def test_killing_the_daemon_ends_the_server_and_the_next_start_has_what_was_committed(
    directory: Path, spawn: Spawn, checkout: Path
) -> None:
    daemon = spawn(sys.executable, "-m", "tests.engine.daemon", directory, cwd=checkout)
    pid = server_pid(daemon)
    former_sockets = socket_place(running_dsn(directory))
    await ask(running_dsn(directory, OWNER), "CREATE TABLE things AS SELECT 7 AS number")

    daemon.kill()
    daemon.wait()
    async with Engine(directory, durable=False) as engine:  # at once: it waits for the former server's end
        assert await ask(engine.dsn(OWNER), "SELECT number FROM things") == 7
        assert not lives(pid)
        assert not former_sockets.exists()


@pytest.mark.may_block
async def test_a_start_waits_for_a_former_server_that_is_slow_to_end(
    directory: Path, spawn: Spawn, checkout: Path
) -> None:
    daemon = spawn(sys.executable, "-m", "tests.engine.daemon", directory, cwd=checkout)
    former = server_pid(daemon)
    os.kill(former, signal.SIGSTOP)
    daemon.kill()
    daemon.wait()
    engine = Engine(directory, durable=False)

    start = asyncio.create_task(engine.start())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(start), 0.5)
    os.kill(former, signal.SIGCONT)
    await start

    assert await ask(engine.dsn(), "SELECT 1") == 1
    await engine.stop()


@pytest.mark.may_block
async def test_killing_the_daemon_leaves_no_server_behind(
    directory: Path, spawn: Spawn, checkout: Path
) -> None:
    daemon = spawn(sys.executable, "-m", "tests.engine.daemon", directory, cwd=checkout)
    watched = asyncio.create_task(end_of(server_pid(daemon)))
    await asyncio.sleep(0)

    daemon.kill()

    async with asyncio.timeout(10):
        await watched


@pytest.mark.may_block
async def test_a_terminals_interrupt_reaches_the_daemon_and_not_the_server(
    directory: Path, spawn: Spawn, checkout: Path
) -> None:
    daemon = spawn(sys.executable, "-m", "tests.engine.daemon", directory, cwd=checkout)
    pid = server_pid(daemon)

    assert os.getsid(pid) != os.getsid(daemon.pid)

    daemon.send_signal(signal.SIGINT)
    daemon.wait()
    assert not lives(pid)


@pytest.mark.may_block
async def test_another_process_finds_the_running_server(
    directory: Path, spawn: Spawn, checkout: Path
) -> None:
    server_pid(spawn(sys.executable, "-m", "tests.engine.daemon", directory, cwd=checkout))

    assert await ask(running_dsn(directory, DAEMON), "SELECT current_user") == DAEMON


@pytest.mark.may_block
async def test_a_second_daemon_on_the_same_directory_is_told_who_has_it(
    directory: Path, spawn: Spawn, checkout: Path
) -> None:
    daemon = spawn(sys.executable, "-m", "tests.engine.daemon", directory, cwd=checkout)
    server_pid(daemon)

    with pytest.raises(EngineError, match=rf"another bookingd \(process {daemon.pid}\) uses"):
        await Engine(directory).start()

    assert await ask(running_dsn(directory), "SELECT 1") == 1


async def test_where_no_server_runs_none_is_found(directory: Path) -> None:
    with pytest.raises(EngineError, match="no embedded PostgreSQL runs") as caught:
        running_dsn(directory)

    assert "bookingd run" in caught.value.hint


async def test_a_server_that_died_is_started_again_at_the_same_address(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    dsn, former = engine.dsn(), engine.pid
    assert former is not None
    keeper = asyncio.create_task(engine.keep_running())

    os.kill(former, signal.SIGKILL)

    async with asyncio.timeout(20):
        while engine.pid in {None, former} or not await answers(dsn):
            await SystemClock().sleep(0.05)
    keeper.cancel()
    assert "PostgreSQL has ended (status -9)" in caplog.text


async def answers(dsn: str) -> bool:
    try:
        return await ask(dsn, "SELECT true") is True
    except (OSError, asyncpg.CannotConnectNowError):
        return False


async def test_data_of_another_major_version_is_refused_with_instructions(directory: Path) -> None:
    directory.joinpath("data").mkdir(parents=True)
    directory.joinpath("data", "PG_VERSION").write_text("16\n")

    with pytest.raises(EngineError, match="written by PostgreSQL 16, and this bookingd brings 18") as caught:
        await Engine(directory).start()

    assert "pg_dump" in caught.value.hint


async def test_a_stale_file_with_a_reused_process_number_does_not_stop_the_start(
    directory: Path, tmp_path: Path
) -> None:
    async with Engine(directory, durable=False):
        told = directory.joinpath("data", "postmaster.pid").read_text().splitlines()
    with tmp_path.joinpath("log").open("wb") as log:
        other = process.start(
            ["/bin/sleep", "60"],
            place=tmp_path,
            account=server_account(directory / "data"),
            at_our_death=signal.SIGKILL,
            log=log,
        )
    directory.joinpath("data", "postmaster.pid").write_text("\n".join([str(other.pid), *told[1:]]) + "\n")

    async with Engine(directory, durable=False) as engine:
        assert await ask(engine.dsn(), "SELECT 1") == 1

    assert other.poll() is None
    other.kill()
    other.wait()


async def test_an_interrupted_first_start_is_begun_anew(directory: Path) -> None:
    remains = directory / "draft-12345678"
    remains.mkdir(parents=True)
    remains.joinpath("PG_VERSION").write_text("18\n")

    async with Engine(directory, durable=False) as engine:
        assert await ask(engine.dsn(), "SELECT 1") == 1

    assert not remains.exists()


async def test_a_cancelled_start_leaves_nothing_running(directory: Path) -> None:
    start = asyncio.create_task(Engine(directory, durable=False).start())
    async with asyncio.timeout(10):
        while not drafts(directory):  # noqa: ASYNC110 - another process's file
            await asyncio.sleep(0.005)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start

    async with Engine(directory, durable=False) as engine:
        assert await ask(engine.dsn(), "SELECT 1") == 1


async def test_what_postgresql_refuses_is_told_in_its_own_words(directory: Path) -> None:
    engine = Engine(directory, durable=False, settings={"shared_buffers": "plenty"})

    with pytest.raises(EngineError, match=r"did not start: .*shared_buffers.*plenty") as caught:
        await engine.start()

    assert str(engine.log) in caught.value.hint


async def test_a_full_disk_is_told_before_anything_is_written(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SPACE_NEEDED", 2**60)

    with pytest.raises(EngineError, match=r"disk of .* is full"):
        await Engine(directory).start()

    assert not directory.joinpath("data").exists()


async def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    tmp_path.joinpath("file").write_text("")

    with pytest.raises(EngineError, match=r"cannot use .*file"):
        await Engine(tmp_path / "file" / "postgres").start()


def test_a_side_thread_may_not_start_it(directory: Path) -> None:
    told: list[BaseException] = []

    def start() -> None:
        try:
            asyncio.run(Engine(directory).start())
        except EngineError as error:
            told.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    assert "main thread" in str(told[0])
