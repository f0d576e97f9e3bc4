"""Which pictures of made-up hotels are drawn: what each shows, in which light, and its caption."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from bookingd.domain.hotels import Hotel
from bookingd.domain.pictures import Light, Recipe, Scene, Setting
from bookingd.domain.stays import HotelKind
from bookingd.seeding.hotels.houses import House
from bookingd.seeding.hotels.places import Character, Climate

MOST_NUMBER = 2**53 - 1
"""Of recipes."""
NORTH = frozenset({"NO", "SE", "FI", "IS", "DK", "EE", "LV", "LT"})
_HIGH = frozenset({"KTM", "CUZ", "UIO", "BOG", "MDE", "YYC", "DEN", "GVA", "ADD", "ZQN"})
"""Cities with mountains around them."""
_BEHIND = MappingProxyType(
    {
        Setting.CITY: "the roofs of the city",
        Setting.OLD_TOWN: "the old town",
        Setting.SEA: "the sea",
        Setting.TROPICS: "palms and the sea",
        Setting.MOUNTAINS: "the mountains",
        Setting.COUNTRYSIDE: "the country around",
        Setting.DESERT: "the desert",
        Setting.NORTH: "the northern sky",
    }
)
_WHEN = MappingProxyType(
    {
        Light.MORNING: "in the morning",
        Light.DAY: "by day",
        Light.EVENING: "in the evening",
        Light.NIGHT: "at night",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """A picture of a hotel that is drawn."""

    caption: str
    recipe: Recipe


def portraits_of(house: House, hotel: Hotel) -> tuple[Portrait, ...]:
    """Three to six, the best one first."""
    setting = _setting(house)
    return tuple(_portrait(house, hotel, scene, setting) for scene in _scenes(house, hotel))


def _scenes(house: House, hotel: Hotel) -> Iterator[Scene]:
    yield Scene.FACADE
    yield Scene.ROOM
    if {"swimming_pool", "indoor_pool"} & set(hotel.amenities):
        yield Scene.POOL
    if house.kind in {HotelKind.HOTEL, HotelKind.RESORT} and house.stars >= 3:
        yield Scene.LOBBY
    if "breakfast" in hotel.amenities and house.die.share("breakfast picture") < 0.7:
        yield Scene.BREAKFAST
    if house.stars >= 4 or house.die.share("view picture") < 0.3:
        yield Scene.VIEW
    else:
        yield Scene.BATHROOM


def _portrait(house: House, hotel: Hotel, scene: Scene, setting: Setting) -> Portrait:
    light = _light(house, scene)
    recipe = Recipe(
        scene=scene,
        setting=setting,
        light=light,
        building=house.kind.value,
        stars=house.stars,
        number=house.die.number("portrait") & MOST_NUMBER,
    )
    return Portrait(caption=_caption(hotel, scene, setting, light), recipe=recipe)


def _caption(hotel: Hotel, scene: Scene, setting: Setting, light: Light) -> str:
    when = _WHEN[light]
    return {
        Scene.FACADE: f"{hotel.name} from the street {when}",
        Scene.LOBBY: "The lobby",
        Scene.ROOM: "A room",
        Scene.BATHROOM: "A bathroom",
        Scene.BREAKFAST: "Breakfast",
        Scene.POOL: f"The pool {when}",
        Scene.VIEW: f"The view of {_BEHIND[setting]} {when}",
    }[scene] + " (drawing)"


def _light(house: House, scene: Scene) -> Light:
    if scene in {Scene.FACADE, Scene.VIEW, Scene.POOL}:
        return house.die.pick(
            (Light.DAY, Light.DAY, Light.EVENING, Light.MORNING, Light.NIGHT), f"light of {scene}"
        )
    if scene is Scene.BREAKFAST:
        return Light.MORNING
    return house.die.pick((Light.DAY, Light.EVENING), f"light of {scene}")


def _setting(house: House) -> Setting:
    place = house.place
    if house.by_the_sea:
        warm = place.climate in {Climate.WINTER_SUN, Climate.MONSOON, Climate.EVEN}
        return Setting.TROPICS if warm else Setting.SEA
    if place.climate is Climate.SNOW or place.code in _HIGH:
        return Setting.MOUNTAINS
    if place.climate is Climate.DESERT:
        return Setting.DESERT
    if house.spot.airport:
        return Setting.COUNTRYSIDE
    if place.country in NORTH:
        return Setting.NORTH
    return Setting.OLD_TOWN if place.character is Character.SIGHTS else Setting.CITY
