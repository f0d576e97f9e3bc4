"""The sets that this process has unpacked, so that the next page or filter of a search opens none again.

Its one rule: a set is good as long as the bytes that it was unpacked from, and no longer.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from bookingd.results.packing import ResultSet

MOST_BYTES = 64 * 1024 * 1024
"""What the sets of a process may take, by the offers in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A set, when it was made, and until when it may be used."""

    found: ResultSet
    made_at: datetime
    until: datetime


class Shelf:
    """The least recently used go first when there is no room."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._room = most_bytes
        self._opened: OrderedDict[str, Opened] = OrderedDict()

    def get(self, key: str, *, now: datetime) -> Opened | None:
        """The set, while it is good."""
        opened = self._opened.get(key)
        if opened is None:
            return None
        if opened.until <= now:
            self._drop(key)
            return None
        self._opened.move_to_end(key)
        return opened

    def put(self, key: str, opened: Opened) -> None:
        """Keep a set, in the place of an older one."""
        self._drop(key)
        self._opened[key] = opened
        self._room -= opened.found.size
        while self._room < 0:
            self._drop(next(iter(self._opened)))

    def _drop(self, key: str) -> None:
        gone = self._opened.pop(key, None)
        self._room += gone.found.size if gone else 0
