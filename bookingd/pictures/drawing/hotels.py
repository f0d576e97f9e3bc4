"""Hotels and resorts as they are built; they stand with the middle of their foot at (600, foot)."""

from bookingd.domain.pictures import Light, Setting
from bookingd.pictures.drawing.canvas import Canvas
from bookingd.pictures.drawing.colours import LAMPLIGHT, WHITE, Colour, darker, lighter, mix, named
from bookingd.pictures.drawing.dice import Dice
from bookingd.pictures.drawing.house import GOLD, House, Roof
from bookingd.pictures.drawing.openings import awning, door, sign_stars, window
from bookingd.pictures.drawing.plants import GREENS
from bookingd.pictures.drawing.roofs import MIDDLE, roof_of, tiles


def grand(canvas: Canvas, house: House, foot: float) -> None:
    """A hotel of several storeys, the more the more stars it has, and the most in a city."""
    dice = house.dice("grand")
    tall_town = house.setting is Setting.CITY
    storeys = min(7, 2 + (house.splendour + 1) // 2 + (2 if tall_town else 0) + dice.whole(0, 1))
    bays = 5 + 2 * min(2, house.splendour // 2) + 2 * dice.whole(0, 1)
    storey, bay = min(78.0, 470.0 / (storeys + 0.6)), min(84.0, 760.0 / bays)
    wide, left = bays * bay, MIDDLE - bays * bay / 2
    top = foot - storeys * storey - storey * 0.25
    roof_of(canvas, house, dice, left, top, wide)
    block(canvas, house.wall, left, top, wide, foot - top)
    for row in range(storeys - 1):
        y = top + storey * (row + 0.3)
        canvas.box(left, top + storey * (row + 1.06), wide, 4, lighter(house.wall, 0.3))
        for column in range(bays):
            window(canvas, house, dice, left + bay * (column + 0.29), y, bay * 0.42, storey * 0.56)
    _ground_floor(canvas, house, dice, left, foot, wide, bay, storey * 1.12)
    if house.splendour >= 4 and house.roof is not Roof.GABLED:
        _flags(canvas, house, left, wide, top)


def block(canvas: Canvas, wall: Colour, x: float, y: float, wide: float, tall: float) -> None:
    """A wall with light from the left, and its shadow on the ground."""
    canvas.shadow(x + wide / 2 + 18, y + tall, wide * 0.55, 15)
    canvas.box(x, y, wide, tall, wall)
    canvas.box(x + wide * 0.86, y, wide * 0.14, tall, darker(wall, 0.09))
    canvas.box(x, y + tall - 16, wide, 16, darker(wall, 0.2))


def _ground_floor(
    canvas: Canvas, house: House, dice: Dice, left: float, foot: float, wide: float, bay: float, tall: float
) -> None:
    """Entrance in the middle, shop windows or a restaurant to both sides, a sign above."""
    base = darker(house.wall, 0.14) if dice.falls(0.5) else mix(house.wall, WHITE, 0.35)
    canvas.box(left, foot - tall, wide, tall, base)
    canvas.box(left - 6, foot - tall - 7, wide + 12, 9, lighter(house.wall, 0.45))
    lit = house.light in {Light.EVENING, Light.NIGHT}
    bays, covered = round(wide / bay), dice.falls(0.6)
    for column in range(bays):
        if abs(column - (bays - 1) / 2) < 1.2:
            continue
        x = left + bay * (column + 0.16)
        glass = LAMPLIGHT if lit else named("a9c8d8")
        canvas.box(x - 4, foot - tall * 0.78, bay * 0.68 + 8, tall * 0.7, lighter(house.wall, 0.6))
        canvas.box(x, foot - tall * 0.74, bay * 0.68, tall * 0.62, glass, shining=lit)
        canvas.box(x + bay * 0.33, foot - tall * 0.74, 3, tall * 0.62, lighter(house.wall, 0.6))
        if covered:
            awning(canvas, x - 5, foot - tall * 0.86, bay * 0.68 + 10, tall * 0.2, house.accent)
    _entrance(canvas, house, foot, max(bay * 1.15, 92), tall)


def _entrance(canvas: Canvas, house: House, foot: float, wide: float, tall: float) -> None:
    door(canvas, house, MIDDLE, foot, wide * 0.72, tall * 0.8)
    canopy = darker(house.accent, 0.1)
    canvas.box(MIDDLE - wide * 0.78, foot - tall * 0.98, wide * 1.56, tall * 0.15, canopy, radius=3)
    canvas.box(MIDDLE - wide * 0.78, foot - tall * 0.86, wide * 1.56, tall * 0.04, GOLD)
    if house.stars:
        sign_stars(canvas, MIDDLE, foot - tall * 0.915, tall * 0.055, house.stars, named("ffe9a8"))
    if house.splendour >= 4:
        canvas.polygon(
            [
                (MIDDLE - wide * 0.34, foot),
                (MIDDLE + wide * 0.34, foot),
                (MIDDLE + wide * 0.5, foot + 56),
                (MIDDLE - wide * 0.5, foot + 56),
            ],
            named("b23a3f"),
        )
        for side in (-1, 1):
            canvas.box(
                MIDDLE + side * wide * 0.68 - 5, foot - tall * 0.84, 10, tall * 0.84, lighter(house.wall, 0.6)
            )
    for side in (-1, 1):
        _tub(canvas, house, MIDDLE + side * wide * 0.62, foot + 12)


def _tub(canvas: Canvas, house: House, x: float, y: float) -> None:
    """A clipped tree beside the door."""
    green = GREENS[house.setting][0]
    canvas.box(x - 2, y - 38, 4, 22, named("7a5640"))
    canvas.ellipse(x, y - 48, 17, 19, darker(green, 0.12))
    canvas.ellipse(x - 4, y - 52, 11, 12, lighter(green, 0.08))
    canvas.polygon(
        [(x - 14, y - 20), (x + 14, y - 20), (x + 10, y + 4), (x - 10, y + 4)], darker(house.accent, 0.15)
    )


def _flags(canvas: Canvas, house: House, left: float, wide: float, top: float) -> None:
    for number, part in enumerate((0.12, 0.5, 0.88)):
        x, y = left + wide * part, top - (58 if house.roof is Roof.FLAT else 120)
        if house.roof is not Roof.FLAT and part != 0.5:
            continue
        canvas.box(x - 1.5, y, 3, 62, named("5a5f6b"))
        canvas.polygon(
            [(x + 1, y + 2), (x + 40, y + 8), (x + 34, y + 16), (x + 40, y + 25), (x + 1, y + 26)],
            house.accent if number != 1 else house.second,
        )


def resort(canvas: Canvas, house: House, foot: float) -> None:
    """A middle house with arches and two low wings full of balconies, and water in front."""
    dice = house.dice("resort")
    for side in (-1, 1):
        _wing(canvas, house, dice, side, foot)
    wide, tall = 300.0, 250.0 + 14 * house.splendour
    left, top = MIDDLE - wide / 2, foot - tall
    canvas.polygon(
        [
            (left - 30, top + 2),
            (left + 34, top - 70),
            (left + wide - 34, top - 70),
            (left + wide + 30, top + 2),
        ],
        house.tile,
    )
    tiles(canvas, house.tile, left - 4, top, wide + 8, 70)
    block(canvas, house.wall, left, top, wide, tall)
    for part in (0.14, 0.41, 0.68):
        window(canvas, house, dice, left + wide * part, top + 34, 52, 60)
    if house.stars:
        sign_stars(canvas, MIDDLE, top + 16, 8, house.stars, GOLD)
    lit = house.light in {Light.EVENING, Light.NIGHT}
    for number in range(3):
        x = left + 18 + number * 92
        canvas.arch(x, foot - 128, 80, 128, darker(house.wall, 0.3) if not lit else LAMPLIGHT, shining=lit)
    door(canvas, house, MIDDLE, foot, 58, 78)
    _pond(canvas, foot, lit=lit)


def _wing(canvas: Canvas, house: House, dice: Dice, side: int, foot: float) -> None:
    wide, storeys, storey = 320.0, 2 + (house.splendour >= 4), 72.0
    left = MIDDLE + (110 if side > 0 else -110 - wide)
    top = foot - storeys * storey
    canvas.polygon(
        [
            (left - 24, top + 2),
            (left + 30, top - 48),
            (left + wide - 30, top - 48),
            (left + wide + 24, top + 2),
        ],
        darker(house.tile, 0.08),
    )
    block(canvas, darker(house.wall, 0.05), left, top, wide, foot - top)
    for row in range(storeys):
        for column in range(4):
            x, y = left + 20 + column * 74, top + row * storey + 14
            lit = dice.falls({Light.NIGHT: 0.55, Light.EVENING: 0.4}.get(house.light, 0.0))
            canvas.box(x, y, 56, 46, LAMPLIGHT if lit else named("8fb4cc"), shining=lit)
            canvas.box(x + 26, y, 4, 46, lighter(house.wall, 0.5))
            balcony(canvas, x - 6, y + 30, 68, 24, mix(house.accent, WHITE, 0.72))


def balcony(canvas: Canvas, x: float, y: float, wide: float, tall: float, rail: Colour) -> None:
    canvas.box(x, y, wide, tall, rail, alpha=0.86)
    canvas.box(x - 2, y - 3, wide + 4, 4, WHITE)
    canvas.box(x - 2, y + tall, wide + 4, 6, named("e6e0d4"))


def _pond(canvas: Canvas, foot: float, *, lit: bool) -> None:
    """A basin before the door, with what light it has."""
    canvas.ellipse(MIDDLE, foot + 46, 250, 24, named("f2ead9"))
    canvas.ellipse(MIDDLE, foot + 45, 238, 19, named("4fc0cf"))
    canvas.ellipse(MIDDLE, foot + 48, 224, 14, named("7fd8df"))
    for dx, wide in ((-120, 60), (40, 80), (-20, 40), (130, 46)):
        canvas.box(
            MIDDLE + dx, foot + 42 + (dx % 7), wide, 2.4, LAMPLIGHT if lit else WHITE, alpha=0.7, shining=True
        )
