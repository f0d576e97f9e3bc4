"""What somebody means who types a few letters: airports, cities and hotels."""

from collections.abc import Mapping
from typing import Annotated, Any

from aiohttp import hdrs, web
from msgspec import Meta

from bookingd.places.entries import Entry, Kind
from bookingd.places.index import Match
from handlers.accounts.profile_requests import Tag
from handlers.atlas import ATLAS, Reading
from handlers.fields import Choices, Request, Text, Whole, load_query
from handlers.languages import called, countries, tags
from handlers.reply import bytes_reply, encode
from handlers.requests import schema
from handlers.views import View

LONGEST = 80
"""Letters; hotels have the longest names."""

FRESH: Mapping[str, str] = {hdrs.CACHE_CONTROL: "public, max-age=60"}


class PlaceSearch(Request):
    """Places by what was typed so far."""

    q = Text(
        shortest=0,
        any_script=True,
        longest=LONGEST,
        load_default="",
        metadata={"description": "What was typed; left out: the best known places.", "example": "köln"},
    )
    kinds = Choices(
        [kind.value for kind in Kind],
        load_default=tuple(kind.value for kind in Kind),
        metadata={"description": "Which to find; all unless given."},
    )
    limit = Whole(1, 50, load_default=10)
    locale = Tag(
        load_default=None,
        metadata={
            "description": "Language of cities' and countries' names (BCP 47), where known.",
            "example": "de",
        },
    )


class Country(View, frozen=True, kw_only=True):
    """A country."""

    code: Annotated[str, Meta(description="ISO 3166-1 alpha-2.")]
    name: Annotated[str, Meta(description="In the language asked for, or in English.")]


class Named(View, frozen=True, kw_only=True):
    """A city or an airport."""

    code: Annotated[str, Meta(description="IATA.")]
    name: str


class PlacePosition(View, frozen=True, kw_only=True):
    """Degrees, north and east."""

    latitude: float
    longitude: float


class PlaceView(View, frozen=True, kw_only=True):
    """A place that was found."""

    kind: Kind
    code: Annotated[str | None, Meta(description="IATA, of an airport or a city.")]
    id: Annotated[str | None, Meta(description="Of a hotel.")]
    name: str
    matched: Annotated[str | None, Meta(description="Its other name that fits what was typed (`Köln`).")]
    city: Named
    country: Country
    position: PlacePosition
    airports: Annotated[tuple[Named, ...], Meta(description="Of a city, the busiest first.")]


class Places(View, frozen=True, kw_only=True):
    """What fits, best first."""

    places: tuple[PlaceView, ...]


async def find_places(request: web.Request) -> web.Response:
    """Places that fit what was typed, the best and the best known first."""
    reading = await request.app[ATLAS].open()
    kept = reading.answers.get(request.query_string)
    if kept is None:
        kept = reading.keep(request.query_string, await _answer(reading, request.query))
    return bytes_reply(kept, headers=FRESH)


async def _answer(reading: Reading, query: Any) -> bytes:
    asked = load_query(schema(PlaceSearch), query)
    kinds = [Kind(kind) for kind in asked["kinds"]]
    found = reading.index.find(asked["q"], kinds=kinds, limit=asked["limit"])
    wanted = tags(asked["locale"])
    names = await countries(wanted)
    return encode(Places(places=tuple(_shown(match, reading, wanted, names) for match in found)))


def _shown(match: Match, reading: Reading, wanted: list[str], countries: Mapping[str, str]) -> PlaceView:
    entry = match.entry
    city = _city(entry, reading, wanted)
    name = city.name if entry.kind is Kind.CITY else entry.name
    return PlaceView(
        kind=entry.kind,
        code=entry.code or None,
        id=entry.id or None,
        name=name,
        matched=match.by if match.by != name else None,
        city=city,
        country=Country(code=entry.country, name=countries.get(entry.country, entry.country)),
        position=PlacePosition(latitude=entry.position.latitude, longitude=entry.position.longitude),
        airports=tuple(Named(code=code, name=reading.airports[code]) for code in entry.airports),
    )


def _city(entry: Entry, reading: Reading, wanted: list[str]) -> Named:
    city = reading.cities[entry.city_code]
    return Named(code=city.code, name=called(city.name, city.names, wanted))
