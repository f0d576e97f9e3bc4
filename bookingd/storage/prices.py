"""The rules by which prices are made, as they are now and as they were.

The one rule: rows are added and never changed, so that every line of every price can be explained.
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from datetime import datetime
from decimal import Decimal

import asyncpg

from bookingd.domain.flights import Cabin
from bookingd.domain.money import Money
from bookingd.domain.price_matches import Match
from bookingd.domain.price_rules import Per, Rule, RuleBook, RuleKind, RuleVersion
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

VERSION = query("prices.version")
IN_EFFECT = query("prices.in_effect")
FIRST = query("prices.first")
VERSIONS = query("prices.versions")
ADD = query("prices.add")


class UnknownRules(LookupError):
    """There has been no book of rules of that version."""


class RuleVersionTaken(ValueError):
    """The rule has such a version already; a version is never written over."""


class CurrentRules:
    """The rules in effect, kept in the process and read again only when their version has changed.

    One cheap query a call tells; rules written for a later instant come into effect by themselves.
    """

    def __init__(self) -> None:
        self._book: RuleBook | None = None

    async def get(self, connection: Connection, *, now: datetime) -> RuleBook:
        """The book in effect at `now`."""
        if self._book is None or self._book.version != await version(connection, now=now):
            self._book = await load(connection, now=now)
        return self._book


async def version(connection: Connection, *, now: datetime) -> int:
    """The version of the book in effect at `now`; 0 when there has been no rule yet."""
    found: int = await connection.fetchval(VERSION, now)
    return found


async def load(connection: Connection, *, now: datetime) -> RuleBook:
    """The book in effect at `now`."""
    return _book(await connection.fetch(IN_EFFECT, now))


async def load_version(connection: Connection, *, version: int) -> RuleBook:
    """The book as it was under `version`. Raises UnknownRules."""
    rows = await connection.fetch(FIRST, version)
    if len(rows) != version:
        raise UnknownRules(f"there has been no version {version} of the price rules")
    return _book(rows)


async def load_rules(connection: Connection, *, references: Iterable[str]) -> dict[str, Rule]:
    """The rule versions that price lines name (`id@version`), by that name; unknown ones are left out."""
    wanted = [name.rpartition("@")[::2] for name in references]
    known = [(id_, int(number)) for id_, number in wanted if id_ and number.isdecimal()]
    rows = await connection.fetch(VERSIONS, [id_ for id_, _ in known], [number for _, number in known])
    return {rule.reference: rule for rule in map(_rule, rows)}


async def add(connection: Connection, *, versions: Sequence[RuleVersion], now: datetime) -> None:
    """Write versions of rules. Raises RuleVersionTaken; asyncpg.CheckViolationError for one in the past."""
    for written in versions:
        if not await connection.fetchval(ADD, *_row(written, now)):
            raise RuleVersionTaken(f"rule {written.rule.reference} exists already")


async def seed_rules(connection: Connection, now: datetime) -> list[str]:
    """Write the rules that bookingd ships, unless they are or were there: what was changed stays changed.

    Returns the names (`id@version`) of those that were written.
    """
    return [
        rule.reference
        for rule in DEFAULT_RULES
        if await connection.fetchval(ADD, *_row(RuleVersion(rule=rule, valid_from=now), now))
    ]


DEFAULT_RULES = (
    Rule(
        id="commission-inventory",
        version=1,
        kind=RuleKind.COMMISSION,
        label="Commission on own contracts",
        match=Match(supplier="inventory"),
        percent=Decimal(1),
    ),
    Rule(
        id="markup-any-currency",
        version=1,
        kind=RuleKind.MARKUP,
        label="Markup where no other applies",
        percent=Decimal("2.5"),
    ),
    Rule(
        id="markup-euro",
        version=1,
        kind=RuleKind.MARKUP,
        label="Markup, at least 3 euros a passenger",
        percent=Decimal("2.5"),
        minimum=Money(300, "EUR"),
        priority=10,
    ),
    Rule(
        id="markup-stay",
        version=1,
        kind=RuleKind.MARKUP,
        label="Markup on hotels, room by room",
        match=Match(product="stay"),
        percent=Decimal(8),
        per=Per.ROOM,
        priority=20,
    ),
    Rule(
        id="package-discount-euro",
        version=1,
        kind=RuleKind.DISCOUNT,
        label="Flight and hotel together",
        percent=Decimal(3),
        maximum=Money(15_000, "EUR"),
        per=Per.BOOKING,
    ),
    Rule(
        id="service-fee-euro",
        version=1,
        kind=RuleKind.SERVICE_FEE,
        label="Service fee",
        fixed=Money(900, "EUR"),
        per=Per.BOOKING,
    ),
)
"""An agency that sells in euros; other currencies bear markups alone until it writes rules for them."""


def _book(rows: Sequence[asyncpg.Record]) -> RuleBook:
    """Rows come in the order in which they took effect: of each id the last one counts."""
    last = {row["id"]: row for row in rows}
    return RuleBook(version=len(rows), rules=[_rule(row) for row in last.values() if not row["withdrawn"]])


def _rule(row: asyncpg.Record) -> Rule:
    return Rule(
        id=row["id"],
        version=row["version"],
        kind=RuleKind(row["kind"]),
        label=row["label"],
        match=_match(row),
        percent=row["percent"],
        fixed=_money(row, "fixed"),
        per=Per(row["per"]),
        minimum=_money(row, "minimum"),
        maximum=_money(row, "maximum"),
        priority=row["priority"],
        add=row["adds"],
    )


def _match(row: asyncpg.Record) -> Match:
    return Match(
        supplier=row["supplier"],
        origin=row["origin"],
        destination=row["destination"],
        place=row["place"],
        product=row["product"],
        airline=row["airline"],
        cabin=Cabin(row["cabin"]) if row["cabin"] else None,
        channel=row["channel"],
        party_from=row["party_from"],
        party_to=row["party_to"],
        sold_from=row["sold_from"],
        sold_to=row["sold_to"],
        travel_from=row["travel_from"],
        travel_to=row["travel_to"],
        hotel=row["hotel"],
        stars_from=row["stars_from"],
        stars_to=row["stars_to"],
    )


def _money(row: asyncpg.Record, column: str) -> Money | None:
    return None if row[column] is None else Money(row[column], row["currency"])


def _row(written: RuleVersion, now: datetime) -> tuple[object, ...]:
    rule = written.rule
    return (
        rule.id,
        rule.version,
        written.valid_from,
        now,
        written.withdrawn,
        rule.kind,
        rule.label,
        # The fields of Match are in the order of the columns.
        *astuple(rule.match),
        rule.percent,
        rule.currency,
        *(None if amount is None else amount.amount for amount in (rule.fixed, rule.minimum, rule.maximum)),
        rule.per,
        rule.priority,
        rule.add,
    )
