"""The command `bookingd`: one group, one module a command.

The one rule: a command's module is imported when it is used and not before. `--help` stays quick, and a
command that cannot be imported costs only itself. A new command is a line in `COMMANDS` and a module that
has a click command (or group) named `command`.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from bookingd import __version__
from bookingd.cli.failures import BadConfiguration
from bookingd.config import ConfigErrors

COMMANDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "The daemon": {
        "run": ("bookingd.cli.run", "Start the daemon, and what it needs on the embedded defaults."),
        "check-config": (
            "bookingd.cli.check_config",
            "Check the configuration and start nothing.",
        ),
    },
    "The database": {
        "migrate": ("bookingd.cli.migrate", "Bring the database's schema to this version."),
        "seed": ("bookingd.cli.seed", "Fill the inventory with a made-up flight network, or remove it."),
    },
    "Operating it": {
        "status": ("bookingd.cli.status", "Tell how this installation is, and what needs a person."),
        "dead-letters": (
            "bookingd.cli.dead_letters",
            "Look at messages that could not be handled; replay or drop them.",
        ),
        "admin": (
            "bookingd.cli.admin",
            "Open accounts of staff, grant roles, reset second factors.",
        ),
        "keys": ("bookingd.cli.keys", "Tell which field keys are needed; encrypt anew under the first."),
        "bookings": ("bookingd.cli.bookings", "Show a booking with its timeline, money and mails."),
        "payments": (
            "bookingd.cli.payments",
            "Compare the books with the gateways'; list and show payments.",
        ),
    },
    "Looking at it": {
        "ready": ("bookingd.cli.ready", "Ask a running daemon whether it is ready: a health check."),
        "trip": ("bookingd.cli.trip", "Book a trip as a client would: a smoke test of an installation."),
        "audit": ("bookingd.cli.audit", "Verify the audit trail."),
        "prices": ("bookingd.cli.prices", "Explain how a price came about."),
        "taxes": ("bookingd.cli.taxes", "Import tax rules, and look at them."),
        "documents": ("bookingd.cli.documents", "Verify that no receipt or invoice is missing or changed."),
        "rates": ("bookingd.cli.rates", "Import exchange rates, and look at them."),
    },
}
"""Heading to command to (module, what it does)."""

_MODULES = {name: entry for entries in COMMANDS.values() for name, entry in entries.items()}


class LazyGroup(click.Group):
    """Finds a command's module when it is used, and tells configuration errors as such."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return None
        found: click.Command = import_module(_MODULES[cmd_name][0]).command
        return found

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigErrors as errors:
            raise BadConfiguration(errors) from errors

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, entries in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl([(name, says) for name, (_, says) in entries.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""
\b
Configuration:
  --config FILE, else $BOOKINGD_CONFIG, else the embedded defaults.
  BOOKINGD_SECTION__KEY=value overrides one setting, as in
  BOOKINGD_SERVER__PORT=9090. See docs/configuration.md.

\b
Exit status:
  0  done
  1  failed; the reason is on standard error
  2  wrong usage, or a configuration that cannot be used

Each command explains itself: bookingd COMMAND --help
""",
)
@click.version_option(__version__, "-V", "--version", prog_name="bookingd", message="%(prog)s %(version)s")
def cli() -> None:
    """Travel booking as one daemon: search, book, pay, and manage what was booked."""


def main() -> None:
    """The entry point of the command line."""
    cli(prog_name="bookingd")
