"""Windows and doors of a façade."""

from bookingd.domain.pictures import Light
from bookingd.pictures.drawing.canvas import Canvas
from bookingd.pictures.drawing.colours import LAMPLIGHT, WHITE, Colour, darker, lighter, mix, named
from bookingd.pictures.drawing.dice import Dice
from bookingd.pictures.drawing.house import House, Opening

GLASS = named("8fb4cc")
LIT = {Light.NIGHT: 0.55, Light.EVENING: 0.42, Light.MORNING: 0.08}
"""How many windows have a lamp behind them."""


def window(canvas: Canvas, house: House, dice: Dice, x: float, y: float, wide: float, tall: float) -> None:
    """As that house has them; `x` and `y` are its upper left corner."""
    frame = lighter(house.wall, 0.55)
    lit = dice.falls(LIT.get(house.light, 0.0))
    match house.opening:
        case Opening.WIDE:
            x, wide = x - wide * 0.18, wide * 1.36
            _pane(canvas, dice, x, y, wide, tall, frame, lit=lit, bars=2)
        case Opening.ARCHED:
            _arched(canvas, dice, x, y, wide, tall, frame, lit=lit)
        case Opening.SHUTTERED:
            _pane(canvas, dice, x, y, wide, tall, frame, lit=lit, bars=1)
            _shutters(canvas, x, y, wide, tall, house.accent)
        case Opening.BALCONY:
            _pane(canvas, dice, x, y - tall * 0.06, wide, tall * 1.2, frame, lit=lit, bars=1)
            _railing(canvas, x, y + tall * 0.62, wide, tall * 0.52)
        case Opening.SASH:
            _pane(canvas, dice, x, y, wide, tall, frame, lit=lit, bars=1)
            canvas.box(x - wide * 0.08, y + tall, wide * 1.16, tall * 0.07, lighter(house.wall, 0.4))
            canvas.box(x - wide * 0.06, y - tall * 0.1, wide * 1.12, tall * 0.07, lighter(house.wall, 0.4))


def _pane(
    canvas: Canvas,
    dice: Dice,
    x: float,
    y: float,
    wide: float,
    tall: float,
    frame: Colour,
    *,
    lit: bool,
    bars: int,
) -> None:
    edge = min(wide, tall) * 0.08
    canvas.box(x - edge, y - edge, wide + 2 * edge, tall + 2 * edge, frame)
    canvas.box(x, y, wide, tall, LAMPLIGHT if lit else GLASS, shining=lit)
    if lit:
        _curtains(canvas, dice, x, y, wide, tall)
    else:
        canvas.polygon(
            [(x + wide * 0.1, y), (x + wide * 0.5, y), (x, y + tall * 0.62), (x, y + tall * 0.16)],
            WHITE,
            alpha=0.22,
        )
    for number in range(1, bars + 1):
        canvas.box(x + wide * number / (bars + 1) - edge * 0.35, y, edge * 0.7, tall, frame)
    canvas.box(x, y + tall * 0.36, wide, edge * 0.6, frame)


def _curtains(canvas: Canvas, dice: Dice, x: float, y: float, wide: float, tall: float) -> None:
    """Half drawn, as people leave them."""
    tone = mix(LAMPLIGHT, named("e08a4a"), 0.45)
    part = dice.between(0.1, 0.34)
    canvas.box(x, y, wide * part, tall, tone, shining=True)
    canvas.box(x + wide * (1 - part), y, wide * part, tall, tone, shining=True)


def _arched(
    canvas: Canvas, dice: Dice, x: float, y: float, wide: float, tall: float, frame: Colour, *, lit: bool
) -> None:
    edge = wide * 0.09
    canvas.arch(x - edge, y - edge - tall * 0.06, wide + 2 * edge, tall * 1.06 + 2 * edge, frame)
    canvas.arch(x, y - tall * 0.06, wide, tall * 1.06, LAMPLIGHT if lit else GLASS, shining=lit)
    if lit:
        _curtains(canvas, dice, x, y + wide * 0.5, wide, tall - wide * 0.5)
    canvas.box(x + wide * 0.46, y - tall * 0.04, wide * 0.08, tall * 1.04, frame)
    canvas.box(x, y + tall * 0.42, wide, edge * 0.6, frame)


def _shutters(canvas: Canvas, x: float, y: float, wide: float, tall: float, colour: Colour) -> None:
    flap = wide * 0.36
    for left in (x - flap - wide * 0.09, x + wide * 1.09):
        canvas.box(left, y - tall * 0.03, flap, tall * 1.06, colour)
        for slat in range(1, 6):
            canvas.box(
                left + flap * 0.14,
                y + tall * (slat * 0.17 - 0.06),
                flap * 0.72,
                tall * 0.05,
                darker(colour, 0.22),
            )


def _railing(canvas: Canvas, x: float, y: float, wide: float, tall: float) -> None:
    """A small balcony of iron."""
    iron, left, across = named("4a4d58"), x - wide * 0.2, wide * 1.4
    canvas.box(left, y + tall, across, tall * 0.14, named("d6cfc4"))
    for number in range(8):
        canvas.box(left + across * number / 7 - wide * 0.015, y, wide * 0.03, tall, iron)
    canvas.box(left - wide * 0.03, y, across + wide * 0.06, tall * 0.09, iron)


def door(canvas: Canvas, house: House, x: float, y: float, wide: float, tall: float) -> None:
    """The entrance, its middle at `x` and its foot at `y`; light falls out of it when it is dark."""
    frame, lit = lighter(house.wall, 0.6), house.light in {Light.EVENING, Light.NIGHT}
    if lit:
        canvas.halo(x, y - tall * 0.3, tall * 1.5, LAMPLIGHT, alpha=0.5)
    left, top = x - wide / 2, y - tall
    canvas.box(left - wide * 0.08, top - wide * 0.08, wide * 1.16, tall + wide * 0.08, frame)
    canvas.box(left, top, wide, tall, LAMPLIGHT if lit else mix(GLASS, named("2e4054"), 0.35), shining=lit)
    for part in (0.0, 0.5):
        canvas.box(left + wide * (part + 0.03), top + tall * 0.2, wide * 0.44, tall * 0.8, house.accent)
        canvas.box(
            left + wide * (part + 0.09),
            top + tall * 0.27,
            wide * 0.32,
            tall * 0.46,
            LAMPLIGHT if lit else GLASS,
            shining=lit,
        )
    for side in (0.46, 0.54):
        canvas.box(
            left + wide * side - wide * 0.012, top + tall * 0.55, wide * 0.024, tall * 0.16, named("e9c46a")
        )


def awning(canvas: Canvas, x: float, y: float, wide: float, deep: float, colour: Colour) -> None:
    """Striped, over a window or a door."""
    stripes = max(5, int(wide / 16)) | 1
    across = wide / stripes
    for number in range(stripes):
        tone = colour if number % 2 == 0 else named("fbf7ef")
        left = x + number * across
        out = deep * 0.28
        lean = [(x + wide / 2 + (one - x - wide / 2) * (1 + out / wide * 2)) for one in (left, left + across)]
        canvas.polygon([(left, y), (left + across, y), (lean[1], y + deep), (lean[0], y + deep)], tone)
        middle, half = (lean[0] + lean[1]) / 2, (lean[1] - lean[0]) / 2
        canvas.pie(middle, y + deep, half, half * 0.8, (0, 180), darker(tone, 0.06))
    canvas.box(x - deep * 0.1, y, wide + deep * 0.2, deep * 0.1, darker(colour, 0.3))


def lamp_post(canvas: Canvas, x: float, y: float, tall: float, *, lit: bool) -> None:
    """On the pavement."""
    iron = named("3d4150")
    if lit:
        canvas.halo(x, y - tall, tall * 0.75, LAMPLIGHT, alpha=0.6)
    canvas.box(x - tall * 0.014, y - tall * 0.94, tall * 0.028, tall * 0.94, iron)
    canvas.box(x - tall * 0.035, y - tall * 0.06, tall * 0.07, tall * 0.06, iron)
    globe = LAMPLIGHT if lit else named("f2efe4")
    canvas.ellipse(x, y - tall, tall * 0.052, tall * 0.062, globe, shining=lit)
    canvas.box(x - tall * 0.03, y - tall * 0.945, tall * 0.06, tall * 0.016, iron)


def sign_stars(canvas: Canvas, x: float, y: float, size: float, count: int, colour: Colour) -> None:
    """A row of stars around `x`."""
    for number in range(count):
        star(canvas, x + (number - (count - 1) / 2) * size * 2.3, y, size, colour)


def star(canvas: Canvas, x: float, y: float, size: float, colour: Colour) -> None:
    """Of five points."""
    shape = [(0.0, -1.0), (0.225, -0.309), (0.951, -0.309), (0.363, 0.118), (0.588, 0.809), (0.0, 0.382)]
    points = [(x + size * dx, y + size * dy) for dx, dy in shape]
    points += [(x - size * dx, y + size * dy) for dx, dy in reversed(shape[1:-1])]
    canvas.polygon(points, colour, shining=True)
