"""`bookingd ready`: whether a running daemon may be sent requests; for health checks and scripts."""

import http.client
from pathlib import Path
from urllib.parse import urlsplit

import click
import msgspec

from bookingd.cli.options import config_option, load
from bookingd.config import Settings


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What /readyz says, as a client reads it: each part is `ok`, or what it waits for."""

    status: str
    parts: dict[str, str]


@click.command(
    epilog="""
\b
Exit status:
  0  ready
  1  not ready, and why; or nobody answers
  2  wrong usage or configuration, or a daemon that answers nobody: it has
     neither server.enabled nor metrics.port
"""
)
@config_option
@click.option(
    "--timeout",
    "patience",
    metavar="SECONDS",
    type=click.FloatRange(0.1, 60),
    default=5.0,
    show_default=True,
    help="How long to wait for the answer.",
)
def command(config: Path | None, patience: float) -> None:
    """Ask the daemon that runs with this configuration whether it is ready.

    It is asked at metrics.port, which is its own, or else at server.port, which other processes may share.
    """
    address = _address(load(config))
    try:
        answer = _ask(address, patience)
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
        raise click.ClickException(
            f"nobody at {address} says: {str(error) or type(error).__name__}"
        ) from error
    waits = [f"{part} {reason}" for part, reason in answer.parts.items() if reason != "ok"]
    if answer.status != "ready":
        raise click.ClickException(f"not ready: {', '.join(waits) or answer.status}")
    click.echo("ready")


def _address(settings: Settings) -> str:
    if settings.metrics.port:
        return settings.metrics.local_url
    if settings.server.enabled:
        return settings.server.local_url
    raise click.UsageError("this daemon answers nobody: set metrics.port for it")


def _ask(address: str, patience: float) -> Answer:
    """Raises OSError, HTTPException, DecodeError where no daemon of ours answers."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=patience)
    try:
        connection.request("GET", "/readyz")
        return msgspec.json.decode(connection.getresponse().read(), type=Answer)
    finally:
        connection.close()
