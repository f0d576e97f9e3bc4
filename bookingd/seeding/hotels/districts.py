"""Parts of cities in which hotels stand, where GeoNames lists none that guests look for: `districts.toml`."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

DISTRICT_KM = 0.5
"""How far from its position a district reaches, where nothing else is said."""

_WRITTEN = re.compile(
    r"(?P<name>.+?) (?P<latitude>-?\d+\.\d+) (?P<longitude>-?\d+\.\d+)(?: (?P<reach>\d\.\d+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """A part of a city, or a village near it; positions in degrees."""

    name: str
    latitude: float
    longitude: float
    reach_km: float = DISTRICT_KM


@cache
def districts() -> dict[str, tuple[District, ...]]:
    """By the IATA code of the city."""
    text = files(__package__).joinpath("districts.toml").read_text(encoding="utf-8")
    return {
        code: tuple(map(_district, re.split(r";\s+", written)))
        for code, written in tomllib.loads(text).items()
    }


def _district(text: str) -> District:
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise ValueError(f"no district: {text!r}")
    return District(
        name=written["name"],
        latitude=float(written["latitude"]),
        longitude=float(written["longitude"]),
        reach_km=float(written["reach"] or DISTRICT_KM),
    )
