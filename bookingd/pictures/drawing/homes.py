"""Smaller houses: apartments, guest houses and hostels; they stand as hotels do."""

from bookingd.domain.pictures import Light
from bookingd.pictures.drawing.canvas import Canvas
from bookingd.pictures.drawing.colours import LAMPLIGHT, WHITE, Colour, darker, lighter, mix, named
from bookingd.pictures.drawing.dice import Dice
from bookingd.pictures.drawing.hotels import balcony, block
from bookingd.pictures.drawing.house import GOLD, House, Roof
from bookingd.pictures.drawing.openings import awning, door, sign_stars, window
from bookingd.pictures.drawing.plants import FLOWERS, GREENS, bush
from bookingd.pictures.drawing.roofs import MIDDLE, gable, roof_of


def lodge(canvas: Canvas, house: House, foot: float) -> None:
    """A guest house: two storeys under one roof, flower boxes, a bench and a fence."""
    dice = house.dice("lodge")
    wide, storey = dice.between(430, 540), 104.0
    left, top = MIDDLE - wide / 2, foot - storey * 2 - 12
    block(canvas, house.wall, left, top, wide, foot - top)
    chimney = left + wide * dice.one_of((0.2, 0.78))
    canvas.box(chimney - 17, top - 128, 34, 90, darker(named("a8614a"), 0.05))
    if house.roof in {Roof.GABLED, Roof.MANSARD}:
        gable(canvas, house, dice, left, top, wide)
    else:
        roof_of(canvas, house, dice, left, top, wide)
    for row in range(2):
        for part in (0.16, 0.5, 0.84):
            if row == 1 and part == 0.5:
                continue
            x, y = left + wide * part - 25, top + storey * row + 26
            window(canvas, house, dice, x, y, 50, 56)
            _flower_box(canvas, dice, x - 4, y + 62, 58, GREENS[house.setting][1])
    door(canvas, house, MIDDLE, foot, 62, 88)
    awning(canvas, MIDDLE - 48, foot - 112, 96, 22, house.accent)
    if house.stars:
        sign_stars(canvas, MIDDLE, foot - 126, 7, house.stars, GOLD)
    _fence(canvas, left - 90, foot + 34, 150)
    _fence(canvas, left + wide - 60, foot + 34, 150)


def _flower_box(canvas: Canvas, dice: Dice, x: float, y: float, wide: float, green: Colour) -> None:
    canvas.box(x, y, wide, 12, named("8a5a3c"), radius=2)
    for number in range(7):
        canvas.ellipse(x + wide * (number + 0.5) / 7, y - 2, 6, 7, green)
    tone = dice.one_of(FLOWERS)
    for number in range(6):
        canvas.ellipse(x + wide * (number + 0.6) / 6.4, y - dice.between(2, 8), 3.4, 3.4, tone)


def _fence(canvas: Canvas, x: float, y: float, wide: float) -> None:
    for rail in (-26, -12):
        canvas.box(x, y + rail, wide, 5, named("f4efe6"))
    for number in range(int(wide / 16) + 1):
        canvas.polygon(
            [
                (x + number * 16, y),
                (x + number * 16, y - 34),
                (x + number * 16 + 4, y - 39),
                (x + number * 16 + 8, y - 34),
                (x + number * 16 + 8, y),
            ],
            named("fbf8f2"),
        )


def apartments(canvas: Canvas, house: House, foot: float) -> None:
    """A modern house of two blocks, with glass balconies and green on them."""
    dice = house.dice("flats")
    storeys = 4 + house.splendour // 2 + dice.whole(0, 1)
    storey = min(80.0, 460.0 / storeys)
    side = dice.one_of((-1, 1))
    lower = storeys - dice.whole(1, 2)
    _flats(
        canvas,
        house,
        dice,
        MIDDLE - side * 20 + (0 if side > 0 else -300),
        foot,
        300,
        lower,
        storey,
        mix(house.wall, house.second, 0.28),
    )
    _flats(
        canvas,
        house,
        dice,
        MIDDLE + side * 20 - (280 if side > 0 else 0),
        foot,
        280,
        storeys,
        storey,
        house.wall,
    )


def _flats(
    canvas: Canvas,
    house: House,
    dice: Dice,
    left: float,
    foot: float,
    wide: float,
    storeys: int,
    storey: float,
    wall: Colour,
) -> None:
    top = foot - storeys * storey
    block(canvas, wall, left, top, wide, foot - top)
    canvas.box(left - 6, top - 10, wide + 12, 12, lighter(wall, 0.35))
    lit_from = {Light.NIGHT: 0.5, Light.EVENING: 0.4}.get(house.light, 0.04)
    for row in range(storeys - 1):
        y = top + row * storey + storey * 0.2
        for column in range(3):
            x, lit = left + wide * (0.05 + column * 0.32), dice.falls(lit_from)
            across = wide * 0.26
            canvas.box(x, y, across, storey * 0.66, LAMPLIGHT if lit else named("86abc4"), shining=lit)
            canvas.box(x + across * 0.48, y, 3.5, storey * 0.66, named("f2f2f0"))
            if (row + column) % 2 == 0:
                balcony(canvas, x - 8, y + storey * 0.36, across + 16, storey * 0.3, named("d9ecf2"))
                if dice.falls(0.55):
                    bush(
                        canvas,
                        x + across * dice.between(0.1, 0.9),
                        y + storey * 0.37,
                        storey * 0.4,
                        dice.one_of(GREENS[house.setting]),
                        dice,
                    )
    lit = house.light in {Light.EVENING, Light.NIGHT}
    canvas.box(left, foot - storey, wide, storey, darker(wall, 0.28))
    canvas.box(
        left + 16,
        foot - storey * 0.82,
        wide - 32,
        storey * 0.72,
        LAMPLIGHT if lit else named("9cc0d2"),
        shining=lit,
    )
    for part in (0.25, 0.5, 0.75):
        canvas.box(left + wide * part - 3, foot - storey * 0.82, 6, storey * 0.72, darker(wall, 0.28))
    door(canvas, house, left + wide * 0.5, foot, 56, storey * 0.8)


def hostel(canvas: Canvas, house: House, foot: float) -> None:
    """Painted by its guests: colours, bunting, and bicycles at the door."""
    dice = house.dice("hostel")
    wide, storeys, storey = 520.0, 3 + dice.whole(0, 1), 92.0
    left, top = MIDDLE - wide / 2, foot - (3 + (storeys - 3)) * storey
    _parapet_plain(canvas, house, left, top, wide)
    block(canvas, house.wall, left, top, wide, foot - top)
    _mural(canvas, house, dice, left, top, wide, foot)
    for row in range(storeys - 1):
        for column in range(4):
            window(canvas, house, dice, left + 44 + column * 125, top + row * storey + 22, 58, 50)
    door(canvas, house, MIDDLE, foot, 70, 82)
    awning(canvas, MIDDLE - 62, foot - 104, 124, 24, house.second)
    lit = house.light in {Light.EVENING, Light.NIGHT}
    for part in (0.06, 0.7):
        canvas.box(
            left + wide * part, foot - 82, wide * 0.24, 60, LAMPLIGHT if lit else named("9cc0d2"), shining=lit
        )
        canvas.box(left + wide * part, foot - 26, wide * 0.24, 7, lighter(house.wood, 0.1))
    _bunting(canvas, house, left, foot - 118, wide)
    for x in (left + wide * 0.12, left + wide * 0.9):
        _bicycle(canvas, x, foot + 30, 30, house.accent if x < MIDDLE else house.second)


def _parapet_plain(canvas: Canvas, house: House, left: float, top: float, wide: float) -> None:
    canvas.box(left - 8, top - 12, wide + 16, 16, house.accent)
    canvas.box(left + wide * 0.1, top - 44, wide * 0.16, 34, darker(house.wall, 0.2))


def _mural(
    canvas: Canvas, house: House, dice: Dice, left: float, top: float, wide: float, foot: float
) -> None:
    """Bands of colour across the wall, and a sun."""
    tones = (house.accent, house.second, GOLD)
    lean = dice.one_of((-1, 1)) * 120
    for number, tone in enumerate(tones):
        x = left + wide * (0.2 + 0.2 * number)
        points = [(x, top), (x + 70, top), (x + 70 + lean, foot), (x + lean, foot)]
        canvas.polygon([(min(max(px, left), left + wide), py) for px, py in points], tone, alpha=0.55)
    canvas.pie(left + wide * (0.86 if lean < 0 else 0.14), foot - 96, 46, 46, (180, 360), GOLD, alpha=0.8)


def _bunting(canvas: Canvas, house: House, left: float, y: float, wide: float) -> None:
    tones = (house.accent, GOLD, house.second, WHITE)
    line = [(left + wide * part / 16, y + 26 * (1 - ((part - 8) / 8) ** 2)) for part in range(17)]
    canvas.line(line, named("5a5f6b"), thick=2)
    for number, (x, at) in enumerate(line[1:-1]):
        canvas.polygon([(x - 10, at), (x + 10, at), (x, at + 20)], tones[number % 4])


def _bicycle(canvas: Canvas, x: float, y: float, size: float, tone: Colour) -> None:
    for dx in (-1.0, 1.0):
        canvas.bow(x + dx * size, y - size * 0.8, size * 0.7, size * 0.7, (0, 360), named("3d4150"), thick=3)
    hub, seat, head = (
        (x - size, y - size * 0.8),
        (x - size * 0.35, y - size * 1.7),
        (x + size * 0.75, y - size * 1.7),
    )
    canvas.line([hub, seat, head, (x + size, y - size * 0.8)], tone, thick=4)
    canvas.line([hub, (x - size * 0.1, y - size * 0.8), head], tone, thick=4)
    canvas.line([(x - size * 0.1, y - size * 0.8), (x - size * 0.4, y - size * 1.85)], tone, thick=4)
    canvas.box(x - size * 0.62, y - size * 1.92, size * 0.42, size * 0.12, named("3d4150"), radius=2)
    canvas.line(
        [head, (x + size * 0.68, y - size * 2.0), (x + size * 0.95, y - size * 2.05)],
        named("3d4150"),
        thick=3,
    )
