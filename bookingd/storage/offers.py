"""Offers as they were shown, found again by their id.

Its one rule: what was shown can be booked while it lasts, with or without a cache, and how long that is
stands in the offer: until its supplier's own limit or that of its set, whichever comes first. An offer's id
is a prefix that tells its kind (`of_` a flight, `st_` a stay) and, in URL-safe base 64, the id of its set (a
UUIDv7) and its place in it. A set holds what one supplier found in one search, as deflated JSON: one offer of
hundreds is read again. A package is kept nowhere: its id (`pk_`) is those of its flight and of its
stay, and the version of the price rules that made its price.
"""

import base64
import binascii
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from bookingd.domain.ids import OfferId
from bookingd.domain.offers import Offer
from bookingd.domain.search import FlightCriteria
from bookingd.domain.stays import StayCriteria, StayOffer
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

SAVE = query("offers.save")
LOAD = query("offers.load")
CRITERIA = query("offers.criteria")

PACKAGE = "pk_"
_SET_BYTES, _PLACE_BYTES = 16, 2
_ID_BYTES = _SET_BYTES + _PLACE_BYTES
_RULES_BYTES = 3
_FASTEST = 1  # of zlib's levels: offers of a search are so alike that higher ones save little more

_encode = msgspec.json.Encoder().encode
_set = msgspec.json.Decoder(list[msgspec.Raw])

O = TypeVar("O", Offer, StayOffer)  # noqa: E741 - an offer of either kind
C = TypeVar("C")


class OfferNotFound(LookupError):
    """There is no such offer, or it is long gone."""


class MalformedOfferId(OfferNotFound):
    """The text is no offer id, and never was; or it is one of another kind."""


class OfferExpired(LookupError):
    """There was such an offer; search again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[O, C]):
    """What is offered, and what it is searched by."""

    name: str
    """As the table has it."""
    prefix: str
    """Of the ids."""
    offers: msgspec.json.Decoder[O]
    criteria: msgspec.json.Decoder[C]


FLIGHTS = Kind(
    name="flights",
    prefix="of_",
    offers=msgspec.json.Decoder(Offer),
    criteria=msgspec.json.Decoder(FlightCriteria),
)
STAYS = Kind(
    name="stays",
    prefix="st_",
    offers=msgspec.json.Decoder(StayOffer),
    criteria=msgspec.json.Decoder(StayCriteria),
)
KINDS: tuple[Kind[Any, Any], ...] = (FLIGHTS, STAYS)


class Shelf(NamedTuple):
    """Where an offer lies."""

    kind: Kind[Any, Any]
    set_id: UUID
    place: int
    """In the set, from 0."""


def id_of(kind: Kind[Any, Any], set_id: UUID, place: int) -> OfferId:
    """The id of the offer at `place` (from 0) of a set."""
    return OfferId(kind.prefix + _text(set_id.bytes + place.to_bytes(_PLACE_BYTES, "big")))


class Halves(NamedTuple):
    """What a package is made of."""

    flight: OfferId
    stay: OfferId
    rules: int
    """The version of the book of price rules under which it was shown."""


def package_id(halves: Halves) -> OfferId:
    """The id of the two together. Raises MalformedOfferId for ids of anything else."""
    both = _bytes(halves.flight, FLIGHTS.prefix) + _bytes(halves.stay, STAYS.prefix)
    return OfferId(PACKAGE + _text(both + halves.rules.to_bytes(_RULES_BYTES, "big")))


def halves_of(package: str) -> Halves:
    """What a package is made of. Raises MalformedOfferId."""
    packed = _bytes(package, PACKAGE, _ID_BYTES * 2 + _RULES_BYTES)
    flight, stay, rules = packed[:_ID_BYTES], packed[_ID_BYTES:-_RULES_BYTES], packed[-_RULES_BYTES:]
    return Halves(
        flight=OfferId(FLIGHTS.prefix + _text(flight)),
        stay=OfferId(STAYS.prefix + _text(stay)),
        rules=int.from_bytes(rules, "big"),
    )


def kind_of(text: str) -> Kind[Any, Any]:
    """What an id is one of, by its prefix. Raises MalformedOfferId."""
    kind = next((one for one in KINDS if text.startswith(one.prefix)), None)
    if kind is None:
        raise MalformedOfferId("this is no offer id")
    return kind


def parse_id(text: str) -> Shelf:
    """Where the offer of this id lies, and of which kind it is. Raises MalformedOfferId."""
    kind = kind_of(text)
    packed = _bytes(text, kind.prefix)
    place = int.from_bytes(packed[_SET_BYTES:], "big")
    return Shelf(kind, UUID(bytes=packed[:_SET_BYTES]), place)


async def save(
    connection: Connection,
    *,
    kind: Kind[O, C],
    set_id: UUID,
    criteria: C,
    found: Sequence[O],
    now: datetime,
    expires_at: datetime,
) -> list[O]:
    """Keep the offers of one search as set `set_id`, none longer than until `expires_at`.

    The answer is the same offers in the same order, with their ids, and until when they can be booked.
    """
    numbered = [
        replace(offer, id=id_of(kind, set_id, place), expires_at=min(offer.expires_at, expires_at))
        for place, offer in enumerate(found)
    ]
    packed = zlib.compress(_encode(numbered), _FASTEST)
    await connection.execute(SAVE, set_id, kind.name, now, expires_at, _encode(criteria).decode(), packed)
    return numbered


async def load(connection: Connection, *, kind: Kind[O, C], offer_id: str, now: datetime) -> O:
    """The offer as it was shown.

    Raises OfferNotFound (MalformedOfferId among it), and OfferExpired from the instant at which it expires.
    """
    shelf = parse_id(offer_id)
    if shelf.kind is not kind:
        raise MalformedOfferId(f"{offer_id} is none of {kind.name}")
    packed = await connection.fetchval(LOAD, shelf.set_id, kind.name)
    kept = [] if packed is None else _set.decode(zlib.decompress(packed))
    if shelf.place >= len(kept):
        raise OfferNotFound(f"there is no offer {offer_id}")
    offer = kind.offers.decode(kept[shelf.place])
    if offer.expires_at <= now:
        raise OfferExpired(f"offer {offer_id} was good until {offer.expires_at:%Y-%m-%d %H:%M} UTC")
    return offer


async def load_criteria(connection: Connection, *, kind: Kind[O, C], set_id: UUID) -> C:
    """What was searched for when the set was made. Raises OfferNotFound."""
    found = await connection.fetchval(CRITERIA, set_id, kind.name)
    if found is None:
        raise OfferNotFound(f"there is no set of {kind.name} {set_id}")
    return kind.criteria.decode(found)


def _text(packed: bytes) -> str:
    return base64.urlsafe_b64encode(packed).decode()


def _bytes(text: str, prefix: str, size: int = _ID_BYTES) -> bytes:
    """What stands behind the prefix of an id. Raises MalformedOfferId."""
    try:
        packed = base64.b64decode(text.removeprefix(prefix), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedOfferId("this is no offer id") from error
    if not text.startswith(prefix) or len(packed) != size:
        raise MalformedOfferId("this is no offer id")
    return packed
