"""The pool, and the view from a balcony."""

from bookingd.domain.pictures import Light, Setting
from bookingd.pictures.drawing.canvas import Canvas
from bookingd.pictures.drawing.colours import LAMPLIGHT, WHITE, Colour, darker, lighter, mix, named, several
from bookingd.pictures.drawing.dice import Dice
from bookingd.pictures.drawing.house import House
from bookingd.pictures.drawing.landscapes import landscape
from bookingd.pictures.drawing.plants import FLOWERS, GREENS, bush, natural_to, potted

EDGE = 500.0
"""Where the terrace begins, in units from above."""


def paint_pool(canvas: Canvas, house: House) -> None:
    """Under the open sky, with the land behind it."""
    dice = house.dice("swimming")
    landscape(canvas, house.setting, house.light, dice, horizon=0.54)
    _hedge(canvas, house, dice)
    stone = mix(named("efe4d0"), house.wall, 0.3)
    canvas.fade(
        0, EDGE, canvas.width, canvas.height - EDGE, [darker(stone, 0.08), stone, lighter(stone, 0.15)]
    )
    _basin(canvas, house, dice, stone)
    flip = dice.falls(0.5)
    for number in range(3):
        x = (150 + number * 185) if flip else (1050 - number * 185)
        _lounger(canvas, x, 556, 0.82, house, towel=house.accent if number % 2 else house.second)
        if number != 1:
            _umbrella(canvas, x + (58 if flip else -58), 560, 0.86, house)
    for left, right in ((20, 70), (1130, 1190)):
        natural_to(canvas, house.setting, dice.between(left, right), 590, dice.between(330, 420), dice)
    _ring(canvas, 820 if flip else 380, 690, house)
    potted(canvas, 1110 if flip else 90, 770, 190, GREENS[house.setting][0], house.accent)


def _hedge(canvas: Canvas, house: House, dice: Dice) -> None:
    """What keeps the terrace from the land behind."""
    for _ in range(4):
        x = dice.one_of((dice.between(60, 380), dice.between(820, 1140)))
        natural_to(canvas, house.setting, x, EDGE + 6, dice.between(130, 210), dice)
    green = GREENS[house.setting]
    for number in range(19):
        flowers = dice.one_of(FLOWERS) if dice.falls(0.3) and house.setting is not Setting.NORTH else None
        bush(
            canvas,
            number * 68 - 10,
            EDGE + 6,
            dice.between(80, 110),
            green[number % 3],
            dice,
            flowers=flowers,
        )


def _basin(canvas: Canvas, house: House, dice: Dice, stone: Colour) -> None:
    """Broader towards us; at night it shines from below."""
    dark = house.light in {Light.EVENING, Light.NIGHT}
    rim = [(200, 596), (1000, 596), (1190, 772), (10, 772)]
    water = [(226, 606), (974, 606), (1148, 760), (52, 760)]
    canvas.polygon(rim, lighter(stone, 0.55))
    canvas.polygon([(10, 772), (1190, 772), (1190, 788), (10, 788)], darker(stone, 0.12))
    tones = several("2aa9c4 3fc0d4 62d3de")
    if house.light is Light.EVENING:
        tones = tuple(mix(one, named("e8a08a"), 0.22) for one in tones)
    canvas.polygon(water, tones[0], shining=dark)
    canvas.polygon([(190, 640), (1012, 640), (1148, 760), (52, 760)], tones[1], shining=dark)
    canvas.polygon([(134, 688), (1066, 688), (1148, 760), (52, 760)], tones[2], shining=dark)
    if dark:
        for x in (300, 600, 900):
            canvas.halo(x, 690, 190, named("b8fff4"), alpha=0.5)
    for _ in range(46):
        _curl(canvas, dice)


def _curl(canvas: Canvas, dice: Dice) -> None:
    """Light on a small wave."""
    part = dice.between(0.04, 0.96)
    y = 606 + 154 * part
    left, right = 226 - 174 * part, 974 + 174 * part
    wide = dice.between(20, 60) * (0.5 + part)
    x = dice.between(left + 10, max(left + 11, right - wide - 10))
    bend = wide * 0.09
    canvas.line(
        [
            (x, y),
            (x + wide * 0.25, y - bend),
            (x + wide * 0.5, y),
            (x + wide * 0.75, y - bend),
            (x + wide, y),
        ],
        WHITE,
        thick=2.6 * (0.6 + part),
        alpha=0.42,
        shining=True,
    )


def _lounger(canvas: Canvas, x: float, y: float, size: float, house: House, *, towel: Colour) -> None:
    """Seen from the side; `x` is its middle and `y` its foot."""
    wood = lighter(house.wood, 0.15)
    canvas.shadow(x, y + 3, 84 * size, 9 * size)
    for dx in (-58, 40):
        canvas.box(x + dx * size, y - 30 * size, 7 * size, 32 * size, darker(wood, 0.2))
    canvas.box(x - 74 * size, y - 38 * size, 132 * size, 11 * size, wood, radius=4)
    canvas.polygon(
        [
            (x + 40 * size, y - 38 * size),
            (x + 84 * size, y - 92 * size),
            (x + 93 * size, y - 86 * size),
            (x + 56 * size, y - 30 * size),
        ],
        wood,
    )
    canvas.box(x - 74 * size, y - 48 * size, 126 * size, 12 * size, WHITE, radius=6)
    canvas.polygon(
        [
            (x + 36 * size, y - 47 * size),
            (x + 76 * size, y - 97 * size),
            (x + 86 * size, y - 90 * size),
            (x + 52 * size, y - 40 * size),
        ],
        WHITE,
    )
    canvas.box(x - 64 * size, y - 51 * size, 44 * size, 15 * size, towel, radius=5)


def _umbrella(canvas: Canvas, x: float, y: float, size: float, house: House) -> None:
    top = y - 190 * size
    canvas.box(x - 3 * size, top, 6 * size, 190 * size, lighter(house.wood, 0.3))
    for number, tone in enumerate((house.accent, WHITE, house.accent, WHITE, house.accent)):
        left, right = x + (number * 48 - 120) * size, x + (number * 48 - 72) * size
        canvas.polygon([(x, top - 8 * size), (left, top + 58 * size), (right, top + 58 * size)], tone)
        canvas.pie((left + right) / 2, top + 57 * size, 24 * size, 9 * size, (0, 180), darker(tone, 0.08))
    canvas.ellipse(x, top - 10 * size, 5 * size, 5 * size, darker(house.accent, 0.2))


def _ring(canvas: Canvas, x: float, y: float, house: House) -> None:
    """Somebody left it in the water."""
    canvas.ellipse(x, y + 5, 58, 23, named("1f8fa8"), alpha=0.35)
    for number in range(8):
        canvas.pie(x, y, 56, 22, (number * 45, number * 45 + 45), house.accent if number % 2 else WHITE)
    canvas.ellipse(x, y, 27, 9.5, named("4cc6d6"))


def paint_view(canvas: Canvas, house: House) -> None:
    """What one sees from the balcony, over its railing."""
    dice = house.dice("looking")
    landscape(canvas, house.setting, house.light, dice)
    if house.setting in {Setting.CITY, Setting.OLD_TOWN}:
        _park(canvas, house, dice)
    floor = mix(named("e2d8c6"), house.wood, 0.3)
    canvas.fade(0, 700, canvas.width, 100, [darker(floor, 0.16), floor])
    for number in range(-8, 9):
        canvas.line([(600 + number * 110, 700), (600 + number * 150, 800)], darker(floor, 0.18), thick=2.5)
    _railing(canvas, house, dice)
    flip = dice.falls(0.5)
    _table(canvas, house, 760 if flip else 440, 772)
    for dx in (-150, 150):
        _chair(canvas, house, (760 if flip else 440) + dx, 776, facing=-1 if dx > 0 else 1)
    potted(canvas, 120 if flip else 1080, 786, 250, GREENS[house.setting][0], house.accent)
    _frame(canvas, house, left=not flip)


def _park(canvas: Canvas, house: House, dice: Dice) -> None:
    """Trees of a square below."""
    level = canvas.height * 0.70
    canvas.fade(0, level, canvas.width, 120, [named("8fae7a"), named("7a9f66")])
    greens = GREENS[house.setting]
    for number in range(26):
        bush(
            canvas,
            number * 48 + dice.between(-20, 10),
            level + dice.between(14, 40),
            dice.between(80, 150),
            greens[number % 3],
            dice,
        )


def _railing(canvas: Canvas, house: House, dice: Dice) -> None:
    """Of glass in modern houses, of iron in others."""
    rail = darker(house.wood, 0.2)
    if dice.falls(0.4):
        for number in range(5):
            canvas.box(number * 300 - 150 + 8, 560, 284, 152, named("e8f6fa"), alpha=0.26)
            canvas.polygon(
                [
                    (number * 300 - 90, 560),
                    (number * 300 - 40, 560),
                    (number * 300 - 140, 712),
                    (number * 300 - 142, 640),
                ],
                WHITE,
                alpha=0.2,
            )
        canvas.box(0, 548, canvas.width, 15, rail, radius=5)
        return
    iron = named("3d4150")
    for number in range(41):
        canvas.box(number * 30 - 3, 560, 6, 152, iron)
        canvas.ellipse(number * 30, 634, 8, 8, iron)
    canvas.box(0, 704, canvas.width, 9, iron)
    canvas.box(0, 546, canvas.width, 17, rail, radius=6)


def _table(canvas: Canvas, house: House, x: float, y: float) -> None:
    """Small and round, with something to drink."""
    canvas.shadow(x, y + 6, 70, 10)
    canvas.box(x - 5, y - 120, 10, 122, named("4a4d58"))
    canvas.ellipse(x, y + 2, 44, 9, named("4a4d58"))
    canvas.ellipse(x, y - 122, 92, 20, lighter(house.wood, 0.1))
    canvas.ellipse(x, y - 126, 92, 19, lighter(house.wood, 0.3))
    for dx, tone in ((-34, named("f2a541")), (30, named("e4576b"))):
        canvas.polygon(
            [(x + dx - 15, y - 178), (x + dx + 15, y - 178), (x + dx + 4, y - 150), (x + dx - 4, y - 150)],
            tone,
            alpha=0.9,
        )
        canvas.box(x + dx - 1.5, y - 152, 3, 24, named("dfe8ec"))
        canvas.ellipse(x + dx, y - 128, 14, 4, named("dfe8ec"))
    if house.light in {Light.EVENING, Light.NIGHT}:
        canvas.halo(x, y - 152, 120, LAMPLIGHT, alpha=0.6)
        canvas.box(x - 9, y - 152, 18, 24, named("fff3cf"), radius=4, shining=True)


def _chair(canvas: Canvas, house: House, x: float, y: float, *, facing: int) -> None:
    tone, leg = mix(house.accent, WHITE, 0.1), named("4a4d58")
    canvas.shadow(x, y + 4, 62, 9)
    for dx in (-44, 40):
        canvas.line([(x + dx * 0.8, y - 78), (x + dx, y)], leg, thick=7)
    canvas.box(x - 52, y - 92, 104, 22, tone, radius=10)
    back = x - facing * 48
    canvas.line([(back, y - 86), (back - facing * 18, y - 190)], tone, thick=26)
    canvas.line([(back, y - 80), (back - facing * 20, y - 196)], darker(tone, 0.2), thick=6)


def _frame(canvas: Canvas, house: House, *, left: bool) -> None:
    """The edge of the door that one has stepped out of, with its curtain."""
    x = 0 if left else canvas.width - 74
    canvas.box(x, 0, 74, canvas.height, lighter(house.wall, 0.3))
    for number in range(5):
        shade = lighter(house.textile, 0.3) if number % 2 else darker(house.textile, 0.06)
        canvas.box((60 if left else canvas.width - 130) + number * 14, 0, 15, 780, shade, alpha=0.92)
