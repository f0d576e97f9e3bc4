"""What a stand-in must still know after its process was killed: lines appended to one file.

The one rule: a change is handed to the operating system before its caller hears of it, so that it
outlives kill -9. It is not synced to the disk: a stand-in need not outlive its machine. Secrets of payments
are among the lines, so the file is its owner's alone.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO


class Journal:
    """Lines of bytes without line feeds, in the order of their writing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def lines(self) -> Iterator[bytes]:
        """What was written before; a last line that a kill cut off never happened."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line[:-1]

    def open(self, lines: Iterable[bytes]) -> None:
        """Begin anew with `lines`, the essence of the old ones, and keep the file open."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.unlink(missing_ok=True)  # left by a kill, and perhaps open to others
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.writelines(line + b"\n" for line in lines)
        fresh.replace(self._path)
        self._file = self._path.open("ab", buffering=0)

    def append(self, line: bytes) -> None:
        """Write `line`; the journal must be open."""
        if self._file is None:
            raise RuntimeError(f"{self._path} is not open")
        self._file.write(line + b"\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
