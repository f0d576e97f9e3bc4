"""What guests and new owners are told."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from handlers.booking_views import Links
from handlers.views import View


class AccessAsked(View, frozen=True, kw_only=True):
    """Asked for. Whether there is such a booking, and a code on its way, is told by mail alone."""

    access: Annotated[str, Meta(description="Send it along with the code.")]
    expires_at: Annotated[datetime, Meta(description="Until when the code is good.")]


class AccessOpened(View, frozen=True, kw_only=True):
    """The booking is open to whoever has the token."""

    reference: str
    booking_token: Annotated[str, Meta(description="For the header Booking-Token.")]
    expires_at: Annotated[datetime, Meta(description="Until when; a code gets another one.")]
    links: Links


class TakenOver(View, frozen=True, kw_only=True):
    """The booking belongs to the account."""

    reference: str
    links: Links
