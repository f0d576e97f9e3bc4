"""Fonts that documents are printed in, and which characters they have.

The one rule: nothing becomes an empty box. What no font has is written as its number, and that is said.
"""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from fontTools.ttLib import TTFont

FOLDER = "static/weblate_fonts"
"""In the package weblate_fonts."""

REGULAR = "source-sans/ttf/SourceSans3-Regular.ttf"
BOLD = "source-sans/ttf/SourceSans3-Semibold.ttf"

OTHERS = {
    "others": "kurinto/ttf/KurintoSans-Rg.ttf",
    "han": "kurinto/ttf/KurintoSansSC-Rg.ttf",
    "hangul": "kurinto/ttf/KurintoSansKR-Rg.ttf",
}
"""What is looked at next, by name, in this order: most scripts; Chinese characters; Korean."""


class Written(NamedTuple):
    """A text as it can be printed."""

    text: str
    complete: bool
    """Whether every character is itself."""


def font_file(name: str) -> Path:
    """Where the font is installed."""
    return Path(str(files("weblate_fonts"))) / FOLDER / name


@cache
def characters(name: str) -> frozenset[int]:
    """What the font has, as numbers of Unicode."""
    with TTFont(font_file(name), lazy=True) as font:
        return frozenset(font.getBestCmap())


def written(text: str) -> Written:
    """The text in characters that there are; others as `[U+1F600]`."""
    parts = [one if _has(one) else f"[U+{ord(one):04X}]" for one in text]
    return Written("".join(parts), complete=all(map(_has, text)))


def needed(texts: Iterable[str]) -> list[str]:
    """The names in OTHERS that `texts`, as written, are printed with besides the first font."""
    left = {ord(one) for text in texts for one in text} - characters(REGULAR)
    found = []
    for name, file in OTHERS.items():
        if left & characters(file):
            found.append(name)
            left -= characters(file)
    return found


def _has(character: str) -> bool:
    number = ord(character)
    return number in characters(REGULAR) or any(number in characters(file) for file in OTHERS.values())
