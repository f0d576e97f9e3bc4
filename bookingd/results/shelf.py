"""The sets that this process has unpacked, so that the next page or filter of a search opens none again.

Its one rule: it keeps nothing alive. Whoever asks has the bytes of the set from the cache, and gets what
these very bytes were unpacked to.
"""

from collections import OrderedDict
from datetime import datetime

from bookingd.results.packing import ResultSet, unpack

MOST_BYTES = 64 * 1024 * 1024
"""What the sets of a process may take, by the offers in them."""


class Shelf:
    """The least recently used go first when there is no room."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._room = most_bytes
        self._opened: OrderedDict[tuple[str, datetime], ResultSet] = OrderedDict()

    def open(self, key: str, made_at: datetime, packed: bytes) -> ResultSet:
        """The set that was packed under `key` at `made_at`."""
        found = self._opened.get((key, made_at))
        if found is None:
            found = unpack(packed)
            self._put((key, made_at), found)
        else:
            self._opened.move_to_end((key, made_at))
        return found

    def _put(self, key: tuple[str, datetime], found: ResultSet) -> None:
        self._opened[key] = found
        self._room -= found.size
        while self._room < 0:
            _, gone = self._opened.popitem(last=False)
            self._room += gone.size
