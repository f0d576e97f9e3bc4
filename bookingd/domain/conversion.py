"""Offers in another currency than their supplier's: each line of a price converted, and back to the supplier.

Its one rule: nothing is ever converted back. A converted offer keeps what it was made of, so that the
supplier is asked about its own offer, and what it answers is converted by the same frozen rate: what differs
then is what the supplier has changed (P8).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from bookingd.domain.exchange import FrozenRate
from bookingd.domain.flights import Conditions
from bookingd.domain.money import CurrencyMismatch, Money, rounded
from bookingd.domain.offers import Offer, SuppliedFlight
from bookingd.domain.prices import Price, PriceLine
from bookingd.domain.stays import CancellationStep, Included, StayOffer, StayTerms, SuppliedStay

O = TypeVar("O", Offer, StayOffer)  # noqa: E741 - an offer of either kind


def converted(offers: Iterable[O], rate: FrozenRate) -> list[O]:
    """Offers in the currency that `rate` is from, in the one that it is to.

    Raises CurrencyMismatch for an offer in another one.
    """
    converter = _Converter(rate)
    return [converter.offer(offer) for offer in offers]


def converted_price(price: Price, rate: FrozenRate) -> Price:
    """The same of a price alone."""
    return _Converter(rate).price(price)


def as_supplied(offer: O) -> O:
    """The offer as its supplier knows it."""
    match offer:
        case Offer(supplied=SuppliedFlight() as flight):
            itinerary = replace(offer.itinerary, conditions=flight.conditions)
            return replace(offer, price=flight.price, itinerary=itinerary, supplied=None)
        case StayOffer(supplied=SuppliedStay() as stay):
            return replace(offer, price=stay.price, terms=stay.terms, included=stay.included, supplied=None)
    return offer


def as_sold(supplied: O, *, shown: O) -> O:
    """What a supplier answered about an offer, in the currency and at the rate at which it was shown.

    Raises CurrencyMismatch where the supplier has changed its currency.
    """
    if shown.supplied is None:
        return supplied
    return _Converter(shown.supplied.rate).offer(supplied)


def supplied_price(offer: Offer | StayOffer) -> Price:
    """An offer's price in its supplier's currency."""
    return offer.supplied.price if offer.supplied else offer.price


def pairs(offer: Offer | StayOffer) -> Sequence[tuple[PriceLine, PriceLine]]:
    """Each line of an offer's price as it is sold, and as the supplier has it; the same where that is one."""
    return list(zip(offer.price.lines, supplied_price(offer).lines, strict=True))


class _Converter:
    """Converts by one rate. Offers of a search share lines: each is converted once."""

    def __init__(self, rate: FrozenRate) -> None:
        self._rate = rate
        self._numerator, self._denominator = rate.factor.as_integer_ratio()
        self._lines: dict[int, tuple[PriceLine, PriceLine]] = {}
        self._known: dict[int, tuple[Conditions, Conditions]] = {}

    def offer(self, offer: O) -> O:
        match offer:
            case Offer():
                return self._flight(offer)
            case StayOffer():
                return self._stay(offer)

    def price(self, price: Price) -> Price:
        self._money(Money.zero(price.currency))
        return Price(currency=self._rate.quote, lines=tuple([self._line(line) for line in price.lines]))

    def _flight(self, offer: Offer) -> Offer:
        conditions = offer.itinerary.conditions
        return replace(
            offer,
            itinerary=replace(offer.itinerary, conditions=self._conditions(conditions)),
            price=self.price(offer.price),
            supplied=SuppliedFlight(rate=self._rate, price=offer.price, conditions=conditions),
        )

    def _stay(self, offer: StayOffer) -> StayOffer:
        price = self.price(offer.price)
        return replace(
            offer,
            price=price,
            terms=self._terms(offer.terms, offer.price.total, price.total),
            included=tuple(
                Included(label=one.label, amount=self._money(one.amount)) for one in offer.included
            ),
            supplied=SuppliedStay(
                rate=self._rate, price=offer.price, terms=offer.terms, included=offer.included
            ),
        )

    def _line(self, line: PriceLine) -> PriceLine:
        """The source is kept beside what became of it: while it lives, nothing else has its id."""
        known = self._lines.get(id(line))
        if known is None:
            known = self._lines[id(line)] = line, _with(line, self._money(line.each))
        return known[1]

    def _terms(self, terms: StayTerms, before: Money, after: Money) -> StayTerms:
        """A fee of all that the stay costs is that here too, though the total is a sum of rounded lines."""
        steps = []
        for step in terms.cancellation:
            fee = after if step.fee == before else min(self._money(step.fee), after)
            steps.append(CancellationStep(until=step.until, fee=fee))
        return replace(terms, cancellation=tuple(steps))

    def _conditions(self, conditions: Conditions) -> Conditions:
        known = self._known.get(id(conditions))
        if known is None:
            made = replace(
                conditions,
                change_fee=self._fee(conditions.change_fee),
                cancel_fee=self._fee(conditions.cancel_fee),
            )
            known = self._known[id(conditions)] = conditions, made
        return known[1]

    def _fee(self, fee: int | None) -> int | None:
        return None if fee is None else self._minor(fee)

    def _money(self, amount: Money) -> Money:
        if amount.currency != self._rate.base:
            raise CurrencyMismatch(
                f"an amount in {amount.currency} cannot be sold by a rate of {self._rate.base}"
            )
        return Money(self._minor(amount.amount), self._rate.quote)

    def _minor(self, amount: int) -> int:
        return rounded(amount * self._numerator, self._denominator)


def _with(line: PriceLine, each: Money) -> PriceLine:
    """The line with another amount, without asking for its fields each time: a search has thousands."""
    return PriceLine(
        kind=line.kind,
        each=each,
        count=line.count,
        passenger=line.passenger,
        room=line.room,
        at_property=line.at_property,
        rule=line.rule,
        label=line.label,
    )
