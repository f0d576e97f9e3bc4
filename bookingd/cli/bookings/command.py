"""The command: which booking, that it was read, how it is printed."""

import asyncio
from pathlib import Path

import click

from bookingd.cli.bookings.pages import page
from bookingd.cli.bookings.values import data
from bookingd.cli.database import open_database
from bookingd.cli.operators import operator
from bookingd.cli.options import config_option, load
from bookingd.cli.screen import print_json, put
from bookingd.config import Settings
from bookingd.domain.audit import AuditEntry, Subject
from bookingd.domain.ids import Reference
from bookingd.domain.references import parse_reference
from bookingd.messages.catalogue import CATALOGUE
from bookingd.sources import Sources
from bookingd.storage import dossiers
from bookingd.storage.bookings import BookingNotFound
from bookingd.storage.dossiers import Dossier
from bookingd.storage.transactions import Transactions


@click.group("bookings")
def command() -> None:
    """Bookings: what became of them, and what they wait for."""


@command.command("show")
@click.argument("reference", metavar="REFERENCE")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(reference: str, *, config: Path | None, as_json: bool) -> None:
    """Show a booking: items, travellers, payments, books, timeline, mails, and what it waits for.

    REFERENCE is what the traveller has: six letters and digits. Reading it is written into the audit trail.
    Times are UTC, but those of flights.

    \b
    Exit status:
      0  shown
      1  could not be read
      2  wrong usage; no such booking
    """
    wanted = parse_reference(reference)
    if wanted is None:
        raise click.BadParameter(
            f"{reference!r} is no booking reference: six of 2-9 and A-Z without I, L, O.",
            param_hint="REFERENCE",
        )
    sources = Sources.system()
    try:
        dossier = asyncio.run(_read(load(config), sources, wanted))
    except BookingNotFound as error:
        raise click.BadParameter(f"there is no booking {wanted}.", param_hint="REFERENCE") from error
    if as_json:
        print_json(data(dossier))
    else:
        put(page(dossier, now=sources.clock.now()))


async def _read(settings: Settings, sources: Sources, reference: Reference) -> Dossier:
    """The dossier, once it is in the audit trail that it was read (P11)."""
    async with open_database(settings) as database:
        transactions = Transactions(database=database, sources=sources, catalogue=CATALOGUE)
        async with transactions.begin() as transaction:
            dossier = await dossiers.compile_of(transaction.connection, reference=reference)
            entry = AuditEntry(
                id=sources.ids.new(),
                at=transaction.now,
                principal=operator(),
                action="booking.read",
                subject=Subject.of("booking", dossier.view.booking.id),
                correlation_id=sources.ids.new(),
                details={"reference": reference},
            )
            transaction.audit(entry)
        return dossier
