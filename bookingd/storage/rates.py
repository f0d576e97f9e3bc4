"""Sheets of exchange rates, as they are now and as they were.

The one rule: rows are added and never changed, so that every amount that was ever converted can be reckoned
again. A day that is imported again with other numbers has one more sheet, and that counts from then on.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from bookingd.domain.audit import AuditEntry, Plain, Subject
from bookingd.domain.exchange import MADE_UP, RateSheet
from bookingd.storage import audit
from bookingd.storage.database import Connection
from bookingd.storage.queries import query

LOCK = query("rates.lock")
DIGESTS = query("rates.digests")
ADD_SHEETS = query("rates.add_sheets")
ADD_RATES = query("rates.add_rates")
CURRENT = query("rates.current")
CURRENT_DAY = query("rates.current_day")
SHEET = query("rates.sheet")
NEWEST = query("rates.newest")
ANY_REAL = query("rates.any_real")

IMPORT_LOCK = 0x7261746573  # "rates": whoever imports holds it, until its transaction ends


MOST_TOLD = 10
"""Days that the audit trail names of those that were replaced."""


class UnknownSheet(LookupError):
    """There is no sheet of that version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did."""

    added: Mapping[date, int]
    """The versions that are new, by their days."""
    known: int
    """How many days had the same rates already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSheet:
    """A sheet in a list."""

    version: int
    day: date
    source: str
    made_up: bool
    imported_at: datetime
    imported_by: str
    rates: int
    """How many currencies it has."""
    counts: bool
    """Whether no later sheet of the same day has replaced it."""


class CurrentRates:
    """The sheet that counts, kept in the process and read again only when another one does.

    One cheap query a call tells. Made-up sheets count where `made_up` is true, and there are no others.
    """

    def __init__(self, *, made_up: bool) -> None:
        self._made_up = made_up
        self._sheet: RateSheet | None = None

    async def get(self, connection: Connection, *, today: date) -> RateSheet | None:
        """The sheet of the newest day that has come, if there is one."""
        version: int | None = await connection.fetchval(CURRENT, today, self._made_up)
        if version is None:
            return None
        if self._sheet is None or self._sheet.version != version:
            self._sheet = await load(connection, version=version)
        return self._sheet


async def add(
    connection: Connection,
    *,
    sheets: Sequence[RateSheet],
    now: datetime,
    principal: str,
    entry_id: UUID,
) -> Imported:
    """Keep sheets of one source and different days, but for those that say what is known already.

    What was added is told in the audit trail under `entry_id`; within the caller's transaction.
    """
    await connection.execute(LOCK, IMPORT_LOCK)
    rows = await connection.fetch(DIGESTS, [sheet.day for sheet in sheets])
    known: dict[date, bytes] = {row["day"]: row["digest"] for row in rows}
    new = [sheet for sheet in sheets if known.get(sheet.day) != digest(sheet)]
    if not new:
        return Imported(added={}, known=len(sheets))
    versions = await _add(connection, new, now, principal)
    told = _told(new, versions, [sheet.day.isoformat() for sheet in new if sheet.day in known])
    entry = AuditEntry(
        id=entry_id,
        at=now,
        principal=principal,
        action="rates.imported",
        subject=Subject.of("exchange_rates", str(max(versions.values()))),
        correlation_id=entry_id,
        details=told,
    )
    await audit.record(connection, [entry])
    return Imported(added=versions, known=len(sheets) - len(new))


async def current_day(connection: Connection, *, today: date, made_up: bool) -> date | None:
    """The day of the sheet that counts."""
    found: date | None = await connection.fetchval(CURRENT_DAY, today, made_up)
    return found


async def load(connection: Connection, *, version: int) -> RateSheet:
    """A sheet as it was imported. Raises UnknownSheet."""
    row = await connection.fetchrow(SHEET, version)
    if row is None:
        raise UnknownSheet(f"there is no sheet of exchange rates {version}")
    rates: dict[str, Decimal] = dict(zip(row["currencies"], row["per_euro"], strict=True))
    return RateSheet(day=row["day"], source=row["source"], rates=rates, version=row["version"])


async def newest(connection: Connection, *, limit: int) -> list[ListedSheet]:
    """The newest sheets, the newest day first."""
    return [_listed(row) for row in await connection.fetch(NEWEST, limit)]


async def any_real(connection: Connection) -> bool:
    """Whether anybody has imported rates that are not made up."""
    found: bool = await connection.fetchval(ANY_REAL)
    return found


def digest(sheet: RateSheet) -> bytes:
    """SHA-256 of its rates: the same for the same numbers, however they are written (1.10 is 1.1)."""
    lines = (f"{currency}={rate.normalize():f}\n" for currency, rate in sorted(sheet.rates.items()))
    return hashlib.sha256("".join(lines).encode()).digest()


async def _add(
    connection: Connection, sheets: Sequence[RateSheet], now: datetime, principal: str
) -> dict[date, int]:
    source = sheets[0].source
    rows = await connection.fetch(
        ADD_SHEETS,
        [sheet.day for sheet in sheets],
        [digest(sheet) for sheet in sheets],
        source,
        source == MADE_UP,
        now,
        principal,
    )
    versions = {row["day"]: row["version"] for row in rows}
    rates = [(versions[sheet.day], *one) for sheet in sheets for one in sorted(sheet.rates.items())]
    await connection.execute(ADD_RATES, *map(list, zip(*rates, strict=True)))
    return versions


def _told(
    sheets: Sequence[RateSheet], versions: Mapping[date, int], replaced: Sequence[str]
) -> dict[str, Plain]:
    """What the trail says of an import: its days, those that had other rates, the newest sheet's digest."""
    last = max(sheets, key=lambda sheet: sheet.day)
    return {
        "source": last.source,
        "sheets": len(sheets),
        "first_day": min(versions).isoformat(),
        "last_day": last.day.isoformat(),
        "first_version": min(versions.values()),
        "last_version": max(versions.values()),
        "replaced": len(replaced),
        "replaced_days": list(replaced[:MOST_TOLD]),
        "sha256": digest(last).hex(),
    }


def _listed(row: asyncpg.Record) -> ListedSheet:
    return ListedSheet(
        version=row["version"],
        day=row["day"],
        source=row["source"],
        made_up=row["made_up"],
        imported_at=row["imported_at"],
        imported_by=row["imported_by"],
        rates=row["rates"],
        counts=row["counts"],
    )
