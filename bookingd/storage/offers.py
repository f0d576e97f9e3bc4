"""Offers as they were shown, found again by their id.

Its one rule: what was shown can be booked while it lasts, with or without a cache, and how long that is
stands in the offer: until its supplier's own limit or that of its set, whichever comes first. An offer's id
is `of_` and, in URL-safe base 64, the id of its set (a UUIDv7) and its place in it. A set is kept as
deflated JSON: there is one a search, and one offer of hundreds is read again.
"""

import base64
import binascii
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import msgspec

from bookingd.domain.ids import OfferId
from bookingd.domain.offers import Offer
from bookingd.domain.search import FlightCriteria
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

SAVE = query("offers.save")
LOAD = query("offers.load")
CRITERIA = query("offers.criteria")

PREFIX = "of_"
_SET_BYTES, _PLACE_BYTES = 16, 2
_FASTEST = 1  # of zlib's levels: offers of a search are so alike that higher ones save little more

_encode = msgspec.json.Encoder().encode
_set = msgspec.json.Decoder(list[msgspec.Raw])
_offer = msgspec.json.Decoder(Offer)
_criteria = msgspec.json.Decoder(FlightCriteria)


class OfferNotFound(LookupError):
    """There is no such offer, or it is long gone."""


class MalformedOfferId(OfferNotFound):
    """The text is no offer id, and never was."""


class OfferExpired(LookupError):
    """There was such an offer; search again."""


def id_of(set_id: UUID, place: int) -> OfferId:
    """The id of the offer at `place` (from 0) of a set."""
    packed = set_id.bytes + place.to_bytes(_PLACE_BYTES, "big")
    return OfferId(PREFIX + base64.urlsafe_b64encode(packed).decode())


def parse_id(text: str) -> tuple[UUID, int]:
    """The set and the place in it that an id stands for. Raises MalformedOfferId."""
    try:
        packed = base64.b64decode(text.removeprefix(PREFIX), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedOfferId("this is no offer id") from error
    if not text.startswith(PREFIX) or len(packed) != _SET_BYTES + _PLACE_BYTES:
        raise MalformedOfferId("this is no offer id")
    return UUID(bytes=packed[:_SET_BYTES]), int.from_bytes(packed[_SET_BYTES:], "big")


async def save(
    connection: Connection,
    *,
    set_id: UUID,
    criteria: FlightCriteria,
    found: Sequence[Offer],
    now: datetime,
    expires_at: datetime,
) -> list[Offer]:
    """Keep the offers of one search as set `set_id`, none longer than until `expires_at`.

    The answer is the same offers in the same order, with their ids, and until when they can be booked.
    """
    numbered = [
        replace(offer, id=id_of(set_id, place), expires_at=min(offer.expires_at, expires_at))
        for place, offer in enumerate(found)
    ]
    packed = zlib.compress(_encode(numbered), _FASTEST)
    await connection.execute(SAVE, set_id, now, expires_at, _encode(criteria).decode(), packed)
    return numbered


async def load(connection: Connection, *, offer_id: str, now: datetime) -> Offer:
    """The offer as it was shown.

    Raises OfferNotFound (MalformedOfferId among it), and OfferExpired from the instant at which it expires.
    """
    set_id, place = parse_id(offer_id)
    packed = await connection.fetchval(LOAD, set_id)
    if packed is None:
        raise OfferNotFound(f"there is no offer {offer_id}")
    kept = _set.decode(zlib.decompress(packed))
    if place >= len(kept):
        raise OfferNotFound(f"there is no offer {offer_id}")
    offer = _offer.decode(kept[place])
    if offer.expires_at <= now:
        raise OfferExpired(f"offer {offer_id} was good until {offer.expires_at:%Y-%m-%d %H:%M} UTC")
    return offer


async def load_criteria(connection: Connection, *, set_id: UUID) -> FlightCriteria:
    """What was searched for when the set was made. Raises OfferNotFound."""
    found = await connection.fetchval(CRITERIA, set_id)
    if found is None:
        raise OfferNotFound(f"there is no set of offers {set_id}")
    return _criteria.decode(found)
