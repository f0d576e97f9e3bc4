"""How large pictures are served, and in which formats."""

from enum import StrEnum

WIDTHS = (160, 320, 640, 1280)
"""Pixels; a picture that is narrower is served as it is, under the same addresses."""


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
