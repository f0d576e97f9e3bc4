"""`bookingd prices explain`: how the total of an offer came about, line by line.

The one rule: it shows what stands in the offer, beside what the named rule version makes of it. Nothing
is priced anew: rules that changed since then change nothing here.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from bookingd.cli.database import open_database
from bookingd.cli.options import config_option, load
from bookingd.cli.prices.explaining import MADE_BY_RULES, AnyOffer, explanation
from bookingd.cli.prices.pages import as_data, page
from bookingd.config import Settings
from bookingd.domain.price_rules import Rule
from bookingd.storage import offers, prices

BEFORE_ANY_EXPIRY = datetime.min.replace(tzinfo=UTC)
"""People ask about a price after the offer has expired, too."""


@click.group("prices")
def command() -> None:
    """Prices: how they came about."""


@command.command("explain")
@click.argument("offer_id", metavar="OFFER")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def explain(offer_id: str, config: Path | None, *, as_json: bool) -> None:
    """Show every line of an offer's price, and the rule that made it.

    OFFER is the id that a search gave: of a flight (of_...) or a stay (st_...); of a
    package it names the two. Shows the version of each
    rule, what it matched, how it was rounded, the total, and the same price as the traveller sees it. Net
    fares, markup and commission are not for travellers.
    """
    offer, rules = asyncio.run(_read(load(config), offer_id))
    explained = explanation(offer, rules)
    if as_json:
        click.echo(json.dumps(as_data(offer, explained), indent=2, ensure_ascii=False))
    else:
        Console().print(page(offer, explained))


def _instead(offer_id: str) -> str | None:
    """What to ask for who asks for a package: its price is made of those of its halves."""
    try:
        halves = offers.halves_of(offer_id)
    except offers.MalformedOfferId:
        return None
    return f"this is a package; explain its halves: {halves.flight} and {halves.stay}"


async def _read(settings: Settings, offer_id: str) -> tuple[AnyOffer, Mapping[str, Rule]]:
    async with open_database(settings) as database, database.connection() as connection:
        try:
            offer: AnyOffer = await offers.load(
                connection, kind=offers.kind_of(offer_id), offer_id=offer_id, now=BEFORE_ANY_EXPIRY
            )
        except offers.OfferNotFound as error:
            raise click.ClickException(_instead(offer_id) or str(error)) from error
        made = {line.rule for line in offer.price.lines if line.kind in MADE_BY_RULES}
        return offer, await prices.load_rules(connection, references=made)
