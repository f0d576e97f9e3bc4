"""What houses have on top; a roof sits on a wall from `left` to `left + wide` whose upper edge is `top`."""

from bookingd.domain.pictures import Light, Setting
from bookingd.pictures.drawing.canvas import Canvas
from bookingd.pictures.drawing.colours import LAMPLIGHT, Colour, darker, lighter, mix, named
from bookingd.pictures.drawing.dice import Dice
from bookingd.pictures.drawing.house import House, Roof

MIDDLE = 600.0


def roof_of(canvas: Canvas, house: House, dice: Dice, left: float, top: float, wide: float) -> None:
    match house.roof:
        case Roof.FLAT:
            _parapet(canvas, house, left, top, wide)
        case Roof.MANSARD:
            _mansard(canvas, house, dice, left, top, wide)
        case Roof.HIPPED:
            canvas.polygon(
                [
                    (left - 22, top + 2),
                    (left + wide * 0.1, top - 74),
                    (left + wide * 0.9, top - 74),
                    (left + wide + 22, top + 2),
                ],
                house.tile,
            )
            tiles(canvas, house.tile, left, top, wide, 74)
            canvas.box(left - 24, top - 2, wide + 48, 9, darker(house.tile, 0.25))
        case Roof.GABLED:
            gable(canvas, house, dice, left, top, wide)


def _parapet(canvas: Canvas, house: House, left: float, top: float, wide: float) -> None:
    """A flat roof with the name of the trade on it, lit when it is dark."""
    canvas.box(left - 8, top - 14, wide + 16, 18, lighter(house.wall, 0.3))
    canvas.box(left + wide * 0.7, top - 46, wide * 0.14, 34, darker(house.wall, 0.12))
    if house.splendour < 3 or house.setting is Setting.DESERT:
        return
    dark = house.light in {Light.EVENING, Light.NIGHT}
    tone = LAMPLIGHT if dark else house.accent
    if dark:
        canvas.halo(MIDDLE, top - 44, 190, house.accent, alpha=0.5)
    for number, letter in enumerate("HOTEL"):
        _letter(canvas, letter, MIDDLE + (number - 2) * 44 - 15, top - 66, 30, 46, tone, shining=dark)


def _letter(
    canvas: Canvas, letter: str, x: float, y: float, wide: float, tall: float, tone: Colour, *, shining: bool
) -> None:
    """One of H, O, T, E and L, as sign makers build them of bars."""
    stroke = wide * 0.24
    bars = {
        "H": ((0, 0, stroke, tall), (wide - stroke, 0, stroke, tall), (0, (tall - stroke) / 2, wide, stroke)),
        "T": ((0, 0, wide, stroke), ((wide - stroke) / 2, 0, stroke, tall)),
        "E": (
            (0, 0, stroke, tall),
            (0, 0, wide, stroke),
            (0, (tall - stroke) / 2, wide * 0.85, stroke),
            (0, tall - stroke, wide, stroke),
        ),
        "L": ((0, 0, stroke, tall), (0, tall - stroke, wide, stroke)),
        "O": (
            (0, 0, stroke, tall),
            (wide - stroke, 0, stroke, tall),
            (0, 0, wide, stroke),
            (0, tall - stroke, wide, stroke),
        ),
    }[letter]
    for left, top, across, down in bars:
        canvas.box(x + left, y + top, across, down, tone, shining=shining)


def _mansard(canvas: Canvas, house: House, dice: Dice, left: float, top: float, wide: float) -> None:
    """Steep, with dormers, as in Paris."""
    canvas.polygon(
        [
            (left - 8, top + 2),
            (left + 22, top - 82),
            (left + wide - 22, top - 82),
            (left + wide + 8, top + 2),
        ],
        house.tile,
    )
    canvas.box(left + 16, top - 88, wide - 32, 9, darker(house.tile, 0.25))
    canvas.box(left - 12, top - 4, wide + 24, 10, lighter(house.wall, 0.4))
    count = max(3, int(wide / 120))
    lit_from = {Light.NIGHT: 0.5, Light.EVENING: 0.4}.get(house.light, 0.0)
    for number in range(count):
        x, lit = left + wide * (number + 0.5) / count, dice.falls(lit_from)
        canvas.arch(x - 19, top - 66, 38, 62, lighter(house.wall, 0.35))
        canvas.arch(x - 13, top - 58, 26, 52, LAMPLIGHT if lit else named("8fb4cc"), shining=lit)
    for part in (0.22, 0.78):
        canvas.box(left + wide * part - 14, top - 122, 28, 40, darker(house.wall, 0.2))


def tiles(canvas: Canvas, tile: Colour, left: float, top: float, wide: float, tall: float) -> None:
    """Rows, told by their shadows."""
    for row in range(1, 5):
        part = row / 5
        inset = wide * 0.1 * (1 - part) - 22 * part
        canvas.box(left + inset, top - tall * (1 - part), wide - 2 * inset, 3, darker(tile, 0.14))


def gable(canvas: Canvas, house: House, dice: Dice, left: float, top: float, wide: float) -> None:
    """One large gable, with wood in it where there are mountains."""
    rise, eaves = min(150.0, wide * 0.28), 34
    face = mix(house.wood, house.wall, 0.25) if house.setting is Setting.MOUNTAINS else house.wall
    canvas.polygon([(left, top + 2), (MIDDLE, top - rise + 16), (left + wide, top + 2)], face)
    snow = house.setting is Setting.NORTH or (house.setting is Setting.MOUNTAINS and dice.falls(0.4))
    beam = named("f4f8fb") if snow else house.tile
    for side in (-1, 1):
        edge = MIDDLE + side * (wide / 2 + eaves)
        canvas.polygon(
            [(MIDDLE, top - rise - 6), (MIDDLE, top - rise + 24), (edge, top + 30), (edge, top + 4)], beam
        )
        if snow:
            canvas.polygon(
                [(MIDDLE, top - rise + 14), (MIDDLE, top - rise + 26), (edge, top + 34), (edge, top + 24)],
                house.tile,
            )
    size = rise * 0.3
    lit = dice.falls({Light.NIGHT: 0.7, Light.EVENING: 0.5}.get(house.light, 0.0))
    for dx in (-0.75, 0.2):
        canvas.box(
            MIDDLE + dx * size - 3,
            top - rise * 0.5 - 3,
            size * 0.55 + 6,
            size * 0.9 + 6,
            lighter(house.wall, 0.55),
        )
        canvas.box(
            MIDDLE + dx * size,
            top - rise * 0.5,
            size * 0.55,
            size * 0.9,
            LAMPLIGHT if lit else named("8fb4cc"),
            shining=lit,
        )
