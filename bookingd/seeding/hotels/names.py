"""Names and addresses of made-up hotels, in the language of the place."""

import re

from bookingd.domain.stays import HotelKind
from bookingd.places.folding import fold
from bookingd.seeding.chance import Die
from bookingd.seeding.hotels.flavours import Flavour, flavours
from bookingd.seeding.hotels.houses import House

LONGEST_AREA = 18
"""Characters of a district's name that still fits into a hotel's."""
_TRIES = 200
_HOLE = re.compile(r"\{(\w+)\}")


def name_of(house: House, taken: set[str]) -> str:
    """One that no other hotel of the city has; it is taken from then on. Raises LookupError without any."""
    flavour = flavours()[house.place.flavour]
    for turn in range(_TRIES):
        name = _name(house, flavour, house.die.again(turn))
        if name.casefold() not in taken and not _empty(name, house.place.name):
            taken.add(name.casefold())
            return name
    raise LookupError(f"there are too few names for hotels in {house.place.name}")


def address_of(house: House) -> str:
    """Street and number, district and city in one line."""
    flavour = flavours()[house.place.flavour]
    die = house.die
    street = flavour.address.format(
        street=die.pick(flavour.words["streets"], "street"),
        number=die.whole(1, flavour.number_most, "number"),
        number2=die.whole(1, 24, "second number"),
    )
    return ", ".join(filter(None, (street, house.spot.district, house.place.name)))


def email_of(name: str, house: House) -> str:
    """An address that reaches nobody (RFC 2606)."""
    city = "" if house.place.name in name else house.place.name
    domain = "-".join(re.findall(r"[a-z0-9]+", fold(f"{name} {city}").replace("'", "")))
    return f"reservations@{domain[:60].rstrip('-')}.example"


def _name(house: House, flavour: Flavour, die: Die) -> str:
    pattern = die.pick(flavour.words[_patterns(house, die)], "pattern")
    words = flavour.words["words"]
    if house.by_the_sea:
        words += flavour.words.get("sea", ())
    founder, partner = _two(flavour.words["founders"], die)
    filled = {
        "word": die.pick(words, "word"),
        "founder": founder,
        "founder2": partner,
        "area": _area(house),
        "city": house.place.name,
    }
    name = _HOLE.sub(lambda hole: filled.get(hole[1]) or die.pick(flavour.words[hole[1]], hole[1]), pattern)
    return name.replace("The The ", "The ")


def _empty(name: str, city: str) -> bool:
    """Whether it says no more than the city, such as Hotel Berlin: there is one."""
    return len(name.replace(city, "").split()) < 2 or name.endswith(f" at {city}")


def _patterns(house: House, die: Die) -> str:
    """Which list: a hotel of five stars is seldom called an inn."""
    grand = {5: 0.75, 4: 0.3}.get(house.stars, 0.0)
    if house.kind is HotelKind.HOTEL and die.share("grand") < grand:
        return "grand"
    return house.kind.value


def _two(founders: tuple[str, ...], die: Die) -> tuple[str, str]:
    first = die.number("founder") % len(founders)
    second = (first + die.whole(1, len(founders) - 1, "partner")) % len(founders)
    return founders[first], founders[second]


def _area(house: House) -> str:
    district = house.spot.district.removeprefix("The ")
    return district if 0 < len(district) <= LONGEST_AREA else house.place.name
