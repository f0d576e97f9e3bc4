"""The sky: its colours by the time of day, sun, moon, stars and clouds."""

import math
from collections.abc import Mapping
from types import MappingProxyType

from bookingd.domain.pictures import Light, Setting
from bookingd.pictures.drawing.canvas import Canvas
from bookingd.pictures.drawing.colours import WHITE, Colour, mix, named, several
from bookingd.pictures.drawing.dice import Dice

COLOURS: Mapping[Light, tuple[Colour, ...]] = MappingProxyType(
    {
        Light.MORNING: several("7fb4dd a9cfe6 e3d9cf fbd9b5"),
        Light.DAY: several("3f97dc 6fb6ea a9d7f5 d8eefb"),
        Light.EVENING: several("33407f 7a5290 d5758a f9a96b ffd08a"),
        Light.NIGHT: several("080f2c 111c46 22336b 3a4a85"),
    }
)
"""From above to the horizon."""

AIR: Mapping[Setting, tuple[Colour, float]] = MappingProxyType(
    {
        Setting.DESERT: (named("f3d9a8"), 0.22),
        Setting.NORTH: (named("bcd6e6"), 0.25),
        Setting.TROPICS: (named("2fb7d6"), 0.16),
        Setting.MOUNTAINS: (named("2f7fd0"), 0.12),
    }
)
"""What the air of a place adds by day, and how much."""


AURORA = named("4df0b0")


def paint_sky(canvas: Canvas, setting: Setting, light: Light, dice: Dice, *, horizon: float) -> float:
    """All above the horizon, and its colour below it; where the sun or the moon stands, from the left."""
    colours = COLOURS[light]
    if setting in AIR and light in {Light.DAY, Light.MORNING}:
        colour, share = AIR[setting]
        colours = tuple(mix(one, colour, share) for one in colours)
    canvas.fade(0, 0, canvas.width, horizon, colours, shining=True)
    canvas.box(0, horizon, canvas.width, canvas.height - horizon, colours[-1], shining=True)
    if light is Light.NIGHT:
        _stars(canvas, dice, horizon)
        if setting is Setting.NORTH:
            _aurora(canvas, dice, horizon)
        return _moon(canvas, dice, horizon)
    sun = _sun(canvas, light, dice, horizon)
    _clouds(canvas, light, dice, horizon)
    return sun


def _sun(canvas: Canvas, light: Light, dice: Dice, horizon: float) -> float:
    x = canvas.width * dice.one_of((dice.between(0.08, 0.3), dice.between(0.7, 0.92)))
    size = canvas.height * 0.042
    if light is Light.DAY:
        canvas.halo(x, horizon * 0.22, size * 5, WHITE, alpha=0.65)
        canvas.ellipse(x, horizon * 0.22, size, size, named("fffbe6"), shining=True)
    else:
        y = horizon * (0.80 if light is Light.EVENING else 0.62)
        colour = named("ffe0a3" if light is Light.EVENING else "fff3d6")
        canvas.halo(x, y, size * 9, colour, alpha=0.75)
        canvas.ellipse(x, y, size * 1.25, size * 1.25, mix(colour, WHITE, 0.4), shining=True)
    return x


def _moon(canvas: Canvas, dice: Dice, horizon: float) -> float:
    x, y = canvas.width * dice.between(0.1, 0.9), horizon * dice.between(0.14, 0.3)
    size = canvas.height * 0.032
    canvas.halo(x, y, size * 7, named("aebfff"), alpha=0.4)
    canvas.ellipse(x, y, size, size, named("f4f1de"), shining=True)
    canvas.ellipse(x + size * 0.3, y - size * 0.25, size * 0.22, size * 0.22, named("dcd8c4"), shining=True)
    canvas.ellipse(x - size * 0.35, y + size * 0.3, size * 0.3, size * 0.3, named("dcd8c4"), shining=True)
    return x


def _stars(canvas: Canvas, dice: Dice, horizon: float) -> None:
    unit = canvas.height / 800
    for _ in range(70):
        x, y = dice.between(0, canvas.width), dice.between(0, horizon * 0.85)
        size = dice.between(0.8, 1.9) * unit
        canvas.ellipse(x, y, size, size, WHITE, alpha=dice.between(0.35, 0.95), shining=True)


def _aurora(canvas: Canvas, dice: Dice, horizon: float) -> None:
    """A green curtain over the whole sky."""
    base, phase, wave = horizon * dice.between(0.5, 0.62), dice.between(0, 6), dice.between(0.8, 1.3)
    foot, rise = [], []
    for number in range(91):
        turn = number * 0.07 * wave + phase
        foot.append((canvas.width * number / 90, base + horizon * 0.1 * math.sin(turn)))
        rise.append(horizon * (0.3 + 0.12 * math.sin(turn * 2.3)))
    for part, alpha in ((1.0, 0.05), (0.8, 0.06), (0.6, 0.07), (0.42, 0.09), (0.24, 0.11), (0.1, 0.1)):
        top = [(x, y - tall * part) for (x, y), tall in zip(foot, rise, strict=True)]
        canvas.polygon([*top, *reversed(foot)], AURORA, alpha=alpha, shining=True)


def _clouds(canvas: Canvas, light: Light, dice: Dice, horizon: float) -> None:
    tone = {Light.DAY: WHITE, Light.MORNING: named("fff1e6"), Light.EVENING: named("f58f86")}[light]
    for _ in range(dice.whole(2, 4)):
        x, y = canvas.width * dice.between(-0.05, 1.0), horizon * dice.between(0.1, 0.55)
        behind = COLOURS[light][1 if y < horizon * 0.4 else 2]
        _cloud(canvas, x, y, canvas.height * dice.between(0.03, 0.06), mix(behind, tone, 0.8), dice)


def _cloud(canvas: Canvas, x: float, y: float, size: float, tone: Colour, dice: Dice) -> None:
    """Flat below, round above, `x` and `y` its lower left corner."""
    spread = dice.between(2.8, 4.4) * size
    canvas.box(x, y - size * 0.42, spread, size * 0.42, tone, radius=size * 0.21, shining=True)
    lumps = dice.whole(2, 4)
    for number in range(lumps):
        middle = x + spread * (0.22 + 0.56 * number / max(1, lumps - 1))
        big = size * dice.between(0.42, 0.62) * (1.25 if 0 < number < lumps - 1 else 1.0)
        canvas.pie(middle, y - size * 0.2, big, big * 1.1, (180, 360), tone, shining=True)
