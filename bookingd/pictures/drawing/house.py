"""What all drawings of one hotel have in common: its colours, and how it was built."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

from bookingd.domain.pictures import Light, Recipe, Setting
from bookingd.pictures.drawing.colours import Colour, named, several
from bookingd.pictures.drawing.dice import Dice


class Roof(Enum):
    """What a house has on top."""

    FLAT = auto()
    MANSARD = auto()
    HIPPED = auto()
    GABLED = auto()


class Opening(Enum):
    """What its windows are like."""

    SASH = auto()
    WIDE = auto()
    ARCHED = auto()
    SHUTTERED = auto()
    BALCONY = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How people build in a place."""

    walls: tuple[Colour, ...]
    tiles: tuple[Colour, ...]
    roofs: tuple[Roof, ...]
    openings: tuple[Opening, ...]


WAYS: Mapping[Setting, Ways] = MappingProxyType(
    {
        Setting.CITY: Ways(
            walls=several("efe4d2 dde2e6 d3bfa6 b9816a e7d9cf c9cfd6"),
            tiles=several("566070 6b6470 4a5560"),
            roofs=(Roof.FLAT, Roof.MANSARD, Roof.FLAT),
            openings=(Opening.SASH, Opening.WIDE, Opening.BALCONY),
        ),
        Setting.OLD_TOWN: Ways(
            walls=several("f2d9a4 ecb98f e3cdb8 d5dcc3 f0e2c6 e6b3a3"),
            tiles=several("b5583f a34b3a c46a48"),
            roofs=(Roof.HIPPED, Roof.MANSARD, Roof.GABLED),
            openings=(Opening.SHUTTERED, Opening.ARCHED, Opening.BALCONY),
        ),
        Setting.SEA: Ways(
            walls=several("ffffff fdf1de f9e3cf e9f2f4 fbe9c8"),
            tiles=several("d07a55 c96a4a 4f86a3"),
            roofs=(Roof.HIPPED, Roof.FLAT),
            openings=(Opening.SHUTTERED, Opening.BALCONY, Opening.ARCHED),
        ),
        Setting.TROPICS: Ways(
            walls=several("fff6e6 ffffff f9dcbc d3ede6 ffe3a8"),
            tiles=several("a8835a 8f6f4f b5764f"),
            roofs=(Roof.HIPPED, Roof.HIPPED, Roof.FLAT),
            openings=(Opening.BALCONY, Opening.WIDE),
        ),
        Setting.MOUNTAINS: Ways(
            walls=several("f6ecdb d9a877 efe0c8 c98f5f"),
            tiles=several("6e4a3a 5c4a44 7d5743"),
            roofs=(Roof.GABLED,),
            openings=(Opening.SHUTTERED, Opening.BALCONY),
        ),
        Setting.COUNTRYSIDE: Ways(
            walls=several("f4e2bb e6c69a f7f0e1 e9d5c0"),
            tiles=several("b9694a a85a44 8f5f4a"),
            roofs=(Roof.GABLED, Roof.HIPPED),
            openings=(Opening.SHUTTERED, Opening.ARCHED),
        ),
        Setting.DESERT: Ways(
            walls=several("eccfa3 dfb487 f3dfbb d9a27a"),
            tiles=several("b9855c c99a6a"),
            roofs=(Roof.FLAT,),
            openings=(Opening.ARCHED, Opening.WIDE),
        ),
        Setting.NORTH: Ways(
            walls=several("a8423a d9a640 f1ece2 5f8097 3f5f5a"),
            tiles=several("4a4f5c 5a5550 3f4650"),
            roofs=(Roof.GABLED,),
            openings=(Opening.SASH, Opening.WIDE),
        ),
    }
)

ACCENTS = several("c5513f 2c6e91 3f7f5f d99a2b 7f4f7d cf5f7a 2f8f8c 40518f")
TEXTILES = several("d9e4ea f2e6d8 e6ddee dcebdf f4dcd3")
WOODS = several("9a6b45 b98a5e 7a5238 c9a578 8a6a58")


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One hotel's own looks."""

    setting: Setting
    light: Light
    stars: int
    building: str
    number: int
    wall: Colour
    tile: Colour
    accent: Colour
    second: Colour
    """Another colour beside the accent."""
    textile: Colour
    wood: Colour
    roof: Roof
    opening: Opening

    def dice(self, name: str) -> Dice:
        """Throws for a part of it: the same on every picture of the hotel."""
        return Dice(self.number, name)

    @property
    def splendour(self) -> int:
        """1 to 5: its stars, or as many as a house without any seems to have."""
        return self.stars or 2


def house_of(recipe: Recipe) -> House:
    """The hotel that a recipe is about."""
    dice, ways = Dice(recipe.number, "house"), WAYS[recipe.setting]
    accent = dice.one_of(ACCENTS)
    return House(
        setting=recipe.setting,
        light=recipe.light,
        stars=recipe.stars,
        building=recipe.building,
        number=recipe.number,
        wall=dice.one_of(ways.walls),
        tile=dice.one_of(ways.tiles),
        accent=accent,
        second=dice.one_of([one for one in ACCENTS if one != accent]),
        textile=dice.one_of(TEXTILES),
        wood=dice.one_of(WOODS),
        roof=dice.one_of(ways.roofs),
        opening=dice.one_of(ways.openings),
    )


GOLD = named("e9b949")
