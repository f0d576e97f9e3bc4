"""What staff send about pictures."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from bookingd.domain.pictures import MOST_CAPTION
from handlers.fields import Request, Said, Text, Whole

LAST = 999
"""A place behind all others, whatever a hotel has."""


def _caption(**more: Any) -> Text:
    told = {
        "description": "What is to be seen, for those who do not see it; it may be empty.",
        "example": "The pool",
    }
    return Text(shortest=0, longest=MOST_CAPTION, metadata=told, **more)


class NewPicture(Request):
    """Beside the picture itself, which is the body."""

    caption = _caption(load_default="")


class PictureChange(Request):
    """Another caption, or another place."""

    caption = _caption()
    position = Whole(0, LAST, metadata={"description": "0 is shown first; the others make room."})

    @validates_schema
    def _something(self, data: Any, **_: Any) -> None:
        if not data:
            raise ValidationError([Said("required", "Say caption or position, or both.")])
