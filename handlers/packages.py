"""One package, asked of the suppliers of both its halves again; and a pair that somebody chose."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from aiohttp import web
from marshmallow import validate

from bookingd.domain.ids import OfferId
from bookingd.domain.offers import Offer
from bookingd.domain.package_prices import compose_package
from bookingd.domain.packages import NoPair, PackageOffer, check_pair
from bookingd.domain.price_rules import RuleBook
from bookingd.domain.stays import StayOffer
from bookingd.messages.envelope import Origin
from bookingd.messages.search import CheckOffer, CheckStay, OfferChecked, OfferStatus, StayChecked
from bookingd.storage import places, prices
from bookingd.storage.offers import FLIGHTS, STAYS, Halves, package_id
from handlers.asking import NOBODY, as_of, ask, refuse_untold
from handlers.errors import not_found
from handlers.fields import Request, Said, Text, load_query, refuse
from handlers.middlewares import CORRELATION, trace_of
from handlers.package_views import PackageNow, package_view
from handlers.parts import PARTS, Parts
from handlers.reply import json_reply
from handlers.requests import schema
from handlers.views import codes

WORST_FIRST = (
    OfferStatus.UNKNOWN,
    OfferStatus.NO_RATE,
    OfferStatus.EXPIRED,
    OfferStatus.UNAVAILABLE,
    OfferStatus.UNCHECKED,
    OfferStatus.CHANGED,
    OfferStatus.AVAILABLE,
)


def _id(prefix: str, what: str) -> Text:
    words = Said("offer_id", f"This has to be the id of {what}, which begins with {prefix}.")
    return Text(
        longest=80,
        required=True,
        validate=[validate.Regexp(rf"^{prefix}[A-Za-z0-9_-]+\Z", error=words)],
        metadata={"description": f"Id of {what}."},
    )


class Pair(Request):
    """A flight and a stay that somebody wants together."""

    flight = _id(FLIGHTS.prefix, "an offer of flights")
    stay = _id(STAYS.prefix, "an offer of a stay")


async def pair(request: web.Request) -> web.Response:
    """A flight and a stay as a package, as they are now."""
    asked = load_query(schema(Pair), request.query)
    parts, origin = request.app[PARTS], _origin(request)
    async with parts.database.connection() as connection:
        rules = await prices.load(connection, now=parts.sources.clock.now())
    halves = Halves(OfferId(asked["flight"]), OfferId(asked["stay"]), rules.version)
    return json_reply(await _now(parts, halves, rules, origin))


async def package_now(parts: Parts, halves: Halves, origin: Origin) -> PackageNow:
    """A package that was shown, as it is now. Raises Problem where it cannot have been shown."""
    async with parts.database.connection() as connection:
        try:
            rules = await prices.load_version(connection, version=halves.rules)
        except prices.UnknownRules as error:
            raise not_found() from error
    return await _now(parts, halves, rules, origin)


async def _now(parts: Parts, halves: Halves, rules: RuleBook, origin: Origin) -> PackageNow:
    flight, stay = await _ask(parts, halves, origin)
    status = min(flight.status, stay.status, key=WORST_FIRST.index)
    refuse_untold(flight, stay)
    offer = None
    if flight.offer is not None and stay.offer is not None:
        await _check_rules(parts, rules, [flight.offer.made_at, stay.offer.made_at])
        offer = await _together(parts, flight.offer, stay.offer, rules)
    names_of = [offer.flight.itinerary] if offer else []
    airports, airlines = codes(names_of)
    async with parts.database.connection() as connection:
        names = await places.names(connection, airports=airports, airlines=airlines)
    return PackageNow(
        status=status,
        flight=flight.status,
        stay=stay.status,
        as_of=min(as_of(one.status, one.offer, parts.sources.clock) for one in (flight, stay)),
        offer=package_view(offer, names) if offer else None,
    )


async def _ask(parts: Parts, halves: Halves, origin: Origin) -> tuple[OfferChecked, StayChecked]:
    flight, stay = await asyncio.gather(
        ask(parts, CheckOffer(offer_id=halves.flight), origin),
        ask(parts, CheckStay(offer_id=halves.stay), origin),
    )
    return flight, stay


async def _check_rules(parts: Parts, rules: RuleBook, made_at: Sequence[datetime]) -> None:
    """Nobody is given the discounts of rules that had ended when the offers were made. Raises Problem."""
    now = parts.sources.clock.now()
    async with parts.database.connection() as connection:
        earliest = await prices.version(connection, now=max(made_at))
        latest = await prices.version(connection, now=now)
    if not earliest <= rules.version <= latest:
        raise not_found()


async def _together(parts: Parts, flight: Offer, stay: StayOffer, rules: RuleBook) -> PackageOffer:
    try:
        check_pair(flight, stay)
    except NoPair as error:
        raise refuse("stay", "no_pair", f"This stay does not go with this flight: {error}.") from error
    ends = {code for part in flight.itinerary.slices for code in (part.origin, part.destination)}
    async with parts.database.connection() as connection:
        airports = await places.endpoints(connection, airports=ends)
    return PackageOffer(
        id=package_id(Halves(flight.id, stay.id, rules.version)),
        flight=flight,
        stay=stay,
        price=compose_package(flight, stay, rules=rules, airports=airports),
    )


def _origin(request: web.Request) -> Origin:
    return Origin(principal=NOBODY, correlation_id=request[CORRELATION], trace=trace_of(request))
