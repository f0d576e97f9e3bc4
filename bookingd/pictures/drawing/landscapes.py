"""What lies behind a hotel, or before its windows: from the horizon to the near ground."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bookingd.domain.pictures import Light, Setting
from bookingd.pictures.drawing.canvas import Canvas
from bookingd.pictures.drawing.dice import Dice
from bookingd.pictures.drawing.lands import paint_countryside, paint_desert, paint_mountains, paint_north
from bookingd.pictures.drawing.skies import paint_sky
from bookingd.pictures.drawing.terrain import Sight
from bookingd.pictures.drawing.towns import paint_city, paint_old_town
from bookingd.pictures.drawing.waters import paint_sea, paint_tropics

Painter = Callable[[Canvas, Sight], None]

PAINTERS: Mapping[Setting, Painter] = MappingProxyType(
    {
        Setting.CITY: paint_city,
        Setting.OLD_TOWN: paint_old_town,
        Setting.SEA: paint_sea,
        Setting.TROPICS: paint_tropics,
        Setting.MOUNTAINS: paint_mountains,
        Setting.COUNTRYSIDE: paint_countryside,
        Setting.DESERT: paint_desert,
        Setting.NORTH: paint_north,
    }
)

HORIZON: Mapping[Setting, float] = MappingProxyType(
    {Setting.SEA: 0.56, Setting.TROPICS: 0.56, Setting.CITY: 0.72, Setting.OLD_TOWN: 0.70}
)
"""How far below the upper edge it is seen, in parts of the height; elsewhere 0.62."""


def landscape(
    canvas: Canvas, setting: Setting, light: Light, dice: Dice, *, horizon: float | None = None
) -> float:
    """Sky and land over the whole canvas; where the horizon is, in units from above."""
    level = canvas.height * (HORIZON.get(setting, 0.62) if horizon is None else horizon)
    sun = paint_sky(canvas, setting, light, dice, horizon=level)
    PAINTERS[setting](canvas, Sight(light, dice, level, sun))
    return level
