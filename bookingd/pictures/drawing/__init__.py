"""Draws pictures of hotels that nobody has photographed: flat illustrations, one for each recipe.

Its one rule: a drawing follows from its recipe alone. No clock, no chance of the moment, no font and no file.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from PIL import Image

from bookingd.domain.pictures import DRAWN_SIZE, Recipe, Scene
from bookingd.pictures.drawing.canvas import FINER, Canvas
from bookingd.pictures.drawing.colours import INSIDE, OUTSIDE
from bookingd.pictures.drawing.commons import paint_breakfast, paint_lobby
from bookingd.pictures.drawing.facades import paint_facade
from bookingd.pictures.drawing.house import House, house_of
from bookingd.pictures.drawing.outdoors import paint_pool, paint_view
from bookingd.pictures.drawing.rooms import paint_bathroom, paint_room

UNITS = (1200.0, 800.0)
"""What all scenes are composed in."""

SCENES: Mapping[Scene, Callable[[Canvas, House], None]] = MappingProxyType(
    {
        Scene.FACADE: paint_facade,
        Scene.LOBBY: paint_lobby,
        Scene.ROOM: paint_room,
        Scene.BATHROOM: paint_bathroom,
        Scene.BREAKFAST: paint_breakfast,
        Scene.POOL: paint_pool,
        Scene.VIEW: paint_view,
    }
)
OPEN_AIR = frozenset({Scene.FACADE, Scene.POOL, Scene.VIEW})


def draw(recipe: Recipe, width: int = DRAWN_SIZE[0]) -> Image.Image:
    """The picture in RGB, so many pixels wide and as high as in DRAWN_SIZE."""
    height = round(width * DRAWN_SIZE[1] / DRAWN_SIZE[0])
    cast = (OUTSIDE if recipe.scene in OPEN_AIR else INSIDE)[recipe.light]
    canvas = Canvas(*UNITS, scale=FINER * width / UNITS[0], cast=cast)
    SCENES[recipe.scene](canvas, house_of(recipe))
    return canvas.image.resize((width, height), Image.Resampling.BOX)
