"""`bookingd keys`: which field keys are needed, and sealing anew what an older one has sealed.

The one rule: exit 0 is said only when every value is sealed with the first key of the file; then, and not
before, the others may go.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.text import Text

from bookingd.cli.database import open_database
from bookingd.cli.operators import operator
from bookingd.cli.options import config_option, load
from bookingd.cli.screen import listing, print_json, put, shown
from bookingd.config import Settings, ensure_development_keys
from bookingd.domain.audit import AuditEntry, Subject
from bookingd.messages.catalogue import CATALOGUE
from bookingd.security.keyring import Keyring
from bookingd.sources import Sources
from bookingd.storage import sealed
from bookingd.storage.database import Database
from bookingd.storage.sealed import FIRST, VAULTS, Kept, Vault
from bookingd.storage.transactions import Transactions

SHOWN = 10
"""Values that cannot be opened are named up to this number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is kept under which key, and what was done."""

    current: str
    known: frozenset[str]
    kept: Sequence[Kept]
    resealed: int | None = None
    """None where nothing was to be done."""
    unreadable: Sequence[str] = ()

    @property
    def left(self) -> int:
        """Values that another key than the first one has sealed."""
        return sum(one.number for one in self.kept if one.key != self.current)

    def state(self, key: str) -> str:
        """Whether a key is there, and what for."""
        if key == self.current:
            return "seals"
        return "opens" if key in self.known else "is not in the file"


@click.group("keys")
def command() -> None:
    """The field keys: what each has encrypted, and replacing one.

    Put the new key first in the file of every process and restart them; then run reseal, and take the old one
    away when it says that nothing is left.
    """


def _options(of: Any) -> Any:
    return config_option(click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(of))


@command.command("status")
@_options
def status(*, config: Path | None, as_json: bool) -> None:
    """How many values each key has encrypted. Changes nothing.

    \b
    Exit status:
      0  all of them by the first key: no other is needed
      1  some by another one
      2  wrong usage, or a configuration that cannot be used
    """

    async def read(settings: Settings, keyring: Keyring) -> Report:
        async with open_database(settings) as database:
            return await _look(database, keyring)

    settings = load(config)
    _tell(asyncio.run(read(settings, _keyring(settings, Sources.system()))), as_json=as_json)


@command.command("reseal")
@_options
def reseal(*, config: Path | None, as_json: bool) -> None:
    """Encrypt anew, with the first key, what another one has encrypted.

    In small bites beside running daemons, each written into the audit trail; harmless to repeat or break
    off. What cannot be decrypted, since its key is not in the file, stays as it is and is named.

    \b
    Exit status:
      0  nothing is left that needs another key: it may go
      1  something is left
      2  wrong usage, or a configuration that cannot be used
    """
    sources, settings = Sources.system(), load(config)
    keyring = _keyring(settings, sources)

    async def do() -> Report:
        async with open_database(settings) as database:
            office = _Office(
                transactions=Transactions(database=database, sources=sources, catalogue=CATALOGUE),
                sources=sources,
                keyring=keyring,
            )
            for vault in VAULTS:
                await office.reseal(vault)
            return await _look(
                database, keyring, resealed=office.resealed, unreadable=tuple(office.unreadable)
            )

    _tell(asyncio.run(do()), as_json=as_json)


class _Office:
    """Seals anew, bite by bite."""

    def __init__(self, *, transactions: Transactions, sources: Sources, keyring: Keyring) -> None:
        self._transactions = transactions
        self._sources = sources
        self._keyring = keyring
        self.resealed = 0
        self.unreadable: list[str] = []

    async def reseal(self, vault: Vault) -> None:
        """All rows of one table."""
        after = FIRST
        while True:
            async with self._transactions.begin() as transaction:
                bite = await sealed.reseal(transaction.connection, vault, keyring=self._keyring, after=after)
                if bite.resealed:
                    transaction.audit(self._entry(vault, bite.resealed, transaction.now))
            self.resealed += bite.resealed
            self.unreadable += bite.unreadable
            if bite.last is None:
                return
            after = bite.last

    def _entry(self, vault: Vault, number: int, now: datetime) -> AuditEntry:
        return AuditEntry(
            id=self._sources.ids.new(),
            at=now,
            principal=operator(),
            action="keys.resealed",
            subject=Subject.of("table", vault.name),
            correlation_id=self._sources.ids.new(),
            details={"key": self._keyring.current, "values": number},
        )


def _keyring(settings: Settings, sources: Sources) -> Keyring:
    """With the keys that the daemon has; in development those are made where there are none."""
    try:
        whole = ensure_development_keys(settings, sources.chance)
    except OSError as error:
        raise click.ClickException(f"The keys cannot be read: {error}") from error
    return Keyring.parse(whole.security.field_keys.reveal(), chance=sources.chance)


async def _look(
    database: Database,
    keyring: Keyring,
    *,
    resealed: int | None = None,
    unreadable: Sequence[str] = (),
) -> Report:
    async with database.connection() as connection:
        kept = await sealed.by_key(connection)
    return Report(
        current=keyring.current, known=keyring.known, kept=kept, resealed=resealed, unreadable=unreadable
    )


def _tell(report: Report, *, as_json: bool) -> None:
    """Print it, and exit 1 if another key is needed still."""
    if as_json:
        print_json(_data(report))
    else:
        put(_page(report))
    sys.exit(1 if report.left else 0)


def _page(report: Report) -> RenderableType:
    table = listing("Kept", "Values>", "Key", "The key")
    for one in report.kept:
        table.add_row(one.kind, f"{one.number:,}", shown(one.key or "-"), report.state(one.key))
    told = [Text(f"Encrypted anew: {report.resealed:,}.")] if report.resealed is not None else []
    cannot = [shown(f"Cannot be decrypted: {why}") for why in report.unreadable[:SHOWN]]
    if len(report.unreadable) > SHOWN:
        cannot.append(Text(f"… and {len(report.unreadable) - SHOWN:,} more."))
    return Group(*([table] if report.kept else []), *told, *cannot, _verdict(report))


def _verdict(report: Report) -> Text:
    if not report.left:
        return Text(f"Nothing needs another key than {report.current}: the others may go.", style="green")
    needed = sorted({one.key or "an unknown one" for one in report.kept if one.key != report.current})
    many = "1 value needs" if report.left == 1 else f"{report.left:,} values need"
    return shown(f"{many} another key than {report.current}: {', '.join(needed)}.", style="yellow")


def _data(report: Report) -> dict[str, Any]:
    return {
        "current": report.current,
        "left": report.left,
        "resealed": report.resealed,
        "unreadable": list(report.unreadable),
        "kept": [
            {"kind": one.kind, "key": one.key, "values": one.number, "known": one.key in report.known}
            for one in report.kept
        ],
    }
