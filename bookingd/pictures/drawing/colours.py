"""Colours, and what the light of a time of day makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from bookingd.domain.pictures import Light

Colour: TypeAlias = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
INK: Colour = (38, 42, 54)
"""Dark lines: softer than black."""


def named(text: str) -> Colour:
    """A colour from six hexadecimal digits."""
    return (int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16))


def several(text: str) -> tuple[Colour, ...]:
    """Colours from words of six hexadecimal digits."""
    return tuple(map(named, text.split()))


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`share` (0 to 1) of the other colour in the first."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return (red, green, blue)


def lighter(colour: Colour, share: float = 0.2) -> Colour:
    """Nearer to white."""
    return mix(colour, WHITE, share)


def darker(colour: Colour, share: float = 0.2) -> Colour:
    """Nearer to a dark blue: shadows of flat colours look dirty with black in them."""
    return mix(colour, (24, 26, 48), share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """What light does to all that does not shine by itself: how much of which colour is mixed in."""

    colour: Colour
    share: float

    def over(self, colour: Colour) -> Colour:
        """The colour in this light."""
        return mix(colour, self.colour, self.share)


OUTSIDE: Mapping[Light, Cast] = MappingProxyType(
    {
        Light.MORNING: Cast(colour=named("ffd9b8"), share=0.13),
        Light.DAY: Cast(colour=WHITE, share=0.0),
        Light.EVENING: Cast(colour=named("8f3f50"), share=0.22),
        Light.NIGHT: Cast(colour=named("141d4a"), share=0.6),
    }
)
INSIDE: Mapping[Light, Cast] = MappingProxyType(
    {
        Light.MORNING: Cast(colour=named("ffe9cf"), share=0.10),
        Light.DAY: Cast(colour=WHITE, share=0.0),
        Light.EVENING: Cast(colour=named("b8602f"), share=0.13),
        Light.NIGHT: Cast(colour=named("4a2f4a"), share=0.22),
    }
)
LAMPLIGHT: Colour = named("ffd98a")
