"""What price rules look at, and when one holds of it.

Its one rule: what is not asked for matches everything, and of what is asked for all must hold.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bookingd.domain.flights import Cabin


class InvalidRule(ValueError):
    """A rule contradicts itself."""


class Product(StrEnum):
    """What is sold."""

    FLIGHT = "flight"
    STAY = "stay"
    PACKAGE = "package"
    """A flight and a stay at one price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One end of a journey, or where somebody stays: the airport, the city and the country, where known."""

    airport: str = ""
    """IATA code; stays have none."""
    city: str = ""
    """IATA code of the city: LON for LHR."""
    country: str = ""
    """ISO 3166-1 alpha-2 code."""

    def lies_in(self, place: str) -> bool:
        """Whether it is in `place`: `airport:LHR`, `city:LON` or `country:GB`."""
        kind, _, code = place.partition(":")
        codes = {"airport": self.airport, "city": self.city, "country": self.country}
        return bool(code) and codes[kind] == code


@dataclass(frozen=True, slots=True, kw_only=True)
class Flown:
    """What rules look at of a flight."""

    origin: Endpoint
    """Where the journey begins."""
    destination: Endpoint
    """Where it goes to; of a return, where it turns."""
    airline: str
    """IATA code of the marketing airline of the first flight."""
    cabin: Cabin


@dataclass(frozen=True, slots=True, kw_only=True)
class Stayed:
    """What rules look at of a stay."""

    place: Endpoint
    hotel: str
    """The supplier's own key of it."""
    stars: int
    """0: it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceContext:
    """What rules look at; equal contexts have equal rules. A package has a flight and a stay."""

    supplier: str
    flight: Flown | None = None
    stay: Stayed | None = None
    heads: int
    """Of the whole party, infants too, also where a part of it is priced."""
    starts_on: date
    """Local date of the first departure, or of the first night."""
    sold_on: date
    """UTC date of the offer."""
    channel: str = "web"

    @property
    def product(self) -> Product:
        """What is priced."""
        if self.stay is None:
            return Product.FLIGHT
        return Product.STAY if self.flight is None else Product.PACKAGE

    @property
    def places(self) -> tuple[Endpoint, ...]:
        """Where it begins, ends, or is."""
        flown = (self.flight.origin, self.flight.destination) if self.flight else ()
        return (*flown, self.stay.place) if self.stay else flown

    @property
    def destination(self) -> Endpoint:
        """Where the journey goes to, or where somebody stays."""
        return self.places[1 if self.flight else 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """When a rule applies: whatever is given must hold. Bounds are included; dates are those of the context.

    Places are written `airport:LHR`, `city:LON` or `country:GB`. What only flights have does not hold of a
    stay, and the other way round.
    """

    supplier: str | None = None
    origin: str | None = None
    destination: str | None = None
    """Where the journey goes to; of a stay, where it is."""
    place: str | None = None
    """The journey begins or ends there, or the stay is there."""
    product: str | None = None
    airline: str | None = None
    cabin: Cabin | None = None
    channel: str | None = None
    party_from: int | None = None
    """Heads, infants too."""
    party_to: int | None = None
    sold_from: date | None = None
    sold_to: date | None = None
    travel_from: date | None = None
    """Of the first day of travel, or of the first night."""
    travel_to: date | None = None
    hotel: str | None = None
    """The supplier's own key of it."""
    stars_from: int | None = None
    stars_to: int | None = None

    def __post_init__(self) -> None:
        for place in (self.origin, self.destination, self.place):
            if place is not None and place.partition(":")[0] not in ("airport", "city", "country"):
                raise InvalidRule(f"{place!r} is no place: write airport:LHR, city:LON or country:GB")

    def holds(self, context: PriceContext) -> bool:
        """Whether a price of this context falls under it."""
        return (
            self._names_hold(context)
            and self._flight_holds(context.flight)
            and self._stay_holds(context.stay)
            and self._places_hold(context)
            and self._bounds_hold(context)
        )

    def __str__(self) -> str:
        """What it asks for, in a line for operators: `supplier inventory, party from 2 to 9`."""
        names = (
            "supplier",
            "product",
            "airline",
            "cabin",
            "channel",
            "origin",
            "destination",
            "place",
            "hotel",
        )
        asked = [f"{name} {value}" for name in names if (value := getattr(self, name)) is not None]
        bounds = (
            ("party", self.party_from, self.party_to),
            ("sold", self.sold_from, self.sold_to),
            ("travel", self.travel_from, self.travel_to),
            ("stars", self.stars_from, self.stars_to),
        )
        asked += [_range(name, low, high) for name, low, high in bounds if (low, high) != (None, None)]
        return ", ".join(asked) or "every price"

    def _names_hold(self, context: PriceContext) -> bool:
        return (
            self.supplier in (None, context.supplier)
            and self.product in (None, context.product)
            and self.channel in (None, context.channel)
        )

    def _flight_holds(self, flight: Flown | None) -> bool:
        if flight is None:
            return self.airline is None and self.cabin is None and self.origin is None
        return (
            self.airline in (None, flight.airline)
            and self.cabin in (None, flight.cabin)
            and (self.origin is None or flight.origin.lies_in(self.origin))
        )

    def _stay_holds(self, stay: Stayed | None) -> bool:
        if stay is None:
            return (self.hotel, self.stars_from, self.stars_to) == (None, None, None)
        return self.hotel in (None, stay.hotel) and _within(stay.stars, self.stars_from, self.stars_to)

    def _places_hold(self, context: PriceContext) -> bool:
        place = self.place
        return (self.destination is None or context.destination.lies_in(self.destination)) and (
            place is None or any(one.lies_in(place) for one in context.places)
        )

    def _bounds_hold(self, context: PriceContext) -> bool:
        return (
            _within(context.heads, self.party_from, self.party_to)
            and _within(context.sold_on, self.sold_from, self.sold_to)
            and _within(context.starts_on, self.travel_from, self.travel_to)
        )


def _range(name: str, low: int | date | None, high: int | date | None) -> str:
    return " ".join(
        [name, *([f"from {low}"] if low is not None else []), *([f"to {high}"] if high is not None else [])]
    )


def _within(value: int | date, low: int | date | None, high: int | date | None) -> bool:
    return (low is None or low <= value) and (high is None or value <= high)  # type: ignore[operator]
