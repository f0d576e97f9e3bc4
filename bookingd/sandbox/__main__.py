"""The stand-ins in a process of their own: `python -m bookingd.sandbox --port 8081`.

The one rule: it says where it listens in one line on standard output, and then nothing more.
"""

import asyncio
import signal
import sys
from pathlib import Path

import click
import uvloop

from bookingd.sandbox.misbehaviour import Switches
from bookingd.sandbox.paypal import PayPalSandbox
from bookingd.sandbox.paypal.sandbox import CLIENT_ID, CLIENT_SECRET, WEBHOOK_ID
from bookingd.sandbox.server import SandboxServer
from bookingd.sandbox.stripe import StripeSandbox
from bookingd.sandbox.stripe.sandbox import PUBLISHABLE_KEY, SECRET_KEY, WEBHOOK_SECRET
from bookingd.sources import Sources


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0, the default: any free one.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to remember things over restarts; without it nothing is remembered.",
)
@click.option("--stripe-secret-key", default=SECRET_KEY, show_default=True)
@click.option("--stripe-publishable-key", default=PUBLISHABLE_KEY, show_default=True)
@click.option("--stripe-webhook-url", help="Where webhooks go: bookingd's own /webhooks/stripe.")
@click.option("--stripe-webhook-secret", default=WEBHOOK_SECRET, show_default=True)
@click.option(
    "--stripe-webhook-event",
    multiple=True,
    metavar="KIND",
    help="Send events of this kind only: payment_intent.succeeded. May be repeated.",
)
@click.option("--paypal-client-id", default=CLIENT_ID, show_default=True)
@click.option("--paypal-client-secret", default=CLIENT_SECRET, show_default=True)
@click.option("--paypal-webhook-url", help="Where webhooks go: bookingd's own /webhooks/paypal.")
@click.option("--paypal-webhook-id", default=WEBHOOK_ID, show_default=True)
@click.option(
    "--misbehave",
    multiple=True,
    metavar="NAME[:OPERATION]:HOW[=SECONDS]",
    help="Do this wrong from the start: stripe:slow=2, stripe:capture:timeout_after_deed. May be repeated.",
)
@click.option(
    "--until-eof", is_flag=True, help="End when standard input is closed, with whoever started this."
)
def main(
    *,
    port: int,
    directory: Path | None,
    stripe_secret_key: str,
    stripe_publishable_key: str,
    stripe_webhook_url: str | None,
    stripe_webhook_secret: str,
    stripe_webhook_event: tuple[str, ...],
    paypal_client_id: str,
    paypal_client_secret: str,
    paypal_webhook_url: str | None,
    paypal_webhook_id: str,
    misbehave: tuple[str, ...],
    until_eof: bool,
) -> None:
    """Stand-ins for the vendors, on a port of the loopback interface, until SIGTERM or SIGINT."""
    sources, switches = Sources.system(), Switches()
    for wish in misbehave:
        try:
            switches.configure(wish)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--misbehave") from error
    stripe = StripeSandbox(
        clock=sources.clock,
        ids=sources.ids,
        chance=sources.chance,
        directory=directory,
        secret_key=stripe_secret_key,
        publishable_key=stripe_publishable_key,
        webhook_url=stripe_webhook_url,
        webhook_secret=stripe_webhook_secret,
        webhook_events=stripe_webhook_event or None,
        switches=switches,
    )
    paypal = PayPalSandbox(
        clock=sources.clock,
        ids=sources.ids,
        chance=sources.chance,
        directory=directory,
        client_id=paypal_client_id,
        client_secret=paypal_client_secret,
        webhook_url=paypal_webhook_url,
        webhook_id=paypal_webhook_id,
        switches=switches,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(SandboxServer([stripe, paypal], switches=switches), port, until_eof=until_eof))


async def _serve(server: SandboxServer, port: int, *, until_eof: bool) -> None:
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    try:
        await server.start(port)
        click.echo(f"listening on {server.url('stripe')}")
        sys.stdout.flush()
        leash = asyncio.create_task(_end_of_input(loop, end)) if until_eof else None
        await end.wait()
        if leash is not None:
            leash.cancel()
    finally:
        await server.stop()


async def _end_of_input(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    transport.close()
    end.set()


if __name__ == "__main__":
    main()
