"""Offers in another currency than the supplier's: asked for, shown with their rate, refused if it is old."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bookingd.config import Settings
from bookingd.config.sections import Exchange
from bookingd.domain.conversion import converted
from bookingd.domain.offers import Offer
from bookingd.messages.search import FareCalendar, OfferChecked, OfferStatus, SearchFlights, SupplierStatus
from bookingd.storage import offers
from bookingd.storage.database import Connection
from tests import factories
from tests.fakes.inventory import plant_world
from tests.fakes.sources import START
from tests.handlers.conftest import CRITERIA, PUBLIC, Api, MakeApi
from tests.rates import frozen

WAY = {"origin": "FRA", "destination": "JFK", "depart": "2026-12-02", "adults": "1"}
RATE = frozen(day=START.date())


def in_dollars() -> Offer:
    (sold,) = converted([factories.offer()], RATE)
    return sold


async def shown(api: Api) -> Offer:
    """An offer in dollars that was shown to somebody."""
    async with api.parts.database.transaction() as connection:
        (kept,) = await offers.save(
            connection,
            kind=offers.FLIGHTS,
            set_id=api.parts.sources.ids.new(),
            criteria=CRITERIA,
            found=[replace(in_dollars(), expires_at=START + timedelta(days=9))],
            now=api.clock.now(),
            expires_at=START + timedelta(days=9),
        )
    return kept


async def search(api: Api, **asked: str) -> Any:
    return await api.get("/v1/flights/offers?" + "&".join(f"{k}={v}" for k, v in (WAY | asked).items()))


async def test_another_currency_is_asked_for_and_prices_are_in_it(api: Api) -> None:
    api.search.offers = [in_dollars()]

    found = await search(api, currency="usd")

    assert api.status == 200, found
    (query,) = api.search.asked
    assert isinstance(query, SearchFlights)
    assert query.criteria.currency == "USD"
    assert found["currency"] == found["price"]["min"]["currency"] == "USD"
    assert found["offers"][0]["exchange"] == {
        "from": "EUR",
        "to": "USD",
        "rate": "1.109352",
        "middle_rate": "1.0876",
        "margin_percent": "2",
        "day": START.date().isoformat(),
        "total": {"amount": 10_000, "currency": "EUR", "decimal": "100.00"},
        "at_property": {"amount": 0, "currency": "EUR", "decimal": "0.00"},
    }
    assert found["offers"][0]["price"]["total"]["decimal"] == "110.94"


async def test_prices_are_filtered_and_counted_in_the_currency_that_was_asked_for(api: Api) -> None:
    api.search.offers = [in_dollars()]

    assert (await search(api, currency="USD", max_price="11000"))["count"] == 0
    found = await search(api, currency="USD", max_price="11094")

    assert found["count"] == 1
    assert found["price"]["histogram"][0]["low"] <= 11_094 < found["price"]["histogram"][0]["high"]


async def test_searches_of_two_currencies_are_two(api: Api) -> None:
    api.search.offers = [factories.offer()]
    assert (await search(api))["count"] == 1

    assert (await search(api, currency="USD"))["count"] == 0  # the supplier answered in euros

    assert len(api.search.asked) == 2


async def test_the_agencys_own_currency_shows_no_rate(api: Api) -> None:
    api.search.offers = [factories.offer()]

    found = await search(api, currency="EUR")

    assert "exchange" not in found["offers"][0]


async def test_a_supplier_without_a_rate_is_named(api: Api) -> None:
    api.search.suppliers = {"inventory": SupplierStatus.NO_RATE}

    found = await search(api, currency="USD")

    assert (api.status, found["suppliers"], found["complete"]) == (200, {"inventory": "no_rate"}, False)


async def test_an_installation_of_one_currency_sells_in_that_alone(
    make_api: MakeApi, owner_connection: Connection
) -> None:
    await plant_world(owner_connection)
    api = await make_api(settings=Settings(public_url=PUBLIC, exchange=Exchange(currencies=())))

    problem = await search(api, currency="USD")

    assert api.status == 422
    assert problem["errors"][0]["message"] == "Prices are in EUR only."


async def test_what_is_sold_in_is_named(api: Api) -> None:
    problem = await search(api, currency="SEK")

    assert problem["errors"][0]["message"] == "Prices are in EUR, CHF, GBP or USD."


async def test_a_calendars_days_lead_to_searches_in_its_currency(api: Api) -> None:
    days = "origin=FRA&destination=JFK&from=2026-12-02&to=2026-12-02"

    dollars = await api.get(f"/v1/flights/calendar?{days}&currency=USD")
    own = await api.get(f"/v1/flights/calendar?{days}")

    assert (dollars["currency"], own["currency"]) == ("USD", "EUR")
    first, second = api.search.asked
    assert isinstance(first, FareCalendar)
    assert isinstance(second, FareCalendar)
    assert (first.criteria.currency, second.criteria.currency) == ("USD", "EUR")
    assert dollars["days"][0]["search"].endswith("&currency=USD")
    assert "currency" not in own["days"][0]["search"]


async def test_an_offer_whose_rate_is_too_old_is_a_problem_that_says_why(api: Api) -> None:
    api.search.checked = OfferChecked(status=OfferStatus.NO_RATE, offer=in_dollars())

    problem = await api.get("/v1/offers/of_1")

    assert (api.status, problem["type"]) == (409, "/problems/no-exchange-rate")
    assert "from EUR into USD at the exchange rate of 2026-11-22, which is too old" in problem["detail"]


async def test_an_offer_is_booked_and_shown_with_its_rate(api: Api) -> None:
    accepted = await api.book(api.order(await shown(api)))
    assert api.status == 202, accepted

    booking = await api.get(f"/v1/bookings/{accepted['reference']}")

    assert booking["total"] == {"amount": 11_094, "currency": "USD", "decimal": "110.94"}
    assert booking["items"][0]["exchange"]["rate"] == "1.109352"


@pytest.mark.parametrize(("days", "status"), [(3, 202), (4, 409)])
async def test_an_offer_whose_rate_has_become_too_old_is_not_booked(api: Api, days: int, status: int) -> None:
    """A Sunday's rate is three business days old on Wednesday."""
    order = api.order(await shown(api))
    api.clock.advance(timedelta(days=days).total_seconds())

    problem = await api.book(order)

    assert api.status == status
    if status == 409:
        assert problem["type"] == "/problems/no-exchange-rate"
        assert problem["errors"][0]["field"] == "offer_id"
        assert await api.count("bookings") == 0
        refused = api.parts.metrics.registry.get_sample_value(
            "bookingd_exchange_refused_total", {"where": "booking", "reason": "too_old"}
        )
        assert refused == 1
