"""`bookingd taxes`: rules by which sales are taxed, in and to look at."""

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from bookingd.cli.database import open_database
from bookingd.cli.operators import operator
from bookingd.cli.options import config_option, load
from bookingd.cli.screen import listing, one_line, print_json, put, shown
from bookingd.config import Settings
from bookingd.domain.audit import AuditEntry, Subject
from bookingd.domain.documents.taxes import TaxRule
from bookingd.sources import Sources
from bookingd.storage import audit, taxes
from bookingd.storage.taxes import BadTaxFile, Noted

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


@click.group("taxes")
def command() -> None:
    """Tax rules: how what is sold is taxed, by country, product, customer and day."""


@command.command("import", short_help="Import a file of tax rules.")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@config_option
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@_json
def import_command(file: Path, *, config: Path | None, dry_run: bool, as_json: bool) -> None:
    """Import a file of tax rules: all of it, or nothing.

    FILE is CSV in UTF-8 with the columns country, product, customer, treatment, percent, valid_from,
    valid_until, note. A rule that differs from what is there becomes its next version, one that does not is
    left alone; documents name the version that counted. A running daemon takes it at once. The audit trail
    names you.

    \b
    Exit status:
      0  imported, or known already
      1  the file is not good, and nothing was imported; or the database could not be had
      2  wrong usage
    """
    try:
        wanted = taxes.read_file(file)
    except BadTaxFile as error:
        raise click.ClickException(f"{file}: {error}. Nothing was imported.") from error
    written = asyncio.run(_import(load(config), Sources.system(), wanted, file, dry_run=dry_run))
    if as_json:
        print_json({"written": [rule.reference for rule in written], "dry_run": dry_run})
        return
    done = "would be written" if dry_run else "written"
    click.echo(f"{len(wanted)} rules in the file: {len(written)} {done}, the others are known already")
    for rule in written:
        click.echo(f"  {rule.reference}")


async def _import(
    settings: Settings, sources: Sources, wanted: Sequence[Noted], file: Path, *, dry_run: bool
) -> list[TaxRule]:
    async with (
        open_database(settings) as database,
        database.session() as connection,
        connection.transaction(),
    ):
        if dry_run:
            return [one.rule for one in await taxes.news(connection, wanted=wanted)]
        written = await taxes.add(connection, wanted=wanted, now=sources.clock.now())
        if written:
            await audit.record(connection, [_entry(sources, written, file)])
        return written


def _entry(sources: Sources, written: Sequence[TaxRule], file: Path) -> AuditEntry:
    entry_id = sources.ids.new()
    return AuditEntry(
        id=entry_id,
        at=sources.clock.now(),
        principal=operator(),
        action="taxes.imported",
        subject=Subject.of("tax_rules", file.name),
        correlation_id=entry_id,
        details={"rules": [rule.reference for rule in written]},
    )


@command.command("list")
@config_option
@click.option("--country", metavar="CODE", help="Of this country. [default: that of the agency]")
@click.option("--all", "every", is_flag=True, help="Also what is over, withdrawn, or has a later version.")
@_json
def list_command(*, config: Path | None, country: str | None, every: bool, as_json: bool) -> None:
    """The rules of a country, as they count today or will; with --all, as they ever were.

    Where none was written yet, the shipped ones are shown: they are written when the first is needed.
    """
    settings, today = load(config), Sources.system().clock.now().date()
    of = (country or settings.agency.country).upper()
    found = asyncio.run(_of(settings, of))
    shipped = not found
    if shipped:
        found = [one for one in taxes.shipped() if one.rule.country == of]
    chosen = found if every else [one for one in _last(found) if _counts_from(one.rule, today)]
    if as_json:
        print_json({"country": of, "shipped": shipped, "rules": [_data(one) for one in chosen]})
        return
    if shipped and found:
        click.echo(f"Of {of} no rule is written yet; these are shipped, and written when needed.")
    put(_table(chosen) if chosen else f"There is no tax rule of {of}: bookingd taxes import FILE")


async def _of(settings: Settings, country: str) -> list[Noted]:
    async with open_database(settings) as database, database.connection() as connection:
        every = await taxes.every_version(connection)
    return [one for one in every if one.rule.country == country]


def _last(found: Sequence[Noted]) -> list[Noted]:
    """The last version of each rule; versions come in their order."""
    return list({one.rule.key: one for one in found}.values())


def _counts_from(rule: TaxRule, today: date) -> bool:
    return rule.valid_until is None or rule.valid_until >= max(today, rule.valid_from)


def _data(one: Noted) -> dict[str, Any]:
    rule = one.rule
    return {
        "rule": rule.reference,
        "product": rule.product,
        "customer": rule.customer,
        "treatment": rule.treatment,
        "percent": None if rule.percent is None else f"{rule.percent:f}",
        "valid_from": rule.valid_from.isoformat(),
        "valid_until": None if rule.valid_until is None else rule.valid_until.isoformat(),
        "version": rule.version,
        "note": one.note,
    }


def _table(found: Sequence[Noted]) -> Table:
    table = listing("Product", "Customer", "Treatment", "From", "Until", "Version>", "Note")
    for one in found:
        rule = one.rule
        rate = "" if rule.percent is None else f" {rule.percent:f} %"
        days = str(rule.valid_from), str(rule.valid_until or "")
        cells = (rule.product, rule.customer, f"{rule.treatment}{rate}", *days, str(rule.version), one.note)
        table.add_row(*(shown(one_line(cell)) for cell in cells))
    return table
