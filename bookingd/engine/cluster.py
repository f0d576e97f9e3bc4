"""The data directory of the embedded PostgreSQL: how it is made, and what its files tell.

Its one rule: root never writes by a name in a directory that another user owns. What stands in the way
of that user (a checkout it may not enter) is passed through the working directory, which a process keeps
even where it could not go by itself: PostgreSQL is told that its data is in /proc/self/cwd.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bookingd import data
from bookingd.engine.account import Account
from bookingd.engine.binaries import MAJOR
from bookingd.engine.errors import EngineError

SUPERUSER = "postgres"
OWNER = "bookingd_owner"
DAEMON = "bookingd"
DATABASE = "bookingd"

HERE = "/proc/self/cwd"

LOG_LIMIT = 10 * 1024 * 1024
OMINOUS = ("FATAL:", "PANIC:", "ERROR:", "error:", "could not")

HBA = """\
# Written by bookingd. Whoever the kernel says is at the other end of the socket is who they are.
local all all peer map=bookingd
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmasterFile:
    """What a running server says of itself in postmaster.pid."""

    pid: int
    socket_directory: Path | None
    ready: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One directory of ours: `data` is PostgreSQL's, all else beside it is bookingd's."""

    directory: Path

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def lock(self) -> Path:
        return self.directory / "lock"

    @property
    def log(self) -> Path:
        return self.directory / "postgres.log"

    @property
    def socket_note(self) -> Path:
        """Holds the path of the socket directory in use, so that the next start can clear it away."""
        return self.directory / "socket"

    @property
    def postmaster_file(self) -> Path:
        return self.data / "postmaster.pid"

    def exists(self) -> bool:
        return (self.data / "PG_VERSION").exists()

    def check_major(self) -> None:
        """Raises EngineError for data that another major version wrote: PostgreSQL could not read it."""
        found = (self.data / "PG_VERSION").read_text().strip()
        if found == str(MAJOR):
            return
        raise EngineError(
            f"{self.data} was written by PostgreSQL {found}, and this bookingd brings {MAJOR}",
            f"Dump it with the bookingd release that wrote it (pg_dump), move {self.data} aside, start once"
            " and restore; or move it aside to begin with empty data.",
        )

    def postmaster(self) -> PostmasterFile | None:
        """None when no server is there, or it has not written its file to the end."""
        try:
            lines = self.postmaster_file.read_text().splitlines()
        except FileNotFoundError:
            return None
        if not lines or not lines[0].strip().isdigit():
            return None
        place = lines[4].strip() if len(lines) > 4 else ""
        return PostmasterFile(
            pid=int(lines[0]),
            socket_directory=Path(place) if place else None,
            ready=len(lines) > 7 and lines[7].strip() == "ready",
        )

    def serves(self, pid: int) -> bool:
        """Whether process `pid` is a live PostgreSQL server of this data directory, not a reused number."""
        process = Path(f"/proc/{pid}")
        try:
            name, _, state = process.joinpath("stat").read_text().partition("(")[2].rpartition(") ")
            if name != "postgres" or state[0] in "ZX":  # dead, and its parent has not looked yet (proc(5))
                return False
            return process.joinpath("cwd").samefile(self.data)
        except PermissionError:  # a container whose root may not look: its name has to do
            return True
        except (FileNotFoundError, ProcessLookupError):
            return False

    def is_taken(self, pid: int) -> bool:
        """Whether some process has the number `pid` now."""
        return Path(f"/proc/{pid}").exists()

    def rotate_log(self) -> int:
        """Put a log that has grown too long aside (one is kept); where the lines of this start begin."""
        if not self.log.exists():
            return 0
        size = self.log.stat().st_size
        if size <= LOG_LIMIT:
            return size
        self.log.replace(self.log.with_suffix(".log.1"))
        return 0

    def last_words(self, since: int) -> str:
        """The last line of the log, from byte `since` on, that tells of a failure; empty when none does."""
        with self.log.open("rb") as log:
            log.seek(max(since, self.log.stat().st_size - 16384))
            lines = log.read().decode(errors="replace").splitlines()
        telling = [line.strip() for line in lines if any(word in line for word in OMINOUS)]
        return telling[-1] if telling else ""

    def draft(self, account: Account) -> Path:
        """A new empty directory, the server's own, to become `data` when it is whole."""
        for remains in self.directory.glob("draft-*"):
            shutil.rmtree(remains, ignore_errors=True)  # a killed initdb may still write its last file
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=self.directory))
        account.own(draft)
        return draft

    def write_access_rules(self, draft: Path, account: Account) -> None:
        """Only root and the server's own user come in, under the three names that we use."""
        users = ("root",) if account.name == "nobody" else ("root", account.name)
        rows = [f"bookingd {user} {role}" for user in users for role in (SUPERUSER, OWNER, DAEMON)]
        for name, text in (("pg_hba.conf", HBA), ("pg_ident.conf", "\n".join(rows) + "\n")):
            flags = os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW
            file = os.open(draft / name, flags)
            with os.fdopen(file, "w") as opened:
                opened.write(text)

    def bootstrap_script(self) -> str:
        """The statements that make roles and database, without the comments (single-user mode knows none)."""
        lines = data.path("sql/engine.sql").read_text().splitlines()
        return "\n".join(line for line in lines if not line.startswith("--")) + "\n\n"
