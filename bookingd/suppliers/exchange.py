"""Suppliers' offers in whatever currency the agency sells in.

Its one rule: a supplier hears of its own currencies only. Whoever asks for another one gets its offers at the
newest rate, which is frozen in each of them; without a rate that counts there are none, and that is told.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Generic, TypeVar

from bookingd.domain.conversion import as_sold, as_supplied, converted, converted_price
from bookingd.domain.exchange import ExchangeTerms, FrozenRate, NoRate
from bookingd.domain.fare_calendar import CalendarCriteria
from bookingd.domain.offers import Offer
from bookingd.domain.prices import Price
from bookingd.domain.search import FlightCriteria
from bookingd.domain.stays import StayCriteria, StayOffer
from bookingd.sources import Clock
from bookingd.storage.database import Database
from bookingd.storage.rates import CurrentRates
from bookingd.suppliers.guard import Source
from bookingd.suppliers.own_database import asking
from bookingd.suppliers.port import CalendarSource, Found, LowestFares
from bookingd.telemetry.metrics import ExchangeMetrics

O = TypeVar("O", Offer, StayOffer)  # noqa: E741 - an offer of either kind
C = TypeVar("C", FlightCriteria, StayCriteria)

SEARCH, OFFER = "search", "offer"
"""Where a sale is refused, for metrics."""


class RateDesk:
    """Gives the rates of now, and counts what it refuses."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        rates: CurrentRates,
        terms: ExchangeTerms,
        metrics: ExchangeMetrics,
    ) -> None:
        self._database = database
        self._clock = clock
        self._rates = rates
        self._terms = terms
        self._metrics = metrics

    async def rates_into(self, quote: str, bases: Sequence[str]) -> dict[str, FrozenRate]:
        """The rates from those of `bases` from which there is one that counts. Raises Unavailable."""
        if not bases:
            return {}
        today = self._today()
        async with asking(self._database, "exchange rates") as connection:
            sheet = await self._rates.get(connection, today=today)
        found: dict[str, FrozenRate] = {}
        for base in bases:
            try:
                found[base] = self._terms.freeze(sheet, base=base, quote=quote, today=today)
            except NoRate as error:
                self._metrics.refused(SEARCH, error.reason).inc()
        return found

    def check(self, rate: FrozenRate) -> None:
        """Raises NoRate where an offer with this rate is not sold any more."""
        try:
            self._terms.check(rate, today=self._today())
        except NoRate as error:
            self._metrics.refused(OFFER, error.reason).inc()
            raise

    def _today(self) -> date:
        return self._clock.now().date()


class Exchanging(Generic[O, C]):
    """A source whose offers are sold in other currencies than its own, too."""

    def __init__(self, source: Source[O, C], *, currencies: Sequence[str], desk: RateDesk) -> None:
        """`currencies` are those of the source's prices."""
        self._source: Source[O, C] = source
        self._currencies = currencies
        self._desk = desk

    @property
    def name(self) -> str:
        """Of the source."""
        return self._source.name

    async def search(self, criteria: C) -> Found[O]:
        """As of the source, in the currency of the criteria. Raises what the source raises."""
        others = [one for one in self._currencies if one != criteria.currency]
        rates = await self._desk.rates_into(criteria.currency, others)
        asked = [one for one in self._currencies if one not in others or one in rates]
        calls = [self._source.search(replace(criteria, currency=currency)) for currency in asked]
        found: list[Found[O]] = await asyncio.gather(*calls)
        offers: list[O] = []
        for currency, one in zip(asked, found, strict=True):
            offers += await _sold(one.offers, rates.get(currency))
        return Found(
            offers=offers,
            complete=all(one.complete for one in found),
            unconverted=len(rates) < len(others),
        )

    async def check(self, offer: O) -> O:
        """As of the source, at the rate that is frozen in the offer.

        Raises what the source raises, and NoRate where that rate is too old.
        """
        if offer.supplied is None:
            return await self._source.check(offer)
        self._desk.check(offer.supplied.rate)
        return as_sold(await self._source.check(as_supplied(offer)), shown=offer)


class ExchangingCalendar:
    """The same for a source of lowest fares."""

    def __init__(self, source: CalendarSource, *, currencies: Sequence[str], desk: RateDesk) -> None:
        self._source = source
        self._currencies = currencies
        self._desk = desk

    @property
    def name(self) -> str:
        """Of the source."""
        return self._source.name

    async def lowest(self, criteria: CalendarCriteria) -> LowestFares:
        """As of the source, in the currency of the criteria. Raises what the source raises."""
        others = [one for one in self._currencies if one != criteria.currency]
        rates = await self._desk.rates_into(criteria.currency, others)
        lowest: dict[date, Price] = {}
        for currency in (one for one in self._currencies if one not in others or one in rates):
            found = await self._source.lowest(replace(criteria, currency=currency))
            for day, price in found.prices.items():
                sold = converted_price(price, rates[currency]) if currency in rates else price
                if day not in lowest or sold.total < lowest[day].total:
                    lowest[day] = sold
        return LowestFares(prices=lowest, unconverted=len(rates) < len(others))


async def _sold(offers: Sequence[O], rate: FrozenRate | None) -> Sequence[O]:
    """Hundreds of offers are tens of milliseconds: not on the event loop."""
    return offers if rate is None or not offers else await asyncio.to_thread(converted, offers, rate)
