"""Flight search over HTTP: what is refused, what is shown, what is kept."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bookingd.cache import Cache
from bookingd.config import Settings
from bookingd.config.sections import Search
from bookingd.domain.ids import OfferId
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.messages.search import OfferChecked, OfferStatus, SearchFlights, SupplierStatus
from bookingd.storage.database import Connection
from tests import factories
from tests.fakes.inventory import plant_world
from tests.fakes.sources import START
from tests.handlers.conftest import PUBLIC, Api, MakeApi

WAY = {"origin": "FRA", "destination": "JFK", "depart": "2026-12-02"}


def some_offers(count: int = 5) -> list[Offer]:
    """The first the dearest, each with flights and an id of its own."""
    return [
        replace(
            factories.offer(number, total=Money(20_000 - 1000 * number, "EUR")),
            id=OfferId(f"of_{number}"),
            expires_at=START + timedelta(hours=2),
        )
        for number in range(1, count + 1)
    ]


async def search(api: Api, **asked: Any) -> Any:
    return await api.get("/v1/flights/offers", params={**WAY, **asked})


@pytest.mark.parametrize(
    ("asked", "field", "code"),
    [
        ({"origin": "QQQ"}, "origin", "unknown_place"),
        ({"destination": "ZZZ"}, "destination", "unknown_place"),
        ({"origin": "Frankfurt"}, "origin", "code"),
        ({"origin": "JFK"}, "destination", "same_place"),
        ({"depart": "2026-11-21"}, "depart", "past"),
        ({"return": "2026-12-01"}, "return", "before_departure"),
        ({"depart": "2027-11-19"}, "depart", "too_far"),
        ({"depart": "2026-02-30"}, "depart", "date"),
        ({"depart": "20261202"}, "depart", "date"),
        ({"adults": "10"}, "adults", "too_many"),
        ({"adults": "4", "children": "6"}, "children", "too_many"),
        ({"adults": "1", "infants": "2"}, "infants", "infants_without_adults"),
        ({"adults": "0"}, "adults", "no_adults"),
        ({"adults": "two"}, "adults", "type"),
        ({"adults": "\uff12"}, "adults", "type"),
        ({"adults": "\u0662"}, "adults", "type"),
        ({"adults": "0_1"}, "adults", "type"),
        ({"adults": " 1"}, "adults", "type"),
        ({"adults": "-1"}, "adults", "range"),
        ({"cabin": "cargo"}, "cabin", "choice"),
        ({"max_stops": "5"}, "max_stops", "range"),
        ({"currency": "SEK"}, "currency", "currency"),
        ({"sort": "beauty"}, "sort", "choice"),
        ({"limit": "0"}, "limit", "range"),
        ({"cursor": "!"}, "cursor", "foreign_cursor"),
    ],
)
async def test_what_is_wrong_is_told_by_its_field(
    api: Api, asked: dict[str, str], field: str, code: str
) -> None:
    problem = await search(api, **asked)

    assert api.status == 422
    assert (field, code) in {(error["field"], error["code"]) for error in problem["errors"]}
    assert api.search.asked == []


async def test_everything_that_is_wrong_is_told_at_once(api: Api) -> None:
    problem = await search(api, orign="FRA", adults="x", cabin="y")

    assert [error["field"] for error in problem["errors"]] == ["adults", "cabin", "orign"]
    assert problem["errors"][2]["hint"] == "Did you mean 'origin'?"


async def test_a_parameter_stands_once(api: Api) -> None:
    problem = await api.get("/v1/flights/offers?origin=FRA&origin=MUC&destination=JFK&depart=2026-12-02")

    assert (api.status, problem["errors"][0]["field"]) == (422, "origin")


async def test_an_endless_query_string_is_refused(api: Api) -> None:
    problem = await search(api, cursor="x" * 3000)

    assert (api.status, problem["type"]) == (414, "/problems/query-too-long")


async def test_today_is_the_origins_today(api: Api) -> None:
    """At 12:00 UTC it is tomorrow already in Auckland."""
    await api.get("/v1/flights/offers?origin=AKL&destination=LAX&depart=2026-11-22")
    assert api.status == 422

    await api.get("/v1/flights/offers?origin=LAX&destination=AKL&depart=2026-11-22")
    assert api.status == 200


async def test_a_city_is_searched_as_such(api: Api) -> None:
    await search(api, origin="lon", destination="FRA")

    (asked,) = api.search.asked
    assert isinstance(asked, SearchFlights)
    assert (api.status, asked.criteria.slices[0].origin) == (200, "LON")


async def test_neither_net_nor_markup_leaves_the_house(api: Api) -> None:
    api.search.offers = some_offers(1)

    found = await search(api)

    (offer,) = found["offers"]
    total, markup = 19_000, 1_900
    assert offer["price"]["total"] == {"amount": total, "currency": "EUR", "decimal": "190.00"}
    assert offer["price"]["fare"]["amount"] == total * 9 // 10
    text = str(found)
    assert not any(word in text for word in ("net", "markup", "commission", f"'amount': {markup},"))


async def test_times_are_told_as_clocks_there_show_them(api: Api) -> None:
    api.search.offers = some_offers(1)

    found = await search(api)

    (way,) = found["offers"][0]["slices"]
    assert way["departs"]["local"] == "2026-12-02T13:00:00+01:00"
    assert way["arrives"]["local"] == "2026-12-02T15:40:00-05:00"
    assert way["duration_minutes"] == 520


async def test_pages_follow_each_other_without_gap_or_repeat(api: Api) -> None:
    api.search.offers = some_offers(5)

    first = await search(api, limit="2")
    second = await search(api, limit="2", cursor=first["next"])
    third = await search(api, limit="2", cursor=second["next"])

    prices = [
        offer["price"]["total"]["amount"] for page in (first, second, third) for offer in page["offers"]
    ]
    assert prices == [15_000, 16_000, 17_000, 18_000, 19_000]
    assert (first["count"], third["next"]) == (5, None)
    assert len(api.search.asked) == 1


async def test_a_page_goes_on_where_it_was_although_the_search_was_made_anew(api: Api) -> None:
    api.search.offers = some_offers(5)
    first = await search(api, limit="2")
    api.clock.advance(61)
    api.search.offers = [replace(offer, id=OfferId(f"{offer.id}_anew")) for offer in some_offers(5)]

    second = await search(api, limit="2", cursor=first["next"])

    assert [offer["id"] for offer in second["offers"]] == ["of_3_anew", "of_2_anew"]
    assert len(api.search.asked) == 2


@pytest.mark.parametrize("other", [{"sort": "duration"}, {"adults": "2"}, {"destination": "LAX"}])
async def test_another_searchs_cursor_is_refused(api: Api, other: dict[str, str]) -> None:
    api.search.offers = some_offers(5)
    first = await search(api, limit="2")

    problem = await search(api, limit="2", cursor=first["next"], **other)

    assert (api.status, problem["errors"][0]["field"]) == (422, "cursor")


async def test_a_search_is_asked_once_and_then_told_its_age(api: Api) -> None:
    api.search.offers = some_offers(3)
    made = await search(api)
    assert api.headers["Cache-Status"] == "bookingd; fwd=miss"
    api.clock.advance(10)

    kept = await search(api)

    assert kept == made
    assert (api.headers["Age"], api.headers["Cache-Control"]) == ("10", "private, max-age=60")
    assert api.headers["Cache-Status"] == "bookingd; hit"
    assert len(api.search.asked) == 1


async def test_a_rush_for_one_search_asks_once(api: Api) -> None:
    api.search.offers = some_offers(3)
    api.search.may_answer.clear()
    rush = [asyncio.ensure_future(search(await api.somebody())) for _ in range(20)]
    await api.search.was_asked.wait()

    api.search.may_answer.set()

    assert [answer["count"] for answer in await asyncio.gather(*rush)] == [3] * 20
    assert len(api.search.asked) == 1


async def test_a_search_without_one_of_its_suppliers_is_kept_shortly(api: Api) -> None:
    api.search.suppliers = {"inventory": SupplierStatus.ANSWERED, "other": SupplierStatus.LATE}
    found = await search(api)
    assert found["suppliers"] == {"inventory": "answered", "other": "late"}
    api.clock.advance(6)

    await search(api)

    assert len(api.search.asked) == 2


async def test_an_offer_that_is_shown_can_be_booked_for_half_of_its_time(api: Api) -> None:
    api.search.offers = [replace(some_offers(1)[0], expires_at=START + timedelta(seconds=40))]
    await search(api)
    api.clock.advance(21)

    await search(api)

    assert len(api.search.asked) == 2


async def test_a_search_that_cannot_be_asked_is_told_so(api: Api) -> None:
    api.search.fails = True

    problem = await search(api)

    assert (api.status, problem["type"]) == (503, "/problems/unavailable")
    assert "Retry-After" in api.headers


async def test_a_search_that_nobody_answers_ends(make_api: MakeApi, owner_connection: Connection) -> None:
    await plant_world(owner_connection)
    settings = Settings(public_url=PUBLIC, search=Search(deadline_seconds=0.1))
    api = await make_api(settings=settings)
    api.search.may_answer.clear()

    problem = await search(api)

    assert (api.status, problem["type"]) == (504, "/problems/search-late")
    api.search.may_answer.set()


class Away:
    """A Redis that is not there."""

    async def get(self, name: str, /) -> bytes | None:
        raise ConnectionRefusedError

    async def set(self, name: str, value: bytes, /, *, px: int) -> None:
        raise ConnectionRefusedError

    async def aclose(self) -> None: ...


async def test_without_redis_it_still_answers(make_api: MakeApi, owner_connection: Connection) -> None:
    """P12."""
    await plant_world(owner_connection)
    api = await make_api()
    away = replace(api.parts, cache=Cache(Away(), clock=api.clock, near_bytes=0))
    api = await make_api(cache=away.cache)
    api.search.offers = some_offers(2)

    found = [await search(api), await search(api)]

    assert [answer["count"] for answer in found] == [2, 2]
    assert len(api.search.asked) >= 2


async def test_an_offer_is_asked_again(api: Api) -> None:
    (offer,) = some_offers(1)
    api.search.checked = OfferChecked(status=OfferStatus.CHANGED, offer=factories.dearer(offer))

    now = await api.get("/v1/offers/of_1")

    assert (api.status, now["status"], now["as_of"]) == (200, "changed", "2026-11-22T12:00:00Z")
    assert now["offer"]["price"]["total"]["amount"] == 19_500


async def test_an_offer_that_has_expired_says_so(api: Api) -> None:
    api.search.checked = OfferChecked(status=OfferStatus.EXPIRED)

    expired = {"status": "expired", "as_of": "2026-11-22T12:00:00Z", "offer": None}
    assert await api.get("/v1/offers/of_1") == expired


async def test_an_offer_that_cannot_be_asked_again_says_how_old_it_is(api: Api) -> None:
    (offer,) = some_offers(1)
    api.search.checked = OfferChecked(status=OfferStatus.UNCHECKED, offer=offer)
    api.clock.advance(90)

    now = await api.get("/v1/offers/of_1")

    assert (now["status"], now["as_of"]) == ("unchecked", "2026-11-22T12:00:00Z")
    assert now["offer"]["price"]["total"]["amount"] == offer.total.amount


async def test_an_unknown_offer_is_not_found(api: Api) -> None:
    await api.get("/v1/offers/nonsense")

    assert api.status == 404
