"""`bookingd check-config`: every mistake at once, before a restart finds the first."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from bookingd.cli.options import config_option, load
from bookingd.config import Settings


@click.command("check-config")
@config_option
@click.option("--print", "show", is_flag=True, help="Print all settings as TOML, and where each was set.")
def command(config: Path | None, *, show: bool) -> None:
    """Say whether the configuration is good.

    Reads the file, the environment and the secret files just as `run` does, and starts nothing. Prints every
    mistake (file and line or variable, value, what is wrong, a hint) and exits 2 when there is one. Passwords
    and keys are never printed.
    """
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
