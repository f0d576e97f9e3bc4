"""Start and stop the embedded PostgreSQL, and never leave it behind.

Its one rule: one process owns a data directory. It holds a lock on it, starts the server from its main
thread (the kernel ties the wish to die together to that thread), and a start waits for the orderly end
of a server whose owner was killed.
"""

import asyncio
import fcntl
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

from bookingd.engine import process, sockets
from bookingd.engine.account import Account, server_account
from bookingd.engine.binaries import Binaries, find_binaries
from bookingd.engine.cluster import DAEMON, DATABASE, HERE, SUPERUSER, Cluster
from bookingd.engine.errors import EngineError, told_by_system
from bookingd.sources import Clock, SystemClock

logger = logging.getLogger(__name__)

READY_WITHIN = 60.0  # seconds; the recovery after a crash reads at most max_wal_size
STOP_WITHIN = 20.0
LOOK_EVERY = 0.01  # PostgreSQL tells that it is ready by a line in a file, which nothing can be awaited on
AGAIN_AFTER = 1.0
SPACE_NEEDED = 100 * 1024 * 1024

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",
    "jit": "off",
    "autovacuum_naptime": "10s",  # plans made while a table was small go when it has been analysed
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %a ",
    "cluster_name": "bookingd",
    "client_connection_check_interval": "5s",
    "idle_in_transaction_session_timeout": "60s",
}

# Enough for tests: a killed process loses nothing that it has written, only a fallen machine does.
UNSAFE_SETTINGS: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What a start found out, and what a second start of the same server needs again."""

    account: Account
    binaries: Binaries
    sockets: Path


class Engine:
    """A PostgreSQL server under `directory` that lives as long as this process, or until `stop`.

        async with Engine(Path("var/postgres")) as engine:
            database = await Database.open(dsn=engine.dsn(DAEMON))

    `settings` are added to the server's own (`{"shared_buffers": "512MB"}`). With `durable=False` it does
    not wait for the disk. Start it from the main thread.
    """

    def __init__(
        self,
        directory: Path,
        *,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._cluster = Cluster(directory=directory.absolute())
        self._durable = durable
        self._settings = {**SETTINGS, **({} if durable else UNSAFE_SETTINGS), **(settings or {})}
        self._clock = clock or SystemClock()
        self._lock: IO[str] | None = None
        self._place: _Place | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._log_read_from = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def pid(self) -> int | None:
        """The server's process; None while it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def log(self) -> Path:
        """The file with all that PostgreSQL had to say."""
        return self._cluster.log

    def dsn(self, role: str = DAEMON, database: str = DATABASE) -> str:
        """Where `role` connects to; stays the same until `stop`."""
        return _dsn(role, database, self._started().sockets)

    async def start(self) -> None:
        """Make the data if there is none, start the server, return when it answers.

        Raises EngineError: used by another daemon, no binaries, data of another major version, a full
        disk, or whatever PostgreSQL itself gives as its reason. Nothing is left running then.
        """
        if threading.current_thread() is not threading.main_thread():
            raise EngineError(
                "the embedded PostgreSQL was to be started from a side thread",
                "Start it from the main thread: it ends together with the thread that started it.",
            )
        try:
            self._take_lock()
            self._place = await self._prepare()
            await self._serve(self._place)
        except BaseException as error:
            await self.stop()
            if isinstance(error, OSError):
                raise told_by_system(error) from error
            raise

    async def stop(self) -> None:
        """End the server in order (its clients are thrown out), and clear away socket and lock."""
        if self._process is not None:
            await self._end(self._process)
            self._process = None
        if self._place is not None:
            sockets.clear_directory(self._cluster.socket_note, self._place.account)
            self._place = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def keep_running(self) -> None:
        """Start the server again, at the same address, whenever it ends by itself; never returns.

        For a task that is cancelled before `stop`. PostgreSQL survives the crash of a session alone; this
        is for the death of its first process.
        """
        place = self._started()
        while self._process is not None:
            status = await process.exit_of(self._process)
            logger.error(
                "PostgreSQL has ended (status %s): %s", status, self._last_words() or "no last words"
            )
            await self._clock.sleep(AGAIN_AFTER)
            with suppress(EngineError):  # its log tells; the next round tries again
                await self._serve(place)

    def _started(self) -> _Place:
        if self._place is None:
            raise EngineError("the embedded PostgreSQL is not running", "Start it first.")
        return self._place

    def _take_lock(self) -> None:
        self._cluster.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self._cluster.lock.open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            lock.close()
            raise EngineError(
                f"another bookingd (process {owner}) uses {self._cluster.directory}",
                "Stop it, or give this one a directory of its own.",
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    async def _prepare(self) -> _Place:
        """Whatever has to be there before the server: programs, data, a place for its socket."""
        account = server_account(self._cluster.data)
        binaries = await asyncio.to_thread(find_binaries, account)
        await self._outlive_former()
        self._log_read_from = self._cluster.rotate_log()
        self._check_space()
        if self._cluster.exists():
            self._cluster.check_major()
        else:
            await self._initialise(binaries, account)
        sockets.clear_directory(self._cluster.socket_note, account)
        place = sockets.make_directory(self._cluster.socket_note, account)
        return _Place(account=account, binaries=binaries, sockets=place)

    async def _outlive_former(self) -> None:
        """Wait for a server whose owner was killed; it is on its way out, as we hold the lock.

        A file that names a reused process number is removed: PostgreSQL would take that process for a
        server of its own.
        """
        former = self._cluster.postmaster()
        if former is None:
            return
        if self._cluster.serves(former.pid):
            logger.info("waiting for the former PostgreSQL (process %s) to end", former.pid)
            await self._see_off(former.pid)
        elif self._cluster.is_taken(former.pid):
            self._cluster.postmaster_file.unlink(missing_ok=True)

    async def _see_off(self, pid: int) -> None:
        for kind, patience in ((signal.SIGINT, STOP_WITHIN), (signal.SIGQUIT, 5.0)):
            with suppress(ProcessLookupError, TimeoutError):
                os.kill(pid, kind)
                async with asyncio.timeout(patience):
                    await process.end_of(pid)
            if not self._cluster.serves(pid):
                return
        raise EngineError(
            f"a PostgreSQL server (process {pid}) runs in {self._cluster.data} and does not end",
            f"Look at it, and end it with: kill -QUIT {pid}",
        )

    def _check_space(self) -> None:
        free = shutil.disk_usage(self._cluster.directory).free
        if free < SPACE_NEEDED:
            raise EngineError(
                f"the disk of {self._cluster.directory} is full ({free // 2**20} MB left)",
                f"Free at least {SPACE_NEEDED // 2**20} MB there.",
            )

    async def _initialise(self, binaries: Binaries, account: Account) -> None:
        """Make data, roles and database aside, and put them in place when all is done."""
        draft = self._cluster.draft(account)
        options = ["-D", HERE, "-U", SUPERUSER, "--encoding=UTF8", "--locale=C", "--no-instructions"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options += ["--auth-local=peer", "--auth-host=reject"] + ([] if self._durable else ["--no-sync"])
        await self._run([str(binaries.initdb), *options], draft, account)
        self._cluster.write_access_rules(draft, account)
        single = [str(binaries.postgres), "--single", "-j", "-D", HERE, "-c", "exit_on_error=on", SUPERUSER]
        await self._run(single, draft, account, self._cluster.bootstrap_script())
        draft.rename(self._cluster.data)

    async def _run(self, command: list[str], place: Path, account: Account, text: str = "") -> None:
        """Run a program of PostgreSQL to its end. Raises EngineError with its last words."""
        with self._cluster.log.open("ab") as log, tempfile.TemporaryFile() as given:
            given.write(text.encode())
            given.seek(0)
            child = process.start(
                command, place=place, account=account, at_our_death=signal.SIGKILL, log=log, given=given
            )
        try:
            status = await process.exit_of(child)
        finally:
            child.kill()  # in case we were cancelled; does nothing to a process that has ended
            child.wait()
        if status != 0:
            raise self._failure(f"{Path(command[0]).name} failed")

    async def _serve(self, place: _Place) -> None:
        """Start the server and return when it answers."""
        settings = {**self._settings, "unix_socket_directories": str(place.sockets)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(place.binaries.postgres), "-D", HERE, *options]
        with self._cluster.log.open("ab") as log:
            self._process = process.start(
                command, place=self._cluster.data, account=place.account, at_our_death=signal.SIGINT, log=log
            )
        try:
            async with asyncio.timeout(READY_WITHIN):
                while not self._ready(self._process):
                    await self._clock.sleep(LOOK_EVERY)
        except TimeoutError as error:
            raise self._failure(f"PostgreSQL was not ready within {READY_WITHIN:.0f} s") from error

    def _ready(self, server: subprocess.Popen[bytes]) -> bool:
        if server.poll() is not None:
            raise self._failure("PostgreSQL did not start")
        found = self._cluster.postmaster()
        return found is not None and found.pid == server.pid and found.ready

    async def _end(self, server: subprocess.Popen[bytes]) -> None:
        """Fast shutdown, then immediate shutdown, then no more questions."""
        for kind, patience in ((signal.SIGINT, STOP_WITHIN), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            server.send_signal(kind)  # does nothing to a process that has ended
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await process.exit_of(server)
                return
            logger.warning("PostgreSQL did not end within %s s of %s", patience, kind.name)

    def _last_words(self) -> str:
        return self._cluster.last_words(self._log_read_from)

    def _failure(self, what: str) -> EngineError:
        reason = self._last_words()
        hint = f"All that it said is in {self._cluster.log}."
        if "No space left" in reason:
            hint = f"Free some space on the disk of {self._cluster.directory}."
        return EngineError(f"{what}: {reason}" if reason else what, hint)


def running_dsn(directory: Path, role: str = DAEMON, database: str = DATABASE) -> str:
    """Where the server that another process runs under `directory` is found.

    Raises EngineError when none runs there, or it is another user's.
    """
    cluster = Cluster(directory=directory.absolute())
    try:
        found = cluster.postmaster()
    except PermissionError as error:
        raise told_by_system(error) from error
    if found is None or not found.ready or found.socket_directory is None or not cluster.serves(found.pid):
        raise EngineError(
            f"no embedded PostgreSQL runs in {cluster.directory}", "Start it with: bookingd run (or make run)"
        )
    return _dsn(role, database, found.socket_directory)


def _dsn(role: str, database: str, place: Path) -> str:
    return f"postgresql://{quote(role)}@/{quote(database)}?host={quote(str(place))}"
