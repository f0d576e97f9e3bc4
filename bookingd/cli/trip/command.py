"""The command itself: options, printing, exit status."""

import asyncio
import json
from datetime import date, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bookingd.cli.failures import first
from bookingd.cli.options import config_option, load
from bookingd.cli.trip.client import Client, Json, TripFailed
from bookingd.cli.trip.journey import Card, Journey, Wish, days_to_try, money
from bookingd.sources import Sources


class Screen:
    """Shows the journey on a terminal; on standard error, so that standard output has the result alone."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)

    def step(self, text: str) -> None:
        self._console.print(f"[bold]{text}[/bold]")

    def detail(self, text: str) -> None:
        self._console.print(f"  {text}")


@click.command()
@config_option
@click.option("--url", metavar="URL", help="The installation. [default: public_url of the configuration]")
@click.option("--from", "origin", default="FRA", show_default=True, metavar="CODE", help="Airport or city.")
@click.option(
    "--to", "destination", default="LHR", show_default=True, metavar="CODE", help="Airport or city."
)
@click.option(
    "--depart",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="As 2026-12-24. [default: in two weeks; if nothing flies then, in 7, 3 or 1 days]",
)
@click.option(
    "--return", "back", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="[default: one way]"
)
@click.option("--email", default="ada@example.org", show_default=True, help="Where the mail goes.")
@click.option("--decline", is_flag=True, help="Be declined.")
@click.option("--three-d-secure", is_flag=True, help="Pay with a card whose bank asks for 3-D Secure.")
@click.option("--paypal", is_flag=True, help="Pay by PayPal, at its stand-in's page.")
@click.option("--timeout", default=120.0, show_default=True, metavar="SECONDS", help="For the whole journey.")
@click.option("--json", "as_json", is_flag=True, help="Print the booking as JSON.")
def command(
    *,
    config: Path | None,
    url: str | None,
    origin: str,
    destination: str,
    depart: datetime | None,
    back: datetime | None,
    email: str,
    decline: bool,
    three_d_secure: bool,
    paypal: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Book a trip as a client would: search, book for three, pay, follow it live to its end and to its mail.

    A smoke test of an installation whose gateway is the stand-in or Stripe in test mode: it pays with
    Stripe's test cards, and answers the bank's page of 3-D Secure, and PayPal's page, at the stand-ins only.
    What it books stays booked. The steps go to standard error, the booking to standard output.

    \b
    Exit status:
      0  all went as it should (with --decline: declined, nothing charged,
         the seats given back)
      1  it did not; the reason is on standard error
      2  wrong usage or configuration
    """
    if decline and three_d_secure:
        raise click.UsageError("--decline and --three-d-secure exclude each other")
    if paypal and three_d_secure:
        raise click.UsageError("--paypal and --three-d-secure exclude each other")
    sources = Sources.system()
    wish = Wish(
        origin=origin.upper(),
        destination=destination.upper(),
        days=_days(depart and depart.date(), back and back.date(), sources.clock.now().date()),
        back=back.date() if back else None,
        card=_card(decline=decline, three_d_secure=three_d_secure),
        email=email,
        paypal=paypal,
    )
    try:
        booking = asyncio.run(_make(url or load(config).public_url, wish, sources, timeout))
    except Exception as error:
        reason = first(error)
        if isinstance(reason, TimeoutError):
            raise click.ClickException(f"not done within {timeout:g} s") from error
        if isinstance(reason, TripFailed):
            raise click.ClickException(str(reason)) from error
        raise
    if as_json:
        click.echo(json.dumps(booking, indent=2))
    else:
        _show(booking)


def _days(depart: date | None, back: date | None, today: date) -> list[date]:
    """The days to try; whether they have passed is the installation's to say. Raises click.UsageError."""
    days = [depart] if depart else days_to_try(today, back=back)
    if not days or (back and back < days[-1]):
        raise click.UsageError(f"--return {back} is before the departure")
    return days


async def _make(url: str, wish: Wish, sources: Sources, timeout: float) -> Json:
    async with asyncio.timeout(timeout), Client.connect(url) as client:
        return await Journey(client, wish=wish, sources=sources, teller=Screen()).make()


def _card(*, decline: bool, three_d_secure: bool) -> Card:
    if decline:
        return Card.DECLINED
    return Card.THREE_D_SECURE if three_d_secure else Card.GOOD


def _show(booking: Json) -> None:
    console = Console(highlight=False)
    console.print(f"\n[bold]Booking {booking['reference']}[/bold]  {booking['state']}")
    for item in booking["items"]:
        console.print(_flights(item))
        if item.get("locator"):
            console.print(f"Airline's reference  {item['locator']}")
    console.print(_travellers(booking))
    console.print(f"Total  {money(booking['total'])}")
    for document in booking["documents"]:
        told = f"{document['kind']} {document['number']}, {money(document['total'])}"
        console.print(f"Paper  {told}, {document['link']}")
    for message in booking["messages"]:
        console.print(f"Mail   {message['kind']} to {message['recipient']}, {message['state']}")


def _flights(item: Json) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("Flight", "From", "Departs", "To", "Arrives"):
        table.add_column(heading)
    for part in item["slices"]:
        for segment in part["segments"]:
            departs, arrives = _local(segment["departs"]), _local(segment["arrives"])
            days = (arrives.date() - departs.date()).days
            table.add_row(
                segment["flight"],
                f"{segment['departs']['code']} {segment['departs']['city']}",
                departs.strftime("%a %d %b %Y %H:%M"),
                f"{segment['arrives']['code']} {segment['arrives']['city']}",
                arrives.strftime("%H:%M") + (f" {days:+d}" if days else ""),
            )
    return table


def _travellers(booking: Json) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("Traveller", "", "Ticket"):
        table.add_column(heading)
    tickets = [ticket for item in booking["items"] for ticket in item.get("tickets", [])]
    for number, passenger in enumerate(booking["passengers"]):
        name = f"{passenger['given_name']} {passenger['surname']}"
        table.add_row(name, passenger["type"], tickets[number] if number < len(tickets) else "-")
    return table


def _local(moment: Json) -> datetime:
    return datetime.fromisoformat(moment["local"])
