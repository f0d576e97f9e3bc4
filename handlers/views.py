"""What clients are shown of offers: plain values made for reading, with local times and names.

The one rule: of a price only what `Price.for_traveller` gives leaves the house, never net or markup.
"""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from bookingd.domain.exchange import decimal_text
from bookingd.domain.flights import Cabin, Conditions, Itinerary, Segment, Slice
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import PassengerType
from bookingd.domain.places import days_later, local
from bookingd.domain.prices import TravellerPrice
from bookingd.domain.stays import StayOffer
from bookingd.storage.places import Names

AsOf = Annotated[
    datetime, Meta(description="Since when it is known: now; if `unchecked`, when the offer was made.")
]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Anything that an answer is made of."""


class Amount(View, frozen=True, kw_only=True):
    """Money."""

    amount: Annotated[int, Meta(description="In minor units: cents, yen, fils.")]
    currency: Annotated[str, Meta(description="ISO 4217.")]
    decimal: Annotated[str, Meta(description="The same in major units, with all decimals.")]


class Stop(View, frozen=True, kw_only=True):
    """One end of a flight."""

    code: Annotated[str, Meta(description="IATA.")]
    name: str
    city: str
    zone: Annotated[str, Meta(description="IANA time zone.")]
    local: Annotated[datetime, Meta(description="What clocks there show, with the offset of that day.")]
    utc: datetime


class Airline(View, frozen=True, kw_only=True):
    """Who flies."""

    code: Annotated[str, Meta(description="IATA.")]
    name: str


class SegmentView(View, frozen=True, kw_only=True):
    """One flight."""

    flight: Annotated[str, Meta(description="As on a ticket: `LH 441`.")]
    airline: Airline
    aircraft: Annotated[str, Meta(description="ICAO type designator.")]
    departs: Stop
    arrives: Stop
    duration_minutes: int
    days_later: Annotated[int, Meta(description="Calendar days between leaving and arriving.")]


class ConnectionView(View, frozen=True, kw_only=True):
    """The wait between two flights. All flights of an offer are on one ticket: none is a self-transfer."""

    arrives: Annotated[str, Meta(description="Airport (IATA).")]
    departs: Annotated[str, Meta(description="The same airport, unless `changes_airport`.")]
    minutes: int
    changes_airport: Annotated[bool, Meta(description="The way to the other airport is the traveller's own.")]


class SliceView(View, frozen=True, kw_only=True):
    """The way from one place to another."""

    departs: Stop
    arrives: Stop
    duration_minutes: Annotated[int, Meta(description="With the waiting at connections.")]
    stops: int
    days_later: int
    segments: tuple[SegmentView, ...]
    connections: tuple[ConnectionView, ...]


class ConditionsView(View, frozen=True, kw_only=True):
    """What the fare allows. Fees are for a passenger; null means that it is not possible."""

    family: str
    carry_on_bags: int
    checked_bags: int
    change_fee: Amount | None
    cancel_fee: Amount | None


class PriceLineView(View, frozen=True, kw_only=True, omit_defaults=True):
    """One line: for `count` passengers of a type, rooms or nights, or for the booking."""

    kind: Annotated[str, Meta(description="`fare`, `tax`, `fee` or `discount`.")]
    label: str
    amount: Amount
    count: int
    passenger: Annotated[PassengerType | None, Meta(description="Left out: not for one type.")] = None
    room: Annotated[int | None, Meta(description="From 1, as asked for; left out: not for one room.")] = None
    at_property: Annotated[bool, Meta(description="Paid at the hotel; left out: to us.")] = False


class PriceView(View, frozen=True, kw_only=True):
    """What everybody together pays; the lines add up to the total."""

    total: Amount
    fare: Amount
    fees: Amount
    taxes: Amount
    discount: Annotated[Amount, Meta(description="Below zero, or nothing: what a package costs less.")]
    at_property: Annotated[Amount, Meta(description="How much of the total is paid at the hotel.")]
    lines: tuple[PriceLineView, ...]


class PartyView(View, frozen=True, kw_only=True):
    """How many of each type travel."""

    adults: int
    children: int
    infants: int


class ExchangeView(View, frozen=True, kw_only=True):
    """How the price was converted from the supplier's currency. It stays so, whatever rates do later."""

    from_: Annotated[str, Meta(description="The supplier's currency (ISO 4217).")] = msgspec.field(
        name="from"
    )
    to: str
    rate: Annotated[str, Meta(description="Units of `to` for one of `from`, with the margin.")]
    middle_rate: Annotated[str, Meta(description="The same by the reference rates of that day.")]
    margin_percent: str
    day: Annotated[date, Meta(description="Of the reference rates.")]
    total: Annotated[Amount, Meta(description="What the price was converted from.")]
    at_property: Annotated[Amount, Meta(description="How much of that is paid at the hotel, as it is.")]


class OfferView(View, frozen=True, kw_only=True, omit_defaults=True):
    """What can be booked, for whom, at which price, until when."""

    id: str
    supplier: str
    cabin: Cabin
    slices: tuple[SliceView, ...]
    conditions: ConditionsView
    party: PartyView
    price: PriceView
    seats_left: Annotated[int, Meta(description="A hint, never a promise.")]
    expires_at: datetime
    exchange: Annotated[
        ExchangeView | None, Meta(description="Left out: the price is in the supplier's currency.")
    ] = None


def amount(money: Money) -> Amount:
    """Money as it is shown."""
    return Amount(amount=money.amount, currency=money.currency, decimal=f"{money.decimal():f}")


def offer_view(offer: Offer, names: Names) -> OfferView:
    """An offer as travellers see it."""
    return OfferView(**shown_of(offer, names))


def shown_of(offer: Offer, names: Names) -> dict[str, Any]:
    """The fields of an OfferView."""
    return {
        "id": offer.id,
        "supplier": offer.supplier,
        "cabin": offer.itinerary.cabin,
        "slices": slices_view(offer.itinerary, names),
        "conditions": conditions_view(offer.itinerary.conditions, offer.price.currency),
        "party": PartyView(
            adults=offer.party.adults, children=offer.party.children, infants=offer.party.infants
        ),
        "price": price_view(offer.price.for_traveller()),
        "seats_left": offer.seats_left,
        "expires_at": offer.expires_at,
        "exchange": exchange_view(offer),
    }


def exchange_view(offer: Offer | StayOffer) -> ExchangeView | None:
    """How an offer's price was converted, if it was."""
    if offer.supplied is None:
        return None
    rate, price = offer.supplied.rate, offer.supplied.price
    return ExchangeView(
        from_=rate.base,
        to=rate.quote,
        rate=decimal_text(rate.rate),
        middle_rate=decimal_text(rate.middle),
        margin_percent=f"{rate.margin_percent:f}",
        day=rate.day,
        total=amount(price.total),
        at_property=amount(price.at_property),
    )


def slices_view(itinerary: Itinerary, names: Names) -> tuple[SliceView, ...]:
    """The ways of an itinerary."""
    return tuple(_slice(part, names) for part in itinerary.slices)


@lru_cache(maxsize=1024)  # the offers of a page have a few between them
def conditions_view(conditions: Conditions, currency: str) -> ConditionsView:
    """What a fare allows; its fees are in the offer's currency."""
    return ConditionsView(
        family=conditions.family,
        carry_on_bags=conditions.carry_on_bags,
        checked_bags=conditions.checked_bags,
        change_fee=_fee(conditions.change_fee, currency),
        cancel_fee=_fee(conditions.cancel_fee, currency),
    )


def price_view(price: TravellerPrice) -> PriceView:
    """A price as travellers see it."""
    return PriceView(
        total=amount(price.total),
        fare=amount(price.fare),
        fees=amount(price.fees),
        taxes=amount(price.taxes),
        discount=amount(price.discount),
        at_property=amount(price.at_property),
        lines=tuple(
            PriceLineView(
                kind=line.kind,
                label=line.label,
                amount=amount(line.amount),
                count=line.count,
                passenger=line.passenger,
                room=line.room,
                at_property=line.at_property,
            )
            for line in price.lines
        ),
    )


def codes(itineraries: Iterable[Itinerary]) -> tuple[set[str], set[str]]:
    """The airports and the airlines that have to be named."""
    segments = [segment for itinerary in itineraries for segment in itinerary.segments]
    airports = {code for segment in segments for code in (segment.origin, segment.destination)}
    return airports, {segment.airline for segment in segments}


def _slice(part: Slice, names: Names) -> SliceView:
    segments = tuple(_segment(segment, names) for segment in part.segments)
    first, last = part.segments[0], part.segments[-1]
    return SliceView(
        departs=segments[0].departs,
        arrives=segments[-1].arrives,
        duration_minutes=_minutes(part.departs_at, part.arrives_at),
        stops=part.stops,
        days_later=days_later(first.departs_at, first.origin_zone, last.arrives_at, last.destination_zone),
        segments=segments,
        connections=tuple(_connection(one, two) for one, two in pairwise(part.segments)),
    )


def _connection(one: Segment, two: Segment) -> ConnectionView:
    return ConnectionView(
        arrives=one.destination,
        departs=two.origin,
        minutes=_minutes(one.arrives_at, two.departs_at),
        changes_airport=one.destination != two.origin,
    )


def _segment(segment: Segment, names: Names) -> SegmentView:
    return SegmentView(
        flight=segment.designator,
        airline=Airline(code=segment.airline, name=names.airlines.get(segment.airline, segment.airline)),
        aircraft=segment.aircraft,
        departs=_stop(segment.origin, segment.origin_zone, segment.departs_at, names),
        arrives=_stop(segment.destination, segment.destination_zone, segment.arrives_at, names),
        duration_minutes=_minutes(segment.departs_at, segment.arrives_at),
        days_later=days_later(
            segment.departs_at, segment.origin_zone, segment.arrives_at, segment.destination_zone
        ),
    )


def _stop(code: str, zone: str, at: datetime, names: Names) -> Stop:
    known = names.airports.get(code)
    return Stop(
        code=code,
        name=known.name if known else code,
        city=known.city if known else code,
        zone=zone,
        local=local(at, zone),
        utc=at,
    )


def _fee(fee: int | None, currency: str) -> Amount | None:
    return None if fee is None else amount(Money(fee, currency))


def _minutes(begin: datetime, end: datetime) -> int:
    return int((end - begin).total_seconds()) // 60
