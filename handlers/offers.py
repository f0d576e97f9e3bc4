"""One offer, asked of its supplier again: is it still to be had, and at which price?"""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from bookingd.domain.ids import OfferId
from bookingd.messages.envelope import Origin
from bookingd.messages.search import CheckOffer, CheckStay, OfferChecked, OfferStatus, StayChecked
from bookingd.storage import places
from bookingd.storage.offers import FLIGHTS, PACKAGE, STAYS, halves_of
from handlers.asking import NOBODY, as_of, ask, refuse_untold
from handlers.errors import not_found
from handlers.middlewares import CORRELATION, trace_of
from handlers.package_views import PackageNow
from handlers.packages import package_now
from handlers.parts import PARTS, Parts
from handlers.reply import json_reply
from handlers.stay_views import StayNow, stay_view
from handlers.views import AsOf, OfferView, View, codes, offer_view


class OfferNow(View, frozen=True, kw_only=True):
    """What became of an offer since it was made."""

    status: OfferStatus
    as_of: AsOf
    offer: Annotated[OfferView | None, Meta(description="As it is now; null where it is not to be had.")]


Check = Callable[[Parts, OfferId, Origin], Awaitable[View]]
"""Asks for an offer of one kind and shows what came of it. Raises Problem."""


async def offer(request: web.Request) -> web.Response:
    """The offer as it is now."""
    offer_id = OfferId(request.match_info["id"])
    check = next((check for prefix, check in CHECKS.items() if offer_id.startswith(prefix)), None)
    if check is None:
        raise not_found()
    origin = Origin(principal=NOBODY, correlation_id=request[CORRELATION], trace=trace_of(request))
    return json_reply(await check(request.app[PARTS], offer_id, origin))


async def _flight(parts: Parts, offer_id: OfferId, origin: Origin) -> OfferNow:
    checked: OfferChecked = await ask(parts, CheckOffer(offer_id=offer_id), origin)
    refuse_untold(checked)
    asked_at = as_of(checked.status, checked.offer, parts.sources.clock)
    if checked.offer is None:
        return OfferNow(status=checked.status, as_of=asked_at, offer=None)
    airports, airlines = codes([checked.offer.itinerary])
    async with parts.database.connection() as connection:
        names = await places.names(connection, airports=airports, airlines=airlines)
    return OfferNow(status=checked.status, as_of=asked_at, offer=offer_view(checked.offer, names))


async def _stay(parts: Parts, offer_id: OfferId, origin: Origin) -> StayNow:
    checked: StayChecked = await ask(parts, CheckStay(offer_id=offer_id), origin)
    refuse_untold(checked)
    return StayNow(
        status=checked.status,
        as_of=as_of(checked.status, checked.offer, parts.sources.clock),
        offer=stay_view(checked.offer) if checked.offer else None,
    )


async def _package(parts: Parts, offer_id: OfferId, origin: Origin) -> PackageNow:
    return await package_now(parts, halves_of(offer_id), origin)


CHECKS: Mapping[str, Check] = MappingProxyType(
    {FLIGHTS.prefix: _flight, STAYS.prefix: _stay, PACKAGE: _package}
)
"""By what ids of the kind begin with."""
