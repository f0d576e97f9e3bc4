"""What a flight and a stay cost together: the lines of both, and one that makes them cheaper.

Its one rule: the price of a package is a function of its two offers and of one version of the price rules,
which its id names. So what was shown can be made again (P8), and nobody has to keep it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from bookingd.domain.exchange import FrozenRate
from bookingd.domain.flights import Itinerary
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


class Reduction(NamedTuple):
    """What a rule takes off, in minor units, and how often."""

    charge: Charge
    each: int
    times: int


def sold_on(flight: datetime, stay: datetime) -> date:
    """The day of sale, of offers that were made at these instants."""
    return max(flight, stay).date()


def flown(itinerary: Itinerary, airports: Mapping[str, Endpoint]) -> Flown:
    """What rules look at of the flight. `airports`: where airports are, those that are known."""
    first, turn = itinerary.segments[0], itinerary.slices[0].destination
    return Flown(
        origin=airports.get(first.origin, Endpoint(airport=first.origin)),
        destination=airports.get(turn, Endpoint(airport=turn)),
        airline=first.airline,
        cabin=itinerary.cabin,
    )


def package_context(flight: Offer, *, supplier: str, stay: Stayed, sold: date, way: Flown) -> PriceContext:
    """What rules look at of a flight with a stay of `supplier`."""
    first = flight.itinerary.segments[0]
    return PriceContext(
        supplier=flight.supplier if flight.supplier == supplier else SEVERAL,
        flight=way,
        stay=stay,
        heads=flight.party.size,
        starts_on=local(first.departs_at, first.origin_zone).date(),
        sold_on=sold,
    )


def stayed(stay: StayOffer) -> Stayed:
    """What rules look at of the stay."""
    hotel = stay.hotel
    place = Endpoint(city=hotel.city_code, country=hotel.country)
    return Stayed(place=place, hotel=hotel.key, stars=hotel.stars)


def compose_package(
    flight: Offer, stay: StayOffer, *, rules: RuleBook, airports: Mapping[str, Endpoint]
) -> Price:
    """The lines of both, and the discounts that match the pair: a share is of both nets together.

    Raises CurrencyMismatch.
    """
    currency = flight.price.currency
    if currency != stay.price.currency:
        raise CurrencyMismatch(f"the flight is in {currency}, the stay in {stay.price.currency}")
    context = package_context(
        flight,
        supplier=stay.supplier,
        stay=stayed(stay),
        sold=sold_on(flight.made_at, stay.made_at),
        way=flown(flight.itinerary, airports),
    )
    both = Price(currency=currency, lines=(*_of_half("flight", flight.price), *_of_half("hotel", stay.price)))
    taken = reductions(
        discounts(rules, context, flight),
        net=both.of_kind(LineKind.NET).amount,
        discountable=discountable(both),
        heads=context.heads,
    )
    return Price(currency=currency, lines=(*both.lines, *(_line(one, currency) for one in taken)))


def _of_half(half: str, price: Price) -> Iterator[PriceLine]:
    """The half's lines; its fees say whose they are, since both halves have such of the same name."""
    for line in price.lines:
        fee = line.kind is LineKind.SERVICE_FEE
        yield replace(line, label=f"{line.label or 'Fee'} ({half})") if fee else line


def discounts(rules: RuleBook, context: PriceContext, flight: Offer) -> tuple[Charge, ...]:
    """What packages with the flight cost less. As all rules, these work in its supplier's currency: where it
    is sold in another one, their amounts are converted by its rate.
    """
    if flight.supplied is None:
        return rules.charges(context, flight.price.currency).discount
    rate = flight.supplied.rate
    return tuple(_converted(one, rate) for one in rules.charges(context, rate.base).discount)


def _converted(charge: Charge, rate: FrozenRate) -> Charge:
    def minor(amount: int) -> int:
        return rate.convert(Money(amount, rate.base)).amount

    return replace(
        charge,
        fixed=minor(charge.fixed),
        minimum=None if charge.minimum is None else minor(charge.minimum),
        maximum=None if charge.maximum is None else minor(charge.maximum),
    )


def discountable(price: Price) -> int:
    """What a discount may be taken from, in minor units."""
    lines = (line for line in price.lines if line.kind in OWN_MONEY and not line.at_property)
    return sum(line.each.amount * line.count for line in lines)


def reductions(charges: Iterable[Charge], *, net: int, discountable: int, heads: int) -> Iterator[Reduction]:
    """What rules take off, together no more than what is discountable; amounts in minor units."""
    left = discountable
    for charge in charges:
        count = heads if charge.per is Per.PASSENGER else 1
        each = min(charge.on(net, count), left // count)
        if each:
            left -= each * count
            yield Reduction(charge, each, times=count)


def _line(taken: Reduction, currency: str) -> PriceLine:
    return PriceLine(
        kind=LineKind.DISCOUNT,
        each=Money(-taken.each, currency),
        count=taken.times,
        rule=taken.charge.reference,
        label=taken.charge.label,
    )
