"""The lowest fares of own flights over many days: as many searches, of which hardly anything is priced.

Its one rule: a day's fare is that of the cheapest offer of the search of that day, to the cent. So ways are
found by the statement of the search, journeys are chosen by its rule, and prices are made by its pricer, but
only of those journeys that can be the cheapest. No price is below what the base fares come to in the cheapest
family of all, with the taxes where it begins, since whatever is added (markup, fees) is not below zero: what
is above the lowest price so far by this reckoning need not be priced.

There and back, ways with more connections than wanted are not even looked for at first: a search has its
share of the cheapest journeys without them whatever else it finds. Where the lowest price is not surely among
these, the day is searched as the search does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from bookingd.domain.combinations import DIRECT_SHARE, Journey, cheapest, choose
from bookingd.domain.connections import ConnectionRules, Way
from bookingd.domain.fare_calendar import CalendarCriteria
from bookingd.domain.network import Network, Path
from bookingd.domain.price_rules import RuleBook
from bookingd.domain.prices import Price
from bookingd.domain.search import MOST_STOPS
from bookingd.sources import Clock
from bookingd.storage import inventory
from bookingd.storage.database import Connection, Database
from bookingd.storage.fare_calendar import least_share
from bookingd.storage.journeys import Search, journeys
from bookingd.storage.networks import CurrentNetwork
from bookingd.suppliers.inventory import LEAD, MOST_JOURNEYS, WAYS, Rules
from bookingd.suppliers.inventory_pricing import Departures, Pricer, read_facts
from bookingd.suppliers.own_database import asking
from bookingd.suppliers.own_stock import NAME
from bookingd.suppliers.port import LowestFares

DAYS_AT_ONCE = 7
"""Searches of one statement; others use the process between two of them."""
FEW = 3
"""Journeys of a day that are priced at first."""
SURE = MOST_JOURNEYS // DIRECT_SHARE
"""So many of the cheapest journeys with no more than one connection a slice are in every search."""
WHOLE_FARE = 10_000 * 10_000
"""What a share is of: family by passenger factor, both in basis points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A journey, by the sum of its base fares."""

    base: int
    ways: tuple[Departures, ...]
    begins: tuple[str, ...]
    """The airport where each way begins."""

    @classmethod
    def of(cls, journey: Journey) -> "_Candidate":
        return cls(
            base=sum(way.base for way in journey),
            ways=tuple(way.departures for way in journey),
            begins=tuple(way.origin for way in journey),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was found of a day."""

    candidates: Sequence[_Candidate]
    """The lowest base fares first."""
    beyond: int | None = None
    """The base fares of the cheapest one that was left out; None: none was."""


class InventoryCalendar:
    """The lowest fares of the flight source `inventory`."""

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

    async def lowest(self, criteria: CalendarCriteria) -> LowestFares:
        """The lowest fare of each day on which there is one. Raises Unavailable."""
        days, found = list(criteria.days), dict[date, Price]()
        for first in range(0, len(days), DAYS_AT_ONCE):
            some = days[first : first + DAYS_AT_ONCE]
            async with asking(self._database, "own flights") as connection:
                found |= await self._lowest_of(connection, criteria, some)
        return LowestFares(prices=found)

    async def _lowest_of(
        self, connection: Connection, criteria: CalendarCriteria, days: Sequence[date]
    ) -> Mapping[date, Price]:
        now = self._clock.now()
        rules = await self._rules.get(connection, now=now)
        prices = _Prices(connection, criteria=criteria, rules=rules, now=now)
        found = await self._look(connection, criteria, days, now, thoroughly=_needs_all(criteria))
        await prices.make(found)
        if unsure := [day for day in days if prices.may_be_lower_beyond(day, found[day])]:
            await prices.make(await self._look(connection, criteria, unsure, now, thoroughly=True))
        return prices.lowest

    async def _look(
        self,
        connection: Connection,
        criteria: CalendarCriteria,
        days: Sequence[date],
        now: datetime,
        *,
        thoroughly: bool,
    ) -> dict[date, _Found]:
        """What can be the cheapest of each day. `thoroughly`: among all that the search of the day prices."""
        max_stops = MOST_STOPS if thoroughly else criteria.max_stops
        paths = self._paths(await self._network.get(connection), criteria, max_stops)
        ways = await journeys(
            connection,
            searches=[
                Search(paths=along, first_day=part.day, last_day=part.day)
                for day in days
                for part, along in zip(criteria.search(day).slices, paths, strict=True)
            ],
            cabin=criteria.cabin,
            seats=criteria.party.seats,
            leaving_after=now + LEAD,
            rules=self._connections,
            currency=criteria.currency,
            most=WAYS,
        )
        each = 1 if criteria.stay_nights is None else 2
        found: dict[date, _Found] = {}
        for number, day in enumerate(days):
            slices = [one.ways for one in ways[number * each : (number + 1) * each]]
            found[day] = _as_searched(slices, criteria.max_stops) if thoroughly else _cheapest(slices)
            await self._clock.sleep(0)  # for whoever else wants the process
        return found

    def _paths(self, network: Network, criteria: CalendarCriteria, max_stops: int) -> list[list[Path]]:
        """Along which airports each slice may lead: the same on every day."""
        return [
            list(
                network.paths(
                    network.airports(part.origin),
                    network.airports(part.destination),
                    rules=self._connections,
                    most_stops=max_stops,
                )
            )
            for part in criteria.search(criteria.first_day).slices
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounds:
    """What a party pays at least."""

    share: int
    """Of the base fares, in parts of WHOLE_FARE."""
    taxes: Mapping[str, int]
    """Where a way begins, by airport."""
    size: int
    """Of the party: each passenger's fare on each flight is rounded by itself."""

    def of(self, candidate: _Candidate) -> int:
        """No offer of that journey costs less."""
        flights = sum(len(way) for way in candidate.ways)
        return self._least(candidate.base, flights, [self._tax(airport) for airport in candidate.begins])

    def beyond(self, base: int, like: Sequence[_Candidate], *, stops: int) -> int:
        """No offer of journeys with these base fares or higher ones, and ends like those, costs less."""
        ends = zip(*(one.begins for one in like), strict=True)
        taxes = [min(self._tax(airport) for airport in airports) for airports in ends]
        return self._least(base, len(taxes) * (stops + 1), taxes)

    def _tax(self, airport: str) -> int:
        return self.taxes.get(airport, 0)

    def _least(self, base: int, flights: int, taxes: Sequence[int]) -> int:
        return base * self.share // WHOLE_FARE - flights * self.size + sum(taxes)


class _Prices:
    """The lowest price of each day so far."""

    def __init__(
        self, connection: Connection, *, criteria: CalendarCriteria, rules: RuleBook, now: datetime
    ) -> None:
        self._connection = connection
        self._criteria = criteria
        self._rules = rules
        self._now = now
        self.lowest: dict[date, Price] = {}

    async def make(self, found: Mapping[date, _Found]) -> None:
        """Price what can be the cheapest: a few of each day, then those that may be cheaper than these."""
        self._bounds = await self._bounds_of(found)
        await self._price({day: one.candidates[:FEW] for day, one in found.items()})
        await self._price({day: self._worth(day, one.candidates[FEW:]) for day, one in found.items()})

    def may_be_lower_beyond(self, day: date, found: _Found) -> bool:
        """Whether what was left out may be cheaper than what is known."""
        if found.beyond is None:
            return False
        least = self._bounds.beyond(found.beyond, found.candidates, stops=self._criteria.max_stops)
        return day not in self.lowest or least < self.lowest[day].total.amount

    def _worth(self, day: date, candidates: Sequence[_Candidate]) -> list[_Candidate]:
        known = self.lowest[day].total.amount if day in self.lowest else None
        return [one for one in candidates if known is None or self._bounds.of(one) < known]

    async def _price(self, candidates: Mapping[date, Sequence[_Candidate]]) -> None:
        criteria = self._criteria
        wanted = [one for some in candidates.values() for one in some]
        if not wanted:
            return
        keys = [(leg, criteria.cabin) for one in wanted for way in one.ways for leg in way]
        facts = await read_facts(self._connection, keys=keys, currency=criteria.currency)
        pricer = Pricer(
            facts=facts, rules=self._rules, cabin=criteria.cabin, party=criteria.party, sold_at=self._now
        )
        for day, some in candidates.items():
            prices = [quote.price for one in some for quote in pricer.quotes(one.ways)]
            if day in self.lowest:
                prices.append(self.lowest[day])
            if prices:
                self.lowest[day] = min(prices, key=lambda price: price.total.amount)

    async def _bounds_of(self, found: Mapping[date, _Found]) -> _Bounds:
        criteria, party = self._criteria, self._criteria.party
        share = await least_share(
            self._connection, cabin=criteria.cabin, party=party, currency=criteria.currency
        )
        airports = {airport for one in found.values() for some in one.candidates for airport in some.begins}
        taxes = await inventory.taxes(self._connection, airports=airports, currency=criteria.currency)
        return _Bounds(
            share=share or 0,
            taxes={
                airport: sum(tax.amounts[kind].amount * count for tax in some for kind, count in party.heads)
                for airport, some in taxes.items()
            },
            size=party.size,
        )


def _needs_all(criteria: CalendarCriteria) -> bool:
    """Whether no journeys are surely in the search: those with two connections have no share of their own."""
    return criteria.stay_nights is not None and criteria.max_stops > 1


def _cheapest(slices: Sequence[Sequence[Way]]) -> _Found:
    """All ways, or of journeys there and back those that are surely in the search."""
    if len(slices) == 1:
        (ways,) = slices
        return _Found(candidates=sorted((_Candidate.of((way,)) for way in ways), key=_by_base))
    first = [_Candidate.of(journey) for journey in islice(cheapest(slices), SURE + 1)]
    return _Found(candidates=first[:SURE], beyond=first[SURE].base if len(first) > SURE else None)


def _as_searched(slices: Sequence[Sequence[Way]], max_stops: int) -> _Found:
    """The journeys that the search of the day prices, without those that change planes too often."""
    chosen, _ = choose(slices, most=MOST_JOURNEYS)
    wanted = [journey for journey in chosen if all(way.connections <= max_stops for way in journey)]
    return _Found(candidates=sorted(map(_Candidate.of, wanted), key=_by_base))


def _by_base(candidate: _Candidate) -> tuple[int, tuple[Departures, ...]]:
    return candidate.base, candidate.ways
