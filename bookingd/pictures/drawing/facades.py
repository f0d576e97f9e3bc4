"""A hotel from outside: the ground before it, the house by its kind and stars, and what stands around it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bookingd.domain.pictures import Light, Setting
from bookingd.pictures.drawing.canvas import Canvas
from bookingd.pictures.drawing.colours import Colour, darker, lighter, named
from bookingd.pictures.drawing.dice import Dice
from bookingd.pictures.drawing.homes import apartments, hostel, lodge
from bookingd.pictures.drawing.hotels import grand, resort
from bookingd.pictures.drawing.house import House
from bookingd.pictures.drawing.landscapes import landscape
from bookingd.pictures.drawing.openings import lamp_post
from bookingd.pictures.drawing.plants import FLOWERS, GREENS, bush, natural_to

FOOT = 672.0
"""Where houses stand, in units from above."""

GROUNDS: Mapping[Setting, tuple[str, str, str]] = MappingProxyType(
    {
        Setting.CITY: ("cfd2d6", "b4b8bf", "6f7682"),
        Setting.OLD_TOWN: ("dccfb8", "c4b497", "a8977c"),
        Setting.SEA: ("efe2c6", "e2cfa6", "f3e4bd"),
        Setting.TROPICS: ("8fc97a", "f0dcae", "f6e7c4"),
        Setting.MOUNTAINS: ("9cc274", "86b062", "d6c7a4"),
        Setting.COUNTRYSIDE: ("a9c86a", "94b858", "dcc99c"),
        Setting.DESERT: ("ecd0a0", "e2bf88", "f1dcb4"),
        Setting.NORTH: ("eef4f7", "dfe9ee", "c9d6de"),
    }
)
"""The ground at the house, the ground before it, and the way in front."""

HOUSES: Mapping[str, Callable[[Canvas, House, float], None]] = MappingProxyType(
    {"hotel": grand, "resort": resort, "apartment": apartments, "guest_house": lodge, "hostel": hostel}
)


def paint_facade(canvas: Canvas, house: House) -> None:
    """The whole picture."""
    dice = house.dice("outside")
    landscape(canvas, house.setting, house.light, dice)
    _ground(canvas, house)
    _behind(canvas, house, dice)
    HOUSES.get(house.building, grand)(canvas, house, FOOT)
    _before(canvas, house, dice)


def _ground(canvas: Canvas, house: House) -> None:
    near, far, way = (named(one) for one in GROUNDS[house.setting])
    canvas.fade(0, FOOT - 26, canvas.width, 60, [near, far])
    canvas.box(0, FOOT + 34, canvas.width, canvas.height, far)
    canvas.box(0, FOOT + 58, canvas.width, canvas.height, way)
    if house.setting in {Setting.CITY, Setting.OLD_TOWN}:
        _kerb(canvas, house, way)
    else:
        canvas.box(0, FOOT + 58, canvas.width, 5, lighter(way, 0.3), alpha=0.7)


def _kerb(canvas: Canvas, house: House, way: Colour) -> None:
    """A street, or cobbles."""
    canvas.box(0, FOOT + 56, canvas.width, 6, lighter(named(GROUNDS[house.setting][1]), 0.35))
    if house.setting is Setting.CITY:
        for number in range(9):
            canvas.box(number * 150 - 30, FOOT + 98, 84, 6, named("eef0f2"), alpha=0.8)
        return
    for row in range(4):
        for number in range(42):
            x = number * 30 + (15 if row % 2 else 0) - 10
            canvas.box(x, FOOT + 68 + row * 17, 26, 12, lighter(way, 0.14 if number % 3 else 0.05), radius=5)


def _behind(canvas: Canvas, house: House, dice: Dice) -> None:
    """Trees to both sides, further away."""
    if house.setting is Setting.CITY:
        return
    for left, right in ((0.0, 0.2), (0.8, 1.0)):
        for _ in range(dice.whole(2, 4)):
            x = canvas.width * dice.between(left, right)
            natural_to(canvas, house.setting, x, FOOT - 6, dice.between(110, 210), dice)


def _before(canvas: Canvas, house: House, dice: Dice) -> None:
    """Bushes, lamps and a tree or two that frame the picture."""
    greens, dark = GREENS[house.setting], house.light in {Light.EVENING, Light.NIGHT}
    blooms = FLOWERS if house.setting not in {Setting.NORTH, Setting.DESERT} else ()
    for side in (-1, 1):
        for number in range(dice.whole(2, 4)):
            x = canvas.width / 2 + side * (150 + number * dice.between(95, 140))
            flowers = dice.one_of(blooms) if blooms and dice.falls(0.6) else None
            bush(canvas, x, FOOT + 40, dice.between(70, 110), dice.one_of(greens), dice, flowers=flowers)
    if house.setting in {Setting.CITY, Setting.OLD_TOWN, Setting.SEA} or house.splendour >= 4:
        for x in (canvas.width * 0.14, canvas.width * 0.86):
            lamp_post(canvas, x, FOOT + 58, 170, lit=dark)
    for x in (canvas.width * dice.between(0.02, 0.07), canvas.width * dice.between(0.93, 0.98)):
        if dice.falls(0.75):
            natural_to(canvas, house.setting, x, FOOT + 54, dice.between(260, 360), dice)
    if house.light is Light.NIGHT:
        canvas.box(
            0, FOOT + 58, canvas.width, canvas.height, darker(named("0d1233"), 0.0), alpha=0.25, shining=True
        )
