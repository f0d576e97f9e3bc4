"""Seats taken and given back, for many items at once (P1, P7).

Its one rule: stock rows are locked in the order (departure, cabin), whoever asks for what. Each function is
one statement. A transaction that calls `release` and `hold`, or one of them twice, calls `lock` for
all of it first, and locks the bookings concerned before any stock: then no two sales wait for each other.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bookingd.domain.flights import Cabin
from bookingd.domain.ids import ItemId
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

HOLD = query("stock.hold")
LOCK = query("stock.lock")
CONFIRM = query("stock.confirm")
EXTEND = query("stock.extend")
RELEASE = query("stock.release")
CHECK_BOOKS = query("stock.check_books")

StockKey: TypeAlias = tuple[int, Cabin]
"""A stock row: the departure's id and the cabin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockWant:
    """What an item wants: `seats` in the cabin of every leg, held until `until`."""

    item_id: ItemId
    legs: tuple[StockKey, ...]
    seats: int
    until: datetime

    def __post_init__(self) -> None:
        if not self.legs or len({departure for departure, _ in self.legs}) < len(self.legs):
            raise ValueError("an item wants one or more departures, each once")
        if self.seats < 1:
            raise ValueError("an item wants at least one seat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """All legs are the item's; `until` is None when they are sold to it already."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class SoldOut:
    """A leg has too few seats left; nothing was taken."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A leg is no longer sold at all: departed, cancelled or unknown; nothing was taken."""


HoldOutcome: TypeAlias = Held | SoldOut | Gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Imbalance:
    """A stock row that does not agree with its claims; `capacity` and `taken` are None if it lacks."""

    departure_id: int
    cabin: Cabin
    capacity: int | None
    taken: int | None
    claimed: int


async def hold(
    connection: Connection, *, wants: Sequence[StockWant], now: datetime
) -> dict[ItemId, HoldOutcome]:
    """Take seats for every item that can have all of its legs; those that stand first are served first.

    Where seats are short, holds on them that are due are released. Asked again for the same item and legs,
    it takes nothing and answers Held; an item whose claims were lost or released takes them anew. An item
    that holds other legs, or another number of seats of the same departure, must be released first:
    the latter raises UniqueViolationError. Of two wants of one item in `wants` the first counts.
    """
    if not wants:
        return {}
    by_item = {want.item_id: want for want in reversed(wants)}
    ordered = list({want.item_id: by_item[want.item_id] for want in wants}.values())
    keys = _keys(ordered)
    place = {key: number for number, key in enumerate(keys, start=1)}
    legs = [(want, key) for want in ordered for key in want.legs]
    rows = await connection.fetch(
        HOLD,
        [departure for departure, _ in keys],
        [cabin.value for _, cabin in keys],
        [want.item_id for want, _ in legs],
        [place[key] for _, key in legs],
        [want.seats for want, _ in legs],
        [want.until for want, _ in legs],
        now,
    )
    return {ItemId(row["held_item"]): _outcome(row["outcome"], row["expires"]) for row in rows}


async def lock(
    connection: Connection, *, wants: Iterable[StockWant] = (), items: Collection[ItemId] = ()
) -> None:
    """Lock the stock that `wants` ask for and `items` have, before a transaction takes and gives back."""
    keys = _keys(wants)
    departures = [departure for departure, _ in keys]
    await connection.fetchval(LOCK, departures, [cabin.value for _, cabin in keys], list(items))


async def confirm(connection: Connection, *, items: Collection[ItemId], now: datetime) -> dict[ItemId, bool]:
    """Make what the items hold sold; False for an item that has lost a seat or has none.

    A hold that is due but that nobody has released is still good. Confirming again answers True.
    The stock rows are not touched.
    """
    sold = {row["item_id"] for row in await connection.fetch(CONFIRM, list(items), now)}
    return {item: item in sold for item in items}


async def extend(connection: Connection, *, items: Collection[ItemId], until: datetime) -> set[ItemId]:
    """Hold the items' seats until `until`; the answer is the items that have all of their seats."""
    return {ItemId(row["item_id"]) for row in await connection.fetch(EXTEND, list(items), until)}


async def release(connection: Connection, *, items: Collection[ItemId], now: datetime) -> set[ItemId]:
    """Give back what the items hold or have bought; the answer is the items that had anything to give back.

    Seats are given back once, however often it is asked.
    """
    return {ItemId(row["released_item"]) for row in await connection.fetch(RELEASE, list(items), now)}


async def check_books(connection: Connection) -> list[Imbalance]:
    """Every stock row that disagrees with its claims: none, or something is wrong. Reads all stock."""
    return [
        Imbalance(
            departure_id=row["departure_id"],
            cabin=Cabin(row["cabin"]),
            capacity=row["capacity"],
            taken=row["taken"],
            claimed=row["claimed"],
        )
        for row in await connection.fetch(CHECK_BOOKS)
    ]


def _keys(wants: Iterable[StockWant]) -> list[StockKey]:
    """The stock rows of `wants`, each once."""
    return sorted({key for want in wants for key in want.legs})


def _outcome(outcome: str, expires: datetime | None) -> HoldOutcome:
    match outcome:
        case "held":
            return Held(until=expires)
        case "sold_out":
            return SoldOut()
        case "gone":
            return Gone()
    raise ValueError(f"hold_stock_v1 answered {outcome!r}")
