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

from bookingd.domain.flights import Cabin, Conditions, Itinerary, Slice
from bookingd.domain.money import Money, rounded
from bookingd.domain.passengers import Party, PassengerType
from bookingd.domain.places import local
from bookingd.domain.price_matches import Flown, PriceContext
from bookingd.domain.price_rules import RuleBook
from bookingd.domain.prices import NetFare, Price, Tax, compose
from bookingd.storage import inventory
from bookingd.storage.database import Connection
from bookingd.storage.inventory import AirportTax, Family, Leg, Way
from bookingd.storage.stock import StockKey
from bookingd.suppliers.own_stock import NAME

WHOLE = 10_000
"""Basis points."""


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


class Pricer:
    """Prices itineraries of one party in one cabin; keeps the parts that many of them share."""

    def __init__(
        self, *, facts: Facts, rules: RuleBook, cabin: Cabin, party: Party, sold_at: datetime
    ) -> None:
        self._facts = facts
        self._rules = rules
        self._cabin = cabin
        self._party = party
        self._sold_on = sold_at.date()
        self._types = [kind for kind, _ in party.heads]
        self._fares: dict[tuple[int, int], list[NetFare]] = {}
        self._taxes: dict[str, list[Tax]] = {}

    def quotes(self, ways: Sequence[Way], *, family: str | None = None) -> list[Quote]:
        """The itinerary of these slices in every family that it is sold in, the cheapest family first.

        With `family` in that one alone, if it is sold.
        """
        slices = [[self._facts.legs[departure, self._cabin] for departure in way] for way in ways]
        legs = [leg for part in slices for leg in part]
        offered = [self._families(leg) for leg in legs]
        ranks = set(offered[0]).intersection(*offered)
        return [
            self._quote(slices, legs, [families[rank] for families in offered])
            for rank in sorted(ranks)
            if family is None or offered[0][rank].conditions.family == family
        ]

    def _families(self, leg: Leg) -> dict[int, Family]:
        tariff = self._facts.tariffs.get((leg.segment.airline, self._cabin), ())
        return {
            family.rank: family for family in tariff if all(kind in family.passengers for kind in self._types)
        }

    def _quote(
        self, slices: Sequence[Sequence[Leg]], legs: Sequence[Leg], families: Sequence[Family]
    ) -> Quote:
        itinerary = Itinerary(
            slices=tuple(Slice(segments=tuple(leg.segment for leg in part)) for part in slices),
            cabin=self._cabin,
            conditions=strictest([family.conditions for family in families]),
        )
        price = compose(
            net=[fare for leg, family in zip(legs, families, strict=True) for fare in self._net(leg, family)],
            taxes=[tax for part in slices for tax in self._taxes_at(part[0].segment.origin)],
            rules=self._rules,
            context=self._context(slices),
            party=self._party,
            currency=self._facts.currency,
        )
        return Quote(itinerary=itinerary, price=price, seats_left=min(leg.seats_left for leg in legs))

    def _net(self, leg: Leg, family: Family) -> list[NetFare]:
        key = leg.id, family.rank
        if key not in self._fares:
            segment = leg.segment
            label = f"{segment.designator} {segment.origin}-{segment.destination}"
            self._fares[key] = [
                NetFare(
                    passenger=kind,
                    each=_net_each(leg.base, family, kind),
                    rule=family.conditions.family,
                    label=label,
                )
                for kind in self._types
            ]
        return self._fares[key]

    def _taxes_at(self, airport: str) -> list[Tax]:
        if airport not in self._taxes:
            self._taxes[airport] = [
                Tax(code=tax.code, label=f"{tax.label} {airport}", each=each, passengers=frozenset(kinds))
                for tax in self._facts.taxes.get(airport, ())
                for each, kinds in _by_amount(tax, self._types).items()
                if each
            ]
        return self._taxes[airport]

    def _context(self, slices: Sequence[Sequence[Leg]]) -> PriceContext:
        out = slices[0]
        return PriceContext(
            supplier=NAME,
            flight=Flown(
                origin=out[0].origin,
                destination=out[-1].destination,
                airline=out[0].segment.airline,
                cabin=self._cabin,
            ),
            heads=self._party.size,
            starts_on=local(out[0].segment.departs_at, out[0].segment.origin_zone).date(),
            sold_on=self._sold_on,
        )


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


def _net_each(base: Money, family: Family, kind: PassengerType) -> Money:
    exact = base.amount * family.factor * family.passengers[kind]
    return Money(rounded(exact, WHOLE * WHOLE), base.currency)


def _by_amount(tax: AirportTax, kinds: Iterable[PassengerType]) -> dict[Money, list[PassengerType]]:
    found: dict[Money, list[PassengerType]] = {}
    for kind in kinds:
        found.setdefault(tax.amounts[kind], []).append(kind)
    return found
