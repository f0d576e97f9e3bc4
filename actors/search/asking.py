"""Asks all suppliers of one kind of travel at once, and keeps what each of them finds.

The one rule: a supplier that fails or is late costs its own offers only, and is named. What is found is
stored before it is shown, so that it can be booked whatever becomes of the cache.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from bookingd.domain.exchange import NoRate
from bookingd.domain.offers import Offer
from bookingd.domain.stays import StayOffer
from bookingd.domain.unsellable import refusal
from bookingd.messages import live
from bookingd.messages.catalogue import Message
from bookingd.messages.search import OfferStatus, SupplierStatus
from bookingd.outcomes import OutsideError, Refused
from bookingd.sources import Sources
from bookingd.storage import offers
from bookingd.storage.database import Database
from bookingd.storage.offers import Kind, OfferExpired, OfferNotFound
from bookingd.suppliers.breaker import Paused
from bookingd.suppliers.guard import Busy, Late, Source
from bookingd.suppliers.port import Found
from bookingd.suppliers.unsellable import Unsellable

MOST_IN_PART = 500
"""Offers, of two to four kilobytes each: far below the 16 MiB that a broker takes as one message."""

log = logging.getLogger(__name__)

O = TypeVar("O", Offer, StayOffer)  # noqa: E741 - an offer of either kind
C = TypeVar("C")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[O]):
    """What one supplier has found, and how far every supplier is by now."""

    offers: Sequence[O]
    suppliers: Mapping[str, SupplierStatus]
    incomplete: tuple[str, ...] = ()


def unnoted(supplier: str, criteria: object, offers: Sequence[object]) -> None:
    """Nobody wants to know what a supplier answers."""


class Asking(Generic[O, C]):
    """All suppliers of one kind of travel."""

    def __init__(
        self,
        *,
        kind: Kind[O, C],
        suppliers: Sequence[Source[O, C]],
        database: Database,
        sources: Sources,
        offers_last: timedelta,
        shown: Callable[[O], object],
        unsellable: Unsellable,
        notify: Callable[[Sequence[Message]], None],
        note: Callable[[str, C, Sequence[O]], None] = unnoted,
    ) -> None:
        """`shown` gives of an offer what the traveller decided by: where that differs, it has changed.
        `notify` tells all processes, this one too; `note` is told whatever a supplier answers.
        """
        self._kind: Kind[O, C] = kind
        self._suppliers: Mapping[str, Source[O, C]] = {supplier.name: supplier for supplier in suppliers}
        self._database = database
        self._sources = sources
        self._offers_last = offers_last
        self._unsellable = unsellable
        self._notify = notify
        self._note: Callable[[str, C, Sequence[O]], None] = note
        self._shown: Callable[[O], object] = shown

    async def search(self, criteria: C) -> AsyncIterator[Part[O]]:
        """What each supplier finds, as soon as it has; one part without offers where nobody can be asked.

        Who finds very much is pending until the last of its parts: a message has to stay small enough.
        """
        suppliers = dict.fromkeys(self._suppliers, SupplierStatus.PENDING)
        asking = [asyncio.ensure_future(self._ask(one, criteria)) for one in self._suppliers.values()]
        try:
            for answer in asyncio.as_completed(asking):
                name, status, found = await answer
                parts: list[Sequence[O]] = _in_parts(found.offers)
                for some in parts[:-1]:
                    yield Part(offers=some, suppliers=dict(suppliers))
                suppliers[name] = status
                incomplete = () if found.complete else (name,)
                yield Part(offers=parts[-1], suppliers=dict(suppliers), incomplete=incomplete)
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        if not asking:
            yield Part(offers=(), suppliers={})

    async def check(self, offer_id: str) -> tuple[OfferStatus, O | None]:
        """The offer as its supplier has it now, or as it was shown where that cannot be asked."""
        try:
            async with self._database.connection() as connection:
                shown = await offers.load(
                    connection, kind=self._kind, offer_id=offer_id, now=self._sources.clock.now()
                )
        except OfferExpired:
            return OfferStatus.EXPIRED, None
        except OfferNotFound:
            return OfferStatus.UNKNOWN, None
        supplier = self._suppliers.get(shown.supplier)
        if supplier is None:  # it is not asked any more since the offer was shown
            return OfferStatus.UNAVAILABLE, None
        try:
            now = await supplier.check(shown)
        except Refused as refused:
            self._tell(shown, refused)
            return OfferStatus.UNAVAILABLE, None
        except NoRate as error:
            log.warning("an offer of supplier %s is not sold: %s", shown.supplier, error)
            return OfferStatus.NO_RATE, shown
        except OutsideError as error:
            log.warning("an offer of supplier %s cannot be checked: %s", shown.supplier, error)
            return OfferStatus.UNCHECKED, shown
        alike = self._shown(now) == self._shown(shown)
        return OfferStatus.AVAILABLE if alike else OfferStatus.CHANGED, now

    async def _ask(self, supplier: Source[O, C], criteria: C) -> tuple[str, SupplierStatus, Found[O]]:
        try:
            found = await supplier.search(criteria)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no reason to show nothing of the others
            return supplier.name, status_of(supplier.name, error), Found(offers=())
        now = self._sources.clock.now()
        # One that has ended cannot be booked, and a search is kept no longer than its offers last.
        sellable = self._unsellable.sellable([offer for offer in found.offers if offer.expires_at > now])
        self._note(supplier.name, criteria, sellable)
        kept = await self._keep(criteria, sellable)
        status = SupplierStatus.NO_RATE if found.unconverted else SupplierStatus.ANSWERED
        return supplier.name, status, Found(offers=kept, complete=found.complete)

    async def _keep(self, criteria: C, found: Sequence[O]) -> Sequence[O]:
        if not found:
            return ()
        now = self._sources.clock.now()
        async with self._database.connection() as connection:
            return await offers.save(
                connection,
                kind=self._kind,
                set_id=self._sources.ids.new(),
                criteria=criteria,
                found=found,
                now=now,
                expires_at=now + self._offers_last,
            )

    def _tell(self, offer: O, refused: Refused) -> None:
        known = refusal(offer, refused.code, at=self._sources.clock.now())
        if known is not None:
            self._notify([live.Refused(refusals=(known,))])


def _in_parts(offers: Sequence[O]) -> list[Sequence[O]]:
    """The offers in parts, one at least."""
    begins = range(0, max(len(offers), 1), MOST_IN_PART)
    return [offers[begin : begin + MOST_IN_PART] for begin in begins]


def status_of(supplier: str, error: Exception) -> SupplierStatus:
    """What is told of a supplier whose call ended so.

    Those that were not asked are counted by their guard, and not logged one by one.
    """
    match error:
        case Busy():
            return SupplierStatus.BUSY
        case Paused():
            return SupplierStatus.PAUSED
        case Late():
            log.warning("supplier %s is late: %s", supplier, error)
            return SupplierStatus.LATE
        case OutsideError():
            log.warning("supplier %s failed: %s", supplier, error)
            return SupplierStatus.FAILED
    log.error("supplier %s failed by a fault of ours", supplier, exc_info=error)
    return SupplierStatus.FAILED
