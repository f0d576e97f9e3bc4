"""What own flights cost: facts read once for many itineraries, and the price made of them.

Its one rule: searching, checking and holding price an itinerary with the same function, from the same
facts, so that a price differs only when a fare, a family, a tax or a rule does (P8).

The net fare of a passenger on a segment is base x family x passenger type, rounded once. An itinerary is
sold in one family; over several airlines that is the one of equal rank, under the strictest conditions.
Taxes are those of the airports where a slice begins.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bookingd.domain.flight_prices import Fares, Heads, NetFare, Tax, fares_of, put_together, tax_lines
from bookingd.domain.flights import Cabin, Conditions, Itinerary, Slice
from bookingd.domain.money import Money, rounded
from bookingd.domain.passengers import Party, PassengerType
from bookingd.domain.places import local
from bookingd.domain.price_matches import Endpoint, Flown, PriceContext
from bookingd.domain.price_rules import Charges, RuleBook
from bookingd.domain.prices import Price, PriceLine
from bookingd.storage import inventory
from bookingd.storage.database import Connection
from bookingd.storage.inventory import AirportTax, Family, Leg
from bookingd.storage.stock import StockKey
from bookingd.suppliers.own_stock import NAME

WHOLE = 10_000
"""Basis points."""

Departures: TypeAlias = tuple[int, ...]
"""Their ids on a slice, in the order of travel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Departures, families and taxes as they were read, all in one currency."""

    currency: str
    legs: Mapping[StockKey, Leg]
    tariffs: Mapping[tuple[str, Cabin], tuple[Family, ...]]
    taxes: Mapping[str, tuple[AirportTax, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An itinerary with its price for a party, and the smallest number of seats left on it."""

    itinerary: Itinerary
    price: Price
    seats_left: int


async def read_facts(connection: Connection, *, keys: Iterable[StockKey], currency: str) -> Facts:
    """All that prices of the departures need, in three queries however many they are."""
    legs = await inventory.legs(connection, keys=keys)
    tariffs = await inventory.tariffs(
        connection,
        airlines={leg.segment.airline for leg in legs.values()},
        cabins={leg.cabin for leg in legs.values()},
        currency=currency,
    )
    taxes = await inventory.taxes(
        connection, airports={leg.segment.origin for leg in legs.values()}, currency=currency
    )
    return Facts(currency=currency, legs=legs, tariffs=tariffs, taxes=taxes)


@dataclass(frozen=True, slots=True)
class _Priced:
    """A way in the fare families of one rank."""

    fares: Fares
    conditions: Conditions


@dataclass(frozen=True, slots=True)
class _Part:
    """A way as every journey has it that it is part of."""

    slice: Slice
    legs: Sequence[Leg]
    seats_left: int
    taxes: Sequence[PriceLine]
    by_rank: Mapping[int, _Priced]


class Pricer:
    """Prices journeys of one party in one cabin; keeps what they share: ways, conditions, rules."""

    def __init__(
        self, *, facts: Facts, rules: RuleBook, cabin: Cabin, party: Party, sold_at: datetime
    ) -> None:
        self._facts = facts
        self._rules = rules
        self._cabin = cabin
        self._heads = party.heads
        self._size = party.size
        self._sold_on = sold_at.date()
        self._offered: dict[str, Mapping[int, Family]] = {}
        self._parts: dict[Departures, _Part] = {}
        self._conditions: dict[Conditions, Conditions] = {}
        self._strictest: dict[tuple[int, ...], Conditions] = {}
        self._charges: dict[tuple[int, str], Charges] = {}

    def quotes(self, ways: Sequence[Departures], *, family: str | None = None) -> list[Quote]:
        """The itinerary of these slices in every family that it is sold in, the cheapest family first.

        With `family` in that one alone, if it is sold.
        """
        parts = [self._part(way) for way in ways]
        ranks = set(parts[0].by_rank).intersection(*(part.by_rank for part in parts))
        slices = tuple([part.slice for part in parts])
        seats_left = min([part.seats_left for part in parts])
        taxes, charges = [line for part in parts for line in part.taxes], self._charges_of(parts)
        return [
            Quote(
                itinerary=Itinerary(
                    slices=slices, cabin=self._cabin, conditions=self._strictest_of(parts, rank)
                ),
                price=put_together(
                    fares=[part.by_rank[rank].fares for part in parts],
                    taxes=taxes,
                    charges=charges,
                    heads=self._heads,
                    currency=self._facts.currency,
                ),
                seats_left=seats_left,
            )
            for rank in sorted(ranks)
            if family is None or parts[0].by_rank[rank].conditions.family == family
        ]

    def _strictest_of(self, parts: Sequence[_Part], rank: int) -> Conditions:
        """Equal conditions are one value here (see `_priced`), so that they are compared by identity."""
        conditions = [part.by_rank[rank].conditions for part in parts]
        key = tuple([id(one) for one in conditions])
        if key not in self._strictest:
            self._strictest[key] = strictest(conditions)
        return self._strictest[key]

    def _part(self, way: Departures) -> _Part:
        if way not in self._parts:
            legs = [self._facts.legs[departure, self._cabin] for departure in way]
            offered = [self._families(leg.segment.airline) for leg in legs]
            ranks = set(offered[0]).intersection(*offered)
            self._parts[way] = _Part(
                slice=Slice(segments=tuple(leg.segment for leg in legs)),
                legs=legs,
                seats_left=min(leg.seats_left for leg in legs),
                taxes=tax_lines(
                    self._taxes_at(legs[0].origin.airport), heads=self._heads, currency=self._facts.currency
                ),
                by_rank={
                    rank: self._priced(legs, [families[rank] for families in offered]) for rank in ranks
                },
            )
        return self._parts[way]

    def _families(self, airline: str) -> Mapping[int, Family]:
        """Those that everybody of the party may travel in, by rank."""
        if airline not in self._offered:
            self._offered[airline] = {
                family.rank: family
                for family in self._facts.tariffs.get((airline, self._cabin), ())
                if all(kind in family.passengers for kind, _ in self._heads)
            }
        return self._offered[airline]

    def _priced(self, legs: Sequence[Leg], families: Sequence[Family]) -> _Priced:
        conditions = strictest([family.conditions for family in families])
        net = [
            fare
            for leg, family in zip(legs, families, strict=True)
            for fare in _net_fares(leg, family, self._heads)
        ]
        return _Priced(
            fares=fares_of(net, heads=self._heads, currency=self._facts.currency),
            conditions=self._conditions.setdefault(conditions, conditions),
        )

    def _taxes_at(self, airport: str) -> list[Tax]:
        kinds = [kind for kind, _ in self._heads]
        return [
            Tax(code=tax.code, label=f"{tax.label} {airport}", each=each, passengers=frozenset(payers))
            for tax in self._facts.taxes.get(airport, ())
            for each, payers in _by_amount(tax, kinds).items()
            if each
        ]

    def _charges_of(self, parts: Sequence[_Part]) -> Charges:
        """Under the rules for a journey that begins and turns like this one."""
        first, turn = parts[0].legs[0], _turn(parts)
        key = first.id, turn.airport
        if key not in self._charges:
            context = self._context(first, turn)
            self._charges[key] = self._rules.charges(context, self._facts.currency)
        return self._charges[key]

    def _context(self, first: Leg, turn: Endpoint) -> PriceContext:
        segment = first.segment
        return PriceContext(
            supplier=NAME,
            flight=Flown(origin=first.origin, destination=turn, airline=segment.airline, cabin=self._cabin),
            heads=self._size,
            starts_on=local(segment.departs_at, segment.origin_zone).date(),
            sold_on=self._sold_on,
        )


def _turn(parts: Sequence[_Part]) -> Endpoint:
    """Where a journey goes to: of a return or an open jaw the end of the first slice.

    Of more slices it is where the last one begins, if that leads back to the city of the beginning, else the
    end of all.
    """
    begin, end = parts[0].legs[0].origin, parts[-1].legs[-1].destination
    if len(parts) < 3:
        return parts[0].legs[-1].destination
    return parts[-1].legs[0].origin if end.city == begin.city else end


def strictest(conditions: Sequence[Conditions]) -> Conditions:
    """What holds on every part of a journey: the fewest bags, the highest fees; the first one's brand."""
    return Conditions(
        family=conditions[0].family,
        carry_on_bags=min(one.carry_on_bags for one in conditions),
        checked_bags=min(one.checked_bags for one in conditions),
        change_fee=_highest([one.change_fee for one in conditions]),
        cancel_fee=_highest([one.cancel_fee for one in conditions]),
        minors_alone=all(one.minors_alone for one in conditions),
    )


def _highest(fees: Sequence[int | None]) -> int | None:
    """None is "not possible", which no fee exceeds."""
    return None if None in fees else max(fee for fee in fees if fee is not None)


def _net_fares(leg: Leg, family: Family, heads: Heads) -> list[NetFare]:
    segment = leg.segment
    label = f"{segment.designator} {segment.origin}-{segment.destination}"
    return [
        NetFare(
            passenger=kind,
            each=_net_each(leg.base, family, kind),
            rule=family.conditions.family,
            label=label,
        )
        for kind, _ in heads
    ]


def _net_each(base: Money, family: Family, kind: PassengerType) -> Money:
    exact = base.amount * family.factor * family.passengers[kind]
    return Money(rounded(exact, WHOLE * WHOLE), base.currency)


def _by_amount(tax: AirportTax, kinds: Iterable[PassengerType]) -> dict[Money, list[PassengerType]]:
    found: dict[Money, list[PassengerType]] = {}
    for kind in kinds:
        found.setdefault(tax.amounts[kind], []).append(kind)
    return found
