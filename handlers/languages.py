"""In which language names are shown: what a client asked for, as far as we know names in it."""

import asyncio
from collections.abc import Mapping
from functools import lru_cache

from babel import Locale

from handlers.atlas import ENGLISH

LANGUAGES_KEPT = 64


def tags(wanted: str | None) -> list[str]:
    """The language tags under which a name may be found, the closest first: zh-Hant-TW, zh-Hant, zh.

    `wanted` is one that CLDR knows (`handlers.accounts.profile_requests.Tag`).
    """
    if wanted is None:
        return []
    parts = str(Locale.parse(wanted, sep="-")).split("_")
    return ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]


def called(name: str, names: Mapping[str, str], wanted: list[str]) -> str:
    """The name in the language that is closest to what is wanted, or else `name`."""
    return next((names[tag] for tag in wanted if tag in names), name)


async def countries(wanted: list[str]) -> Mapping[str, str]:
    """Countries by code, in that language; to read one that nobody asked for lately takes a moment."""
    if not wanted:
        return ENGLISH
    return await asyncio.to_thread(_countries, wanted[0])


@lru_cache(LANGUAGES_KEPT)
def _countries(tag: str) -> Mapping[str, str]:
    return {**ENGLISH, **Locale.parse(tag, sep="-").territories}
