"""What several commands share: which configuration they read, and how its warnings are told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from bookingd.config import Settings, load_settings

Command = TypeVar("Command", bound=Callable[..., Any])


def config_option(command: Command) -> Command:
    """Adds `--config FILE`; the command takes it as `config: Path | None` and gives it to `load`."""
    option = click.option(
        "--config",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The configuration to read. [default: $BOOKINGD_CONFIG, else the embedded defaults]",
    )
    return option(command)


def load(config: Path | None) -> Settings:
    """The settings, after telling their warnings on standard error; raises ConfigErrors."""
    settings = load_settings(config)
    for warning in settings.warnings:
        click.echo(f"warning: {warning}", err=True)
    return settings
