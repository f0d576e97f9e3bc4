"""Packages over HTTP: flights there and back, own hotels for the nights between, one price."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from bookingd.domain.conversion import converted
from bookingd.domain.flights import Itinerary, Slice
from bookingd.domain.ids import OfferId
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.passengers import Party
from bookingd.domain.places import instant
from bookingd.messages.search import OfferChecked, OfferStatus, SearchFlights, SupplierStatus
from bookingd.storage import prices, rates
from bookingd.storage.database import Connection
from tests import factories
from tests.fakes.sources import START
from tests.handlers.conftest import AMADOU, CONTACT, Api
from tests.handlers.own_hotels import OwnHotelsBehind
from tests.handlers.test_live import connected
from tests.hotels import contract, hotel, sell
from tests.rates import frozen, sheet

LANDS, LEAVES = date(2026, 12, 2), date(2026, 12, 5)
TRIP = {"origin": "LHR", "destination": "FRA", "depart": LANDS.isoformat(), "return": LEAVES.isoformat()}
TWO = Party(adults=2)
TODAY = START.date()


def flight(
    number: int, *, total: int = 20_000, lands: str = "14:00", leaves: str = "11:00", airline: str = "LH"
) -> Offer:
    """From London to Frankfurt and back, at these clocks in Frankfurt."""
    arrives, departs = _frankfurt(LANDS, lands), _frankfurt(LEAVES, leaves)
    made = factories.offer(number, total=Money(total, "EUR"), for_party=TWO)
    out = replace(
        made.itinerary.segments[0],
        airline=airline,
        origin="LHR",
        destination="FRA",
        origin_zone="Europe/London",
        destination_zone="Europe/Berlin",
        departs_at=arrives - timedelta(minutes=95),
        arrives_at=arrives,
    )
    back = replace(
        out,
        supplier_key=f"{number}-back",
        origin="FRA",
        destination="LHR",
        origin_zone="Europe/Berlin",
        destination_zone="Europe/London",
        departs_at=departs,
        arrives_at=departs + timedelta(minutes=95),
    )
    itinerary = Itinerary(
        slices=(Slice(segments=(out,)), Slice(segments=(back,))),
        cabin=made.itinerary.cabin,
        conditions=made.itinerary.conditions,
    )
    expires = START + timedelta(hours=2)
    name = OfferId(f"of_{'A' * 22}{number:02}")
    return replace(made, id=name, itinerary=itinerary, expires_at=expires)


def _frankfurt(day: date, clock: str) -> datetime:
    return instant(day, datetime.strptime(clock, "%H:%M").time(), "Europe/Berlin")  # noqa: DTZ007 - a clock


@pytest.fixture
async def behind(api: Api, connection: Connection) -> OwnHotelsBehind:
    """Two hotels in Frankfurt, and the price rules that are shipped."""
    await sell(connection, contract(1, hotel=hotel(1, stars=5)), contract(2, hotel=hotel(2, stars=2)))
    await prices.seed_rules(connection, api.clock.now())
    api.clock.advance(timedelta(minutes=1))
    there = OwnHotelsBehind(api)
    await api.bus.serve(actor="search.hotels", backlog=8, receive=there.receive)
    return there


async def look(api: Api, found: Sequence[Offer], **asked: Any) -> Any:
    api.search.offers = [replace(one, made_at=api.clock.now()) for one in found]
    return await api.get("/v1/packages/offers", params={**TRIP, **asked})


def counts(facet: Sequence[Any]) -> dict[str, int]:
    return {one["value"]: one["count"] for one in facet}


@pytest.mark.parametrize(
    ("asked", "field", "code"),
    [
        ({"origin": "QQQ"}, "origin", "unknown_place"),
        ({"place": "QQQ"}, "place", "unknown_place"),
        ({"return": "2026-12-01"}, "return", "before_departure"),
        ({"return": LANDS.isoformat()}, "return", "same_day"),
        ({"return": "2027-01-20"}, "return", "too_long"),
        ({"depart": "2026-11-20"}, "depart", "past"),
        ({"room": "0"}, "room[0]", "adults"),
        ({"room": "2:18"}, "room[0]", "age"),
        ({"room": "2:0,1,1"}, "room", "infants_without_adults"),
        ({"room": "9:5"}, "room", "too_many"),
        ({"amenities": "heliport"}, "amenities", "unknown_amenity"),
        ({"airlines": "ZZ"}, "airlines", "unknown_airline"),
        ({"min_price": "9", "max_price": "8"}, "min_price", "contradiction"),
        ({"currency": "SEK"}, "currency", "currency"),
        ({"cursor": "abc"}, "cursor", "foreign_cursor"),
        ({"adults": "2"}, "adults", "unknown"),
    ],
)
async def test_what_cannot_be_meant_is_told_by_its_field(
    api: Api, behind: OwnHotelsBehind, asked: dict[str, str], field: str, code: str
) -> None:
    problem = await look(api, [], **asked)

    assert api.status == 422
    assert [(one["field"], one["code"]) for one in problem["errors"]] == [(field, code)]
    assert api.search.asked == []
    assert behind.searches == 0


async def test_guests_fly_and_hotels_are_asked_for_the_nights_between(
    api: Api, behind: OwnHotelsBehind
) -> None:
    answer = await look(api, [flight(1)])

    [asked] = api.search.asked
    assert isinstance(asked, SearchFlights)
    assert asked.criteria.party == TWO
    assert answer["count"] == 2
    first = answer["offers"][0]
    assert (first["stay"]["check_in"], first["stay"]["check_out"]) == ("2026-12-02", "2026-12-05")
    assert first["flight"]["id"] == flight(1).id
    assert answer["suppliers"] == {"flights": {"inventory": "answered"}, "hotels": {"inventory": "answered"}}
    assert answer["complete"]


async def test_the_price_is_that_of_both_less_the_discount(api: Api, behind: OwnHotelsBehind) -> None:
    answer = await look(api, [flight(1)])

    for one in answer["offers"]:
        price = one["price"]
        halves = one["flight"]["price"]["total"]["amount"] + one["stay"]["price"]["total"]["amount"]
        assert price["discount"]["amount"] < 0
        assert price["total"]["amount"] == halves + price["discount"]["amount"]
        assert sum(line["amount"]["amount"] for line in price["lines"]) == price["total"]["amount"]
        assert "net" not in str(one)


async def test_who_lands_after_midnight_has_the_night_before(api: Api, behind: OwnHotelsBehind) -> None:
    answer = await look(api, [flight(1, lands="00:40", leaves="01:30")])

    [stay, _] = [one["stay"] for one in answer["offers"]]
    assert (stay["check_in"], stay["check_out"]) == ("2026-12-01", "2026-12-04")


async def test_filters_of_both_halves_ask_nobody_again(api: Api, behind: OwnHotelsBehind) -> None:
    found = [flight(1, total=20_000, airline="LH"), flight(2, total=30_000, airline="UA")]
    await look(api, found)

    united = await look(api, found, airlines="UA", stars="5")

    assert [one["flight"]["id"] for one in united["offers"]] == [found[1].id]
    assert [one["stay"]["hotel"]["stars"] for one in united["offers"]] == [5]
    assert {one["value"]: one["count"] for one in united["facets"]["hotels"]["stars"]} == {"2": 1, "5": 1}
    assert {one["value"]: one["count"] for one in united["facets"]["flights"]["airlines"]} == {
        "LH": 1,
        "UA": 1,
    }
    assert (len(api.search.asked), behind.searches) == (1, 1)


async def test_prices_in_filters_are_those_of_packages(api: Api, behind: OwnHotelsBehind) -> None:
    whole = await look(api, [flight(1)])
    total = whole["offers"][0]["price"]["total"]["amount"]

    assert (await look(api, [flight(1)], max_price=str(total)))["count"] >= 1
    assert (await look(api, [flight(1)], max_price=str(total - 1)))["count"] == 0
    assert whole["price"]["min"]["amount"] == total


async def test_pages_go_on_where_they_ended(api: Api, behind: OwnHotelsBehind) -> None:
    first = await look(api, [flight(1)], limit="1")
    second = await look(api, [flight(1)], limit="1", cursor=first["next"])

    hotels = [one["stay"]["hotel"]["id"] for one in (*first["offers"], *second["offers"])]
    assert sorted(hotels) == ["inventory-1", "inventory-2"]
    assert second["next"] is None


async def test_a_package_is_looked_at_again_with_both_its_suppliers(
    api: Api, behind: OwnHotelsBehind
) -> None:
    shown = (await look(api, [flight(1)]))["offers"][0]
    api.search.checked = OfferChecked(status=OfferStatus.AVAILABLE, offer=api.search.offers[0])

    now = await api.get(f"/v1/offers/{shown['id']}")

    assert (now["status"], now["flight"], now["stay"]) == ("available", "available", "available")
    assert now["offer"]["price"] == shown["price"]
    assert now["offer"]["id"] == shown["id"]


async def test_what_one_half_lacks_the_package_lacks(api: Api, behind: OwnHotelsBehind) -> None:
    shown = (await look(api, [flight(1)]))["offers"][0]
    api.search.checked = OfferChecked(status=OfferStatus.UNAVAILABLE)

    now = await api.get(f"/v1/offers/{shown['id']}")

    assert (now["status"], now["flight"], now["stay"]) == ("unavailable", "unavailable", "available")
    assert now["offer"] is None


async def publish(connection: Connection, day: date = TODAY, *, usd: str = "1.0876") -> None:
    told = [sheet(day, USD=usd)]
    await rates.add(connection, sheets=told, now=START, principal="operator:ada", entry_id=uuid4())


async def test_a_package_is_sold_in_another_currency(
    api: Api, behind: OwnHotelsBehind, connection: Connection
) -> None:
    """A newer rate changes nothing of what was shown (P8)."""
    await publish(connection)
    euros = (await look(api, [flight(1)]))["offers"][0]

    dollars = (await look(api, converted([flight(1)], frozen(day=TODAY)), currency="USD"))["offers"][0]

    price, halves = dollars["price"], [dollars["flight"], dollars["stay"]]
    assert price["total"]["currency"] == "USD"
    assert price["discount"]["amount"] < 0
    assert price["total"]["amount"] == price["discount"]["amount"] + sum(
        half["price"]["total"]["amount"] for half in halves
    )
    assert dollars["stay"]["exchange"]["total"] == euros["stay"]["price"]["total"]
    assert abs(price["total"]["amount"] - euros["price"]["total"]["amount"] * 1.109352) < 20
    await publish(connection, usd="1.5")
    api.search.checked = OfferChecked(status=OfferStatus.AVAILABLE, offer=api.search.offers[0])
    now = await api.get(f"/v1/offers/{dollars['id']}")
    assert (now["status"], now["offer"]["price"]) == ("available", price)


async def test_a_half_whose_rate_is_too_old_is_not_sold_in_a_package_nor_alone(
    api: Api, behind: OwnHotelsBehind, connection: Connection
) -> None:
    """Rates of a Thursday are three business days old on Tuesday, and four from midnight on."""
    api.clock.advance(timedelta(days=2, hours=11, minutes=54).total_seconds())
    await publish(connection, date(2026, 11, 19))
    in_dollars = converted([flight(1)], frozen(day=TODAY))
    shown = (await look(api, in_dollars, currency="USD"))["offers"][0]
    assert shown["stay"]["exchange"]["day"] == "2026-11-19"
    api.search.checked = OfferChecked(status=OfferStatus.AVAILABLE, offer=api.search.offers[0])
    assert (await api.get(f"/v1/offers/{shown['id']}"))["status"] == "available"
    api.clock.advance(timedelta(minutes=10).total_seconds())

    for offer in (shown["id"], shown["stay"]["id"]):
        problem = await api.get(f"/v1/offers/{offer}")
        assert (api.status, problem["type"]) == (409, "/problems/no-exchange-rate")
    assert (await look(api, in_dollars, currency="USD"))["suppliers"]["hotels"] == {"inventory": "no_rate"}


async def test_another_flight_of_the_same_nights_makes_another_package(
    api: Api, behind: OwnHotelsBehind
) -> None:
    found = [flight(1), flight(2, total=30_000)]
    shown = (await look(api, found))["offers"][0]
    api.search.checked = OfferChecked(status=OfferStatus.AVAILABLE, offer=api.search.offers[1])

    now = await api.get("/v1/packages/pair", params={"flight": found[1].id, "stay": shown["stay"]["id"]})

    assert now["status"] == "available"
    assert now["offer"]["flight"]["id"] == found[1].id
    assert now["offer"]["price"]["total"]["amount"] > shown["price"]["total"]["amount"]


async def test_what_does_not_go_together_is_no_package(api: Api, behind: OwnHotelsBehind) -> None:
    shown = (await look(api, [flight(1)]))["offers"][0]
    late = replace(api.search.offers[0], itinerary=flight(3, lands="00:40").itinerary)
    api.search.checked = OfferChecked(status=OfferStatus.AVAILABLE, offer=late)

    problem = await api.get("/v1/packages/pair", params={"flight": late.id, "stay": shown["stay"]["id"]})

    assert api.status == 422
    assert [(one["field"], one["code"]) for one in problem["errors"]] == [("stay", "no_pair")]


async def test_nobody_names_rules_that_did_not_hold_then(
    api: Api, behind: OwnHotelsBehind, connection: Connection
) -> None:
    shown = (await look(api, [flight(1)]))["offers"][0]
    api.search.checked = OfferChecked(status=OfferStatus.AVAILABLE, offer=api.search.offers[0])
    other_rules = shown["id"][:-4] + "AAAB"  # the first version of the book: before the offers were made

    await api.get(f"/v1/offers/{other_rules}")

    assert api.status == 404


async def test_without_flights_there_is_no_package_and_no_hotel_is_asked(
    api: Api, behind: OwnHotelsBehind
) -> None:
    answer = await look(api, [])

    assert (answer["offers"], answer["count"], behind.searches) == ([], 0, 0)


async def test_a_package_cannot_be_booked_yet_and_says_so(api: Api, behind: OwnHotelsBehind) -> None:
    shown = (await look(api, [flight(1)]))["offers"][0]

    order = {"offer_id": shown["id"], "passengers": [AMADOU], "contact": CONTACT}
    problem = await api.book(order)

    assert api.status == 422
    assert "offer_id" in [one["field"] for one in problem["errors"]]


async def test_a_late_supplier_is_named_by_its_half(api: Api, behind: OwnHotelsBehind) -> None:
    api.search.suppliers = {"inventory": SupplierStatus.ANSWERED, "another": SupplierStatus.LATE}

    answer = await look(api, [flight(1)])

    assert answer["suppliers"]["flights"] == {"inventory": "answered", "another": "late"}
    assert not answer["complete"]


async def test_over_the_websocket_the_last_message_is_what_http_answers(
    api: Api, behind: OwnHotelsBehind
) -> None:
    answer = await look(api, [flight(1), flight(2, total=30_000)])
    async with connected(api) as socket:
        await socket.send_json({"subscribe": "search", "kind": "packages", "query": TRIP})
        assert await socket.receive_json() == {"subscribed": "search"}
        told = await socket.receive_json()

    assert (told["final"], told["answer"]) == (True, answer)
