"""Own flights as they are kept: what they are like, what they cost, what is left.

Its one rule: what is read here is a hint until `bookingd.storage.stock.hold` has decided.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from bookingd.domain.flights import Cabin, Conditions, Segment
from bookingd.domain.money import Money
from bookingd.domain.passengers import PassengerType
from bookingd.domain.price_matches import Endpoint
from bookingd.storage.database import Connection
from bookingd.storage.queries import query
from bookingd.storage.stock import StockKey

LEGS = query("inventory.legs")
TARIFFS = query("inventory.tariffs")
TAXES = query("inventory.taxes")
DEMO = query("inventory.demo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A departure in one cabin, as it is now."""

    id: int
    segment: Segment
    cabin: Cabin
    origin: Endpoint
    destination: Endpoint
    cancelled: bool
    seats_left: int
    base: Money
    """Net for one adult in the family of factor 10000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A fare family of an airline in a cabin; `factor` in basis points of the base."""

    rank: int
    factor: int
    conditions: Conditions
    passengers: Mapping[PassengerType, int]
    """Basis points of the fare that a passenger of the type pays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AirportTax:
    """What a passenger pays for leaving from an airport, by type."""

    code: str
    label: str
    amounts: Mapping[PassengerType, Money]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What `bookingd seed` made."""

    seed: int
    first_day: date
    last_day: date
    departures: int
    hotels: int
    last_night: date | None
    """Of the hotels, on which one can stay; None: there are none."""
    seeded_at: datetime


async def legs(connection: Connection, *, keys: Iterable[StockKey]) -> dict[StockKey, Leg]:
    """The departures in their cabins as they are now; unknown ones are left out.

    With `tariffs` and `taxes` this is all that a price of own flights is made of.
    """
    wanted = list(dict.fromkeys(keys))
    rows = await connection.fetch(
        LEGS, [departure for departure, _ in wanted], [cabin.value for _, cabin in wanted]
    )
    return {(leg.id, leg.cabin): leg for leg in map(_leg, rows)}


async def tariffs(
    connection: Connection, *, airlines: Collection[str], cabins: Collection[Cabin], currency: str
) -> dict[tuple[str, Cabin], tuple[Family, ...]]:
    """The fare families by airline and cabin, those that allow least first."""
    rows = await connection.fetch(TARIFFS, list(airlines), [cabin.value for cabin in cabins], currency)
    found: dict[tuple[str, Cabin], tuple[Family, ...]] = {}
    for row in rows:
        key = row["airline"], Cabin(row["cabin"])
        found[key] = (*found.get(key, ()), _family(row))
    return found


async def taxes(
    connection: Connection, *, airports: Collection[str], currency: str
) -> dict[str, tuple[AirportTax, ...]]:
    """What leaving from each of the airports costs."""
    found: dict[str, tuple[AirportTax, ...]] = {}
    for row in await connection.fetch(TAXES, list(airports), currency):
        found[row["airport"]] = (*found.get(row["airport"], ()), _tax(row, currency))
    return found


async def demo(connection: Connection) -> Demo | None:
    """What is made up of the inventory; None if nothing is. Production refuses to start on it."""
    row = await connection.fetchrow(DEMO)
    return None if row is None else Demo(**row)


def _leg(row: asyncpg.Record) -> Leg:
    segment = Segment(
        supplier_key=str(row["id"]),
        airline=row["airline"],
        number=row["number"],
        origin=row["origin"],
        destination=row["destination"],
        departs_at=row["departs_at"],
        arrives_at=row["arrives_at"],
        origin_zone=row["origin_zone"],
        destination_zone=row["destination_zone"],
        aircraft=row["aircraft"],
    )
    return Leg(
        id=row["id"],
        segment=segment,
        cabin=Cabin(row["cabin"]),
        origin=_endpoint(row, "origin"),
        destination=_endpoint(row, "destination"),
        cancelled=row["cancelled"],
        seats_left=row["seats_left"],
        base=Money(row["base"], row["currency"]),
    )


def _endpoint(row: asyncpg.Record, end: str) -> Endpoint:
    return Endpoint(airport=row[end], city=row[f"{end}_city"], country=row[f"{end}_country"])


def _family(row: asyncpg.Record) -> Family:
    conditions = Conditions(
        family=row["name"],
        carry_on_bags=row["carry_on_bags"],
        checked_bags=row["checked_bags"],
        change_fee=row["change_fee"],
        cancel_fee=row["cancel_fee"],
        minors_alone=row["minors_alone"],
    )
    factors = {kind: row[kind.value] for kind in PassengerType if row[kind.value] is not None}
    return Family(rank=row["rank"], factor=row["factor"], conditions=conditions, passengers=factors)


def _tax(row: asyncpg.Record, currency: str) -> AirportTax:
    amounts = {kind: Money(row[kind.value], currency) for kind in PassengerType}
    return AirportTax(code=row["code"], label=row["label"], amounts=amounts)
