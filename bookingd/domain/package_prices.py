"""What a flight and a stay cost together: the lines of both, and one that makes them cheaper.

Its one rule: the price of a package is a function of its two offers and of the rules at the instant at which
the later of them was made. So the pair has one price for as long as both can be booked (P8), and nobody has
to keep it.
"""

from collections.abc import Mapping
from datetime import datetime

from bookingd.domain.money import CurrencyMismatch, Money
from bookingd.domain.offers import Offer
from bookingd.domain.places import local
from bookingd.domain.price_matches import Endpoint, Flown, PriceContext, Stayed
from bookingd.domain.price_rules import Charge, Per, RuleBook
from bookingd.domain.prices import LineKind, Price, PriceLine
from bookingd.domain.stays import StayOffer

OWN_MONEY = (LineKind.NET, LineKind.MARKUP, LineKind.SERVICE_FEE)
"""What a discount may be taken from, as far as it is paid to us: taxes are owed in full."""

SEVERAL = "several"
"""The supplier of a package whose halves have different ones."""


def priced_at(flight: Offer, stay: StayOffer) -> datetime:
    """The instant whose rules count."""
    return max(flight.made_at, stay.made_at)


def package_context(flight: Offer, stay: StayOffer, airports: Mapping[str, Endpoint]) -> PriceContext:
    """What rules look at of the pair. `airports`: where airports are, those that are known."""
    first, turn = flight.itinerary.segments[0], flight.itinerary.slices[0].destination
    return PriceContext(
        supplier=flight.supplier if flight.supplier == stay.supplier else SEVERAL,
        flight=Flown(
            origin=airports.get(first.origin, Endpoint(airport=first.origin)),
            destination=airports.get(turn, Endpoint(airport=turn)),
            airline=first.airline,
            cabin=flight.itinerary.cabin,
        ),
        stay=Stayed(
            place=Endpoint(city=stay.hotel.city_code, country=stay.hotel.country),
            hotel=stay.hotel.key,
            stars=stay.hotel.stars,
        ),
        heads=flight.party.size,
        starts_on=local(first.departs_at, first.origin_zone).date(),
        sold_on=priced_at(flight, stay).date(),
    )


def compose_package(flight: Price, stay: Price, *, rules: RuleBook, context: PriceContext) -> Price:
    """The lines of both, and the discounts that match `context`: a share is of both nets together.

    Discounts leave something of what is paid to us and is no tax, or nothing; never less. Raises
    CurrencyMismatch.
    """
    if flight.currency != stay.currency:
        raise CurrencyMismatch(f"the flight is in {flight.currency}, the stay in {stay.currency}")
    both = Price(currency=flight.currency, lines=(*flight.lines, *stay.lines))
    left = discountable(both)
    net = both.of_kind(LineKind.NET).amount
    lines = []
    for charge in rules.charges(context, flight.currency).discount:
        each, count = _discount(charge, net, context.heads)
        each = min(each, left // count)
        if each:
            left -= each * count
            lines.append(_line(charge, each, count, flight.currency))
    return Price(currency=flight.currency, lines=(*both.lines, *lines))


def discountable(price: Price) -> int:
    """What a discount may be taken from, in minor units."""
    lines = (line for line in price.lines if line.kind in OWN_MONEY and not line.at_property)
    return sum(line.each.amount * line.count for line in lines)


def _discount(charge: Charge, net: int, heads: int) -> tuple[int, int]:
    """What is taken off each time, and how often."""
    if charge.per is Per.PASSENGER:
        return charge.on(net, heads), heads
    return charge.on(net), 1


def _line(charge: Charge, each: int, count: int, currency: str) -> PriceLine:
    return PriceLine(
        kind=LineKind.DISCOUNT,
        each=Money(-each, currency),
        count=count,
        rule=charge.reference,
        label=charge.label,
    )
