"""Own flights as a supplier: offers made of what is in PostgreSQL now.

Its one rule: an offer is a hint. It is priced here, checked here, and decided only by
`bookingd.storage.stock.hold`, after which `Repricer` says what it costs at that moment.

What a search finds is bounded, so that its cost is too: WAYS of each slice and number of connections (see
`bookingd.storage.journeys`), and MOST_JOURNEYS combinations of these (`bookingd.domain.combinations`), each
in all families. Whether something was left out is told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from bookingd.domain.combinations import choose
from bookingd.domain.connections import ConnectionRules
from bookingd.domain.conversion import as_sold, as_supplied
from bookingd.domain.flights import Itinerary
from bookingd.domain.ids import OfferId
from bookingd.domain.network import Network
from bookingd.domain.offers import Offer
from bookingd.domain.price_rules import RuleBook
from bookingd.domain.search import FlightCriteria, WantedSlice
from bookingd.outcomes import Refused
from bookingd.sources import Clock
from bookingd.storage.database import Connection, Database
from bookingd.storage.journeys import Search, journeys
from bookingd.storage.networks import CurrentNetwork
from bookingd.storage.stock import StockKey
from bookingd.suppliers.inventory_pricing import Departures, Facts, Pricer, Quote, read_facts
from bookingd.suppliers.own_database import asking
from bookingd.suppliers.own_stock import NAME
from bookingd.suppliers.port import SOLD_OUT, Found

LEAD = timedelta(minutes=60)
"""Sales end this long before departure: check-in closes."""
WAYS = 100
"""Ways of a slice that are read, of each number of connections."""
MOST_JOURNEYS = 200
"""Ways, or combinations of them, that are priced: 600 offers in the usual three families."""
PRICED_AT_ONCE = 40
"""Journeys before others have the process; some three milliseconds."""


class Rules(Protocol):
    """Where the price rules in effect come from."""

    async def get(self, connection: Connection, *, now: datetime) -> RuleBook:
        """The book in effect at `now`."""
        ...


class InventoryFlights:
    """The flight source `inventory`."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        rules: Rules,
        connections: ConnectionRules | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._rules = rules
        self._connections = connections or ConnectionRules()
        self._network = CurrentNetwork()

    @property
    def name(self) -> str:
        return NAME

    async def search(self, criteria: FlightCriteria) -> Found[Offer]:
        """Offers without ids, good until their sale ends, the cheapest first.

        Nothing in another currency than that of our fares. Raises Unavailable when the database cannot be
        asked.
        """
        now = self._clock.now()
        async with asking(self._database, "own flights") as connection:
            network = await self._network.get(connection)
            found = await journeys(
                connection,
                searches=[self._search(part, criteria, network) for part in criteria.slices],
                cabin=criteria.cabin,
                seats=criteria.party.seats,
                leaving_after=now + LEAD,
                rules=self._connections,
                currency=criteria.currency,
                most=WAYS,
            )
            chosen, all_chosen = choose([one.ways for one in found], most=MOST_JOURNEYS)
            wanted = [tuple(way.departures for way in journey) for journey in chosen]
            keys = [(one, criteria.cabin) for journey in wanted for way in journey for one in way]
            facts = await read_facts(connection, keys=keys, currency=criteria.currency)
            rules = await self._rules.get(connection, now=now)
        pricer = Pricer(facts=facts, rules=rules, cabin=criteria.cabin, party=criteria.party, sold_at=now)
        offers: list[Offer] = []
        for number, journey in enumerate(wanted, start=1):
            offers += [_offer(quote, criteria, now) for quote in pricer.quotes(journey)]
            if number % PRICED_AT_ONCE == 0:
                await self._clock.sleep(0)  # for whoever else wants the process
        offers.sort(key=lambda offer: offer.total.amount)
        return Found(offers=offers, complete=all_chosen and all(one.complete for one in found))

    def _search(self, part: WantedSlice, criteria: FlightCriteria, network: Network) -> Search:
        flexible = timedelta(days=criteria.flexible_days)
        paths = network.paths(
            network.airports(part.origin, part.nearby_origins),
            network.airports(part.destination, part.nearby_destinations),
            rules=self._connections,
            most_stops=criteria.max_stops,
        )
        return Search(paths=list(paths), first_day=part.day - flexible, last_day=part.day + flexible)

    async def check(self, offer: Offer) -> Offer:
        """The offer as it is now, seats included; it lasts no longer than it was shown to.

        Raises Refused (`sold_out`, `gone`) and Unavailable.
        """
        now = self._clock.now()
        async with asking(self._database, "own flights") as connection:
            facts = await read_facts(connection, keys=keys_of(offer), currency=offer.price.currency)
            rules = await self._rules.get(connection, now=now)
        _refuse_what_is_gone(offer, facts, now)
        quote = _same_family(offer, facts, rules, now)
        if quote is None:
            raise Refused("gone", f"the fare {offer.itinerary.conditions.family} is no longer sold")
        if quote.seats_left < offer.party.seats:
            raise Refused(SOLD_OUT, f"{quote.seats_left} seats left for {offer.party.seats} passengers")
        return _as_quoted(offer, quote)


class Repricer:
    """What offers cost at the moment their seats have been taken, within the same transaction."""

    def __init__(self, *, clock: Clock, rules: Rules) -> None:
        self._clock = clock
        self._rules = rules

    async def __call__(self, connection: Connection, offers: Sequence[Offer]) -> list[Offer]:
        """The offers at today's fares and conditions, in the same order; four queries for all.

        Where the fare family is no longer sold, the most flexible one that is takes its place, and the
        traveller is asked (P8); where none is, the offer stands as it was shown. An offer that is sold in
        another currency is priced in its own, and converted by the rate that is frozen in it.
        """
        repriced = await self._reprice(connection, [as_supplied(offer) for offer in offers])
        return [as_sold(now, shown=shown) for now, shown in zip(repriced, offers, strict=True)]

    async def _reprice(self, connection: Connection, offers: Sequence[Offer]) -> list[Offer]:
        now = self._clock.now()
        rules = await self._rules.get(connection, now=now)
        by_currency = {
            currency: await read_facts(
                connection,
                keys=[key for offer in offers for key in keys_of(offer)],
                currency=currency,
            )
            for currency in {offer.price.currency for offer in offers}
        }
        return [self._repriced(offer, by_currency[offer.price.currency], rules, now) for offer in offers]

    def _repriced(self, offer: Offer, facts: Facts, rules: RuleBook, now: datetime) -> Offer:
        quote = _same_family(offer, facts, rules, now) or _most_flexible(offer, facts, rules, now)
        return offer if quote is None else _as_quoted(offer, quote)


def keys_of(offer: Offer) -> list[StockKey]:
    """The stock rows that an offer of own inventory needs."""
    return [(int(one.supplier_key), offer.itinerary.cabin) for one in offer.itinerary.segments]


def _offer(quote: Quote, criteria: FlightCriteria, now: datetime) -> Offer:
    return Offer(
        id=OfferId(""),
        supplier=NAME,
        itinerary=quote.itinerary,
        party=criteria.party,
        price=quote.price,
        seats_left=quote.seats_left,
        made_at=now,
        expires_at=_last_sale(quote.itinerary),
    )


def _last_sale(itinerary: Itinerary) -> datetime:
    return itinerary.slices[0].departs_at - LEAD


def _refuse_what_is_gone(offer: Offer, facts: Facts, now: datetime) -> None:
    legs = [facts.legs.get(key) for key in keys_of(offer)]
    if not all(leg is not None and not leg.cancelled for leg in legs):
        raise Refused("gone", "a flight is cancelled or no longer sold")
    if _last_sale(offer.itinerary) < now:
        raise Refused("gone", "sales for the first flight have ended")


def _same_family(offer: Offer, facts: Facts, rules: RuleBook, now: datetime) -> Quote | None:
    """The offer's itinerary in its own family, as it is now; None where that is no longer sold."""
    family = offer.itinerary.conditions.family
    return next(iter(_quotes(offer, facts, rules, now, family=family)), None)


def _most_flexible(offer: Offer, facts: Facts, rules: RuleBook, now: datetime) -> Quote | None:
    return next(reversed(_quotes(offer, facts, rules, now)), None)


def _quotes(
    offer: Offer, facts: Facts, rules: RuleBook, now: datetime, *, family: str | None = None
) -> list[Quote]:
    """The offer's itinerary in every family, or the one named; none where a departure is unknown."""
    if any(key not in facts.legs for key in keys_of(offer)):
        return []
    pricer = Pricer(facts=facts, rules=rules, cabin=offer.itinerary.cabin, party=offer.party, sold_at=now)
    return pricer.quotes(list(_ways(offer.itinerary)), family=family)


def _ways(itinerary: Itinerary) -> Iterator[Departures]:
    for part in itinerary.slices:
        yield tuple(int(segment.supplier_key) for segment in part.segments)


def _as_quoted(offer: Offer, quote: Quote) -> Offer:
    return replace(offer, itinerary=quote.itinerary, price=quote.price, seats_left=quote.seats_left)
