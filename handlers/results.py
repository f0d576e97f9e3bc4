"""The offers of one search, kept in every order that can be asked for, and the pages cut from them.

A cursor is a place in an order (the value sorted by, and what tells equal ones apart), so a page goes on at
the right place even when the search was made anew meanwhile and its offers have new ids. It names the search
that it belongs to, and no other search takes it.
"""

import base64
import binascii
import hashlib
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from bookingd.domain.offers import Offer
from bookingd.domain.search import FlightCriteria
from bookingd.messages.search import FlightResults, SupplierStatus
from handlers.reply import encode

Place = tuple[int, str]
"""A place in an order: the value sorted by, and the journey's mark among equals."""

SORTS: Mapping[str, Callable[[Offer], int]] = MappingProxyType(
    {
        "price": lambda offer: offer.total.amount,
        "duration": lambda offer: int(sum(part.duration.total_seconds() for part in offer.itinerary.slices)),
        "departure": lambda offer: int(offer.itinerary.slices[0].departs_at.timestamp()),
        "arrival": lambda offer: int(offer.itinerary.slices[0].arrives_at.timestamp()),
    }
)
"""What each order sorts by, least first; times are those of the way there."""


class ForeignCursor(ValueError):
    """A cursor is none, or another search's."""


class ResultSet(msgspec.Struct, frozen=True, kw_only=True):
    """A search's offers as they were found, with the order of their indices for each sort."""

    suppliers: dict[str, SupplierStatus]
    orders: dict[str, list[tuple[int, str, int]]]
    offers: list[msgspec.Raw]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some offers of a set, and the cursor of the ones after them."""

    offers: Sequence[Offer]
    next: str | None


_set = msgspec.json.Decoder(ResultSet)
_offer = msgspec.json.Decoder(Offer)
_cursor = msgspec.json.Decoder(tuple[str, int, str])


def fingerprint(criteria: FlightCriteria, sort: str) -> str:
    """What makes a search this search: its criteria and its order."""
    return hashlib.blake2b(encode((criteria, sort)), digest_size=9).hexdigest()


def pack(found: FlightResults) -> bytes:
    """A set as it is kept."""
    marks = [_mark(offer) for offer in found.offers]
    orders = {
        sort: sorted((value(offer), marks[index], index) for index, offer in enumerate(found.offers))
        for sort, value in SORTS.items()
    }
    offers = [msgspec.Raw(encode(offer)) for offer in found.offers]
    return encode(ResultSet(suppliers=dict(found.suppliers), orders=orders, offers=offers))


def unpack(kept: bytes) -> ResultSet:
    """The set that was kept."""
    return _set.decode(kept)


def cut(found: ResultSet, *, sort: str, limit: int, after: Place | None, of: str) -> Page:
    """The `limit` offers behind `after`; `of` is the search's fingerprint."""
    order = found.orders[sort]
    begin = 0 if after is None else bisect_right(order, (*after, len(order)))
    rows = order[begin : begin + limit]
    more = begin + limit < len(order)
    return Page(
        offers=[_offer.decode(found.offers[index]) for _, _, index in rows],
        next=write_cursor(of, rows[-1][:2]) if more else None,
    )


def write_cursor(of: str, place: Place) -> str:
    """The cursor behind an offer at `place` in the search `of`."""
    return base64.urlsafe_b64encode(encode((of, *place))).decode().rstrip("=")


def read_cursor(cursor: str, of: str) -> Place:
    """The place that a cursor of this search means. Raises ForeignCursor."""
    try:
        search, value, mark = _cursor.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise ForeignCursor("this is no cursor") from error
    if search != of:
        raise ForeignCursor("this cursor is another search's")
    return value, mark


def _mark(offer: Offer) -> str:
    """The same for the same flights under the same brand, whatever id the offer has today."""
    itinerary = offer.itinerary
    flights = [segment.supplier_key for segment in itinerary.segments]
    named = encode((offer.supplier, flights, itinerary.cabin, itinerary.conditions))
    return hashlib.blake2b(named, digest_size=6).hexdigest()
