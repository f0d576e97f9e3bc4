"""How large pictures are served, and in which formats."""

from enum import StrEnum

WIDTHS = (160, 320, 640, 1280)
"""Pixels; a picture that is narrower is served as it is, under the same addresses."""


TOGETHER = ((160, 320, 640), (1280,))
"""Widths that are made in one go. Lists show small ones, many at a time, and those cost a third of all."""


def made_with(width: int) -> tuple[int, ...]:
    """The widths that are made when that one is wanted, itself among them."""
    return next(widths for widths in TOGETHER if width in widths)


class Format(StrEnum):
    """What every browser of the last years reads (WebP), and what everything else does."""

    WEBP = "webp"
    JPEG = "jpeg"

    @property
    def media_type(self) -> str:
        return f"image/{self.value}"


MADE_ANEW = 1
"""Grows when pictures are sized otherwise than before: then those that are kept count no more."""

MOST_SIDE = 2560
"""Pixels of the longer side of an original as we keep it: twice what is served, for screens to come."""

MOST_ORIGINAL = 5 * 1024 * 1024
"""Bytes of an original as we keep it."""
