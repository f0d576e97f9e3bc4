"""How an explained price is printed, for people and for programs."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bookingd.cli.prices.explaining import AnyOffer, Explained
from bookingd.domain.conversion import supplied_price
from bookingd.domain.exchange import decimal_text
from bookingd.domain.flights import Segment
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import counted
from bookingd.domain.places import local
from bookingd.domain.prices import LineKind, Price, PriceLine, TravellerLine
from bookingd.domain.stays import CancellationStep, StayOffer

NAMES = {
    LineKind.NET: "Net fare",
    LineKind.MARKUP: "Markup",
    LineKind.SERVICE_FEE: "Service fee",
    LineKind.TAX: "Tax",
    LineKind.DISCOUNT: "Package discount",
    LineKind.COMMISSION: "Commission",
}


def as_data(offer: AnyOffer, explained: Sequence[Explained]) -> dict[str, Any]:
    """What `--json` prints; amounts are decimal texts of the currency that stands beside them."""
    view = offer.price.for_traveller()
    return {
        "offer": offer.id,
        "supplier": offer.supplier,
        **_whose(offer),
        "currency": offer.price.currency,
        **_exchange_data(offer),
        "lines": [_line_data(one) for one in explained],
        "total": _text(offer.price.total),
        "commission": _text(offer.price.commission),
        "traveller": {
            "lines": [_seen(line) for line in view.lines],
            "fare": _text(view.fare),
            "fees": _text(view.fees),
            "taxes": _text(view.taxes),
            "total": _text(view.total),
        },
    }


def page(offer: AnyOffer, explained: Iterable[Explained]) -> Group:
    """The same for people."""
    heading = _flight(offer) if isinstance(offer, Offer) else _stay(offer)
    heading += _exchange(offer)
    made = f"made {offer.made_at:%Y-%m-%d %H:%M:%S} UTC, on sale until {offer.expires_at:%H:%M:%S}"
    whole = "\n".join([str(offer.id), *heading, made])
    return Group(
        Panel(Text(whole), title="Offer", title_align="left", expand=False),
        _lines_table(offer, explained),
        _traveller_table(offer.price),
    )


def _whose(offer: AnyOffer) -> dict[str, Any]:
    if isinstance(offer, Offer):
        return {"party": {str(kind): count for kind, count in offer.party.heads}}
    return {
        "hotel": offer.hotel.name,
        "check_in": offer.check_in.isoformat(),
        "check_out": offer.check_out.isoformat(),
        "rooms": [
            {"adults": room.guests.adults, "children": list(room.guests.children)} for room in offer.rooms
        ],
    }


def _text(money: Money) -> str:
    return f"{money.decimal():f}"


def _of_a_stay(line: PriceLine | TravellerLine) -> dict[str, Any]:
    """What only lines of stays have."""
    there = {"at_property": True} if line.at_property else {}
    return {"room": line.room, **there} if line.room is not None else there


def _seen(line: TravellerLine) -> dict[str, Any]:
    return {
        "kind": line.kind,
        "label": line.label,
        "passenger": line.passenger,
        "count": line.count,
        "amount": _text(line.amount),
        **_of_a_stay(line),
    }


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
        **_sold_data(one),
        **_of_a_stay(line),
    }


def _exchange_data(offer: AnyOffer) -> dict[str, Any]:
    """Where the price was converted, by which rate, and from what."""
    if offer.supplied is None:
        return {}
    rate, price = offer.supplied.rate, offer.supplied.price
    return {
        "exchange": {
            "from": rate.base,
            "to": rate.quote,
            "rate": decimal_text(rate.rate),
            "middle_rate": decimal_text(rate.middle),
            "margin_percent": f"{rate.margin_percent:f}",
            "from_per_euro": f"{rate.base_per_euro:f}",
            "to_per_euro": f"{rate.quote_per_euro:f}",
            "day": rate.day.isoformat(),
            "version": rate.version,
            "total": _text(price.total),
        }
    }


def _sold_data(one: Explained) -> dict[str, Any]:
    """What became of a line that was converted."""
    if one.sold is one.line:
        return {}
    each, amount = one.sold.each, one.sold.amount
    return {"sold": {"each": _text(each), "amount": _text(amount), "currency": each.currency}}


def _exchange(offer: AnyOffer) -> list[str]:
    if offer.supplied is None:
        return []
    rate = offer.supplied.rate
    return [
        f"1 {rate.base} = {decimal_text(rate.rate)} {rate.quote}: {rate.quote_per_euro:f} {rate.quote} /"
        f" {rate.base_per_euro:f} {rate.base} for a euro, and {rate.margin_percent:f} %",
        f"rates of {rate.day}, version {rate.version}; each line is converted and rounded by itself",
    ]


def _flight(offer: Offer) -> list[str]:
    def departure(segment: Segment) -> str:
        leaves = local(segment.departs_at, segment.origin_zone)
        return f"{segment.designator}  {segment.origin} to {segment.destination}  {leaves:%Y-%m-%d %H:%M}"

    return [
        f"{offer.party}; supplier {offer.supplier}; {offer.itinerary.conditions.family}",
        *map(departure, offer.itinerary.segments),
    ]


def _stay(offer: StayOffer) -> list[str]:
    def cancelling(step: CancellationStep) -> str:
        if step.until is None:
            return f"cancelling in the end: {step.fee}"
        until = local(step.until, offer.hotel.zone)
        return f"cancelling until {until:%Y-%m-%d %H:%M} ({offer.hotel.zone}): {step.fee}"

    return [
        f"{offer.hotel.name}, {offer.hotel.city}; supplier {offer.supplier}; hotel {offer.hotel.key}",
        f"{offer.check_in} to {offer.check_out}, nights: {offer.nights}",
        *(f"room {number}: {room.name}, {room.guests}" for number, room in enumerate(offer.rooms, 1)),
        f"{offer.rooms[0].rate_name}: {offer.terms.board}, paid at {offer.terms.paid_at}",
        *map(cancelling, offer.terms.cancellation),
    ]


def _lines_table(offer: AnyOffer, explained: Iterable[Explained]) -> Table:
    table = Table(title="How the total came about", title_justify="left", show_footer=True)
    table.add_column("Line", footer="Total")
    table.add_column("For")
    table.add_column("Each", justify="right")
    converted, total = offer.supplied is not None, supplied_price(offer).total
    table.add_column("Amount", justify="right", footer=str(total), no_wrap=True)
    if converted:
        table.add_column("Sold for", justify="right", footer=str(offer.total), no_wrap=True)
    table.add_column("Rule and working", overflow="fold")
    for one in explained:
        line = one.line
        beside = line.kind is LineKind.COMMISSION
        sold = [Text(f"({one.sold.amount})" if beside else str(one.sold.amount))] if converted else []
        table.add_row(
            Text(NAMES[line.kind] + ("\n(beside)" if beside else "")),
            Text(_whom(line)),
            Text(_text(line.each)),
            Text(f"({line.amount})" if beside else str(line.amount)),
            *sold,
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
        table.add_row(Text(line.label), Text(_whom(line)), Text(str(line.amount)))
    return table


def _whom(line: PriceLine | TravellerLine) -> str:
    """Whom or what the line is for, and where it is paid if that is not with us."""
    if line.passenger is not None:
        return counted(line.passenger, line.count)
    whole = "booking" if line.room is None else f"room {line.room}"
    times = f", {line.count} times" if line.count > 1 else ""
    return f"{whole}{times}{', at the hotel' if line.at_property else ''}"
