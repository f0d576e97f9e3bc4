"""Where in a list to go on: behind what was made then, with that id. Opaque to clients."""

import base64
import binascii
from datetime import datetime
from uuid import UUID

import msgspec

from handlers.fields import refuse
from handlers.reply import encode

_cursor = msgspec.json.Decoder(tuple[datetime, UUID])


def write_cursor(made_at: datetime, identity: UUID) -> str:
    """Goes on behind this one."""
    return base64.urlsafe_b64encode(encode((made_at, identity))).decode().rstrip("=")


def read_cursor(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Raises Problem for what was never given out."""
    if cursor is None:
        return None
    try:
        return _cursor.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise refuse("cursor", "foreign_cursor", "This is not a cursor of this list.") from error
