"""A new password for somebody: asked for twice without showing it, or read from a file.

The one rule: it never stands in an argument, an answer or a message, and it is refused for the same reasons
as everywhere.
"""

from collections.abc import Sequence
from typing import IO

import click

from bookingd.security.passwords import MAX_CHARACTERS, refusal_of

MOST_BYTES = 4 * MAX_CHARACTERS + 2


def new_password(file: IO[bytes] | None, *, context: Sequence[str]) -> str:
    """The password; `context` is what others know of its owner. Raises click.UsageError."""
    if file is not None:
        password = _read(file)
        if (why := refusal_of(password, context=context)) is not None:
            raise click.UsageError(f"The password is refused. {why}")
        return password
    while True:
        given: str = click.prompt("Password", hide_input=True, confirmation_prompt="The same again", err=True)
        if (why := refusal_of(given, context=context)) is None:
            return given
        click.echo(f"The password is refused. {why}", err=True)


def _read(file: IO[bytes]) -> str:
    """The file's text without the end of its line."""
    read = file.read(MOST_BYTES + 1)
    try:
        text = read.decode()
    except UnicodeDecodeError as error:
        raise click.UsageError("--password-file is not UTF-8.") from error
    return text.removesuffix("\n").removesuffix("\r")
