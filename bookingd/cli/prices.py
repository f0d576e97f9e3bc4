"""`bookingd prices explain`: how the total of an offer came about, line by line.

The one rule: it shows what stands in the offer, beside what the named rule version makes of it. Nothing
is priced anew: rules that changed since then change nothing here.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bookingd.cli.database import open_database
from bookingd.cli.options import config_option, load
from bookingd.config import Settings
from bookingd.domain.flights import Segment
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import PassengerType, counted
from bookingd.domain.places import local
from bookingd.domain.price_rules import Rule
from bookingd.domain.prices import LineKind, Price, PriceLine
from bookingd.storage import offers, prices

NAMES: Mapping[LineKind, str] = {
    LineKind.NET: "Net fare",
    LineKind.MARKUP: "Markup",
    LineKind.SERVICE_FEE: "Service fee",
    LineKind.TAX: "Tax",
    LineKind.DISCOUNT: "Package discount",
    LineKind.COMMISSION: "Commission",
}
BEFORE_ANY_EXPIRY = datetime.min.replace(tzinfo=UTC)
"""People ask about a price after the offer has expired, too."""
MADE_BY_RULES = (LineKind.MARKUP, LineKind.SERVICE_FEE, LineKind.COMMISSION, LineKind.DISCOUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One line, and why it is there."""

    line: PriceLine
    matched: str
    """What the rule asks for; of a line that the supplier gave, that."""
    working: str
    """From the net fare to the amount, with the rounding."""


@click.group("prices")
def command() -> None:
    """Prices: how they came about."""


@command.command("explain")
@click.argument("offer_id", metavar="OFFER")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def explain(offer_id: str, config: Path | None, *, as_json: bool) -> None:
    """Show every line of an offer's price, and the rule that made it.

    OFFER is the id that a search gave (of_...). Shows the version of each rule, what it matched, how it was
    rounded, the total, and the same price as the traveller sees it. Net fares, markup and commission are not
    for travellers.
    """
    offer, rules = asyncio.run(_read(load(config), offer_id))
    explained = explanation(offer.price, rules)
    if as_json:
        click.echo(json.dumps(as_data(offer, explained), indent=2, ensure_ascii=False))
    else:
        Console().print(_page(offer, explained))


def explanation(price: Price, rules: Mapping[str, Rule]) -> list[Explained]:
    """Each line of `price` with its reason; `rules` are those that its lines name."""
    return [
        Explained(
            line=line, matched=_matched(line, rules), working=_working(line, rules.get(line.rule), price)
        )
        for line in price.lines
    ]


def as_data(offer: Offer, explained: Sequence[Explained]) -> dict[str, Any]:
    """What `--json` prints; amounts are decimal texts of the currency that stands beside them."""
    view = offer.price.for_traveller()
    return {
        "offer": offer.id,
        "supplier": offer.supplier,
        "party": {str(kind): count for kind, count in offer.party.heads},
        "currency": offer.price.currency,
        "lines": [_line_data(one) for one in explained],
        "total": _text(offer.price.total),
        "commission": _text(offer.price.commission),
        "traveller": {
            "lines": [
                {
                    "kind": line.kind,
                    "label": line.label,
                    "passenger": line.passenger,
                    "count": line.count,
                    "amount": _text(line.amount),
                }
                for line in view.lines
            ],
            "fare": _text(view.fare),
            "fees": _text(view.fees),
            "taxes": _text(view.taxes),
            "total": _text(view.total),
        },
    }


async def _read(settings: Settings, offer_id: str) -> tuple[Offer, dict[str, Rule]]:
    async with open_database(settings) as database, database.connection() as connection:
        try:
            offer = await offers.load(
                connection, kind=offers.FLIGHTS, offer_id=offer_id, now=BEFORE_ANY_EXPIRY
            )
        except offers.OfferNotFound as error:
            raise click.ClickException(str(error)) from error
        made = {line.rule for line in offer.price.lines if line.kind in MADE_BY_RULES}
        return offer, await prices.load_rules(connection, references=made)


def _matched(line: PriceLine, rules: Mapping[str, Rule]) -> str:
    if line.kind not in MADE_BY_RULES:
        return "given by the supplier"
    rule = rules.get(line.rule)
    if rule is None:
        return "a rule that this database does not have"
    asked = f"{rule.match} in {rule.currency}" if rule.currency else str(rule.match)
    return f"{asked}; priority {rule.priority}{', on top' if rule.add else ''}"


def _working(line: PriceLine, rule: Rule | None, price: Price) -> str:
    if line.kind not in MADE_BY_RULES or rule is None:
        return ""
    return rule.working(_net(price, line.passenger))


def _net(price: Price, passenger: PassengerType | None) -> Money:
    """What a percentage was of: the net fare of one passenger of the type, or of everybody."""
    if passenger is None:
        return price.of_kind(LineKind.NET)
    fares = (line.each for line in price.lines if line.kind is LineKind.NET and line.passenger is passenger)
    return sum(fares, Money.zero(price.currency))


def _text(money: Money) -> str:
    return f"{money.decimal():f}"


def _line_data(one: Explained) -> dict[str, Any]:
    line = one.line
    return {
        "kind": line.kind,
        "label": line.label,
        "passenger": line.passenger,
        "count": line.count,
        "each": _text(line.each),
        "amount": _text(line.amount),
        "currency": line.each.currency,
        "rule": line.rule,
        "matched": one.matched,
        "working": one.working,
        "in_total": line.kind is not LineKind.COMMISSION,
    }


def _page(offer: Offer, explained: Iterable[Explained]) -> Group:
    return Group(
        Panel(Text("\n".join(_heading(offer))), title="Offer", title_align="left", expand=False),
        _lines_table(offer.price, explained),
        _traveller_table(offer.price),
    )


def _heading(offer: Offer) -> list[str]:
    def departure(segment: Segment) -> str:
        leaves = local(segment.departs_at, segment.origin_zone)
        return f"{segment.designator}  {segment.origin} to {segment.destination}  {leaves:%Y-%m-%d %H:%M}"

    return [
        str(offer.id),
        f"{offer.party}; supplier {offer.supplier}; {offer.itinerary.conditions.family}",
        *map(departure, offer.itinerary.segments),
        f"made {offer.made_at:%Y-%m-%d %H:%M:%S} UTC, on sale until {offer.expires_at:%H:%M:%S}",
    ]


def _lines_table(price: Price, explained: Iterable[Explained]) -> Table:
    table = Table(title="How the total came about", title_justify="left", show_footer=True)
    table.add_column("Line", footer="Total")
    table.add_column("For")
    table.add_column("Each", justify="right")
    table.add_column("Amount", justify="right", footer=str(price.total), no_wrap=True)
    table.add_column("Rule and working", overflow="fold")
    for one in explained:
        line = one.line
        beside = line.kind is LineKind.COMMISSION
        table.add_row(
            Text(NAMES[line.kind] + ("\n(beside)" if beside else "")),
            Text(_whom(line.passenger, line.count)),
            Text(_text(line.each)),
            Text(f"({line.amount})" if beside else str(line.amount)),
            Text("\n".join(filter(None, (line.label, line.rule, one.matched, one.working)))),
            style="dim" if beside else None,
            end_section=True,
        )
    return table


def _traveller_table(price: Price) -> Table:
    view = price.for_traveller()
    table = Table(title="What the traveller sees", title_justify="left", show_footer=True)
    table.add_column("Line", footer="Total")
    table.add_column("For")
    table.add_column("Amount", justify="right", footer=str(view.total), no_wrap=True)
    for line in view.lines:
        table.add_row(Text(line.label), Text(_whom(line.passenger, line.count)), Text(str(line.amount)))
    return table


def _whom(passenger: PassengerType | None, count: int) -> str:
    return counted(passenger, count) if passenger else "booking"
