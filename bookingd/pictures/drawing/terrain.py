"""What several landscapes are made of: what they are painted by, the haze of distance, hills and peaks."""

import math
from collections.abc import Callable
from typing import NamedTuple

from bookingd.domain.pictures import Light
from bookingd.pictures.drawing.canvas import Canvas, Point
from bookingd.pictures.drawing.colours import Colour, darker, mix
from bookingd.pictures.drawing.dice import Dice
from bookingd.pictures.drawing.skies import COLOURS


class Sight(NamedTuple):
    """What a landscape is painted by."""

    light: Light
    dice: Dice
    horizon: float
    """Units from above."""
    sun: float
    """Units from the left: where the sun stands, or the moon."""


def haze(colour: Colour, light: Light, share: float) -> Colour:
    """As it is seen from far away: nearer to the colour of the sky above the horizon."""
    return mix(colour, COLOURS[light][-1], share)


def swell(
    canvas: Canvas, dice: Dice, *, foot: float, rise: float, colour: Colour
) -> Callable[[float], float]:
    """Rolling hills; what tells how high they are at an x."""
    phase, long = dice.between(0, 6), canvas.width / dice.between(1.2, 2.4)
    second = dice.between(0, 6)

    def level(x: float) -> float:
        return foot - rise * (
            0.5 + 0.38 * math.sin(x / long * 6.28 + phase) + 0.12 * math.sin(x / long * 17 + second)
        )

    step = canvas.width / 60
    line = [(number * step, level(number * step)) for number in range(62)]
    canvas.polygon([*line, (canvas.width * 1.1, canvas.height), (0, canvas.height)], colour)
    return level


def peaks(
    canvas: Canvas, dice: Dice, *, foot: float, rise: float, count: int, rock: Colour, snow: Colour
) -> None:
    """Mountains with a bright and a dark side, and snow on top."""
    step = canvas.width / (count - 1)
    for number in sorted(range(count), key=lambda one: one * 7 % 5):
        x, tall = step * (number + dice.between(-0.25, 0.25)), rise * dice.between(0.55, 1.0)
        wide = step * dice.between(0.75, 1.05)
        top, ridge_foot = (x, foot - tall), (x + wide * dice.between(-0.1, 0.15), foot)
        canvas.polygon([(x - wide, foot), top, (x + wide, foot)], rock)
        canvas.polygon([top, (x + wide, foot), ridge_foot], darker(rock, 0.22))
        _snowcap(canvas, dice, top=top, tall=tall, wide=wide, ridge_foot=ridge_foot[0], snow=snow)


def _snowcap(
    canvas: Canvas, dice: Dice, *, top: Point, tall: float, wide: float, ridge_foot: float, snow: Colour
) -> None:
    x, y = top
    depth = dice.between(0.3, 0.42)
    down, mid = tall * depth, (ridge_foot - x) * depth * 0.7
    left, right = wide * depth, wide * depth
    zigzag = [
        (x + mid, y + down * 0.82),
        (x - left * 0.3, y + down * 0.72),
        (x - left * 0.55, y + down * 0.98),
    ]
    canvas.polygon([top, *zigzag, (x - left * 0.82, y + down * 0.82)], snow)
    shade = [
        (x + right * 0.82, y + down * 0.82),
        (x + right * 0.5, y + down * 0.95),
        (x + right * 0.35, y + down * 0.7),
    ]
    canvas.polygon([top, *shade, (x + mid, y + down * 0.82)], darker(snow, 0.16))
