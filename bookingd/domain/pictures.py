"""What pictures of hotels are: which one, whose, and what is to be seen on one that we draw.

Its one rule: an id names what a picture shows, for ever. It is made of whose picture it is and of where it
comes from, so that browsers may keep what they got, and that the same picture loaded twice is one picture.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

PictureId = NewType("PictureId", str)
"""16 letters and digits: 80 bits of a SHA-256."""

DRAWING = 1
"""Grows when drawings are to look different: then drawn pictures get other ids, and browsers ask anew."""
DRAWN_SIZE = (1280, 854)
"""Width and height in pixels of every drawn picture."""
MOST_CAPTION = 300
"""Characters."""


class Kind(StrEnum):
    """Where a picture comes from."""

    DRAWN = "drawn"
    FETCHED = "fetched"
    UPLOADED = "uploaded"


class State(StrEnum):
    """Whether there is one to show."""

    WANTED = "wanted"
    """Not fetched yet, or not to be had the last time."""
    READY = "ready"
    REFUSED = "refused"
    """Never to be had: not from an allowed host, or no picture."""


class Scene(StrEnum):
    """What a drawn picture shows."""

    FACADE = "facade"
    LOBBY = "lobby"
    ROOM = "room"
    BATHROOM = "bathroom"
    BREAKFAST = "breakfast"
    POOL = "pool"
    VIEW = "view"


class Setting(StrEnum):
    """What lies around the hotel: it gives a drawing its colours, its plants and its horizon."""

    CITY = "city"
    OLD_TOWN = "old_town"
    SEA = "sea"
    TROPICS = "tropics"
    MOUNTAINS = "mountains"
    COUNTRYSIDE = "countryside"
    DESERT = "desert"
    NORTH = "north"


class Light(StrEnum):
    """The time of day on a drawn picture."""

    MORNING = "morning"
    DAY = "day"
    EVENING = "evening"
    NIGHT = "night"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What to draw; the same recipe is always the same drawing."""

    scene: Scene
    setting: Setting
    light: Light
    building: str = "hotel"
    """hotel, resort, apartment, guest_house or hostel."""
    stars: int = 3
    """1 to 5; 0 where it has none. More stars, more splendour."""
    number: int = 0
    """0 to 2^53 - 1: which of all drawings that fit the rest; pictures of one hotel share it, so that its
    colours are the same on all of them.
    """

    def to_json(self) -> str:
        """As it is stored; the same recipe is the same text."""
        return json.dumps(
            {
                "scene": self.scene,
                "setting": self.setting,
                "light": self.light,
                "building": self.building,
                "stars": self.stars,
                "number": self.number,
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Raises ValueError or KeyError for what `to_json` never wrote."""
        told: Mapping[str, object] = json.loads(text)
        return cls(
            scene=Scene(str(told["scene"])),
            setting=Setting(str(told["setting"])),
            light=Light(str(told["light"])),
            building=str(told["building"]),
            stars=int(str(told["stars"])),
            number=int(str(told["number"])),
        )


def drawn_id(hotel_id: int, recipe: Recipe) -> PictureId:
    """Of a drawing for a hotel of our own; two drawings of one hotel differ in their recipe."""
    return _id(Kind.DRAWN, str(hotel_id), str(DRAWING), recipe.to_json())


def fetched_id(supplier: str, supplier_hotel: str, url: str) -> PictureId:
    """Of what a supplier has at an address for one of its hotels."""
    return _id(Kind.FETCHED, supplier, supplier_hotel, url)


def uploaded_id(hotel_id: int, given: bytes) -> PictureId:
    """Of what staff uploaded for a hotel of our own; `given` is the SHA-256 of what was sent."""
    return _id(Kind.UPLOADED, str(hotel_id), given.hex())


def _id(*parts: str) -> PictureId:
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return PictureId(base64.b32encode(digest[:10]).decode().lower())
