"""The actor `search.hotels`: asks every supplier of hotel stays at once, and answers as each of them does.

It takes the queries SearchStays and CheckStay, and keeps nothing between them.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

from actors.search.asking import Asking
from bookingd.actor.kinds import Acting, Answer, Decide, Reading
from bookingd.domain.stays import StayCriteria, StayOffer
from bookingd.messages.envelope import Origin
from bookingd.messages.search import CheckStay, SearchStays, StayChecked, StayResults


class HotelSearchActor:
    """Finds offers of hotel stays and asks for them again."""

    name: ClassVar[str] = "search.hotels"
    accepts: ClassVar[tuple[type, ...]] = (SearchStays, CheckStay)
    deciding: Mapping[type, Decide] = MappingProxyType({})
    acting: Mapping[type, Acting | Reading] = MappingProxyType({})
    loops: Sequence[Callable[[], Awaitable[None]]] = ()

    def __init__(self, *, asking: Asking[StayOffer, StayCriteria]) -> None:
        self._asking = asking
        self.answering: Mapping[type, Answer] = {
            SearchStays: self.search_stays,
            CheckStay: self.check_stay,
        }

    async def search_stays(self, query: SearchStays, origin: Origin) -> AsyncIterator[StayResults]:
        """A part a supplier, each with the cheapest first."""
        async for part in self._asking.search(query.criteria):
            yield StayResults(
                offers=tuple(sorted(part.offers, key=_best_first)),
                suppliers=dict(part.suppliers),
                incomplete=part.incomplete,
            )

    async def check_stay(self, query: CheckStay, origin: Origin) -> AsyncIterator[StayChecked]:
        """The offer as its supplier has it now."""
        status, offer = await self._asking.check(query.offer_id)
        yield StayChecked(status=status, offer=offer)


def shown(offer: StayOffer) -> object:
    """What the traveller decides by: the price, where it is paid, the board and what cancelling costs."""
    return offer.total, offer.at_property, offer.terms


def _best_first(offer: StayOffer) -> tuple[int, str, list[tuple[str, str]]]:
    """The one order of offers; hotel, rooms and rates decide between those that are alike."""
    return offer.total.amount, offer.hotel.key, [(room.key, room.rate) for room in offer.rooms]
