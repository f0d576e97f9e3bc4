"""Who stands behind a set: told with every page of it."""

import msgspec

from bookingd.messages.search import FlightResults, StayResults, SupplierStatus
from bookingd.results.packing import ResultSet


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """How far every supplier came."""

    suppliers: dict[str, SupplierStatus]
    incomplete: tuple[str, ...] = ()
    """Of those that answered, who has more than it gave: the dearer ones are missing."""

    @property
    def complete(self) -> bool:
        """Whether the set is all that there is."""
        answered = all(status is SupplierStatus.ANSWERED for status in self.suppliers.values())
        return answered and not self.incomplete


_encode = msgspec.json.Encoder().encode
_answered = msgspec.json.Decoder(Answered)


def about(results: FlightResults | StayResults) -> bytes:
    """What a set keeps of an answer besides its offers."""
    return _encode(Answered(suppliers=results.suppliers, incomplete=results.incomplete))


def answered(found: ResultSet) -> Answered:
    """The same, of a set."""
    return _answered.decode(found.about)
