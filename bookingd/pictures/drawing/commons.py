"""Where guests meet: the lobby and the breakfast table."""

from bookingd.pictures.drawing.canvas import Canvas
from bookingd.pictures.drawing.colours import WHITE, Colour, darker, lighter, mix, named
from bookingd.pictures.drawing.dice import Dice
from bookingd.pictures.drawing.house import GOLD, House
from bookingd.pictures.drawing.indoors import (
    checks,
    curtains,
    pendant,
    planks,
    rug,
    sunlight,
    table_lamp,
    walls,
    window,
)
from bookingd.pictures.drawing.openings import sign_stars
from bookingd.pictures.drawing.plants import FLOWERS, GREENS, potted


def paint_lobby(canvas: Canvas, house: House) -> None:
    """The desk with its keys, lamps above, and where one waits."""
    dice = house.dice("lobby")
    walls(canvas, house, mix(lighter(house.wall, 0.2), house.textile, 0.25), panelled=house.splendour >= 3)
    if house.splendour >= 3:
        checks(canvas, named("f1ebdf"), mix(house.accent, named("d8cdbb"), 0.72))
    else:
        planks(canvas, house.wood)
    flip = dice.falls(0.5)
    desk, waiting = (700.0, 300.0) if flip else (150.0, 900.0)
    _outlook(canvas, house, waiting)
    _keys(canvas, house, dice, desk)
    _desk(canvas, house, desk)
    rug(canvas, waiting, 690, 270, 52, mix(house.second, WHITE, 0.4))
    _sofa(canvas, house, waiting)
    potted(canvas, waiting + (230 if flip else -250), 660, 230, GREENS[house.setting][0], house.second)
    for number in range(2 + (house.splendour >= 4)):
        pendant(
            canvas,
            house,
            desk + 90 + number * (85 if house.splendour >= 4 else 170),
            60 + 18 * (number % 2),
            40,
            tone=GOLD if house.splendour >= 4 else house.accent,
        )


def _outlook(canvas: Canvas, house: House, x: float) -> None:
    wide, tall, bars = (400.0, 330.0, 3) if house.splendour >= 4 else (300.0, 290.0, 1)
    window(canvas, house, x - wide / 2, 100, wide, tall, bars=bars)
    sunlight(canvas, house, x - wide / 2, 566, wide)


def _keys(canvas: Canvas, house: House, dice: Dice, x: float) -> None:
    """Pigeon-holes behind the desk, and how many stars the house has."""
    canvas.box(x - 6, 150, 362, 236, darker(house.wood, 0.3), radius=4)
    for row in range(4):
        for column in range(6):
            left, top = x + 6 + column * 58, 162 + row * 56
            canvas.box(left, top, 50, 46, darker(house.wood, 0.5))
            if dice.falls(0.6):
                canvas.box(left + 22, top + 6, 5, 18, GOLD)
                canvas.box(left + 17, top + 22, 15, 17, dice.one_of((house.accent, house.second)), radius=3)
    if house.stars:
        sign_stars(canvas, x + 175, 118, 13, house.stars, GOLD)


def _desk(canvas: Canvas, house: House, x: float) -> None:
    canvas.shadow(x + 175, 668, 240, 16)
    canvas.box(x - 40, 470, 430, 194, house.wood, radius=5)
    for number in range(5):
        canvas.box(x - 26 + number * 82, 500, 72, 146, darker(house.wood, 0.12), radius=3)
    canvas.box(x - 40, 644, 430, 20, darker(house.wood, 0.3))
    canvas.box(x - 54, 452, 458, 24, mix(named("efeae0"), house.second, 0.08), radius=4)
    table_lamp(canvas, house, x + 20, 452, 104, tone=house.accent)
    canvas.pie(x + 140, 452, 22, 22, (180, 360), GOLD)
    canvas.ellipse(x + 140, 428, 4, 4, GOLD)
    canvas.box(x + 116, 448, 48, 5, darker(GOLD, 0.25))
    _vase(canvas, house, x + 330, 452)


def _vase(canvas: Canvas, house: House, x: float, y: float) -> None:
    """Cut flowers."""
    for number, (dx, dy) in enumerate(((-34, -96), (-12, -118), (14, -110), (36, -90), (0, -84))):
        canvas.line([(x, y - 40), (x + dx, y + dy)], named("5f8f56"), thick=4)
        tone = FLOWERS[(number + house.number) % len(FLOWERS)]
        for px, py in ((-9, 0), (9, 0), (0, -9), (0, 9)):
            canvas.ellipse(x + dx + px, y + dy + py, 9, 9, tone)
        canvas.ellipse(x + dx, y + dy, 6, 6, named("f2c14e"))
    canvas.polygon(
        [(x - 18, y - 50), (x + 18, y - 50), (x + 26, y - 20), (x + 16, y), (x - 16, y), (x - 26, y - 20)],
        house.second,
    )
    canvas.polygon(
        [(x - 12, y - 46), (x - 4, y - 46), (x - 10, y - 8), (x - 18, y - 20)], lighter(house.second, 0.4)
    )


def _sofa(canvas: Canvas, house: House, x: float) -> None:
    tone = mix(house.accent, WHITE, 0.08)
    canvas.shadow(x, 668, 200, 15)
    for dx in (-150, 134):
        canvas.box(x + dx, 640, 14, 28, darker(house.wood, 0.3))
    canvas.box(x - 170, 470, 340, 130, darker(tone, 0.1), radius=30)
    for dx in (-152, 4):
        canvas.box(x + dx, 488, 148, 90, tone, radius=18)
        canvas.box(x + dx, 560, 148, 64, lighter(tone, 0.12), radius=14)
    canvas.box(x - 172, 612, 344, 36, darker(tone, 0.06), radius=8)
    for dx in (-196, 156):
        canvas.box(x + dx, 536, 42, 114, darker(tone, 0.04), radius=18)
    canvas.box(x - 132, 508, 70, 62, house.second, radius=12)
    canvas.box(x + 66, 508, 70, 62, lighter(house.textile, 0.3), radius=12)


def paint_breakfast(canvas: Canvas, house: House) -> None:
    """A laid table before a window."""
    dice = house.dice("morning")
    walls(canvas, house, mix(lighter(house.wall, 0.3), house.second, 0.12), skirt=canvas.height)
    window(canvas, house, 150, 70, 900, 400, bars=2, frame=lighter(house.wood, 0.5))
    curtains(canvas, 150, 70, 900, 560, house.textile, part=0.1)
    _cloth(canvas, house)
    flip = dice.falls(0.5)
    spots = (300, 600, 880) if flip else (900, 600, 320)
    _plate(canvas, house, dice, spots[0])
    _fruit(canvas, dice, spots[1])
    _coffee(canvas, house, spots[2])
    _juice(canvas, dice, spots[2] + (120 if flip else -130))
    if house.splendour >= 3:
        _vase_on_table(canvas, house, 455 if flip else 745)
    _cutlery(canvas, spots[0])


def _cloth(canvas: Canvas, house: House) -> None:
    """The table, seen a little from above, under its cloth."""
    cloth = named("fbf8f1")
    canvas.polygon([(70, 560), (1130, 560), (1290, 760), (-90, 760)], cloth)
    canvas.polygon([(-90, 760), (1290, 760), (1290, 800), (-90, 800)], darker(cloth, 0.1))
    tone = mix(house.accent, WHITE, 0.35)
    canvas.polygon([(360, 560), (840, 560), (930, 760), (270, 760)], tone)
    canvas.polygon([(270, 760), (930, 760), (930, 800), (270, 800)], darker(tone, 0.1))
    for part in (0.04, 0.96):
        top, low = 360 + 480 * part, 270 + 660 * part
        canvas.line([(top, 560), (low, 760), (low, 800)], lighter(tone, 0.5), thick=6)
    canvas.line([(70, 560), (1130, 560)], darker(cloth, 0.08), thick=4)


def _dish(canvas: Canvas, x: float, y: float, size: float, rim: Colour) -> None:
    canvas.shadow(x, y + size * 0.1, size * 1.08, size * 0.38, alpha=0.16)
    canvas.ellipse(x, y, size, size * 0.34, WHITE)
    canvas.ellipse(x, y, size * 0.94, size * 0.315, rim)
    canvas.ellipse(x, y, size * 0.88, size * 0.29, WHITE)
    canvas.ellipse(x, y + size * 0.01, size * 0.66, size * 0.2, named("f1eee8"))


def _plate(canvas: Canvas, house: House, dice: Dice, x: float) -> None:
    """Croissants, or pancakes with berries."""
    _dish(canvas, x, 668, 150, mix(house.second, WHITE, 0.2))
    if dice.falls(0.55):
        _croissant(canvas, x - 34, 650, 58)
        _croissant(canvas, x + 44, 664, 54)
        canvas.ellipse(x + 62, 632, 20, 9, named("f6e7a8"))
        return
    for number in range(4):
        canvas.ellipse(x, 668 - number * 13, 80 - number * 3, 25, darker(named("d9954a"), 0.12))
        canvas.ellipse(x, 664 - number * 13, 78 - number * 3, 23, named("e9b872"))
    canvas.polygon(
        [
            (x - 30, 620),
            (x + 36, 616),
            (x + 44, 636),
            (x + 52, 664),
            (x + 30, 640),
            (x - 8, 644),
            (x - 24, 660),
        ],
        named("a8561f"),
        alpha=0.75,
    )
    for dx, dy in ((-14, -4), (2, -10), (16, -3)):
        canvas.ellipse(x + dx, 620 + dy, 9, 9, named("5a4a9a") if dx else named("d9455a"))


def _croissant(canvas: Canvas, x: float, y: float, size: float) -> None:
    crust, dark = named("dc9a48"), named("b9772f")
    parts = (
        (-0.95, 0.14, 0.2),
        (-0.62, -0.06, 0.3),
        (0.62, -0.06, 0.3),
        (0.95, 0.14, 0.2),
        (-0.24, -0.2, 0.36),
        (0.24, -0.2, 0.36),
    )
    for dx, dy, part in parts:
        canvas.ellipse(x + dx * size, y + dy * size + 3, part * size, part * size * 0.86, dark)
        canvas.ellipse(x + dx * size, y + dy * size - 1, part * size * 0.93, part * size * 0.78, crust)
    for dx in (-0.72, -0.4, -0.06, 0.3, 0.6):
        canvas.line(
            [(x + dx * size, y - size * 0.44), (x + dx * size * 1.18, y + size * 0.02)],
            lighter(crust, 0.3),
            thick=3,
            alpha=0.8,
        )


def _fruit(canvas: Canvas, dice: Dice, x: float) -> None:
    """A bowl."""
    for dx, dy, tone in (
        (-44, -58, "e2574c"),
        (40, -60, "f0932b"),
        (0, -72, "f5c542"),
        (-14, -46, "8fbf4d"),
        (58, -38, "c94f5f"),
        (-66, -36, "f0932b"),
    ):
        canvas.ellipse(x + dx, 664 + dy, 30, 29, darker(named(tone), 0.08))
        canvas.ellipse(x + dx - 4, 660 + dy, 24, 23, named(tone))
        canvas.ellipse(x + dx - 10, 652 + dy, 7, 6, lighter(named(tone), 0.5))
    for number in range(8):
        canvas.ellipse(
            x + 14 + (number % 3) * 17 - (number // 3) * 6,
            640 - (number // 3) * 13,
            10,
            10,
            mix(named("6b4a8f"), named("8f6bb0"), number / 8),
        )
    canvas.shadow(x, 694, 96, 15)
    canvas.pie(x, 640, 108, 62, (0, 180), dice.one_of((named("e9eef0"), named("7fb0b8"), named("d9cdb8"))))
    canvas.box(x - 34, 696, 68, 8, named("cfd6d9"), radius=4)


def _coffee(canvas: Canvas, house: House, x: float) -> None:
    """A cup on its saucer, steaming."""
    canvas.shadow(x, 690, 92, 24)
    canvas.ellipse(x, 682, 88, 25, mix(house.accent, WHITE, 0.15))
    canvas.ellipse(x, 680, 74, 19, lighter(house.accent, 0.45))
    canvas.bow(x + 50, 644, 22, 20, (0, 360), house.accent, thick=8)
    canvas.polygon(
        [(x - 54, 618), (x + 54, 618), (x + 38, 674), (x + 22, 684), (x - 22, 684), (x - 38, 674)],
        house.accent,
    )
    canvas.polygon(
        [(x - 44, 622), (x - 26, 622), (x - 22, 670), (x - 32, 668)], lighter(house.accent, 0.4), alpha=0.7
    )
    canvas.ellipse(x, 618, 54, 14, lighter(house.accent, 0.5))
    canvas.ellipse(x, 619, 47, 10.5, named("6b432b"))
    canvas.ellipse(x - 6, 619, 20, 4.5, named("c99a6a"))
    for dx in (-20, 4, 26):
        canvas.line(
            [(x + dx, 598), (x + dx + 9, 580), (x + dx - 5, 560), (x + dx + 6, 538)],
            WHITE,
            thick=5,
            alpha=0.35,
        )


def _juice(canvas: Canvas, dice: Dice, x: float) -> None:
    tone = named(dice.one_of(("f6a531", "e8604c", "f2c14e")))
    canvas.shadow(x, 668, 36, 9)
    canvas.polygon([(x - 34, 540), (x + 34, 540), (x + 27, 664), (x - 27, 664)], named("e3eef2"), alpha=0.55)
    canvas.polygon([(x - 31, 570), (x + 31, 570), (x + 26, 660), (x - 26, 660)], tone)
    canvas.ellipse(x, 570, 31, 7, lighter(tone, 0.35))
    canvas.polygon([(x - 24, 548), (x - 14, 548), (x - 12, 654), (x - 19, 654)], WHITE, alpha=0.4)
    canvas.pie(x + 34, 540, 22, 22, (0, 360), named("f8b84a"))
    canvas.pie(x + 34, 540, 17, 17, (0, 360), named("fde2a0"))


def _vase_on_table(canvas: Canvas, house: House, x: float) -> None:
    _vase(canvas, house, x, 612)


def _cutlery(canvas: Canvas, x: float) -> None:
    steel = named("aab0ba")
    canvas.polygon([(x - 196, 622), (x - 188, 622), (x - 208, 716), (x - 220, 716)], steel)
    canvas.ellipse(x - 190, 614, 9, 16, steel)
    canvas.polygon([(x + 186, 610), (x + 197, 614), (x + 216, 716), (x + 204, 716)], steel)
