"""How a command fails: a sentence on standard error and an exit status, never a traceback.

A command that cannot do its work raises `click.ClickException("what and why")` (exit 1); wrong usage is
click's `UsageError` and a wrong configuration `ConfigErrors` (both exit 2).
"""

from typing import IO, Any

import click

from bookingd.config import ConfigErrors


class BadConfiguration(click.ClickException):
    """Tells every mistake in the configuration, and exits 2."""

    exit_code = 2

    def __init__(self, errors: ConfigErrors) -> None:
        super().__init__(errors.report())

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.message, file=file, err=file is None)


def first(errors: BaseException) -> BaseException:
    """The error itself, or the first one of a group, however deep."""
    while isinstance(errors, BaseExceptionGroup):
        errors = errors.exceptions[0]
    return errors
