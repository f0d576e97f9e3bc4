"""Landscapes without much water: mountains, hills, desert and the north."""

from bookingd.domain.pictures import Setting
from bookingd.pictures.drawing.canvas import Canvas
from bookingd.pictures.drawing.colours import WHITE, Colour, darker, named, several
from bookingd.pictures.drawing.plants import GREENS, cactus, cypress, fir, round_tree
from bookingd.pictures.drawing.terrain import Sight, haze, peaks, swell


def paint_mountains(canvas: Canvas, sight: Sight) -> None:
    light, dice, horizon, _ = sight
    height = canvas.height
    far = haze(named("8fa3bd"), light, 0.45)
    peaks(
        canvas,
        dice,
        foot=horizon + height * 0.02,
        rise=height * 0.42,
        count=dice.whole(4, 6),
        rock=far,
        snow=haze(WHITE, light, 0.2),
    )
    near = named("6f87a3")
    peaks(
        canvas,
        dice,
        foot=horizon + height * 0.05,
        rise=height * 0.26,
        count=dice.whole(5, 7),
        rock=near,
        snow=named("f3f7fb"),
    )
    green = GREENS[Setting.MOUNTAINS]
    level = swell(
        canvas, dice, foot=horizon + height * 0.1, rise=height * 0.08, colour=darker(green[2], 0.05)
    )
    for _ in range(46):
        x = dice.between(0, canvas.width)
        fir(
            canvas,
            x,
            level(x) + height * 0.02,
            height * dice.between(0.05, 0.1),
            darker(dice.one_of(green), 0.15),
        )
    swell(canvas, dice, foot=horizon + height * 0.17, rise=height * 0.06, colour=named("8fb56a"))


def paint_countryside(canvas: Canvas, sight: Sight) -> None:
    light, dice, horizon, _ = sight
    height = canvas.height
    swell(
        canvas,
        dice,
        foot=horizon + height * 0.02,
        rise=height * 0.1,
        colour=haze(named("8fae7f"), light, 0.4),
    )
    level = swell(canvas, dice, foot=horizon + height * 0.09, rise=height * 0.1, colour=named("a9c268"))
    greens = GREENS[Setting.COUNTRYSIDE]
    for _ in range(9):
        x = dice.between(0, canvas.width)
        tree = cypress if dice.falls(0.55) else round_tree
        tree(canvas, x, level(x) + height * 0.01, height * dice.between(0.06, 0.1), dice.one_of(greens))
    field = swell(canvas, dice, foot=horizon + height * 0.22, rise=height * 0.1, colour=named("d9c66a"))
    for number in range(26):
        x = canvas.width * number / 25
        canvas.line(
            [(x, field(x)), (canvas.width / 2 + (x - canvas.width / 2) * 2.2, height)],
            named("c3ae55"),
            thick=height * 0.006,
            alpha=0.6,
        )
    swell(canvas, dice, foot=horizon + height * 0.33, rise=height * 0.07, colour=named("93b75d"))


def paint_desert(canvas: Canvas, sight: Sight) -> None:
    light, dice, horizon, _ = sight
    height, width = canvas.height, canvas.width
    rock = haze(named("c9825a"), light, 0.25)
    for _ in range(dice.whole(2, 4)):
        _mesa(
            canvas,
            width * dice.between(0.0, 1.0),
            horizon + 2,
            width * dice.between(0.07, 0.16),
            height * dice.between(0.07, 0.16),
            rock,
        )
    for foot, rise, colour in ((0.05, 0.07, "e6b878"), (0.13, 0.09, "ecc689"), (0.24, 0.1, "f1d39c")):
        crest = swell(canvas, dice, foot=horizon + height * foot, rise=height * rise, colour=named(colour))
        shade = [(x, crest(x)) for x in range(0, int(width) + 20, 14)]
        canvas.polygon(
            [*shade, *[(x + 30, y + height * 0.035) for x, y in reversed(shade)]],
            darker(named(colour), 0.1),
            alpha=0.5,
        )
    for _ in range(dice.whole(2, 4)):
        x = dice.between(0, width)
        cactus(
            canvas,
            x,
            horizon + height * dice.between(0.16, 0.3),
            height * dice.between(0.05, 0.1),
            GREENS[Setting.DESERT][0],
        )


def _mesa(canvas: Canvas, x: float, y: float, wide: float, tall: float, rock: Colour) -> None:
    """A table mountain."""
    canvas.polygon(
        [(x - wide, y), (x - wide * 0.72, y - tall), (x + wide * 0.72, y - tall), (x + wide, y)], rock
    )
    canvas.polygon(
        [(x + wide * 0.3, y), (x + wide * 0.36, y - tall), (x + wide * 0.72, y - tall), (x + wide, y)],
        darker(rock, 0.16),
    )
    for part in (0.3, 0.6):
        canvas.line(
            [
                (x - wide * (0.72 + 0.28 * part), y - tall * (1 - part)),
                (x + wide * (0.72 + 0.28 * part), y - tall * (1 - part)),
            ],
            darker(rock, 0.1),
            thick=tall * 0.05,
        )


def paint_north(canvas: Canvas, sight: Sight) -> None:
    light, dice, horizon, _ = sight
    height, width = canvas.height, canvas.width
    peaks(
        canvas,
        dice,
        foot=horizon,
        rise=height * 0.22,
        count=dice.whole(4, 6),
        rock=haze(named("9fb3c6"), light, 0.35),
        snow=named("f6fafc"),
    )
    swell(
        canvas,
        dice,
        foot=horizon + height * 0.02,
        rise=height * 0.05,
        colour=haze(named("5f8a86"), light, 0.25),
    )
    canvas.fade(0, horizon + height * 0.01, width, height * 0.14, several("a9c9d6 7fb0c6 6a9fba"))
    level = swell(canvas, dice, foot=horizon + height * 0.17, rise=height * 0.05, colour=named("e4eef3"))
    for _ in range(40):
        x = dice.between(0, width)
        fir(
            canvas,
            x,
            level(x) + height * 0.02,
            height * dice.between(0.06, 0.13),
            dice.one_of(GREENS[Setting.NORTH]),
            snow=True,
        )
    swell(canvas, dice, foot=horizon + height * 0.26, rise=height * 0.05, colour=named("f3f7fa"))
