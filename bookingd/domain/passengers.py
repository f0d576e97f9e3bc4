"""Who travels: passenger types by birth date on each day of travel, and which parties may go.

Types follow IATA's usual limits: an infant is under 2, a child under 12 on the day of each flight.
A lap infant takes no seat, at most one an adult. A party travels under the types of its first day.
"""

from dataclasses import dataclass
from enum import StrEnum


class PassengerType(StrEnum):
    """What a passenger counts as on one day."""

    ADULT = "adult"
    CHILD = "child"
    INFANT = "infant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """How many of each type travel together."""

    adults: int = 1
    children: int = 0
    infants: int = 0

    def count(self, kind: PassengerType) -> int:
        """How many of one type."""
        if kind is PassengerType.ADULT:
            return self.adults
        return self.children if kind is PassengerType.CHILD else self.infants

    @property
    def seats(self) -> int:
        """Seats that the party takes: infants sit on laps."""
        return self.adults + self.children

    @property
    def size(self) -> int:
        """Heads."""
        return self.adults + self.children + self.infants
