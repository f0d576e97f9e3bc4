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
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

from bookingd.engine import launch
from bookingd.engine.account import Account, server_account
from bookingd.engine.binaries import Binaries, find_binaries
from bookingd.engine.cluster import DAEMON, DATABASE, HERE, SUPERUSER, Cluster
from bookingd.engine.errors import EngineError
from bookingd.sources import Clock, SystemClock

logger = logging.getLogger(__name__)

READY_WITHIN = 60.0  # seconds; the recovery after a crash reads at most max_wal_size
STOP_WITHIN = 20.0
LOOK_EVERY = 0.01  # PostgreSQL tells that it is ready by a line in a file, which nothing can be awaited on
LOG_LIMIT = 10 * 1024 * 1024
SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 107  # bytes: sockaddr_un.sun_path less its end (unix(7))
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
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %a ",
    "cluster_name": "bookingd",
    "client_connection_check_interval": "5s",
    "idle_in_transaction_session_timeout": "60s",
}

# Enough for tests: a killed process loses nothing that it has written, only a fallen machine does.
UNSAFE_SETTINGS: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class Engine:
    """A PostgreSQL server under `directory` that lives as long as this process, or until `stop`.

        async with Engine(Path("var/postgres")) as engine:
            engine.dsn("bookingd")

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
        self._process: subprocess.Popen[bytes] | None = None
        self._account: Account | None = None
        self._sockets: Path | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def pid(self) -> int | None:
        """The server's process, None while it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def log(self) -> Path:
        """What PostgreSQL had to say."""
        return self._cluster.log

    def dsn(self, role: str = DAEMON, database: str = DATABASE) -> str:
        """Where `role` connects to; stays the same until `stop`."""
        if self._sockets is None:
            raise EngineError("the embedded PostgreSQL is not running", "Start it before asking where it is.")
        return _dsn(role, database, self._sockets)

    async def start(self) -> None:
        """Make the data if there is none, start the server, return when it answers.

        Raises EngineError: locked by another daemon, no binaries, data of another major version, a full
        disk, or whatever PostgreSQL itself gives as its reason.
        """
        if threading.current_thread() is not threading.main_thread():
            raise EngineError(
                "the embedded PostgreSQL was started from a side thread",
                "Start it from the main thread: it ends together with the thread that started it.",
            )
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        self._cluster.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._take_lock()
        self._account = server_account(self._cluster.data)
        binaries = await asyncio.to_thread(find_binaries, self._account)
        await self._outlive_former()
        self._rotate_log()
        self._check_space()
        if self._cluster.exists():
            self._cluster.check_major()
        else:
            await self._initialise(binaries, self._account)
        self._cluster.clear_socket_directory(self._account)
        self._sockets = self._make_socket_directory(self._account)
        await self._serve(binaries, self._account, self._sockets)

    async def stop(self) -> None:
        """End the server in order (its clients are thrown out), and clear away socket and lock."""
        if self._process is not None:
            await self._end(self._process)
            self._process = None
        if self._account is not None and self._sockets is not None:
            self._cluster.clear_socket_directory(self._account)
            self._sockets = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def ended(self) -> int:
        """Wait for the server's end, whoever brought it about; its exit status. `start` starts it again."""
        if self._process is None:
            raise EngineError("the embedded PostgreSQL is not running", "Start it before waiting for its end.")
        return await _exit_of(self._process)

    async def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Fast shutdown, then immediate shutdown, then no more questions."""
        for kind, patience in ((signal.SIGINT, STOP_WITHIN), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            process.send_signal(kind)  # does nothing to a process that has ended
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await _exit_of(process)
                    return
            logger.warning("PostgreSQL did not end within %s s of %s", patience, kind.name)

    def _take_lock(self) -> None:
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
        elif Path(f"/proc/{former.pid}").exists():
            (self._cluster.data / "postmaster.pid").unlink(missing_ok=True)

    async def _see_off(self, pid: int) -> None:
        for kind, patience in ((signal.SIGINT, STOP_WITHIN), (signal.SIGQUIT, 5.0)):
            with suppress(ProcessLookupError, TimeoutError):
                os.kill(pid, kind)
                async with asyncio.timeout(patience):
                    await _end_of(pid)
            if not self._cluster.serves(pid):
                return
        raise EngineError(
            f"a PostgreSQL server (process {pid}) runs in {self._cluster.data} and does not end",
            f"Look at it, and end it with: kill -QUIT {pid}",
        )

    def _rotate_log(self) -> None:
        log = self._cluster.log
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))

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
        single = [str(binaries.postgres), "--single", "-j", "-D", HERE, "-c", "log_min_messages=error"]
        await self._run([*single, SUPERUSER], draft, account, self._cluster.bootstrap_script())
        draft.rename(self._cluster.data)

    async def _run(self, command: list[str], place: Path, account: Account, given: str = "") -> None:
        """Run a program of PostgreSQL to its end. Raises EngineError with its last words."""
        with self._log_opened() as log, tempfile.TemporaryFile() as text:
            text.write(given.encode())
            text.seek(0)
            process = _launch(command, place, account, signal.SIGKILL, log=log, text=text)
        if await _exit_of(process) != 0:
            raise self._failure(f"{Path(command[0]).name} failed")

    async def _serve(self, binaries: Binaries, account: Account, sockets: Path) -> None:
        settings = {**self._settings, "unix_socket_directories": str(sockets)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(binaries.postgres), "-D", HERE, *options]
        with self._log_opened() as log:
            self._process = _launch(command, self._cluster.data, account, signal.SIGINT, log=log)
        await self._until_ready(self._process)

    async def _until_ready(self, process: subprocess.Popen[bytes]) -> None:
        try:
            async with asyncio.timeout(READY_WITHIN):
                while not self._ready(process):
                    await self._clock.sleep(LOOK_EVERY)
        except TimeoutError as error:
            raise self._failure(f"PostgreSQL was not ready within {READY_WITHIN:.0f} s") from error

    def _ready(self, process: subprocess.Popen[bytes]) -> bool:
        if process.poll() is not None:
            raise self._failure("PostgreSQL did not start")
        found = self._cluster.postmaster()
        return found is not None and found.pid == process.pid and found.ready

    def _failure(self, what: str) -> EngineError:
        reason = self._cluster.last_words()
        hint = f"All that it said is in {self._cluster.log}."
        if "No space left" in reason:
            hint = f"Free some space on the disk of {self._cluster.directory}."
        return EngineError(f"{what}: {reason}" if reason else what, hint)

    def _log_opened(self) -> IO[bytes]:
        return self._cluster.log.open("ab")

    def _make_socket_directory(self, account: Account) -> Path:
        """A private directory with a short name, since a checkout may lie too deep for a socket's path."""
        place = Path(tempfile.mkdtemp(prefix="bookingd-", dir=_socket_base(account)))
        self._cluster.socket_note.write_text(str(place))
        os.chown(place, account.uid, account.gid)
        return place


def running_dsn(directory: Path, role: str = DAEMON, database: str = DATABASE) -> str:
    """Where the server that another process runs under `directory` is found.

    Raises EngineError when none runs there.
    """
    cluster = Cluster(directory=directory.absolute())
    try:
        found = cluster.postmaster()
    except PermissionError as error:
        raise EngineError(
            f"{cluster.directory} belongs to another user", "Run this as the user who runs bookingd."
        ) from error
    if found is None or not found.ready or found.socket_directory is None or not cluster.serves(found.pid):
        raise EngineError(
            f"no embedded PostgreSQL runs in {cluster.directory}", "Start it with: bookingd run (or make run)"
        )
    return _dsn(role, database, found.socket_directory)


def _dsn(role: str, database: str, sockets: Path) -> str:
    return f"postgresql://{quote(role)}@/{quote(database)}?host={quote(str(sockets))}"


def _socket_base(account: Account) -> Path:
    """The first directory that is short, enterable for the server and writable for us."""
    own = [os.environ.get("XDG_RUNTIME_DIR", "")] if not account.foreign else []
    places = [Path(place).resolve() for place in (*own, tempfile.gettempdir(), "/tmp", "/run") if place]
    length = len("/bookingd-12345678/") + len(SOCKET)
    for place in places:
        short = len(os.fsencode(place)) + length <= SOCKET_PATH_LIMIT
        if short and place.is_dir() and os.access(place, os.W_OK) and account.reaches(place):
            return place
    raise EngineError(
        f"no directory was found for PostgreSQL's socket (tried {', '.join(map(str, places))})",
        "Set XDG_RUNTIME_DIR or TMPDIR to a directory with a short name that can be written to.",
    )


def _launch(
    command: list[str],
    place: Path,
    account: Account,
    at_our_death: signal.Signals,
    *,
    log: IO[bytes],
    text: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in directory `place` as `account`, in a session of its own.

    The session keeps the terminal's Ctrl-C away from the server: bookingd wants to drain first.
    """
    launcher = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), str(int(at_our_death))]
    return subprocess.Popen(
        [*launcher, account.argument, *command],
        cwd=place,
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        stdin=text or subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


@contextmanager
def _watch(pid: int) -> Iterator[int]:
    handle = os.pidfd_open(pid)
    try:
        yield handle
    finally:
        os.close(handle)


async def _end_of(pid: int) -> None:
    """Wait until process `pid` has ended. Raises ProcessLookupError when there is none."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    with _watch(pid) as handle:
        loop.add_reader(handle, lambda: ended.done() or ended.set_result(None))
        try:
            await ended
        finally:
            loop.remove_reader(handle)


async def _exit_of(process: subprocess.Popen[bytes]) -> int:
    """Wait for our child's exit status. A dead child keeps its number until we ask for the status."""
    if process.poll() is None:
        await _end_of(process.pid)
    return process.wait()
