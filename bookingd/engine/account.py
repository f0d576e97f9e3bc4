"""Who PostgreSQL runs as. It refuses to be root, and bookingd adds no user to a system for its sake."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from bookingd.engine.errors import EngineError


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The operating system's user of the server, and whether we have to change to it."""

    name: str
    uid: int
    gid: int
    foreign: bool

    @property
    def argument(self) -> str:
        """As launch.py takes it."""
        return f"{self.uid}:{self.gid}" if self.foreign else "-"

    def own(self, path: Path) -> None:
        """Make `path` this user's. What we made is ours, and a confined daemon may give nothing away."""
        if self.foreign:
            os.chown(path, self.uid, self.gid)

    def may(self, path: Path, wanted: int) -> bool:
        """Whether the mode bits of `path` give this user `wanted` (1 execute, 2 write, 4 read)."""
        status = path.stat()
        if status.st_uid == self.uid:
            granted = status.st_mode >> 6
        elif status.st_gid == self.gid:
            granted = status.st_mode >> 3
        else:
            granted = status.st_mode
        return granted & wanted == wanted

    def reaches(self, directory: Path) -> bool:
        """Whether this user can get to `directory` through all that lies above it."""
        return all(self.may(place, stat.S_IXOTH) for place in (directory, *directory.parents))


def server_account(data: Path) -> Account:
    """Ourselves; or, for root, the owner of the data, and `nobody` as long as there is none.

    That root takes the owner lets a user's checkout be started once with sudo and still be the user's.
    Raises EngineError when the user has no name: PostgreSQL looks it up and demands one.
    """
    uid = os.geteuid()
    if uid != 0:
        return _account(uid, foreign=False)
    owner = data.stat().st_uid if data.exists() else 0
    return _account(owner or pwd.getpwnam("nobody").pw_uid, foreign=True)


def _account(uid: int, *, foreign: bool) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError as error:
        raise EngineError(
            f"the user id {uid} has no name on this system, and PostgreSQL demands one",
            "Run bookingd as a user that /etc/passwd knows, or give it a PostgreSQL server of its own.",
        ) from error
    return Account(name=entry.pw_name, uid=uid, gid=entry.pw_gid, foreign=foreign)
