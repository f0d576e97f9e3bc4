"""Who flies: all airlines, or those that are called so. The same for everybody, and seldom another."""

from collections.abc import Sequence
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from bookingd.places.folding import fold, spellings, words
from bookingd.storage.gazetteer import Airline
from handlers.accounts.profile_requests import Tag
from handlers.atlas import ATLAS
from handlers.fields import Request, Text, load_query
from handlers.languages import countries, tags
from handlers.places import Country
from handlers.reply import tagged_reply
from handlers.requests import schema
from handlers.views import View


class AirlineSearch(Request):
    """Airlines, all of them or by what was typed."""

    q = Text(
        shortest=0,
        any_script=True,
        longest=80,
        load_default="",
        metadata={
            "description": "A code, or the beginning of the name's words; left out: all.",
            "example": "luft",
        },
    )
    locale = Tag(
        load_default=None, metadata={"description": "Language of countries' names (BCP 47).", "example": "de"}
    )


class AirlineView(View, frozen=True, kw_only=True):
    """An airline."""

    code: Annotated[str, Meta(description="IATA.")]
    name: str
    alliance: Annotated[str | None, Meta(description="Its members carry each other's passengers on.")]
    country: Country


class Airlines(View, frozen=True, kw_only=True):
    """Airlines by name; those whose code was typed first."""

    airlines: tuple[AirlineView, ...]


async def find_airlines(request: web.Request) -> web.Response:
    """Airlines, with an ETag: 304 while they are the same."""
    asked = load_query(schema(AirlineSearch), request.query)
    reading = await request.app[ATLAS].open()
    names = await countries(tags(asked["locale"]))
    shown = tuple(
        AirlineView(
            code=one.code,
            name=one.name,
            alliance=one.alliance,
            country=Country(code=one.country, name=names.get(one.country, one.country)),
        )
        for one in matching(reading.airlines, asked["q"])
    )
    return tagged_reply(request, Airlines(airlines=shown))


def matching(airlines: Sequence[Airline], typed: str) -> list[Airline]:
    """Those whose code was typed, then those with words in their names that begin so, by name."""
    wanted = words(fold(typed))
    if not wanted and typed.strip():
        return []
    by_code = [one for one in airlines if [one.code.lower()] == wanted]
    named = [one for one in airlines if one not in by_code and _is_called(one, wanted)]
    return by_code + sorted(named, key=lambda one: (fold(one.name), one.code))


def _is_called(airline: Airline, wanted: Sequence[str]) -> bool:
    return any(
        all(any(word.startswith(begun) for word in words(spelling)) for begun in wanted)
        for spelling in spellings(airline.name)
    )
