"""The commands: which file, what was in it, which rate counts."""

import asyncio
from datetime import date
from pathlib import Path
from typing import BinaryIO

import click

from bookingd.cli.database import open_database
from bookingd.cli.operators import operator
from bookingd.cli.options import config_option, load
from bookingd.cli.rates.pages import (
    Shown,
    import_data,
    import_page,
    list_data,
    list_page,
    rate_data,
    rate_page,
)
from bookingd.cli.screen import print_json, put
from bookingd.config import Settings
from bookingd.domain.exchange import MADE_UP, NoRate, RateSheet
from bookingd.domain.money import EXPONENTS
from bookingd.domain.rate_files import MOST_BYTES, BadRates, RateFile, read
from bookingd.sources import Sources
from bookingd.storage import rates
from bookingd.storage.rates import Imported, ListedSheet

MOST_LISTED = 10_000

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


@click.group("rates")
def command() -> None:
    """Exchange rates: what suppliers price in one currency is sold in another one by them."""


@command.command("import", short_help="Import a file of the ECB's reference rates.")
@click.argument("file", metavar="FILE", type=click.File("rb"))
@config_option
@_json
def import_command(file: BinaryIO, *, config: Path | None, as_json: bool) -> None:
    """Import a file of the ECB's reference rates: all of it, or nothing.

    FILE is eurofxref-daily.xml, eurofxref-hist-90d.xml, eurofxref-hist.xml, or the CSV of eurofxref.zip or
    eurofxref-hist.zip, unpacked; - reads standard input:

    \b
      curl -sf https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml | bookingd rates import -

    Harmless to repeat: a day whose rates are known already is left alone. A day with other rates than before
    gets a new version, and what was sold by the old one stays explained by it. A running daemon takes the
    newest rates at once. The audit trail names you.

    \b
    Exit status:
      0  imported, or known already
      1  the file is not good, and nothing was imported; or the database could not be had
      2  wrong usage
    """
    settings, sources = load(config), Sources.system()
    found = _read(settings, file, sources.clock.now().date())
    done = asyncio.run(_import(settings, sources, found))
    if as_json:
        print_json(import_data(found, done))
    else:
        put(import_page(found, done))


def _read(settings: Settings, file: BinaryIO, today: date) -> RateFile:
    try:
        found = read(file.read(MOST_BYTES + 1), today=today)
    except BadRates as error:
        raise click.ClickException(f"{file.name}: {error}. Nothing was imported.") from error
    except OSError as error:
        raise click.ClickException(f"{file.name}: {error.strerror}") from error
    if settings.production and found.sheets[0].source == MADE_UP:
        raise click.ClickException(
            f'{file.name}: these rates are made up (environment is "production"). Nothing was imported.'
        )
    return found


async def _import(settings: Settings, sources: Sources, found: RateFile) -> Imported:
    async with (
        open_database(settings) as database,
        database.session() as connection,
        connection.transaction(),
    ):
        return await rates.add(
            connection,
            sheets=found.sheets,
            now=sources.clock.now(),
            principal=operator(),
            entry_id=sources.ids.new(),
        )


@command.command("list")
@config_option
@click.option("--limit", type=click.IntRange(1, MOST_LISTED), default=20, show_default=True, metavar="N")
@_json
def list_command(*, config: Path | None, limit: int, as_json: bool) -> None:
    """The newest imported sheets, also those that a later import of the same day has replaced."""

    async def find(settings: Settings) -> list[ListedSheet]:
        async with open_database(settings) as database, database.connection() as connection:
            return await rates.newest(connection, limit=limit)

    settings, today = load(config), Sources.system().clock.now().date()
    sheets = asyncio.run(find(settings))
    if as_json:
        print_json(list_data(sheets, today))
    else:
        put(list_page(sheets, today))


@command.command("show", short_help="The rate between two currencies, as it counts now.")
@click.argument("base", metavar="FROM")
@click.argument("quote", metavar="TO")
@config_option
@_json
def show(base: str, quote: str, *, config: Path | None, as_json: bool) -> None:
    """The rate at which a supplier's currency (FROM) is sold in another (TO) now, and where it comes from.

    \b
    Exit status:
      0  shown
      1  there is no rate that counts; the reason is on standard error
      2  wrong usage; no such currency
    """
    pair = _currency(base, "FROM"), _currency(quote, "TO")
    if pair[0] == pair[1]:
        raise click.UsageError("FROM and TO are the same.")
    settings, today = load(config), Sources.system().clock.now().date()
    sheet = asyncio.run(_current(settings, today))
    try:
        rate = settings.exchange.terms.freeze(sheet, base=pair[0], quote=pair[1], today=today)
    except NoRate as error:
        raise click.ClickException(f"{error}. Import newer ones: bookingd rates import.") from error
    shown = Shown(rate=rate, source=sheet.source if sheet else "", today=today)
    if as_json:
        print_json(rate_data(shown))
    else:
        put(rate_page(shown))


def _currency(code: str, argument: str) -> str:
    if code.upper() not in EXPONENTS:
        raise click.BadParameter(f"{code!r} is no currency, such as EUR (ISO 4217).", param_hint=argument)
    return code.upper()


async def _current(settings: Settings, today: date) -> RateSheet | None:
    async with open_database(settings) as database, database.connection() as connection:
        return await rates.CurrentRates(made_up=not settings.production).get(connection, today=today)
