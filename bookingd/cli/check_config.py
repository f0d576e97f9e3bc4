"""`bookingd check-config`: every mistake at once, before a restart finds the first."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from bookingd.cli.options import config_option, load
from bookingd.cli.topology import check
from bookingd.config import Settings


@click.command("check-config")
@config_option
@click.option("--print", "show", is_flag=True, help="Print all settings as TOML, and where each was set.")
@click.option(
    "--topology",
    metavar="DIRECTORY",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Check the files of several processes, and whether together they are a whole installation.",
)
@click.option("--json", "as_json", is_flag=True, help="With --topology: print JSON for programs.")
def command(config: Path | None, topology: Path | None, *, show: bool, as_json: bool) -> None:
    """Say whether the configuration is good.

    Reads the file, the environment and the secret files just as `run` does, and starts nothing. Prints every
    mistake (file and line or variable, value, what is wrong, a hint) and exits 2 when there is one. Passwords
    and keys are never printed.

    With --topology each *.toml of the directory is a process, but for those that others include. Says which
    actors nobody runs, who serves HTTP, and whether all share what has to be shared.
    """
    if topology is not None:
        if config is not None or show:
            raise click.UsageError("--topology reads a directory: --config and --print are for one file")
        check(topology, as_json=as_json)
        return
    if as_json:
        raise click.UsageError("--json goes with --topology")
    settings = load(config)
    if show:
        click.echo("\n".join(_toml(settings)))
    else:
        click.echo(_summary(settings))


def _summary(settings: Settings) -> str:
    overrides = sum(origin.startswith("BOOKINGD_") for origin in settings.given.values())
    return "\n".join(
        [
            "The configuration is good.",
            "",
            f"  file         {settings.file}",
            f"  overrides    {overrides or 'none'} from the environment",
            f"  environment  {settings.environment}",
            f"  public_url   {settings.public_url}",
            f"  database     {settings.database.url}",
            f"  bus          {settings.bus.url}",
            f"  cache        {settings.cache.url}",
            f"  cards        {settings.stripe.base_url}",
            f"  paypal       {settings.paypal.base_url if settings.takes_paypal else 'none'}",
            f"  mail         {settings.mail.url}",
            f"  actors       {', '.join(settings.actors.run)}",
        ]
    )


def _toml(settings: Settings) -> Iterator[str]:
    yield f"# {settings.file}, and the environment over it"
    own = f"{settings.file}:"
    origins = {key: origin.replace(own, "line ") for key, origin in settings.given.items()}
    yield from _table(settings.redacted(), (), origins)


def _table(table: Mapping[str, Any], above: tuple[str, ...], origins: Mapping[str, str]) -> Iterator[str]:
    """A section's own values first: in TOML, what follows a deeper header belongs to that."""
    for key, value in table.items():
        if not isinstance(value, Mapping):
            origin = origins.get(".".join((*above, key)), "")
            written = json.dumps(value, ensure_ascii=False)
            yield f"{key} = {written}" + (f"  # {origin}" if origin else "")
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield f"\n[{'.'.join((*above, key))}]"
            yield from _table(value, (*above, key), origins)
