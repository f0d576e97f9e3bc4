"""The cursors of searches in requests."""

from bookingd.results.cursors import ForeignCursor, Place, read_cursor
from handlers.fields import refuse


def place_behind(cursor: str | None, of: str) -> Place | None:
    """The place behind which a page of the search `of` begins; None: at the first. Raises Problem."""
    if cursor is None:
        return None
    try:
        return read_cursor(cursor, of)
    except ForeignCursor as error:
        hint = "Take it from `next` of the page before, and change nothing else but `limit`."
        raise refuse("cursor", "foreign_cursor", "This cursor is not one of this search.", hint) from error
