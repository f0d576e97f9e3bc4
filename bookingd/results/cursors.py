"""Where a page ends, as clients carry it.

A cursor is a place in an order (the value sorted by, the price, and what tells equal ones apart), so a page
goes on at the right place even when the search was made anew meanwhile and its offers have new ids. It names
the search that it belongs to, and no other search takes it.
"""

import base64
import binascii
import hashlib
from typing import TypeAlias

import msgspec

Place: TypeAlias = tuple[int | float, int, int]
"""The value sorted by, the price, the result's mark."""


class ForeignCursor(ValueError):
    """A cursor is none, or another search's."""


_encode = msgspec.json.Encoder().encode
_cursor = msgspec.json.Decoder(tuple[str, int | float, int, int])


def fingerprint(*parts: object) -> str:
    """What makes a search this search: whatever its results and their order depend on."""
    return hashlib.blake2b(_encode(parts), digest_size=9).hexdigest()


def write_cursor(of: str, place: Place) -> str:
    """The cursor behind a result at `place` in the search `of`."""
    return base64.urlsafe_b64encode(_encode((of, *place))).decode().rstrip("=")


def read_cursor(cursor: str, of: str) -> Place:
    """The place that a cursor of this search means. Raises ForeignCursor."""
    try:
        found = _cursor.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise ForeignCursor("this is no cursor") from error
    if found[0] != of:
        raise ForeignCursor("this cursor is another search's")
    return found[1:]
