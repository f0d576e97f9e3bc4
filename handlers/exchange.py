"""What is told of offers in another currency than their supplier's when there is no rate that counts."""

from bookingd.domain.exchange import NoRate
from bookingd.domain.offers import Offer
from bookingd.domain.stays import StayOffer
from handlers.errors import FieldError, Problem
from handlers.parts import Parts

BOOKING = "booking"
"""Where a sale is refused, for metrics."""


def check_rate(parts: Parts, offer: Offer) -> None:
    """Raises Problem where an offer that is to be booked was converted by a rate that is too old now."""
    if offer.supplied is None:
        return
    try:
        parts.settings.exchange.terms.check(offer.supplied.rate, today=parts.sources.clock.now().date())
    except NoRate as error:
        parts.metrics.exchange.refused(BOOKING, error.reason).inc()
        raise no_rate(offer, field="offer_id") from error


def no_rate(offer: Offer | StayOffer, *, field: str | None = None) -> Problem:
    """That it is not sold, and why; `field` is what named it."""
    if offer.supplied is None:
        raise ValueError(f"offer {offer.id} was not converted")
    rate = offer.supplied.rate
    words = (
        f"This offer was converted from {rate.base} into {rate.quote} at the exchange rate of {rate.day},"
        f" which is too old to be sold at. Search again, or in {rate.base}."
    )
    errors = [FieldError(field=field, code="no_exchange_rate", message=words)] if field else []
    return Problem("no-exchange-rate", words, errors=errors)
