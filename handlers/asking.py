"""Asking the actors that search: their answers as they grow.

The one rule: an answer that breaks off ends with what came of it; whoever was still pending counts as late.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from bookingd.bus.port import Bus, QueryFailed, QueryTimeout, ask_once
from bookingd.domain.offers import Offer
from bookingd.domain.stays import StayOffer
from bookingd.messages.envelope import Origin
from bookingd.messages.search import (
    FlightResults,
    OfferChecked,
    OfferStatus,
    SearchFlights,
    SearchStays,
    StayChecked,
    StayResults,
    SupplierStatus,
    joined,
)
from bookingd.sources import Clock
from handlers.errors import not_found
from handlers.exchange import no_rate
from handlers.parts import Parts

GRACE = 1.0
"""Seconds beyond the search's deadline: the actor ends it by itself, with what it has."""

NOBODY = "anonymous"
"""The principal of whoever searches: nobody needs to be known for that."""

Results = TypeVar("Results", FlightResults, StayResults)


async def growing(
    bus: Bus, query: SearchFlights | SearchStays, *, origin: Origin, timeout: float
) -> AsyncIterator[Any]:
    """The FlightResults or StayResults so far, each time that a supplier has answered; the last are all.

    Raises QueryTimeout, QueryFailed when nothing came at all.
    """
    so_far: Any = None
    try:
        async for part in bus.ask(query, origin=origin, timeout=timeout):
            so_far = part if so_far is None else joined(so_far, part)
            yield so_far
    except (QueryTimeout, QueryFailed):
        if so_far is None:
            raise
        yield _ended(so_far)


def _ended(so_far: Results) -> Results:
    suppliers: dict[str, SupplierStatus] = {
        name: SupplierStatus.LATE if status is SupplierStatus.PENDING else status
        for name, status in so_far.suppliers.items()
    }
    return replace(so_far, suppliers=suppliers)


async def ask(parts: Parts, query: Any, origin: Origin) -> Any:
    """The answer of an actor that searches."""
    timeout = parts.settings.search.deadline_seconds + GRACE
    return await ask_once(parts.bus, query, origin=origin, timeout=timeout)


def refuse_untold(*answers: OfferChecked | StayChecked) -> None:
    """Raises Problem where there is an offer that nothing can be told of, or that is not sold now."""
    if any(one.status is OfferStatus.UNKNOWN for one in answers):
        raise not_found()
    for one in answers:
        if one.status is OfferStatus.NO_RATE and one.offer is not None:
            raise no_rate(one.offer)


def as_of(status: OfferStatus, offer: Offer | StayOffer | None, clock: Clock) -> datetime:
    """Since when what was told of an offer is known."""
    return offer.made_at if offer and status is OfferStatus.UNCHECKED else clock.now()
