"""One offer, asked of its supplier again: is it still to be had, and at which price?"""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from bookingd.bus.port import ask_once
from bookingd.domain.ids import OfferId
from bookingd.messages.envelope import Origin
from bookingd.messages.search import CheckOffer, OfferChecked, OfferStatus
from bookingd.storage import places
from handlers.errors import not_found
from handlers.middlewares import CORRELATION, trace_of
from handlers.parts import PARTS
from handlers.reply import json_reply
from handlers.search import GRACE, NOBODY
from handlers.views import OfferView, View, codes, offer_view


class OfferNow(View, frozen=True, kw_only=True):
    """What became of an offer since it was made."""

    status: OfferStatus
    offer: Annotated[OfferView | None, Meta(description="As it is now; null where it is not to be had.")]


async def offer(request: web.Request) -> web.Response:
    """The offer as it is now."""
    parts = request.app[PARTS]
    checked: OfferChecked = await ask_once(
        parts.bus,
        CheckOffer(offer_id=OfferId(request.match_info["id"])),
        origin=Origin(principal=NOBODY, correlation_id=request[CORRELATION], trace=trace_of(request)),
        timeout=parts.settings.search.deadline_seconds + GRACE,
    )
    if checked.status is OfferStatus.UNKNOWN:
        raise not_found()
    if checked.offer is None:
        return json_reply(OfferNow(status=checked.status, offer=None))
    airports, airlines = codes([checked.offer.itinerary])
    async with parts.database.connection() as connection:
        names = await places.names(connection, airports=airports, airlines=airlines)
    return json_reply(OfferNow(status=checked.status, offer=offer_view(checked.offer, names)))
