"""What rooms are made of: walls, floors, windows with what is seen through them, lamps, curtains, art."""

from bookingd.domain.pictures import Light, Setting
from bookingd.pictures.drawing.canvas import Canvas
from bookingd.pictures.drawing.colours import LAMPLIGHT, OUTSIDE, WHITE, Colour, darker, lighter, mix, named
from bookingd.pictures.drawing.dice import Dice
from bookingd.pictures.drawing.house import House
from bookingd.pictures.drawing.landscapes import landscape

LOW = {Setting.CITY: 0.94, Setting.OLD_TOWN: 0.94}
"""Where the horizon is seen between houses, in parts of a window's height."""

SKIRT = 560.0
"""Where wall and floor meet, in units from above."""


def is_dark(house: House) -> bool:
    """Whether lamps are lit."""
    return house.light in {Light.EVENING, Light.NIGHT}


def walls(
    canvas: Canvas, house: House, tone: Colour, *, skirt: float = SKIRT, panelled: bool = False
) -> None:
    """The wall that one looks at; in good houses with a rail and panels below."""
    canvas.fade(0, 0, canvas.width, skirt, [lighter(tone, 0.12), tone])
    canvas.box(0, 0, canvas.width, 16, lighter(tone, 0.45))
    canvas.box(0, 16, canvas.width, 5, darker(tone, 0.1))
    if panelled:
        _panels(canvas, tone, skirt)
    canvas.box(0, skirt - 20, canvas.width, 20, lighter(tone, 0.5))
    canvas.box(0, skirt - 22, canvas.width, 3, darker(tone, 0.12))


def _panels(canvas: Canvas, tone: Colour, skirt: float) -> None:
    low = lighter(tone, 0.3)
    canvas.box(0, skirt - 190, canvas.width, 190, low)
    canvas.box(0, skirt - 196, canvas.width, 8, lighter(tone, 0.5))
    for number in range(9):
        x = number * 140 - 20
        canvas.box(x, skirt - 172, 116, 136, darker(low, 0.08))
        canvas.box(x + 4, skirt - 168, 108, 128, low)


def planks(canvas: Canvas, wood: Colour, *, skirt: float = SKIRT) -> None:
    """A wooden floor, running away from us."""
    deep = canvas.height - skirt
    canvas.fade(0, skirt, canvas.width, deep, [darker(wood, 0.12), wood, lighter(wood, 0.08)])
    for number in range(-14, 15):
        near, far = canvas.width / 2 + number * 150, canvas.width / 2 + number * 76
        canvas.line([(far, skirt), (near, canvas.height)], darker(wood, 0.22), thick=2.2, alpha=0.6)
    for row, part in enumerate((0.08, 0.2, 0.36, 0.56, 0.8)):
        y = skirt + deep * part
        for number in range(-7, 8):
            x = canvas.width / 2 + (number * 2 + row % 2) * (76 + 74 * part)
            canvas.line([(x, y), (x + 76 + 74 * part, y)], darker(wood, 0.22), thick=1.6, alpha=0.5)
    canvas.fade(0, skirt, canvas.width, 10, [darker(wood, 0.35), darker(wood, 0.16)])


def checks(canvas: Canvas, one: Colour, other: Colour, *, skirt: float = SKIRT) -> None:
    """A floor of stone tiles in two colours, running away from us."""
    canvas.box(0, skirt, canvas.width, canvas.height - skirt, one)
    edges = [0.0, 0.1, 0.23, 0.4, 0.62, 0.9, 1.25]
    for row in range(6):
        for number in range(-9, 9):
            if (row + number) % 2:
                continue
            _tile(canvas, skirt, edges[row], edges[row + 1], number, other)
    canvas.fade(0, skirt, canvas.width, 12, [darker(one, 0.3), darker(one, 0.1)])


def _tile(canvas: Canvas, skirt: float, far: float, near: float, number: int, tone: Colour) -> None:
    deep, middle = canvas.height - skirt, canvas.width / 2
    points = []
    for part, column in ((far, number), (far, number + 1), (near, number + 1), (near, number)):
        points.append((middle + column * 120 * (0.62 + 0.6 * part), skirt + deep * part))
    canvas.polygon(points, tone)


def rug(canvas: Canvas, x: float, y: float, across: float, down: float, tone: Colour) -> None:
    """An oval one."""
    canvas.shadow(x, y + 5, across * 1.03, down * 1.05, alpha=0.12)
    canvas.ellipse(x, y, across, down, tone)
    canvas.ellipse(x, y, across * 0.9, down * 0.88, lighter(tone, 0.3))
    canvas.ellipse(x, y, across * 0.84, down * 0.81, tone)


def window(
    canvas: Canvas,
    house: House,
    x: float,
    y: float,
    wide: float,
    tall: float,
    *,
    bars: int = 1,
    frame: Colour = WHITE,
) -> None:
    """With the land outside in it."""
    canvas.box(x - 14, y - 14, wide + 28, tall + 28, frame)
    canvas.box(x - 14, y + tall + 10, wide + 28, 6, darker(frame, 0.12))
    with canvas.pane(x, y, wide, tall, cast=OUTSIDE[house.light]) as outside:
        landscape(outside, house.setting, house.light, house.dice("window"), horizon=LOW.get(house.setting))
    canvas.polygon(
        [(x + wide * 0.08, y), (x + wide * 0.3, y), (x, y + tall * 0.5), (x, y + tall * 0.14)],
        WHITE,
        alpha=0.14,
    )
    for number in range(1, bars + 1):
        canvas.box(x + wide * number / (bars + 1) - 4, y, 8, tall, frame)
    canvas.box(x - 22, y + tall + 14, wide + 44, 12, lighter(frame, 0.2))


def curtains(
    canvas: Canvas, x: float, y: float, wide: float, tall: float, tone: Colour, *, part: float = 0.16
) -> None:
    """To both sides of a window of that size, from a rod above it."""
    across = wide * part
    canvas.box(x - across - 16, y - 36, wide + 2 * across + 32, 7, named("6b5a4a"), radius=3)
    for left in (x - across * 0.9, x + wide - across * 0.1):
        folds = 5
        for number in range(folds):
            shade = tone if number % 2 else darker(tone, 0.12)
            canvas.box(left + across * number / folds, y - 30, across / folds + 1, tall, shade)
        canvas.box(left, y + tall * 0.58, across, 10, darker(tone, 0.28))


def sheer(canvas: Canvas, x: float, y: float, wide: float, tall: float) -> None:
    """A thin veil over a part of a window."""
    for number in range(6):
        canvas.box(x + wide * number / 6, y, wide / 6, tall, WHITE, alpha=0.34 if number % 2 else 0.26)


def art(canvas: Canvas, house: House, dice: Dice, x: float, y: float, wide: float, tall: float) -> None:
    """A picture on the wall: hills, a sun, shapes, as they hang in hotels."""
    canvas.box(x + 4, y + 6, wide, tall, darker(house.textile, 0.4), alpha=0.35)
    canvas.box(x, y, wide, tall, darker(house.wood, 0.2))
    x, y, wide, tall = x + 6, y + 6, wide - 12, tall - 12
    canvas.box(x, y, wide, tall, named("fbf6ea"))
    edge = wide * 0.1
    x, y, wide, tall = x + edge, y + edge, wide - 2 * edge, tall - 2 * edge
    if dice.falls(0.5):
        canvas.box(x, y, wide, tall, lighter(house.accent, 0.6))
        canvas.ellipse(x + wide * 0.66, y + tall * 0.34, wide * 0.16, wide * 0.16, named("f2b84b"))
        canvas.polygon(
            [
                (x, y + tall),
                (x, y + tall * 0.7),
                (x + wide * 0.4, y + tall * 0.48),
                (x + wide, y + tall * 0.8),
                (x + wide, y + tall),
            ],
            house.accent,
        )
        canvas.polygon(
            [
                (x, y + tall),
                (x + wide * 0.45, y + tall * 0.74),
                (x + wide, y + tall * 0.62),
                (x + wide, y + tall),
            ],
            darker(house.second, 0.1),
        )
    else:
        canvas.box(x, y, wide, tall, lighter(house.second, 0.68))
        canvas.pie(x + wide * 0.3, y + tall * 0.62, wide * 0.28, wide * 0.28, (180, 360), house.accent)
        canvas.ellipse(x + wide * 0.66, y + tall * 0.42, wide * 0.2, wide * 0.2, house.second)
        canvas.box(x + wide * 0.12, y + tall * 0.76, wide * 0.76, tall * 0.07, darker(house.accent, 0.25))


def pendant(canvas: Canvas, house: House, x: float, drop: float, size: float, *, tone: Colour) -> None:
    """A lamp that hangs from the ceiling."""
    if is_dark(house):
        canvas.halo(x, drop + size * 0.6, size * 4.2, LAMPLIGHT, alpha=0.42)
    canvas.box(x - 1.5, 0, 3, drop, named("4a4652"))
    canvas.pie(x, drop + size * 0.75, size, size * 0.85, (180, 360), tone)
    canvas.ellipse(
        x,
        drop + size * 0.75,
        size,
        size * 0.16,
        LAMPLIGHT if is_dark(house) else lighter(tone, 0.6),
        shining=is_dark(house),
    )


def table_lamp(canvas: Canvas, house: House, x: float, y: float, size: float, *, tone: Colour) -> None:
    """Its foot at the point."""
    if is_dark(house):
        canvas.halo(x, y - size * 0.72, size * 2.3, LAMPLIGHT, alpha=0.6)
    canvas.ellipse(x, y - size * 0.2, size * 0.15, size * 0.2, tone)
    canvas.box(x - size * 0.025, y - size * 0.6, size * 0.05, size * 0.45, named("8a7a5a"))
    shade = mix(LAMPLIGHT, WHITE, 0.35) if is_dark(house) else named("f7efdc")
    canvas.polygon(
        [
            (x - size * 0.2, y - size),
            (x + size * 0.2, y - size),
            (x + size * 0.32, y - size * 0.52),
            (x - size * 0.32, y - size * 0.52),
        ],
        shade,
        shining=is_dark(house),
    )


def sunlight(canvas: Canvas, house: House, x: float, y: float, wide: float) -> None:
    """What falls through a window onto the floor."""
    if house.light in {Light.DAY, Light.MORNING}:
        lean = wide * 0.55
        canvas.polygon(
            [(x, y), (x + wide, y), (x + wide + lean, canvas.height), (x + lean * 0.7, canvas.height)],
            named("fff6dc"),
            alpha=0.26,
        )
