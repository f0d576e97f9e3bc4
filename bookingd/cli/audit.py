"""`bookingd audit verify`: whether anybody has changed, cut or rewritten the audit trail.

The one rule: exit 0 is said only after everything was recomputed and compared with checkpoints from outside
the database. Whatever prevents that is exit 2, never 0, and not 1 either: "not verified" is not "broken".
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from bookingd.cli.database import open_database
from bookingd.cli.options import config_option, load
from bookingd.config import Settings
from bookingd.domain.audit_findings import Finding
from bookingd.sources import Clock, SystemClock
from bookingd.storage import audit_reading
from bookingd.storage.audit_reading import CannotStartThere, Report
from bookingd.storage.checkpoints import (
    CheckpointFile,
    UnusableKey,
    checkpoint_path,
    public_key_path,
    read_public_keys,
)


class NotVerified(click.ClickException):
    """Nothing can be said about the trail."""

    exit_code = 2

    def __init__(self, why: str) -> None:
        super().__init__(f"not verified: {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What is believed because the database cannot reach it."""

    file: CheckpointFile
    key_file: Path


@click.group("audit")
def command() -> None:
    """The audit trail: who did what, in a chain that cannot be changed unseen."""


@command.command("verify")
@config_option
@click.option(
    "--from-checkpoint",
    "want",
    type=click.IntRange(min=1),
    metavar="N",
    help="Begin after checkpoint N. [default: the beginning, or the last boundary]",
)
@click.option(
    "--checkpoints",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The checkpoints kept outside the database. [default: audit/checkpoints.jsonl under paths.var]",
)
@click.option(
    "--public-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The keys to believe, in PEM. [default: audit/checkpoints.pub under paths.var]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(
    config: Path | None,
    *,
    want: int | None,
    checkpoints: Path | None,
    public_key: Path | None,
    as_json: bool,
) -> None:
    """Recompute the whole chain and compare it with every signed checkpoint.

    Changes nothing, and may run beside the daemon. Give it copies of the checkpoint file and of the public
    key from another host if this one may have been taken over.

    \b
    Exit status:
      0  intact
      1  broken; the first broken number and what is wrong with it is on standard output
      2  not verified: wrong usage, no checkpoints, no key, no database
    """
    settings = load(config)
    outside = Outside(
        file=CheckpointFile(checkpoints or checkpoint_path(settings.paths.var)),
        key_file=public_key or public_key_path(settings.paths.var),
    )
    clock = SystemClock()
    started = clock.monotonic()
    report = asyncio.run(_verify(settings, outside, want=want, quiet=as_json, clock=clock))
    seconds = clock.monotonic() - started
    if as_json:
        click.echo(json.dumps(_json(report, seconds), indent=2))
    else:
        click.echo("\n".join(_lines(report, outside, seconds)))
    sys.exit(0 if report.intact else 1)


async def _verify(
    settings: Settings, outside: Outside, *, want: int | None, quiet: bool, clock: Clock
) -> Report:
    pinned = _pinned(outside.key_file)
    if not outside.file.path.exists():
        raise NotVerified(
            f"there is no checkpoint file {outside.file.path}, and only checkpoints kept outside the database"
            " tell whether the chain was rewritten. The daemon writes the first one when it has chained the"
            " first entry; another place is named with --checkpoints"
        )
    try:
        async with open_database(settings) as database, database.connection() as connection:
            with Progress(hidden=quiet) as progress:
                return await audit_reading.verify(
                    connection,
                    file=outside.file,
                    pinned=pinned,
                    now=clock.now(),
                    want=want,
                    progress=progress.show,
                )
    except (CannotStartThere, OSError) as error:
        raise NotVerified(str(error)) from error
    except click.ClickException as error:
        raise NotVerified(error.message) from error


def _pinned(file: Path) -> frozenset[bytes]:
    try:
        return read_public_keys(file)
    except FileNotFoundError as error:
        raise NotVerified(f"there is no public key {file}; name another place with --public-key") from error
    except (OSError, UnusableKey) as error:
        raise NotVerified(str(error)) from error


class Progress:
    """A bar on standard error, once it is known how long it will be; none where nobody looks."""

    def __init__(self, *, hidden: bool) -> None:
        self._hidden = hidden or not sys.stderr.isatty()
        self._stack = ExitStack()
        self._bar: Any = None
        self._shown = 0

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def show(self, read: int, total: int) -> None:
        if self._hidden:
            return
        if self._bar is None:
            bar: AbstractContextManager[Any] = click.progressbar(
                length=total, label="Recomputing", file=sys.stderr, show_pos=True
            )
            self._bar = self._stack.enter_context(bar)
        self._bar.update(read - self._shown)
        self._shown = read


def _lines(report: Report, outside: Outside, seconds: float) -> Iterator[str]:
    """The report for a person: what was looked at, what to look at, and the verdict last."""
    yield from _facts(report, outside, seconds)
    for warning in report.warnings:
        yield f"{click.style('warning', fg='yellow')}: {warning}"
    if report.warnings:
        yield ""
    if report.intact:
        yield click.style("INTACT", fg="green", bold=True) + ": nothing was changed, cut or rewritten."
    else:
        yield from _verdict(report)


def _facts(report: Report, outside: Outside, seconds: float) -> Iterator[str]:
    start = report.start.number
    rate = report.entries / max(seconds, 0.001)
    yield _row("entries", f"{report.entries:,} read in {seconds:.1f} s ({rate:,.0f} a second)")
    if report.entries:
        yield _row("numbers", f"{start + 1:,} to {report.number:,}" + (_beginning(report) if start else ""))
    yield _row(
        "checkpoints", f"{report.checkpoints:,} with a good signature, {report.matched:,} fit the chain"
    )
    yield _row("", f"{outside.file.path}, keys in {outside.key_file}")
    if report.last:
        yield _row("last signed", f"number {report.last.number:,} on {report.last.at:%Y-%m-%d %H:%M:%S} UTC")
    yield _row("personal", f"{report.personal:,} values fit their commitments, {report.erased:,} erased")
    yield ""


def _beginning(report: Report) -> str:
    return f", after checkpoint {report.start.sequence}"


def _row(label: str, says: str) -> str:
    return f"  {label:<12} {says}"


def _verdict(report: Report) -> Iterator[str]:
    first = report.findings.first
    where = f" at number {first.number:,}" if first and first.number is not None else ""
    yield click.style("BROKEN", fg="red", bold=True) + where + (f": {first.says}." if first else "")
    if first and first.entry:
        yield f"        {first.entry}"
    others = [one for one in report.findings.kept if one is not first]
    if others:
        yield ""
        yield "Also found:"
        for one in others:
            yield from _told(one)
    beyond = report.findings.count - len(report.findings.kept)
    if beyond:
        yield f"  … and {beyond:,} more."


def _told(finding: Finding) -> Iterator[str]:
    number = f"{finding.number:,}" if finding.number is not None else "-"
    yield f"  {number:>10}  {finding.says}"
    if finding.entry:
        yield f"  {'':>10}  {finding.entry}"


def _json(report: Report, seconds: float) -> dict[str, Any]:
    first = report.findings.first
    return {
        "intact": report.intact,
        "first_broken_number": first.number if first else None,
        "findings": [
            {"kind": one.kind.value, "number": one.number, "says": one.says, "entry": one.entry}
            for one in report.findings.kept
        ],
        "findings_count": report.findings.count,
        "warnings": list(report.warnings),
        "from_number": report.start.number + 1,
        "to_number": report.number,
        "entries": report.entries,
        "checkpoints": report.checkpoints,
        "checkpoints_matched": report.matched,
        "last_signed_number": report.last.number if report.last else None,
        "last_signed_at": report.last.at.isoformat() if report.last else None,
        "personal_values": report.personal,
        "personal_erased": report.erased,
        "seconds": round(seconds, 3),
    }
