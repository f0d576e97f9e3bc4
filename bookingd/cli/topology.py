"""`bookingd check-config --topology DIRECTORY`: what the processes of an installation are together."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from bookingd.cli.screen import put
from bookingd.config import ACTORS, ConfigErrors, Secret, Settings
from bookingd.config.topology import Process, Topology, fingerprint, read_topology


def check(directory: Path, *, as_json: bool) -> None:
    """Print the processes in the directory. Raises ConfigErrors with every mistake in any of them."""
    found = read_topology(directory)
    if as_json:
        click.echo(json.dumps(_data(found), indent=2, ensure_ascii=False))
        raise click.exceptions.Exit(2 if found.problems else 0)
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)
    if found.problems:
        raise ConfigErrors(found.problems)
    _print(found)


def _data(found: Topology) -> dict[str, Any]:
    return {
        "directory": str(found.directory),
        "processes": [
            {
                "name": process.name,
                "file": str(process.file),
                "actors": list(process.settings.actors.run),
                "http": process.address,
                "metrics": process.watched_at,
                "stand_ins": process.starts_stand_ins,
            }
            for process in found.processes
        ],
        "actors": {actor: [process.name for process in found.run_by(actor)] for actor in ACTORS},
        "http": [process.name for process in found.serving],
        "problems": [asdict(problem) for problem in found.problems],
        "warnings": list(found.warnings),
    }


def _print(found: Topology) -> None:
    click.echo(f"The {len(found.processes)} processes in {found.directory} fit together.\n")
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for heading in ("process", "actors", "HTTP", "metrics", "besides"):
        table.add_column(heading, overflow="fold")
    for process in found.processes:
        table.add_row(*map(Text, _row(process)))
    put(table)
    click.echo("\n".join(["", *_shared(found.processes[0].settings), *_remarks(found)]))


def _row(process: Process) -> tuple[str, ...]:
    settings = process.settings
    shared = " (shared)" if settings.server.reuse_port else ""
    return (
        process.name,
        ", ".join(settings.actors.run) or "-",
        f"{process.address}{shared}" if process.address else "-",
        process.watched_at or "-",
        "the stand-ins" if process.starts_stand_ins else "",
    )


def _shared(settings: Settings) -> Iterator[str]:
    """What all of them have in common."""
    yield f"environment   {settings.environment}"
    yield f"public_url    {settings.public_url}"
    yield f"database      {settings.database.url}"
    yield f"bus           {settings.bus.url}"
    yield f"cache         {settings.cache.url}"
    yield f"signing key   {_key(settings.security.signing_key, settings)}"


def _key(secret: Secret, settings: Settings) -> str:
    if secret:
        return f"SHA-256 {fingerprint(secret)}…"
    return f"made under {settings.paths.keys}, which all of them have to see"


def _remarks(found: Topology) -> Iterator[str]:
    auditing = found.run_by("audit")
    if len(auditing) > 1:
        names = ", ".join(process.name for process in auditing)
        yield f"\naudit runs in {names}: one of them works at a time, and another goes on when that one ends"
