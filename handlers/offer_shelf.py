"""Offers as they are booked, kept decoded: a rush books a few offers many times."""

from collections import OrderedDict

from bookingd.domain.offers import Offer
from bookingd.sources import Clock
from bookingd.storage import offers
from bookingd.storage.database import Database
from bookingd.storage.offers import FLIGHTS, OfferExpired

KEPT = 1024
"""Some 10 kB each in memory."""


class OfferShelf:
    """What was shown never changes, so an offer that was read once need not be read again."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._kept: OrderedDict[str, Offer] = OrderedDict()

    async def take(self, offer_id: str) -> Offer:
        """The offer as it was shown. Raises OfferNotFound, OfferExpired."""
        now = self._clock.now()
        kept = self._kept.get(offer_id)
        if kept is None:
            async with self._database.connection() as connection:
                kept = await offers.load(connection, kind=FLIGHTS, offer_id=offer_id, now=now)
            self._kept[offer_id] = kept
        self._kept.move_to_end(offer_id)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        if kept.expires_at <= now:
            raise OfferExpired(f"offer {offer_id} was good until {kept.expires_at:%Y-%m-%d %H:%M} UTC")
        return kept
