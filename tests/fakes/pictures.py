"""Pictures in the database, as seeding, staff and suppliers put them there."""

from bookingd.domain.pictures import DRAWN_SIZE, Light, PictureId, Recipe, Scene, Setting, drawn_id
from bookingd.storage import pictures
from bookingd.storage.database import Connection
from bookingd.storage.pictures import Wanted
from tests.fakes.sources import START

ADDRESS = "https://pictures.test/1.jpg"


async def plant_drawn(connection: Connection, number: int = 1, **changes: str) -> PictureId:
    """A drawing of hotel 7, another one for each number."""
    recipe = Recipe(scene=Scene.VIEW, setting=Setting.SEA, light=Light.DAY, number=number)
    picture = drawn_id(7, recipe)
    await connection.execute(
        """INSERT INTO pictures
           (id, hotel_id, position, caption, kind, recipe, state, width, height, created_at)
           VALUES ($1, 7, $2, 'The view', 'drawn', $3, 'ready', $4, $5, $6)""",
        picture,
        number,
        changes.get("recipe", recipe.to_json()),
        *DRAWN_SIZE,
        START,
    )
    return picture


async def plant_wanted(connection: Connection, url: str = ADDRESS) -> PictureId:
    """A picture that a supplier has told of."""
    wanted = Wanted(supplier="expedia", hotel="15", url=url, caption="The pool", position=0)
    await pictures.want(connection, pictures=[wanted], now=START)
    return wanted.id
