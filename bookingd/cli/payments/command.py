"""The commands: what is compared, which payments are read, and how it ends."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import click

from bookingd.cli.database import open_database
from bookingd.cli.operators import operator
from bookingd.cli.options import config_option, load
from bookingd.cli.payments.pages import (
    list_data,
    list_page,
    report_data,
    report_page,
    show_data,
    show_page,
)
from bookingd.cli.screen import print_json, put
from bookingd.config import Settings
from bookingd.domain.audit import AuditEntry, Plain, Subject
from bookingd.domain.ids import PaymentId
from bookingd.messages.catalogue import CATALOGUE
from bookingd.reconciliation.findings import Report
from bookingd.reconciliation.reconciler import LAG
from bookingd.reconciliation.round import BACK
from bookingd.sources import Sources
from bookingd.storage import payment_files
from bookingd.storage.database import Database
from bookingd.storage.payment_files import PaymentFile
from bookingd.storage.payments import PaymentRow, PaymentStatus
from bookingd.storage.transactions import Transactions
from bookingd.wiring.reconciling import open_reconciler
from bookingd.wiring.refusals import CannotStart

UNUSABLE = 2
"""The exit status where not everybody could be asked."""

MOST_LISTED = 1000


class Unusable(click.ClickException):
    """Nothing was compared."""

    exit_code = UNUSABLE


DAY = click.DateTime(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


@click.group("payments")
def command() -> None:
    """Payments: our books against the gateways', and payments one by one."""


@command.command("reconcile", short_help="Compare our books with the gateways' and with the bookings.")
@config_option
@click.option(
    "--since", type=DAY, metavar="TIME", help="From when on, UTC.  [default: 3 days before --until]"
)
@click.option("--until", type=DAY, metavar="TIME", help="Until before when, UTC.  [default: 6 hours ago]")
@_json
def reconcile(*, config: Path | None, since: datetime | None, until: datetime | None, as_json: bool) -> None:
    """Compare our books with the gateways' own, and with the bookings; print what differs.

    TIME is 2026-11-30 or 2026-11-30T06:00:00. The gateways are only read, and so is the database, but for the
    audit trail, which names you. A running daemon does the same once a day and puts what it finds on the
    list of what waits for operators.

    \b
    Exit status:
      0  everything agrees
      1  something differs
      2  wrong usage; or a gateway or the database could not be asked, so that nothing is proven
    """
    settings, sources = load(config), Sources.system()
    ends = _utc(until) or sources.clock.now() - LAG
    begins = _utc(since) or ends - BACK
    if begins >= ends:
        raise click.UsageError("--since has to be before --until.")
    report = asyncio.run(_reconcile(settings, sources, begins, ends))
    if as_json:
        print_json(report_data(report))
    else:
        put(report_page(report))
    if report.findings:
        raise SystemExit(1)
    if report.unasked:
        raise SystemExit(UNUSABLE)


async def _reconcile(settings: Settings, sources: Sources, since: datetime, until: datetime) -> Report:
    try:
        async with (
            open_database(settings) as database,
            open_reconciler(settings, database, sources) as reconciler,
        ):
            comparison = await reconciler.compare(since=since, until=until)
            told: dict[str, Plain] = {
                "since": since.isoformat(),
                "until": until.isoformat(),
                "findings": len(comparison.report.findings),
            }
            subject = Subject.of("reconciliation", until.isoformat())
            await _note(database, sources, "payments.reconciled", subject, told)
            return comparison.report
    except (CannotStart, OSError) as error:
        raise Unusable(str(error)) from error
    except click.ClickException as error:
        raise Unusable(error.message) from error


@command.command("list", short_help="The newest payments.")
@config_option
@click.option("--state", type=click.Choice([state.value for state in PaymentStatus]), help="Only these.")
@click.option("--limit", type=click.IntRange(1, MOST_LISTED), default=20, show_default=True, metavar="N")
@_json
def list_command(*, config: Path | None, state: str | None, limit: int, as_json: bool) -> None:
    """The newest payments, with their bookings and how they stand. Times are UTC."""

    async def find(settings: Settings) -> list[tuple[str, datetime, PaymentRow]]:
        async with open_database(settings) as database, database.connection() as connection:
            return await payment_files.newest(connection, state=state, limit=limit)

    found = asyncio.run(find(load(config)))
    if as_json:
        print_json(list_data(found))
    else:
        put(list_page(found))


@command.command("show", short_help="All that is known of one payment.")
@click.argument("payment", metavar="PAYMENT", type=click.UUID)
@config_option
@_json
def show(payment: UUID, *, config: Path | None, as_json: bool) -> None:
    """Show a payment: how it stands, its refunds, disputes with what speaks for us, and its books.

    PAYMENT is its id, as `bookings show` and the list of what waits for operators name it. Reading it is
    written into the audit trail. Times are UTC.

    \b
    Exit status:
      0  shown
      1  could not be read
      2  wrong usage; no such payment
    """
    sources = Sources.system()
    found = asyncio.run(_read(load(config), sources, PaymentId(payment)))
    if found is None:
        raise click.BadParameter(f"there is no payment {payment}.", param_hint="PAYMENT")
    if as_json:
        print_json(show_data(found))
    else:
        put(show_page(found))


async def _read(settings: Settings, sources: Sources, payment_id: PaymentId) -> PaymentFile | None:
    async with open_database(settings) as database:
        async with database.connection() as connection:
            found = await payment_files.compile_of(connection, payment_id=payment_id)
        if found is not None:
            subject = Subject.of("booking", found.payment.booking_id)
            await _note(database, sources, "payment.read", subject, {"payment": str(payment_id)})
        return found


async def _note(
    database: Database, sources: Sources, action: str, subject: Subject, details: dict[str, Plain]
) -> None:
    """Write it into the audit trail (P11)."""
    transactions = Transactions(database=database, sources=sources, catalogue=CATALOGUE)
    async with transactions.begin() as transaction:
        entry = AuditEntry(
            id=sources.ids.new(),
            at=transaction.now,
            principal=operator(),
            action=action,
            subject=subject,
            correlation_id=sources.ids.new(),
            details=details,
        )
        transaction.audit(entry)


def _utc(given: datetime | None) -> datetime | None:
    return given.replace(tzinfo=UTC) if given else None
