"""When hotels of several suppliers are one: there is no number that all of them know.

Its one rule: rather two results for one hotel than one for two. They are the same when they stand on the
same spot and their names say the same, leaving out the words that every hotel has; two hotels of one
supplier never are.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from bookingd.domain.places import great_circle_km

SAME_SPOT_KM = 0.25
"""Suppliers put the pin on the entrance, the middle of the house or the middle of the street."""

CELL = 0.01
"""Degrees: cells in which neighbours are looked for; wider than SAME_SPOT_KM up to 75 degrees of latitude."""

COMMON_WORDS = frozenset(
    "hotel hotels the a an by and at in of de la le les el il der die das und et y".split()
)
"""What one supplier writes and another leaves out."""

HotelKey: TypeAlias = tuple[str, str]
"""The supplier, and its own key of a hotel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """What tells hotels apart."""

    key: HotelKey
    name: str
    latitude: float
    longitude: float


def folded(text: str) -> str:
    """Without case and accents: `Hôtel Bergère` is `hotel bergere`, `Straße` is `strasse`."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def same_hotels(spots: Iterable[Spot]) -> dict[HotelKey, HotelKey]:
    """Of each hotel the one that stands for it: of those that are the same, the first by the alphabet."""
    cells: defaultdict[tuple[int, int], list[Spot]] = defaultdict(list)
    stands_for: dict[HotelKey, HotelKey] = {}
    taken: set[tuple[HotelKey, str]] = set()
    for spot in sorted(spots, key=lambda one: one.key):
        same = next((other for other in _near(spot, cells) if _same(spot, other)), None)
        leader = spot.key if same is None else stands_for[same.key]
        if (leader, spot.key[0]) in taken:
            leader = spot.key
        taken.add((leader, spot.key[0]))
        stands_for[spot.key] = leader
        cells[_cell(spot)].append(spot)
    return stands_for


def _near(spot: Spot, cells: dict[tuple[int, int], list[Spot]]) -> Iterator[Spot]:
    row, column = _cell(spot)
    for down, right in product((-1, 0, 1), repeat=2):
        yield from cells.get((row + down, column + right), ())


def _cell(spot: Spot) -> tuple[int, int]:
    return int(spot.latitude // CELL), int(spot.longitude // CELL)


def _same(one: Spot, other: Spot) -> bool:
    if one.key[0] == other.key[0] or _words(one.name) != _words(other.name):
        return False
    km = great_circle_km(one.latitude, one.longitude, other.latitude, other.longitude)
    return km <= SAME_SPOT_KM


def _words(name: str) -> frozenset[str]:
    """What a name says: `The Gloria Hotel, Paris` and `Hotel Gloria Paris` say the same."""
    letters = "".join(letter if letter.isalnum() else " " for letter in folded(name))
    words = frozenset(letters.split())
    return words - COMMON_WORDS or words
