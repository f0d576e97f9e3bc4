"""A bedroom and a bathroom."""

from bookingd.pictures.drawing.canvas import Canvas
from bookingd.pictures.drawing.colours import WHITE, Colour, darker, lighter, mix, named
from bookingd.pictures.drawing.dice import Dice
from bookingd.pictures.drawing.house import GOLD, House
from bookingd.pictures.drawing.indoors import (
    SKIRT,
    art,
    curtains,
    is_dark,
    pendant,
    planks,
    rug,
    sheer,
    sunlight,
    table_lamp,
    walls,
    window,
)
from bookingd.pictures.drawing.plants import GREENS, potted


def paint_room(canvas: Canvas, house: House) -> None:
    """The bed on one side, a window on the other; the more stars, the more stands in it."""
    dice = house.dice("bedroom")
    tone = mix(lighter(house.wall, 0.25), house.textile, 0.5)
    walls(canvas, house, tone, panelled=house.splendour >= 4)
    planks(canvas, house.wood)
    bed_left = dice.falls(0.5)
    pane = (760.0, 120.0, 330.0, 300.0) if bed_left else (110.0, 120.0, 330.0, 300.0)
    _outlook(canvas, house, pane)
    bed = 120.0 if bed_left else 560.0
    _accent_wall(canvas, house, dice, bed)
    rug(canvas, bed + 260, 700, 400, 74, mix(house.second, WHITE, 0.35))
    _bed(canvas, house, dice, bed)
    if house.splendour >= 2:
        _sitting(canvas, house, 900.0 if bed_left else 275.0)
    if house.splendour >= 3:
        potted(canvas, 1130 if bed_left else 70, 650, 190, GREENS[house.setting][0], house.accent)
    if house.splendour >= 4:
        pendant(canvas, house, bed + 260, 70, 46, tone=GOLD)


def _outlook(canvas: Canvas, house: House, pane: tuple[float, float, float, float]) -> None:
    x, y, wide, tall = pane
    window(canvas, house, x, y, wide, tall, bars=1 if house.splendour < 4 else 2)
    sheer(canvas, x, y, wide * 0.16, tall)
    curtains(canvas, x, y, wide, tall + 140, house.accent if house.splendour > 1 else house.textile, part=0.2)
    sunlight(canvas, house, x, SKIRT + 4, wide)


def _accent_wall(canvas: Canvas, house: House, dice: Dice, bed: float) -> None:
    """Pictures above the head of the bed."""
    count = dice.whole(1, 3)
    wide = {1: 190.0, 2: 128.0, 3: 100.0}[count]
    gap = 24.0
    left = bed + 260 - (count * wide + (count - 1) * gap) / 2
    for number in range(count):
        art(canvas, house, dice, left + number * (wide + gap), 96, wide, 128)


def _bed(canvas: Canvas, house: House, dice: Dice, x: float) -> None:
    """520 wide, seen from its foot."""
    board = mix(house.wood, house.accent, 0.25 if dice.falls(0.5) else 0.75)
    canvas.shadow(x + 260, 690, 330, 34)
    _headboard(canvas, dice, x, board, tufted=house.splendour >= 4)
    canvas.box(x + 10, 470, 500, 90, named("f4f0e8"), radius=20)
    for left in (40, 270):
        _pillow(canvas, x + left, 402, 210, 100, WHITE)
    for left in (84, 306):
        _pillow(canvas, x + left, 428, 132, 76, house.accent if left < 100 else house.second)
    canvas.polygon([(x + 8, 500), (x + 512, 500), (x + 548, 676), (x - 28, 676)], named("fbf9f4"))
    canvas.polygon([(x + 8, 500), (x + 512, 500), (x + 518, 528), (x + 2, 528)], darker(WHITE, 0.07))
    throw = mix(house.accent, house.textile, 0.2)
    canvas.polygon([(x - 11, 588), (x + 531, 588), (x + 548, 676), (x - 28, 676)], throw)
    for part in (0.22, 0.5, 0.78):
        y = 588 + 88 * part
        canvas.line([(x - 11 - 17 * part, y), (x + 531 + 17 * part, y)], lighter(throw, 0.28), thick=5)
    canvas.box(x - 28, 672, 576, 34, darker(throw, 0.14), radius=6)
    for dx in (-14, 516):
        canvas.box(x + dx, 700, 18, 20, darker(house.wood, 0.4))
    for side, dx in ((-1, -96), (1, 528)):
        if 20 < x + dx < 1110:
            _bedside(canvas, house, x + dx, side)


def _headboard(canvas: Canvas, dice: Dice, x: float, board: Colour, *, tufted: bool) -> None:
    tall = dice.between(150, 190)
    canvas.box(x - 10, 500 - tall, 540, tall + 60, darker(board, 0.06), radius=26)
    canvas.box(x, 510 - tall, 520, tall + 50, board, radius=20)
    if not tufted:
        for part in (1, 2, 3):
            canvas.box(x + 130 * part - 2, 514 - tall, 4, tall + 40, darker(board, 0.14))
        return
    for row in range(3):
        for number in range(8):
            left = x + 46 + number * 61 + (30 if row % 2 else 0)
            if left < x + 500:
                canvas.ellipse(left, 540 - tall + row * 42, 5, 5, darker(board, 0.3))


def _pillow(canvas: Canvas, x: float, y: float, wide: float, tall: float, tone: Colour) -> None:
    canvas.box(x + 3, y + 5, wide, tall, darker(tone, 0.2), radius=30)
    canvas.box(x, y, wide, tall, tone, radius=30)
    canvas.box(x + 16, y + 10, wide - 50, tall * 0.3, lighter(tone, 0.5), alpha=0.5, radius=14)


def _bedside(canvas: Canvas, house: House, x: float, side: int) -> None:
    """A small table with a lamp."""
    canvas.shadow(x + 34, 652, 50, 9)
    canvas.box(x, 540, 68, 104, house.wood, radius=4)
    canvas.box(x - 4, 534, 76, 10, lighter(house.wood, 0.2), radius=3)
    canvas.box(x + 7, 556, 54, 32, darker(house.wood, 0.14), radius=3)
    canvas.box(x + 7, 596, 54, 32, darker(house.wood, 0.14), radius=3)
    for y in (572, 612):
        canvas.ellipse(x + 34, y, 4, 4, GOLD)
    table_lamp(canvas, house, x + 34, 534, 106, tone=house.second if side < 0 else house.accent)


def _sitting(canvas: Canvas, house: House, x: float) -> None:
    """An armchair, and a small round table from three stars on."""
    tone = mix(house.second, WHITE, 0.12)
    canvas.shadow(x, 664, 110, 14)
    for dx in (-62, 52):
        canvas.polygon(
            [
                (x + dx, 630),
                (x + dx + 12, 630),
                (x + dx + (4 if dx < 0 else 10), 666),
                (x + dx + (-2 if dx < 0 else 4), 666),
            ],
            darker(house.wood, 0.3),
        )
    canvas.box(x - 76, 470, 152, 140, darker(tone, 0.08), radius=40)
    canvas.box(x - 60, 486, 120, 110, tone, radius=30)
    canvas.box(x - 66, 566, 132, 62, lighter(tone, 0.1), radius=16)
    for dx in (-94, 62):
        canvas.box(x + dx, 540, 34, 92, darker(tone, 0.04), radius=16)
    if house.splendour >= 3:
        canvas.box(x - 26, 520, 56, 50, house.accent, radius=12)


def paint_bathroom(canvas: Canvas, house: House) -> None:
    """Tiles, a tub or a shower, a basin below a mirror."""
    dice = house.dice("bathroom")
    tile = mix(lighter(house.accent, 0.42), house.textile, 0.35)
    _tiled(canvas, tile)
    flip = dice.falls(0.5)
    _floor_tiles(canvas, mix(named("e9e3d8"), house.wood, 0.18))
    if house.splendour >= 3:
        window(canvas, house, 190 if flip else 780, 66, 230, 170)
        _tub(canvas, house, 90.0 if flip else 620.0)
    else:
        _shower(canvas, house, 120.0 if flip else 740.0)
        _rail(canvas, house, 500.0 if flip else 520.0)
    _basin(canvas, house, dice, 720.0 if flip else 90.0)
    potted(canvas, 625 if flip else 560, 690, 170, GREENS[house.setting][1], named("efe6d8"))


def _tiled(canvas: Canvas, tile: Colour) -> None:
    canvas.fade(0, 0, canvas.width, SKIRT, [lighter(tile, 0.3), lighter(tile, 0.16)])
    canvas.box(0, 250, canvas.width, SKIRT - 250, tile)
    grout = lighter(tile, 0.35)
    for row in range(8):
        y = 250 + row * 40
        canvas.box(0, y, canvas.width, 3, grout)
        for number in range(16):
            canvas.box(number * 80 + (40 if row % 2 else 0), y, 3, 40, grout)
    canvas.box(0, 240, canvas.width, 12, darker(tile, 0.16))


def _floor_tiles(canvas: Canvas, stone: Colour) -> None:
    canvas.fade(0, SKIRT, canvas.width, canvas.height - SKIRT, [darker(stone, 0.1), stone])
    for number in range(-9, 10):
        canvas.line(
            [(600 + number * 96, SKIRT), (600 + number * 190, canvas.height)], darker(stone, 0.16), thick=2.5
        )
    for part in (0.14, 0.34, 0.62):
        y = SKIRT + (canvas.height - SKIRT) * part
        canvas.box(0, y, canvas.width, 2.5, darker(stone, 0.16))
    canvas.fade(0, SKIRT, canvas.width, 8, [darker(stone, 0.3), darker(stone, 0.12)])


def _tub(canvas: Canvas, house: House, x: float) -> None:
    """Standing free, on golden feet."""
    canvas.shadow(x + 245, 706, 270, 20)
    for left in (60, 400):
        canvas.ellipse(x + left + 14, 694, 15, 15, GOLD)
    body = named("fbfaf6")
    canvas.polygon(
        [(x, 500), (x + 490, 500), (x + 452, 640), (x + 420, 680), (x + 70, 680), (x + 38, 640)], body
    )
    canvas.polygon(
        [(x + 340, 512), (x + 488, 512), (x + 452, 640), (x + 420, 680), (x + 330, 680)], darker(body, 0.06)
    )
    canvas.box(x - 16, 486, 522, 24, lighter(body, 0.6), radius=12)
    canvas.box(x - 16, 504, 522, 6, darker(body, 0.12), radius=3)
    for number, (dx, size) in enumerate(((90, 26), (140, 34), (196, 28), (250, 36), (310, 30), (360, 24))):
        canvas.pie(x + dx, 490, size, size * 0.8, (180, 360), WHITE if number % 2 else named("eef5f7"))
    canvas.line([(x + 440, 490), (x + 440, 424), (x + 404, 410), (x + 390, 428)], GOLD, thick=9)
    _towel(canvas, x + 24, 488, house.accent)


def _rail(canvas: Canvas, house: House, x: float) -> None:
    """With two towels on it."""
    canvas.box(x, 330, 190, 8, named("a9adb5"), radius=4)
    _towel(canvas, x + 16, 336, house.accent)
    _towel(canvas, x + 98, 336, lighter(house.textile, 0.4))


def _towel(canvas: Canvas, x: float, y: float, tone: Colour) -> None:
    canvas.box(x, y - 6, 76, 96, tone, radius=5)
    canvas.box(x, y + 62, 76, 8, lighter(tone, 0.5))
    canvas.box(x, y + 76, 76, 4, lighter(tone, 0.5))


def _shower(canvas: Canvas, house: House, x: float) -> None:
    """Behind glass."""
    canvas.box(x, 660, 340, 22, named("f7f5f0"), radius=6)
    canvas.line([(x + 270, 330), (x + 270, 170), (x + 190, 150)], named("a9adb5"), thick=8)
    canvas.polygon([(x + 150, 152), (x + 226, 152), (x + 240, 172), (x + 136, 172)], named("8f949e"))
    for number in range(7):
        left = x + 144 + number * 14
        canvas.line([(left, 184), (left + (number - 3) * 9, 600)], named("cfe8f2"), thick=2.5, alpha=0.5)
    canvas.box(x, 90, 340, 580, named("dff1f5"), alpha=0.32)
    canvas.polygon([(x + 30, 90), (x + 120, 90), (x, 330), (x, 160)], WHITE, alpha=0.3)
    for left in (x - 4, x + 336):
        canvas.box(left, 84, 7, 592, named("b9bec6"))
    canvas.box(x + 312, 380, 10, 80, named("8f949e"), radius=4)


def _basin(canvas: Canvas, house: House, dice: Dice, x: float) -> None:
    """On a chest, below a mirror with lamps beside it."""
    wide = 390.0
    round_mirror = dice.falls(0.5)
    _mirror(canvas, house, x + wide / 2, round_mirror=round_mirror)
    canvas.shadow(x + wide / 2, 690, wide * 0.55, 14)
    canvas.box(x, 520, wide, 150, house.wood, radius=6)
    for left in (14, wide / 2 + 4):
        canvas.box(x + left, 538, wide / 2 - 18, 118, darker(house.wood, 0.1), radius=4)
        canvas.box(x + left + (wide / 2 - 18) / 2 - 22, 560, 44, 6, GOLD, radius=3)
    canvas.box(x - 10, 504, wide + 20, 20, named("f4f1ea"), radius=4)
    for middle in (x + wide / 2,) if house.splendour < 4 else (x + wide * 0.28, x + wide * 0.72):
        canvas.polygon(
            [(middle - 84, 462), (middle + 84, 462), (middle + 60, 506), (middle - 60, 506)], WHITE
        )
        canvas.box(middle - 90, 456, 180, 10, darker(WHITE, 0.06), radius=5)
        canvas.line(
            [(middle, 458), (middle, 424), (middle + 26, 420), (middle + 26, 436)], named("a9adb5"), thick=7
        )
    for number in range(3):
        canvas.box(x + 26, 486 - number * 16, 70, 15, (house.accent, WHITE, house.second)[number], radius=7)


def _mirror(canvas: Canvas, house: House, x: float, *, round_mirror: bool) -> None:
    glass = mix(named("cfe2ea"), house.textile, 0.3)
    if round_mirror:
        canvas.ellipse(x, 290, 118, 118, GOLD)
        canvas.ellipse(x, 290, 109, 109, glass)
    else:
        canvas.arch(x - 110, 170, 220, 250, GOLD)
        canvas.arch(x - 102, 178, 204, 234, glass)
    canvas.polygon([(x - 70, 330), (x + 34, 210), (x + 62, 226), (x - 44, 352)], WHITE, alpha=0.4)
    for side in (-1, 1):
        if is_dark(house):
            canvas.halo(x + side * 168, 290, 120, named("ffe2a0"), alpha=0.6)
        canvas.box(x + side * 168 - 12, 256, 24, 68, named("fff6dd"), radius=11, shining=is_dark(house))
        canvas.box(x + side * 168 - 6, 322, 12, 16, GOLD)
