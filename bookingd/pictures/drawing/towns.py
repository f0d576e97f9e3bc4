"""Landscapes of houses: a skyline, and an old town."""

from bookingd.domain.pictures import Light
from bookingd.pictures.drawing.canvas import Canvas
from bookingd.pictures.drawing.colours import LAMPLIGHT, Colour, darker, lighter, mix, named, several
from bookingd.pictures.drawing.dice import Dice
from bookingd.pictures.drawing.terrain import Sight, haze, swell


def paint_city(canvas: Canvas, sight: Sight) -> None:
    light, dice, horizon, _ = sight
    height = canvas.height
    for share, rise, wide in ((0.55, 0.5, 0.075), (0.3, 0.36, 0.09), (0.08, 0.22, 0.11)):
        tone = haze(dice.one_of(several("7f8fae 8a93a8 75899f")), light, share)
        _skyline(canvas, light, dice, foot=horizon, rise=height * rise, wide=canvas.width * wide, tone=tone)
    canvas.box(0, horizon - 1, canvas.width, height - horizon + 2, named("b9bec6"))


def _skyline(
    canvas: Canvas, light: Light, dice: Dice, *, foot: float, rise: float, wide: float, tone: Colour
) -> None:
    """Tall houses side by side, with lit windows when it is dark."""
    x = -wide * dice.between(0.0, 0.8)
    while x < canvas.width:
        across, tall = wide * dice.between(0.55, 1.1), rise * dice.between(0.35, 1.0)
        shade = mix(tone, darker(tone, 0.25), dice.between(0, 0.6))
        canvas.box(x, foot - tall, across, tall + 2, shade)
        _top(canvas, dice, x, foot - tall, across, shade)
        _panes(canvas, light, dice, x, foot - tall, across, tall, shade)
        x += across + wide * dice.between(0.0, 0.12)


def _top(canvas: Canvas, dice: Dice, x: float, y: float, wide: float, shade: Colour) -> None:
    shape = dice.whole(1, 5)
    if shape == 1:
        canvas.box(x + wide * 0.2, y - wide * 0.2, wide * 0.6, wide * 0.22, shade)
        canvas.box(x + wide * 0.48, y - wide * 0.7, wide * 0.04, wide * 0.55, shade)
    elif shape == 2:
        canvas.polygon([(x, y + 1), (x + wide * 0.5, y - wide * 0.5), (x + wide, y + 1)], shade)
    elif shape == 3:
        canvas.polygon([(x, y + 1), (x + wide, y - wide * 0.45), (x + wide, y + 1)], shade)


def _panes(
    canvas: Canvas, light: Light, dice: Dice, x: float, y: float, wide: float, tall: float, shade: Colour
) -> None:
    columns, step = max(2, int(wide / 17)), canvas.height * 0.028
    across = wide / (columns * 1.6 + 0.6)
    lit = {Light.NIGHT: 0.5, Light.EVENING: 0.3}.get(light, 0.0)
    for row in range(1, int(tall / step)):
        for column in range(columns):
            shines = dice.falls(lit)
            colour = LAMPLIGHT if shines else lighter(shade, 0.16)
            left = x + across * (0.6 + column * 1.6)
            canvas.box(
                left,
                y + row * step,
                across,
                step * 0.5,
                colour,
                alpha=0.85 if shines else 0.7,
                shining=shines,
            )


def paint_old_town(canvas: Canvas, sight: Sight) -> None:
    light, dice, horizon, _ = sight
    height = canvas.height
    swell(
        canvas,
        dice,
        foot=horizon - height * 0.06,
        rise=height * 0.16,
        colour=haze(named("9db08a"), light, 0.4),
    )
    _spire(
        canvas,
        canvas.width * dice.between(0.15, 0.85),
        horizon,
        height * dice.between(0.3, 0.4),
        haze(named("cbb9a0"), light, 0.25),
        dice,
    )
    for share, size in ((0.3, 0.15), (0.1, 0.2)):
        _gables(canvas, light, dice, foot=horizon, size=height * size, share=share)
    canvas.box(0, horizon - 1, canvas.width, height - horizon + 2, named("cfc0a8"))


def _gables(canvas: Canvas, light: Light, dice: Dice, *, foot: float, size: float, share: float) -> None:
    """Old houses side by side, each of its own colour."""
    x = -size * dice.between(0.0, 0.6)
    while x < canvas.width:
        wide, tall = size * dice.between(0.55, 0.9), size * dice.between(0.6, 1.15)
        wall = haze(dice.one_of(several("e8cfa0 dca98a c9d0b8 e6bfae d8c3d0 efe0c2")), light, share)
        roof = haze(dice.one_of(several("b5583f a34b3a 8f5a4a c46a48")), light, share)
        canvas.box(x, foot - tall, wide, tall + 2, wall)
        canvas.polygon(
            [
                (x - wide * 0.06, foot - tall + 1),
                (x + wide * 0.5, foot - tall - wide * 0.55),
                (x + wide * 1.06, foot - tall + 1),
            ],
            roof,
        )
        lit = dice.falls({Light.NIGHT: 0.6, Light.EVENING: 0.4}.get(light, 0.0))
        for row in range(1, int(tall / (size * 0.28)) + 1):
            for part in (0.18, 0.58):
                canvas.box(
                    x + wide * part,
                    foot - tall + (row - 0.7) * size * 0.28,
                    wide * 0.2,
                    size * 0.13,
                    LAMPLIGHT if lit else darker(wall, 0.45),
                    shining=lit,
                )
        x += wide


def _spire(canvas: Canvas, x: float, y: float, tall: float, stone: Colour, dice: Dice) -> None:
    """A church."""
    wide = tall * 0.2
    canvas.box(x - wide / 2, y - tall * 0.62, wide, tall * 0.64, stone)
    if dice.falls(0.5):
        canvas.polygon(
            [(x - wide * 0.6, y - tall * 0.62), (x, y - tall), (x + wide * 0.6, y - tall * 0.62)],
            darker(named("6f8f86"), 0.05),
        )
    else:
        canvas.pie(x, y - tall * 0.62, wide * 0.58, wide * 0.75, (180, 360), named("7fa39a"))
        canvas.box(x - wide * 0.06, y - tall * 0.88, wide * 0.12, wide * 0.6, named("7fa39a"))
    canvas.arch(x - wide * 0.17, y - tall * 0.55, wide * 0.34, tall * 0.12, darker(stone, 0.4))
