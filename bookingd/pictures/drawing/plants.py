"""Trees and what else grows; each stands with its foot at the point that is given."""

import math
from collections.abc import Mapping
from types import MappingProxyType

from bookingd.domain.pictures import Setting
from bookingd.pictures.drawing.canvas import Canvas
from bookingd.pictures.drawing.colours import Colour, darker, lighter, named, several
from bookingd.pictures.drawing.dice import Dice

GREENS: Mapping[Setting, tuple[Colour, ...]] = MappingProxyType(
    {
        Setting.CITY: several("5d8f56 6fa163 4c7d55"),
        Setting.OLD_TOWN: several("6f8f4e 7fa05a 5b7d48"),
        Setting.SEA: several("6f9a62 84a86b 557f58"),
        Setting.TROPICS: several("2f8f5b 49a868 217a58"),
        Setting.MOUNTAINS: several("3f7a5a 4f8b62 2f6650"),
        Setting.COUNTRYSIDE: several("7fa650 93b75d 638f45"),
        Setting.DESERT: several("7d8f55 90a063 69804e"),
        Setting.NORTH: several("3d6b5c 4b7a68 2e5a50"),
    }
)
BARK = named("7a5640")
FLOWERS = several("e4576b f2a541 f7d154 d96fa8 ffffff")


def round_tree(canvas: Canvas, x: float, y: float, size: float, green: Colour) -> None:
    """With a crown like a ball; `size` is its height."""
    canvas.box(x - size * 0.035, y - size * 0.45, size * 0.07, size * 0.45, BARK)
    for dx, dy, part in ((-0.16, -0.52, 0.2), (0.16, -0.54, 0.2), (0, -0.68, 0.27)):
        canvas.ellipse(x + dx * size, y + dy * size, part * size, part * size, darker(green, 0.12))
    for dx, dy, part in ((-0.2, -0.58, 0.15), (0.1, -0.62, 0.16), (-0.05, -0.76, 0.18)):
        canvas.ellipse(x + dx * size, y + dy * size, part * size, part * size, green)
    canvas.ellipse(x - size * 0.1, y - size * 0.79, size * 0.09, size * 0.08, lighter(green, 0.2))


def fir(canvas: Canvas, x: float, y: float, size: float, green: Colour, *, snow: bool = False) -> None:
    """Of three storeys."""
    canvas.box(x - size * 0.03, y - size * 0.14, size * 0.06, size * 0.14, darker(BARK))
    for foot, wide, top in ((0.10, 0.22, 0.52), (0.34, 0.17, 0.74), (0.56, 0.12, 1.0)):
        low, high = y - foot * size, y - top * size
        canvas.polygon([(x - wide * size, low), (x, high), (x + wide * size, low)], green)
        canvas.polygon([(x, low), (x, high), (x + wide * size, low)], darker(green, 0.18))
        if snow:
            cap = high + (low - high) * 0.42
            canvas.polygon(
                [(x - wide * 0.42 * size, cap), (x, high), (x + wide * 0.42 * size, cap)], named("f4f8fb")
            )


def cypress(canvas: Canvas, x: float, y: float, size: float, green: Colour) -> None:
    """Slim, as in Tuscany."""
    canvas.box(x - size * 0.015, y - size * 0.08, size * 0.03, size * 0.08, BARK)
    left = [
        (x - size * 0.1 * math.sin(math.pi * (0.1 + part * 0.09)), y - size * (0.04 + part * 0.096))
        for part in range(11)
    ]
    right = [(2 * x - px, py) for px, py in reversed(left)]
    canvas.polygon([*left, (x, y - size * 1.04), *right], darker(green, 0.3))
    canvas.polygon([*left, (x, y - size * 1.04), (x - size * 0.02, y - size * 0.05)], darker(green, 0.16))


def palm(canvas: Canvas, x: float, y: float, size: float, green: Colour, *, lean: float = 0.12) -> None:
    """Leaning by that part of its height."""
    trunk = [(x + lean * size * (part / 10) ** 2, y - size * 0.78 * part / 10) for part in range(11)]
    canvas.line(trunk, named("9a7653"), thick=size * 0.045)
    canvas.line([(px - size * 0.01, py) for px, py in trunk], named("b08c66"), thick=size * 0.014)
    top, head = trunk[-1]
    for angle in (195, 345, 165, 15, 225, 315, 260, 285):
        _frond(
            canvas,
            top,
            head,
            size * 0.42,
            math.radians(angle),
            darker(green, 0.16 if angle in {165, 15} else 0.02),
        )
    for dx in (-0.025, 0.02):
        canvas.ellipse(top + dx * size, head + size * 0.015, size * 0.022, size * 0.024, named("7a4f2e"))


def _frond(canvas: Canvas, x: float, y: float, long: float, angle: float, green: Colour) -> None:
    """A leaf that bends down to its tip."""
    upper, lower = [], []
    for part in range(9):
        out = part / 8
        px = x + math.cos(angle) * long * out
        py = y + math.sin(angle) * long * out + long * 0.55 * out * out
        wide = long * 0.13 * math.sin(math.pi * min(1.0, out * 0.86 + 0.08))
        upper.append((px, py - wide * 0.55))
        lower.append((px, py + wide * 0.75))
    canvas.polygon([*upper, *reversed(lower)], green)
    canvas.line(
        [(px, (py + qy) / 2) for (px, py), (_, qy) in zip(upper, lower, strict=True)],
        lighter(green, 0.18),
        thick=long * 0.014,
    )


def cactus(canvas: Canvas, x: float, y: float, size: float, green: Colour) -> None:
    """A saguaro."""
    wide = size * 0.16
    canvas.box(x - wide / 2, y - size, wide, size, green, radius=wide / 2)
    for side, foot, tall in ((-1, 0.42, 0.36), (1, 0.56, 0.28)):
        arm = x + side * size * 0.24
        canvas.box(min(x, arm), y - size * foot - wide * 0.35, abs(arm - x), wide * 0.7, green)
        canvas.box(
            arm - wide * 0.36,
            y - size * (foot + tall),
            wide * 0.72,
            size * tall + wide * 0.35,
            green,
            radius=wide * 0.35,
        )
    canvas.box(
        x - wide * 0.28, y - size * 0.96, wide * 0.14, size * 0.9, lighter(green, 0.25), radius=wide * 0.06
    )


def bush(
    canvas: Canvas,
    x: float,
    y: float,
    size: float,
    green: Colour,
    dice: Dice,
    *,
    flowers: Colour | None = None,
) -> None:
    """`size` wide; in bloom if it has flowers."""
    for dx, part in ((-0.32, 0.22), (0.3, 0.24), (0, 0.31)):
        canvas.pie(
            x + dx * size, y, part * size, part * size * 1.1, (180, 360), darker(green, 0.1 if dx else 0.0)
        )
    canvas.pie(x - size * 0.06, y - size * 0.03, size * 0.2, size * 0.22, (180, 360), lighter(green, 0.1))
    if flowers is not None:
        for _ in range(9):
            spot = size * 0.028
            fx, fy = x + dice.between(-0.42, 0.42) * size, y - dice.between(0.04, 0.24) * size
            canvas.ellipse(fx, fy, spot, spot, flowers)


def potted(canvas: Canvas, x: float, y: float, size: float, green: Colour, pot: Colour) -> None:
    """Indoors: broad leaves over a pot; `size` is its height."""
    for angle, long in (
        (250, 0.62),
        (290, 0.62),
        (225, 0.5),
        (315, 0.5),
        (270, 0.72),
        (205, 0.34),
        (335, 0.34),
    ):
        turn = math.radians(angle)
        tip = (x + math.cos(turn) * long * size * 0.8, y - size * 0.3 + math.sin(turn) * long * size)
        _leaf(canvas, (x, y - size * 0.28), tip, size * 0.1, green if angle % 20 else lighter(green, 0.12))
    canvas.polygon(
        [
            (x - size * 0.16, y - size * 0.3),
            (x + size * 0.16, y - size * 0.3),
            (x + size * 0.12, y),
            (x - size * 0.12, y),
        ],
        pot,
    )
    canvas.box(
        x - size * 0.175, y - size * 0.32, size * 0.35, size * 0.06, lighter(pot, 0.15), radius=size * 0.01
    )


def _leaf(
    canvas: Canvas, foot: tuple[float, float], tip: tuple[float, float], wide: float, green: Colour
) -> None:
    """Broadest in its upper half."""
    (x, y), (tx, ty) = foot, tip
    long = math.hypot(tx - x, ty - y)
    nx, ny = -(ty - y) / long * wide, (tx - x) / long * wide
    sides = []
    for side in (1, -1):
        steps = ((0.0, 0.05), (0.3, 0.35), (0.55, 0.95), (0.75, 0.85), (0.92, 0.35), (1.0, 0.0))
        sides.append(
            [
                (x + (tx - x) * out + side * nx * part, y + (ty - y) * out + side * ny * part)
                for out, part in steps
            ]
        )
    canvas.polygon([*sides[0], *reversed(sides[1])], green)
    canvas.line([foot, (x + (tx - x) * 0.9, y + (ty - y) * 0.9)], darker(green, 0.2), thick=wide * 0.12)


def natural_to(canvas: Canvas, setting: Setting, x: float, y: float, size: float, dice: Dice) -> None:
    """A tree as they grow there."""
    green = dice.one_of(GREENS[setting])
    match setting:
        case Setting.TROPICS:
            palm(canvas, x, y, size, green, lean=dice.between(-0.22, 0.22))
        case Setting.SEA if dice.falls(0.5):
            palm(canvas, x, y, size, green, lean=dice.between(-0.12, 0.12))
        case Setting.SEA | Setting.OLD_TOWN if dice.falls(0.5):
            cypress(canvas, x, y, size, green)
        case Setting.COUNTRYSIDE if dice.falls(0.35):
            cypress(canvas, x, y, size, green)
        case Setting.MOUNTAINS | Setting.NORTH:
            fir(canvas, x, y, size, green, snow=setting is Setting.NORTH)
        case Setting.DESERT if dice.falls(0.6):
            palm(canvas, x, y, size, green, lean=dice.between(-0.1, 0.1))
        case Setting.DESERT:
            cactus(canvas, x, y, size * 0.6, green)
        case _:
            round_tree(canvas, x, y, size, green)
