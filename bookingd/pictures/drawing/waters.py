"""Landscapes by the sea."""

from collections.abc import Sequence

from bookingd.domain.pictures import Light, Setting
from bookingd.pictures.drawing.canvas import Canvas
from bookingd.pictures.drawing.colours import LAMPLIGHT, WHITE, Colour, darker, mix, named, several
from bookingd.pictures.drawing.dice import Dice
from bookingd.pictures.drawing.plants import GREENS, palm
from bookingd.pictures.drawing.skies import COLOURS
from bookingd.pictures.drawing.terrain import Sight, haze, swell


def paint_sea(canvas: Canvas, sight: Sight) -> None:
    light, dice, horizon, _ = sight
    height, width = canvas.height, canvas.width
    water = several("7fc6dd 3f9cc4 2a86b3") if dice.falls(0.5) else several("8fd0d6 4aaabb 2f8fa8")
    _cape(canvas, light, dice, horizon)
    _water(canvas, sight, water)
    for _ in range(dice.whole(1, 3)):
        x, y = width * dice.between(0.08, 0.92), horizon + height * dice.between(0.02, 0.1)
        _sail(canvas, x, y, height * dice.between(0.03, 0.075), dice)


def _cape(canvas: Canvas, light: Light, dice: Dice, horizon: float) -> None:
    """Land that runs out into the sea on one side."""
    width, height, left = canvas.width, canvas.height, dice.falls(0.5)
    colour = haze(named("7f9a86"), light, 0.35)
    reach, tall = width * dice.between(0.3, 0.55), height * dice.between(0.06, 0.13)
    line = [(reach * part / 6, horizon - tall * (1 - part / 6) * dice.between(0.7, 1.1)) for part in range(7)]
    points = [(0.0, horizon), *line, (reach, horizon)]
    canvas.polygon([(x if left else width - x, y) for x, y in points], colour)


def _water(canvas: Canvas, sight: Sight, colours: Sequence[Colour]) -> None:
    """From the horizon down: in the evening it has the colours of the sky, and the sun lies on it."""
    light, dice, horizon, _ = sight
    far = haze(colours[0], light, 0.35)
    if light is Light.EVENING:  # a mirror of the sky
        far, *colours = (mix(one, colours[-1], 0.16) for one in reversed(COLOURS[light]))
    deep = canvas.height - horizon
    canvas.fade(0, horizon, canvas.width, deep, [far, *colours], shining=light is Light.EVENING)
    if light is not Light.DAY:
        _gleam(canvas, sight)
    for _ in range(70):
        near = dice.between(0.0, 1.0) ** 1.6
        long = canvas.width * (0.008 + 0.035 * near) * dice.between(0.6, 1.3)
        _ripple(canvas, sight, dice.between(0, canvas.width), near, long, alpha=0.2)


def _gleam(canvas: Canvas, sight: Sight) -> None:
    """A path of light towards the sun or the moon, broader the nearer it comes."""
    for number in range(34):
        near = (number + 0.5) / 34
        wide = canvas.width * (0.03 + 0.075 * near) * sight.dice.between(0.5, 1.1)
        x = sight.sun - wide / 2 + canvas.width * sight.dice.between(-0.012, 0.012)
        _ripple(canvas, sight, x, near, wide, alpha=0.5 if sight.light is Light.NIGHT else 0.75)


def _ripple(canvas: Canvas, sight: Sight, x: float, near: float, long: float, *, alpha: float) -> None:
    """A short wave; `near` (0 to 1) is how far it has come from the horizon."""
    tone = LAMPLIGHT if sight.light is Light.EVENING else WHITE
    y = sight.horizon + 3 + near * (canvas.height - sight.horizon) * 0.96
    thick = canvas.height * (0.0016 + 0.0032 * near)
    faint = 0.55 if sight.light is Light.NIGHT else 1.0
    canvas.box(x, y, long, thick, tone, alpha=alpha * faint, radius=thick / 2, shining=True)


def _sail(canvas: Canvas, x: float, y: float, size: float, dice: Dice) -> None:
    canvas.polygon([(x, y - size), (x, y - size * 0.12), (x + size * 0.5, y - size * 0.12)], named("fdfaf3"))
    canvas.polygon(
        [
            (x - size * 0.05, y - size * 0.85),
            (x - size * 0.05, y - size * 0.12),
            (x - size * 0.32, y - size * 0.12),
        ],
        dice.one_of(several("e8654f f2b544 3f7fb0")),
    )
    canvas.polygon(
        [
            (x - size * 0.4, y - size * 0.08),
            (x + size * 0.55, y - size * 0.08),
            (x + size * 0.38, y + size * 0.06),
            (x - size * 0.28, y + size * 0.06),
        ],
        named("f7f3ea"),
    )


def paint_tropics(canvas: Canvas, sight: Sight) -> None:
    light, dice, horizon, _ = sight
    height, width = canvas.height, canvas.width
    _island(canvas, light, dice, horizon)
    _water(canvas, sight, several("6fd8dc 2fbfcf 35c9c4 8be3d0"))
    shore = swell(canvas, dice, foot=height * 0.97, rise=height * 0.1, colour=named("fdf6e6"))
    sand = [(x, shore(x) + height * 0.014) for x in range(0, int(width) + 20, 12)]
    canvas.polygon([*sand, (width * 1.1, height), (0, height)], named("f3dfb4"))
    for _ in range(2):
        x = width * dice.one_of((dice.between(0.03, 0.16), dice.between(0.84, 0.97)))
        palm(
            canvas,
            x,
            height * 0.98,
            height * dice.between(0.42, 0.62),
            GREENS[Setting.TROPICS][0],
            lean=0.2 if x < width / 2 else -0.2,
        )


def _island(canvas: Canvas, light: Light, dice: Dice, horizon: float) -> None:
    """Steep and green, as volcanoes leave them."""
    width, height = canvas.width, canvas.height
    x, reach, tall = (
        width * dice.between(0.2, 0.8),
        width * dice.between(0.16, 0.3),
        height * dice.between(0.14, 0.24),
    )
    green = haze(named("3f9a72"), light, 0.3)
    canvas.polygon(
        [
            (x - reach, horizon),
            (x - reach * 0.35, horizon - tall * 0.55),
            (x - reach * 0.08, horizon - tall),
            (x + reach * 0.2, horizon - tall * 0.7),
            (x + reach, horizon),
        ],
        green,
    )
    canvas.polygon(
        [
            (x - reach * 0.08, horizon - tall),
            (x + reach * 0.2, horizon - tall * 0.7),
            (x + reach, horizon),
            (x + reach * 0.1, horizon),
        ],
        darker(green, 0.14),
    )
