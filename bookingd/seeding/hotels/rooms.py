"""The room types of made-up hotels: who fits, in which beds, how big, how many, and at which price."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from bookingd.domain.hotels import AgeBand, RoomType
from bookingd.domain.stays import HotelKind
from bookingd.seeding.hotels.houses import House

MOST_ROOM_TYPES = 6
"""Ids of room types are those of their hotel times ten, and behind it their number."""
OURS = 0.12
"""Of a house's rooms, those that the contract gives us to sell."""


# Kind of house | room | beds | square metres | adults, children and heads that fit | its price beside that of
# the plain double room | its share of the house's rooms | of so many houses | of these stars.
_ROOMS = """
hotel | Single room | 1 single bed | 13 | 1 0 1 | 0.8 | 0.12 | 0.55 | 234
hotel | Double room | 1 double bed | 18 | 2 1 2 | 1.0 | 0.4 | 1 | 012345
hotel | Twin room | 2 single beds | 18 | 2 1 2 | 1.0 | 0.25 | 0.8 | 012345
hotel | Triple room | 3 single beds | 23 | 3 2 3 | 1.32 | 0.08 | 0.4 | 23
hotel | Superior double room | 1 king bed | 23 | 2 1 3 | 1.2 | 0.2 | 0.7 | 34
hotel | Deluxe king room | 1 king bed | 27 | 2 1 3 | 1.25 | 0.3 | 0.9 | 5
hotel | Family room | 1 double bed, 2 single beds | 29 | 3 2 4 | 1.55 | 0.08 | 0.5 | 012345
hotel | Junior suite | 1 king bed, 1 sofa bed | 36 | 3 2 4 | 1.85 | 0.06 | 0.6 | 45
hotel | Suite | 1 king bed, 1 sofa bed | 46 | 3 2 4 | 2.6 | 0.04 | 0.85 | 5
resort | Garden view room | 1 king bed | 26 | 2 1 3 | 1.0 | 0.35 | 1 | 012345
resort | Twin room | 2 queen beds | 26 | 3 2 4 | 1.05 | 0.2 | 0.75 | 012345
resort | Pool view room | 1 king bed | 26 | 2 1 3 | 1.12 | 0.2 | 0.7 | 012345
resort | Sea view room | 1 king bed | 29 | 2 1 3 | 1.28 | 0.2 | 0.85 | 012345
resort | Family room | 1 king bed, 2 single beds | 36 | 3 3 5 | 1.5 | 0.12 | 0.85 | 012345
resort | Villa | 1 king bed, 2 single beds | 70 | 4 3 5 | 2.6 | 0.05 | 0.5 | 45
resort | Suite | 1 king bed, 1 sofa bed | 52 | 3 2 4 | 2.2 | 0.05 | 0.6 | 45
apartment | Studio | 1 double bed | 26 | 2 1 2 | 1.0 | 0.45 | 1 | 012345
apartment | One-bedroom apartment | 1 double bed, 1 sofa bed | 40 | 4 2 4 | 1.3 | 0.35 | 1 | 012345
apartment | Two-bedroom apartment | 2 double beds, 1 sofa bed | 62 | 5 3 6 | 1.85 | 0.2 | 0.75 | 012345
apartment | Penthouse | 2 king beds | 85 | 4 3 5 | 2.9 | 0.04 | 0.25 | 45
guest_house | Single room | 1 single bed | 12 | 1 0 1 | 0.75 | 0.2 | 0.5 | 012345
guest_house | Double room | 1 double bed | 16 | 2 1 2 | 1.0 | 0.5 | 1 | 012345
guest_house | Twin room | 2 single beds | 16 | 2 1 2 | 1.0 | 0.3 | 0.65 | 012345
guest_house | Family room | 1 double bed, 2 single beds | 25 | 3 2 4 | 1.5 | 0.2 | 0.6 | 012345
hostel | Bed in a dormitory of 8 | 1 bunk bed | 24 | 1 0 1 | 0.36 | 0.4 | 1 | 012345
hostel | Bed in a dormitory of 6 | 1 bunk bed | 20 | 1 0 1 | 0.4 | 0.3 | 0.7 | 012345
hostel | Bed in a women's dormitory of 4 | 1 bunk bed | 16 | 1 0 1 | 0.45 | 0.2 | 0.6 | 012345
hostel | Private twin room | 2 single beds | 13 | 2 1 2 | 1.0 | 0.3 | 1 | 012345
hostel | Private double room | 1 double bed | 14 | 2 1 2 | 1.06 | 0.2 | 0.5 | 012345
hostel | Private room for 4 | 2 bunk beds | 18 | 4 2 4 | 1.55 | 0.15 | 0.6 | 012345
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A room type as it is made up; `factor` is its price beside that of the plain double room."""

    name: str
    beds: str
    size_m2: int
    adults: int
    children: int
    sleeps: int
    factor: float
    share: float
    """Of the rooms of the house."""
    chance: float
    """Of the houses that have it."""
    stars: tuple[int, ...]

    @property
    def bed(self) -> bool:
        """A bed in a dormitory is sold, not a room."""
        return self.name.startswith("Bed ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room type, and what it costs beside the plain double room."""

    type: RoomType
    factor: float
    bed: bool


def rooms_of(house: House) -> tuple[Room, ...]:
    """Two to six, the plain ones first; two adults fit into one of them."""
    known = _table()[house.kind]
    made = [one for one in known if house.stars in one.stars and house.die.share(one.name) < one.chance]
    if len(made) == 1:
        made = [one for one in known if house.stars in one.stars and one.adults == 2][:2]
    return tuple(_numbered(house, made[:MOST_ROOM_TYPES]))


def age_bands_of(house: House) -> tuple[AgeBand, ...]:
    """Babies free in a cot, children for less; in a hostel everybody pays for the bed."""
    if house.kind is HotelKind.HOSTEL:
        return ()
    resort = house.kind is HotelKind.RESORT
    last_baby = house.die.pick((1, 2, 2), "last baby")
    last_child = house.die.pick((11, 12) if resort else (11, 12, 15), "last child")
    share = house.die.pick((0, 3000, 5000) if resort else (4000, 5000, 6000), "child share")
    return (AgeBand(age_to=last_baby, share=0, cot=True), AgeBand(age_to=last_child, share=share))


def _numbered(house: House, made: list[_Made]) -> Iterator[Room]:
    roomier = 0.9 + 0.06 * house.stars + house.die.between(-0.06, 0.1, "roomier")
    for number, one in enumerate(made):
        kind = RoomType(
            id=house.id * 10 + number,
            name=one.name,
            beds=one.beds,
            size_m2=round(one.size_m2 * roomier),
            adults_max=one.adults,
            children_max=one.children,
            occupancy=one.sleeps,
            cots=0 if one.adults == 1 else 1,
            allotment=_allotment(house, number, one),
        )
        yield Room(type=kind, factor=one.factor, bed=one.bed)


def _allotment(house: House, number: int, one: _Made) -> int:
    """Rooms; or beds, in dormitories."""
    rooms = max(2, round(house.size * one.share * OURS * house.die.between(0.7, 1.5, f"allotment {number}")))
    return rooms * int(one.name.rpartition(" ")[2]) if one.bed else rooms


@cache
def _table() -> dict[HotelKind, tuple[_Made, ...]]:
    lines = [line.split(" | ") for line in _ROOMS.splitlines() if line]
    return {kind: tuple(_row(told) for name, *told in lines if name == kind) for kind in HotelKind}


def _row(told: list[str]) -> _Made:
    name, beds, size, fit, factor, share, chance, stars = told
    adults, children, sleeps = map(int, fit.split())
    return _Made(
        name=name,
        beds=beds,
        size_m2=int(size),
        adults=adults,
        children=children,
        sleeps=sleeps,
        factor=float(factor),
        share=float(share),
        chance=float(chance),
        stars=tuple(map(int, stars)),
    )
