"""What is drawn on: shapes in units of their own, twice as large as the picture, so that edges are smooth.

Its one rule: a colour is given as it is by day in white light; the canvas knows the light and casts it,
except on what shines (`shining=True`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from PIL import Image, ImageDraw

from bookingd.pictures.drawing.colours import BLACK, Cast, Colour

Point: TypeAlias = tuple[float, float]
Ink: TypeAlias = tuple[int, int, int, int]

FINER = 2
"""Pixels that are drawn for one of the picture, each way."""


class Canvas:
    """A rectangle of `width` times `height` units, `scale` pixels each, in a light."""

    def __init__(self, width: float, height: float, *, scale: float, cast: Cast) -> None:
        self.width = width
        self.height = height
        self.cast = cast
        self._scale = scale
        size = (max(1, int(width * scale)), max(1, int(height * scale)))
        self.image = Image.new("RGB", size)
        self._draw = ImageDraw.Draw(self.image, "RGBA")

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colour: Colour,
        *,
        alpha: float = 1.0,
        radius: float = 0.0,
        shining: bool = False,
    ) -> None:
        """A rectangle by its upper left corner, with round corners of `radius`."""
        ends = self._ends(x, y, x + width, y + height)
        ink = self._ink(colour, alpha, shining=shining)
        if radius:
            self._draw.rounded_rectangle(ends, radius * self._scale, fill=ink)
        else:
            self._draw.rectangle(ends, fill=ink)

    def arch(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colour: Colour,
        *,
        alpha: float = 1.0,
        shining: bool = False,
    ) -> None:
        """A rectangle with half a circle on top, all of it `height` high."""
        ink = self._ink(colour, alpha, shining=shining)
        round_part = self._ends(x, y, x + width, y + width)
        self._draw.pieslice(round_part, 180, 360, fill=ink)
        self._draw.rectangle(self._ends(x, y + width / 2 + 1 / self._scale, x + width, y + height), fill=ink)

    def polygon(
        self, points: Sequence[Point], colour: Colour, *, alpha: float = 1.0, shining: bool = False
    ) -> None:
        """What the points enclose."""
        self._draw.polygon(self._pixels(points), fill=self._ink(colour, alpha, shining=shining))

    def ellipse(
        self,
        x: float,
        y: float,
        across: float,
        down: float,
        colour: Colour,
        *,
        alpha: float = 1.0,
        shining: bool = False,
    ) -> None:
        """Around the point, `across` and `down` from it to the edge."""
        ends = self._ends(x - across, y - down, x + across, y + down)
        self._draw.ellipse(ends, fill=self._ink(colour, alpha, shining=shining))

    def pie(
        self,
        x: float,
        y: float,
        across: float,
        down: float,
        degrees: tuple[float, float],
        colour: Colour,
        *,
        alpha: float = 1.0,
        shining: bool = False,
    ) -> None:
        """A part of such an ellipse, clockwise from the right."""
        ends = self._ends(x - across, y - down, x + across, y + down)
        self._draw.pieslice(ends, *degrees, fill=self._ink(colour, alpha, shining=shining))

    def bow(
        self,
        x: float,
        y: float,
        across: float,
        down: float,
        degrees: tuple[float, float],
        colour: Colour,
        *,
        thick: float,
    ) -> None:
        """A part of the edge of such an ellipse."""
        ends = self._ends(x - across, y - down, x + across, y + down)
        wide = max(1, round(thick * self._scale))
        self._draw.arc(ends, *degrees, fill=self._ink(colour, 1.0), width=wide)

    def line(
        self,
        points: Sequence[Point],
        colour: Colour,
        *,
        thick: float,
        alpha: float = 1.0,
        shining: bool = False,
    ) -> None:
        """From point to point."""
        ink = self._ink(colour, alpha, shining=shining)
        wide = max(1, round(thick * self._scale))
        self._draw.line(self._pixels(points), fill=ink, width=wide, joint="curve")

    def fade(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colours: Sequence[Colour],
        *,
        shining: bool = False,
    ) -> None:
        """A rectangle whose colour runs from the first above to the last below."""
        column = Image.new("RGB", (1, len(colours)))
        column.putdata([self._ink(one, 1.0, shining=shining)[:3] for one in colours])
        left, top, right, bottom = self._ends(x, y, x + width, y + height)
        size = (max(1, round(right - left) + 1), max(1, round(bottom - top) + 1))
        # Stretched beyond its ends by half a colour each, or both would stand still there.
        inner = (0.0, 0.5, 1.0, len(colours) - 0.5)
        self.image.paste(column.resize(size, Image.Resampling.BILINEAR, box=inner), (round(left), round(top)))

    def halo(self, x: float, y: float, radius: float, colour: Colour, *, alpha: float = 1.0) -> None:
        """Light around a point, less and less."""
        side = max(2, round(2 * radius * self._scale))
        mask = _falling(alpha).resize((side, side), Image.Resampling.BILINEAR)
        corner = (round((x - radius) * self._scale), round((y - radius) * self._scale))
        self.image.paste(colour, (*corner, corner[0] + side, corner[1] + side), mask)

    def shadow(self, x: float, y: float, across: float, down: float, *, alpha: float = 0.18) -> None:
        """On the ground, soft at the edge."""
        for part in (1.0, 0.86, 0.7):
            self.ellipse(x, y, across * part, down * part, BLACK, alpha=alpha / 2.2, shining=True)

    @contextmanager
    def pane(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        cast: Cast | None = None,
        round_top: bool = False,
    ) -> Iterator["Canvas"]:
        """A canvas of its own that is seen through a hole of that size, in its own light."""
        inner = Canvas(width, height, scale=self._scale, cast=cast or self.cast)
        yield inner
        mask = _rounded(inner.image.size) if round_top else None
        self.image.paste(inner.image, (round(x * self._scale), round(y * self._scale)), mask)

    def _ink(self, colour: Colour, alpha: float, *, shining: bool = False) -> Ink:
        seen = colour if shining else self.cast.over(colour)
        return (*seen, round(255 * alpha))

    def _ends(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[float, float, float, float]:
        """In pixels; Pillow counts the last ones in."""
        scale = self._scale
        right, bottom = max(left, right - 1 / scale), max(top, bottom - 1 / scale)
        return left * scale, top * scale, right * scale, bottom * scale

    def _pixels(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._scale, y * self._scale) for x, y in points]


def _falling(alpha: float) -> Image.Image:
    """Most in the middle, nothing at the edge."""
    return Image.radial_gradient("L").point(
        [round(255 * alpha * (1 - min(1, one / 180)) ** 2) for one in range(256)]
    )


def _rounded(size: tuple[int, int]) -> Image.Image:
    """A mask with half a circle on top."""
    width, height = size
    mask = Image.new("L", size)
    shape = ImageDraw.Draw(mask)
    shape.pieslice((0, 0, width - 1, width - 1), 180, 360, fill=255)
    shape.rectangle((0, width // 2, width - 1, height - 1), fill=255)
    return mask
