"""Where the server's socket lies: a private directory with a short name.

A socket's path may have 107 bytes, and a checkout may lie deeper than that. The directory is made anew at
each start, for the server alone; its path is noted, so that a start after a crash clears the former away.
"""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from bookingd.engine.account import Account
from bookingd.engine.errors import EngineError

PREFIX = "bookingd-"
PATH_LIMIT = 107  # bytes: sockaddr_un.sun_path less its closing zero (unix(7))
NAMES = len(f"/{PREFIX}12345678/.s.PGSQL.5432")


def make_directory(note: Path, account: Account) -> Path:
    """A new directory that only `account` (and root) may enter; its path is written to `note`."""
    place = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_base(account)))
    note.write_text(str(place))
    account.own(place)
    return place


def clear_directory(note: Path, account: Account) -> None:
    """Remove the directory that `note` names, if there is one and it is `account`'s."""
    with suppress(FileNotFoundError):
        place = Path(note.read_text())
        if place.name.startswith(PREFIX) and place.lstat().st_uid == account.uid:
            shutil.rmtree(place)
    note.unlink(missing_ok=True)


def _base(account: Account) -> Path:
    """The first directory that is short, that we may write to and the server may enter."""
    own = [] if account.foreign else [os.environ.get("XDG_RUNTIME_DIR", "")]
    names = [*own, tempfile.gettempdir(), "/tmp", "/run"]  # noqa: S108 - mkdtemp makes the name there
    places = [Path(name).resolve() for name in names if name]
    for place in places:
        short = len(os.fsencode(place)) + NAMES <= PATH_LIMIT
        if short and place.is_dir() and os.access(place, os.W_OK | os.X_OK) and account.reaches(place):
            return place
    raise EngineError(
        f"no directory was found for PostgreSQL's socket (tried {', '.join(map(str, places))})",
        "Set XDG_RUNTIME_DIR or TMPDIR to a directory with a short name that can be written to.",
    )
