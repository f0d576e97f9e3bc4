"""Pictures that were made, on this host's disk: what is lost is made again.

Its one rule: what comes off the shelf is whole. A file appears by renaming, so that nobody sees half of one,
and begins with the hash of the rest, which is looked at each time: a disk that was full or lost its power
costs a picture and shows no broken one. Any number of processes share the directory without knowing of each
other.

The shelf holds `limit` bytes at most, and what others have put there since the last look: each process looks,
and throws away what was not asked for longest, when it has put a sixteenth of that there itself.
"""

import asyncio
import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from bookingd.sources import Clock, Ids
from bookingd.telemetry.metrics import PictureMetrics

log = logging.getLogger(__name__)

DIGEST = 32
"""Bytes of the SHA-256 at the beginning of each file."""
UNFINISHED = ".new"
"""How files are called that are still being written."""
ABANDONED = 3600.0
"""Seconds after which nobody writes such a file any more."""
TOUCHED = 3600.0
"""Seconds: when something was last asked for is known no better than that."""
LOOKS = 16
"""A process looks after it has put this part of the limit there."""
LEFT = 0.9
"""So much of the limit is left after throwing away, so that it is not done for each picture."""
THREADS = 4

T = TypeVar("T")


class Kept(NamedTuple):
    """What was on the shelf, and its SHA-256."""

    content: bytes
    digest: bytes


class _Seen(NamedTuple):
    asked: float
    size: int
    path: Path


class Shelf:
    """A directory of pictures by name; names are letters, digits, dots and dashes."""

    def __init__(
        self, directory: Path, *, limit: int, clock: Clock, ids: Ids, metrics: PictureMetrics | None = None
    ) -> None:
        self._directory = directory
        self._limit = limit
        self._clock = clock
        self._ids = ids
        self._metrics = metrics or PictureMetrics()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="pictures")
        self._put = limit  # nobody knows what is there: look at the first picture
        self._looking = False

    async def take(self, name: str) -> Kept | None:
        """What is there under that name; None where it is not, or is damaged."""
        return await self._in_thread(lambda: self._read(name))

    async def put(self, name: str, content: bytes) -> None:
        """Keep it. A disk that takes nothing is told of, and no more: the picture is there without it."""
        await self._in_thread(lambda: self._write(name, content))
        self._put += len(content)
        if self._put >= self._limit / LOOKS and not self._looking:
            self._put, self._looking = 0, True
            try:
                await self._in_thread(self.tidy)
            finally:
                self._looking = False

    async def drop(self, name: str) -> None:
        """Keep it no longer."""
        await self._in_thread(lambda: self._remove(self._path(name)))

    def close(self) -> None:
        """Let the threads go, when they have done what they are at."""
        self._threads.shutdown()

    def tidy(self) -> None:
        """Throw away what was not asked for longest, if there is too much; and what nobody finished."""
        seen = sorted(self._look())
        total = sum(one.size for one in seen)
        goal = self._limit * LEFT if total > self._limit else self._limit
        given_up = self._clock.now().timestamp() - ABANDONED
        for one in seen:
            if one.asked < given_up if one.path.name.endswith(UNFINISHED) else total > goal:
                self._remove(one.path)
                total -= one.size
        self._metrics.cache_bytes.set(total)

    def _look(self) -> Iterator[_Seen]:
        for path in self._directory.glob("*/*"):
            with suppress(FileNotFoundError):  # another process was faster
                found = path.stat()
                yield _Seen(found.st_mtime, found.st_size, path)

    def _read(self, name: str) -> Kept | None:
        path = self._path(name)
        try:
            whole = path.read_bytes()
            asked = path.stat().st_mtime
        except FileNotFoundError:
            return None
        except OSError as error:
            self._note(error)
            return None
        digest, content = whole[:DIGEST], whole[DIGEST:]
        if hashlib.sha256(content).digest() != digest:
            self._remove(path)
            return None
        now = self._clock.now().timestamp()
        if abs(now - asked) > TOUCHED:
            with suppress(OSError):  # it may be gone by now, and is in hand already
                os.utime(path, (now, now))
        return Kept(content, digest)

    def _write(self, name: str, content: bytes) -> None:
        path, now = self._path(name), self._clock.now().timestamp()
        unfinished = path.with_name(f"{self._ids.new()}{UNFINISHED}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished.write_bytes(hashlib.sha256(content).digest() + content)
            os.utime(unfinished, (now, now))
            unfinished.replace(path)
        except OSError as error:
            self._note(error)
            self._remove(unfinished)

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self._note(error)

    def _note(self, error: OSError) -> None:
        self._metrics.cache_failures.inc()
        log.warning("the disk keeps no pictures: %s", error)

    def _path(self, name: str) -> Path:
        return self._directory / name[:2] / name

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
