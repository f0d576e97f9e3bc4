"""How hotels, streets and founders are called where: word lists by country or region, in `flavours/*.toml`.

Names are put together from them; no real brand is among them, and where a hotel is really called so, that is
an accident.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_FILES = ("europe.toml", "americas.toml", "asia_africa_oceania.toml")
_SINGLE = frozenset({"like", "address", "number_most"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """The words of a country or region."""

    address: str
    """How `{street}` and `{number}` are joined."""
    number_most: int
    """The highest number in a street."""
    words: Mapping[str, tuple[str, ...]]
    """Lists by their names: streets, founders, and names of a hotel by its kind."""


@cache
def flavours() -> dict[str, Flavour]:
    """By key: a country's ISO code in small letters, or a region."""
    tables: dict[str, dict[str, str | int]] = {}
    for name in _FILES:
        text = files(__package__).joinpath("flavours", name).read_text(encoding="utf-8")
        tables |= tomllib.loads(text)
    return {key: _flavour(_whole(tables, key)) for key in tables}


def _whole(tables: Mapping[str, Mapping[str, str | int]], key: str) -> dict[str, str | int]:
    """A table with all that it lacks from the one that it is like."""
    own = dict(tables[key])
    like = own.pop("like", None)
    return own if like is None else _whole(tables, str(like)) | own


def _flavour(table: Mapping[str, str | int]) -> Flavour:
    return Flavour(
        address=str(table["address"]),
        number_most=int(table.get("number_most", 180)),
        words={name: _list(str(text)) for name, text in table.items() if name not in _SINGLE},
    )


def _list(text: str) -> tuple[str, ...]:
    return tuple(re.split(r";\s+", text.strip()))
