"""Flights, hotels and packages searched in a whole installation, however it is laid out."""

from datetime import datetime, time, timedelta
from typing import Any

import asyncpg
import pytest

from bookingd.storage.database import analyze
from tests.acceptance.conftest import Agency, Ground, Open
from tests.acceptance.guest import Guest
from tests.fakes.inventory import Planted, plant
from tests.hotels import contract, hotel, season, sell
from tests.world import FROM, TO, World

NIGHTS = 3
AT_THE_TOWER = {"latitude": 51.5081, "longitude": -0.0759, "zone": "Europe/London", "city_code": "LON"}


@pytest.fixture
async def agency(agency_of: Open, ground: Ground) -> Agency:
    """One that sells two flights to London, one home, and two hotels there."""
    agency = await agency_of(9, 9)
    owner = await asyncpg.connect(ground.owner_dsn)
    try:
        await plant(owner, _home(agency.world))
        days = {"first": agency.world.day, "last": agency.world.day + timedelta(days=30)}
        for number, stars in ((1, 5), (2, 3)):
            there = hotel(number, name=f"Tower {number}", stars=stars, **AT_THE_TOWER)
            await sell(owner, contract(number, hotel=there, seasons=(season(number, number, **days),)))
        await analyze(owner)
    finally:
        await owner.close()
    return agency


def _home(world: World) -> Planted:
    leaves = datetime.combine(world.day + timedelta(days=NIGHTS), time(15))
    return Planted(id=900, origin=TO, destination=FROM, leaves=leaves, minutes=95)


def _trip(world: World) -> dict[str, str]:
    back = world.day + timedelta(days=NIGHTS)
    return {"origin": FROM, "destination": TO, "depart": world.day.isoformat(), "return": back.isoformat()}


async def test_flights_hotels_and_packages_are_found_and_looked_at_again(agency: Agency) -> None:
    trip = _trip(agency.world)
    stay = {"place": "LON", "check_in": trip["depart"], "check_out": trip["return"]}
    async with Guest.arriving(agency.daemon.url) as guest:
        flights = await guest.get("/v1/flights/offers", **trip, adults="2")
        hotels = await guest.get("/v1/hotels/offers", **stay, sort="stars")
        packages = await guest.get("/v1/packages/offers", **trip)

        assert (flights["count"], hotels["count"], packages["count"]) == (2, 2, 2)
        assert [one["hotel"]["stars"] for one in hotels["offers"]] == [5, 3]
        halves = [flights["offers"][0], hotels["offers"][-1]]
        for shown in (*halves, *packages["offers"]):
            now = await guest.get(f"/v1/offers/{shown['id']}")
            assert now["status"] == "available", now
            assert now["offer"]["price"] == shown["price"]


async def test_filters_narrow_what_is_there_without_another_search(agency: Agency) -> None:
    trip = _trip(agency.world)
    async with Guest.arriving(agency.daemon.url) as guest:
        whole = await guest.get("/v1/packages/offers", **trip)
        five = await guest.get("/v1/packages/offers", **trip, stars="5", airlines="LH")

        assert whole["searched_at"] == five["searched_at"]
        assert [one["stay"]["hotel"]["stars"] for one in five["offers"]] == [5]
        stars = {one["value"]: one["count"] for one in five["facets"]["hotels"]["stars"]}
        assert stars == {"3": 1, "5": 1}


@pytest.mark.parametrize("kind", ["flights", "hotels", "packages"])
async def test_a_search_over_the_websocket_ends_with_what_http_answers(agency: Agency, kind: str) -> None:
    trip = _trip(agency.world)
    stay = {"place": "LON", "check_in": trip["depart"], "check_out": trip["return"]}
    query = stay if kind == "hotels" else trip
    async with Guest.arriving(agency.daemon.url) as guest:
        told = await _followed(guest, kind, query)

        assert told["final"]
        assert told["answer"]["count"] == 2
        assert told["answer"] == await guest.get(f"/v1/{kind}/offers", **query)


async def _followed(guest: Guest, kind: str, query: dict[str, str]) -> Any:
    """The last page that is told."""
    async with guest.http.ws_connect(f"{guest.url}/v1/live") as socket:
        await socket.send_json({"subscribe": "search", "kind": kind, "query": query})
        assert await socket.receive_json() == {"subscribed": "search"}
        told = await socket.receive_json()
        while not told["final"]:
            told = await socket.receive_json()
    return told
