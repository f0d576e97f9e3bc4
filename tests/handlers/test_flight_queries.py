"""What a flight search may ask: every way to say it, and everything that cannot be meant."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from yarl import URL

from bookingd.domain.flights import Slice
from bookingd.domain.ids import OfferId
from bookingd.domain.money import Money
from bookingd.domain.offers import Offer
from bookingd.domain.search import FlightCriteria
from bookingd.messages.search import SearchFlights, SupplierStatus
from bookingd.storage.database import Connection
from handlers.flight_requests import FlightSearch
from handlers.requests import schema
from tests import factories
from tests.fakes.sources import START
from tests.handlers.conftest import Api
from tests.handlers.test_search import WAY, some_offers


async def ask(api: Api, *more: tuple[str, str], **asked: str) -> Any:
    """What is answered to a one-way search, or with `slice` among `more`, to that."""
    way = {} if any(name == "slice" for name, _ in more) else WAY
    pairs = [*{**way, **asked}.items(), *more]
    return await api.get(URL("/v1/flights/offers").with_query(pairs))


async def errors(api: Api, *more: tuple[str, str], **asked: str) -> set[tuple[str, str]]:
    problem = await ask(api, *more, **asked)
    assert api.status == 422, problem
    assert api.search.asked == []
    return {(error["field"], error["code"]) for error in problem["errors"]}


def criteria(api: Api) -> FlightCriteria:
    asked = api.search.asked[-1]
    assert isinstance(asked, SearchFlights)
    return asked.criteria


@pytest.mark.parametrize(
    ("asked", "field", "code"),
    [
        ({"airlines": "LH", "without_airlines": "lh"}, "without_airlines", "contradiction"),
        ({"via": "MUC", "without_via": "MUC,CDG"}, "without_via", "contradiction"),
        ({"airports": "JFK", "without_airports": "JFK"}, "without_airports", "contradiction"),
        ({"without_airports": "JFK"}, "without_airports", "contradiction"),
        ({"max_stops": "0", "via": "MUC"}, "via", "contradiction"),
        ({"max_stops": "3"}, "max_stops", "range"),
        ({"min_price": "200", "max_price": "100"}, "min_price", "contradiction"),
        ({"min_price": "-1"}, "min_price", "range"),
        ({"max_price": "-5"}, "max_price", "range"),
        ({"max_price": "12.50"}, "max_price", "type"),
        ({"min_connection": "90", "max_connection": "60"}, "min_connection", "contradiction"),
        ({"airlines": "ZZ"}, "airlines", "unknown_airline"),
        ({"without_airlines": "LH,ZZ"}, "without_airlines", "unknown_airline"),
        ({"airlines": "Lufthansa"}, "airlines", "code"),
        ({"via": "QQQ"}, "via", "unknown_airport"),
        ({"airports": "QQQ"}, "airports", "unknown_airport"),
        ({"airports": "MUC"}, "airports", "elsewhere"),
        ({"departure": "12:00-12:00"}, "departure[0]", "empty_window"),
        ({"departure": "morning"}, "departure[0]", "window"),
        ({"departure": "24:00-06:00"}, "departure[0]", "window"),
        ({"departure": "06:00-12:00,"}, "departure[0]", "window"),
        ({"departure": ",".join(["06:00-12:00"] * 5)}, "departure[0]", "length"),
        ({"arrival": "6:00-12:00"}, "arrival[0]", "window"),
        ({"max_duration": "0"}, "max_duration[0]", "range"),
        ({"max_duration": "soon"}, "max_duration[0]", "type"),
        ({"nearby_km": "0"}, "nearby_km", "range"),
        ({"nearby_km": "20000"}, "nearby_km", "range"),
        ({"nearby_km": "-5"}, "nearby_km", "range"),
        ({"flexible_days": "4"}, "flexible_days", "range"),
        ({"checked_bags": "9"}, "checked_bags", "range"),
        ({"refundable": "yes"}, "refundable", "type"),
        ({"infants": "5", "adults": "2"}, "infants", "infants_without_adults"),
        ({"departure": "06:00-12:00", "airline": "LH"}, "airline", "unknown"),
    ],
)
async def test_what_cannot_be_meant_is_told_by_its_field(
    api: Api, asked: dict[str, str], field: str, code: str
) -> None:
    assert (field, code) in await errors(api, **asked)


@pytest.mark.parametrize(
    ("slices", "field", "code"),
    [
        (["FRA-JFK"], "slice[0]", "slice"),
        (["FRA-JFK:2026-12-02", "JFK FRA 2026-12-09"], "slice[1]", "slice"),
        (["FRA-JFK:2026-02-30"], "slice[0]", "date"),
        (["FRA-QQQ:2026-12-02"], "slice[0]", "unknown_place"),
        (["FRA-JFK:2026-12-02", "LHR-LGW:2026-12-09"], "slice[1]", "same_place"),
        (["FRA-JFK:2026-12-02", "JFK-FRA:2026-12-01"], "slice[1]", "before_departure"),
        (["FRA-JFK:2026-11-21"], "slice[0]", "past"),
        (["FRA-JFK:2026-12-02", "JFK-FRA:2028-01-01"], "slice[1]", "too_far"),
        ([f"FRA-JFK:2026-12-0{day}" for day in range(1, 8)], "slice", "length"),
    ],
)
async def test_what_is_wrong_with_a_slice_is_told_by_its_number(
    api: Api, slices: list[str], field: str, code: str
) -> None:
    assert (field, code) in await errors(api, *(("slice", one) for one in slices))


async def test_a_journey_is_told_in_one_form(api: Api) -> None:
    both = await errors(api, ("slice", "FRA-JFK:2026-12-02"), origin="FRA", depart="2026-12-02")
    assert both == {("origin", "both"), ("depart", "both")}

    problem = await api.get("/v1/flights/offers?destination=JFK")
    assert [(one["field"], one["code"]) for one in problem["errors"]] == [
        ("origin", "required"),
        ("depart", "required"),
    ]


async def test_more_windows_than_slices_are_a_mistake(api: Api) -> None:
    windows = [("departure", "any"), ("departure", "06:00-12:00")]

    assert await errors(api, *windows) == {("departure", "too_many")}
    await ask(api, *windows, **{"return": "2026-12-09"})
    assert api.status == 200


async def test_everything_that_cannot_be_meant_is_told_at_once(api: Api) -> None:
    found = await errors(
        api, airlines="ZZ", via="QQQ", min_price="2", max_price="1", origin="QQQ", infants="3"
    )

    assert found == {
        ("airlines", "unknown_airline"),
        ("via", "unknown_airport"),
        ("min_price", "contradiction"),
        ("origin", "unknown_place"),
        ("infants", "infants_without_adults"),
    }


async def test_an_open_jaw_is_asked_slice_by_slice(api: Api) -> None:
    await ask(api, ("slice", "fra-jfk:2026-12-02"), ("slice", "LAX-FRA:2026-12-09"))

    slices = criteria(api).slices
    assert [(one.origin, one.destination, one.day.day) for one in slices] == [
        ("FRA", "JFK", 2),
        ("LAX", "FRA", 9),
    ]


async def test_six_slices_are_taken(api: Api) -> None:
    way = ["FRA-JFK", "JFK-LAX", "LAX-AKL", "AKL-LAX", "LAX-JFK", "JFK-FRA"]

    await ask(api, *(("slice", f"{one}:2026-12-{2 * number + 2:02}") for number, one in enumerate(way)))

    assert (api.status, len(criteria(api).slices)) == (200, 6)


async def test_over_the_date_line_one_goes_on_the_day_before(api: Api) -> None:
    """Auckland to Los Angeles is 22 hours back and some 12 in the air."""
    await ask(api, ("slice", "AKL-LAX:2026-12-02"), ("slice", "LAX-JFK:2026-12-01"))
    assert api.status == 200

    api.search.asked.clear()
    late = await errors(api, ("slice", "AKL-LAX:2026-12-02"), ("slice", "LAX-JFK:2026-11-30"))
    assert late == {("slice[1]", "before_departure")}


async def test_filters_order_and_page_are_not_asked_of_suppliers(api: Api) -> None:
    api.search.offers = some_offers(5)
    await ask(api)

    await ask(api, airlines="LH", max_stops="0", sort="best", limit="1", refundable="true")
    await ask(api, departure="06:00-12:00", without_via="MUC", max_price="100000")

    assert len(api.search.asked) == 1


async def test_what_is_asked_of_suppliers_is(api: Api, owner_connection: Connection) -> None:
    await rank_all(owner_connection)
    for more in ({}, {"flexible_days": "1"}, {"nearby_km": "300"}, {"cabin": "business"}, {"children": "1"}):
        await ask(api, **{"destination": "LHR", **more})

    assert len({repr(query) for query in api.search.asked}) == len(api.search.asked) == 5


async def test_nearby_airports_are_asked_for_too(api: Api, owner_connection: Connection) -> None:
    await rank_all(owner_connection)

    found = await ask(api, origin="LHR", destination="MUC", nearby_km="300")

    (asked,) = criteria(api).slices
    assert (asked.nearby_origins, asked.nearby_destinations) == (("LGW",), ())
    (told,) = found["slices"]
    assert told["origin"]["airports"] == [
        {"code": "LHR", "name": "LHR", "nearby": False},
        {"code": "LGW", "name": "LGW", "nearby": True},
    ]


async def test_what_is_near_both_ends_is_near_one_of_them(api: Api, owner_connection: Connection) -> None:
    """Lille is 240 km from Gatwick and 180 from Paris."""
    await owner_connection.execute(
        "INSERT INTO cities VALUES ('LIL', 'Lille', 'FR');"
        "INSERT INTO airports (code, icao, name, city_code, city, country, latitude, longitude, zone)"
        " VALUES ('LIL', '', 'Lille', 'LIL', 'Lille', 'FR', 50.56, 3.09, 'Europe/Paris')"
    )
    await rank_all(owner_connection)

    await ask(api, origin="LON", destination="PAR", nearby_km="300")

    (asked,) = criteria(api).slices
    assert (asked.nearby_origins, asked.nearby_destinations) == ((), ("LIL",))


async def test_a_citys_airports_are_told(api: Api) -> None:
    found = await ask(api, destination="LON")

    (told,) = found["slices"]
    assert {one["code"] for one in told["destination"]["airports"]} == {"LHR", "LGW"}
    assert (told["destination"]["code"], told["day"], told["flexible_days"]) == ("LON", "2026-12-02", 0)


async def test_one_of_a_citys_airports_can_be_chosen(api: Api) -> None:
    await ask(api, destination="LON", airports="LGW")
    assert api.status == 200

    api.search.asked.clear()
    assert await errors(api, destination="LON", without_airports="LGW,LHR") == {
        ("without_airports", "contradiction")
    }


def families(number: int = 1, supplier: str = "inventory") -> list[Offer]:
    """A flight in three families, the cheapest last."""
    return [
        replace(
            factories.offer(
                number, supplier=supplier, family=family, total=Money(price, "EUR"), cancel_fee=fee
            ),
            id=OfferId(f"of_{supplier}{number}{family}"),
        )
        for family, price, fee in (("Flex", 30_000, 0), ("Classic", 20_000, None), ("Light", 15_000, None))
    ]


async def test_a_journey_is_one_result_with_its_other_offers(api: Api) -> None:
    api.search.offers = [*families(), *families(supplier="other")]
    api.search.suppliers = {"inventory": SupplierStatus.ANSWERED, "other": SupplierStatus.ANSWERED}

    found = await ask(api)

    (one,) = found["offers"]
    assert found["count"] == 1
    assert one["price"]["total"]["amount"] == 15_000
    assert [(other["conditions"]["family"], other["total"]["amount"]) for other in one["alternatives"]] == [
        ("Light", 15_000),
        ("Classic", 20_000),
        ("Classic", 20_000),
        ("Flex", 30_000),
        ("Flex", 30_000),
    ]
    assert {one["supplier"], *(other["supplier"] for other in one["alternatives"])} == {"inventory", "other"}
    assert {one["id"], *(other["id"] for other in one["alternatives"])} == {o.id for o in api.search.offers}


async def test_alternatives_pass_the_filters_too(api: Api) -> None:
    api.search.offers = families()

    found = await ask(api, refundable="true")

    (one,) = found["offers"]
    assert (one["conditions"]["family"], one["alternatives"]) == ("Flex", [])


async def test_facets_count_results_and_name_values(api: Api) -> None:
    api.search.offers = [*families(1), *families(2)]

    found = await ask(api, refundable="true", max_price="25000")

    assert (found["count"], found["offers"]) == (0, [])
    assert found["price"]["min"]["amount"] == 30_000
    facets = found["facets"]
    assert facets["refundable"] == [
        {"value": "true", "label": None, "count": 0, "occurs": 0, "lowest_price": None}
    ]
    found = await ask(api, refundable="true")
    (airline,) = found["facets"]["airlines"]
    assert (airline["value"], airline["label"], airline["count"]) == ("LH", "LH", 2)
    assert airline["lowest_price"] == {"amount": 30_000, "currency": "EUR", "decimal": "300.00"}
    assert found["facets"]["refundable"][0]["count"] == 2
    assert sum(bar["count"] for bar in found["price"]["histogram"]) == 2


async def test_a_connection_is_told_and_is_no_self_transfer(api: Api) -> None:
    first = factories.segment(1)
    there = replace(first, destination="MUC", destination_zone="Europe/Berlin")
    on = replace(factories.segment(2, departs_at=there.arrives_at + timedelta(minutes=50)), origin="MUC")
    (offer,) = some_offers(1)
    way = Slice(segments=(there, on))
    api.search.offers = [replace(offer, itinerary=replace(offer.itinerary, slices=(way,)))]

    found = await ask(api, via="MUC")

    (part,) = found["offers"][0]["slices"]
    assert part["connections"] == [
        {"arrives": "MUC", "departs": "MUC", "minutes": 50, "changes_airport": False}
    ]
    assert found["facets"]["connection"] == {"min": 50, "max": 50}
    assert (await ask(api, without_via="MUC"))["count"] == 0


@pytest.mark.parametrize(
    ("suppliers", "complete"),
    [
        ({"inventory": SupplierStatus.ANSWERED}, True),
        ({"inventory": SupplierStatus.ANSWERED, "other": SupplierStatus.LATE}, False),
        ({"inventory": SupplierStatus.ANSWERED, "other": SupplierStatus.FAILED}, False),
        ({"inventory": SupplierStatus.ANSWERED, "other": SupplierStatus.PAUSED}, False),
    ],
)
async def test_an_answer_says_whether_it_is_whole(
    api: Api, suppliers: dict[str, SupplierStatus], complete: bool
) -> None:
    api.search.suppliers = suppliers

    found = await ask(api)

    assert found["complete"] is complete
    assert found["suppliers"] == {name: status.value for name, status in suppliers.items()}


@pytest.mark.parametrize("other", [{"max_stops": "1"}, {"airlines": "LH"}, {"flexible_days": "1"}])
async def test_a_cursor_belongs_to_its_filters_too(api: Api, other: dict[str, str]) -> None:
    api.search.offers = some_offers(5)
    first = await ask(api, limit="2")

    problem = await ask(api, limit="2", cursor=first["next"], **other)

    assert (api.status, problem["errors"][0]["field"]) == (422, "cursor")


async def test_the_same_filters_in_another_order_are_the_same_search(api: Api) -> None:
    api.search.offers = some_offers(5)
    first = await ask(api, limit="2", airlines="LH,UA")

    second = await ask(api, limit="2", airlines="UA,lh", cursor=first["next"])

    assert [len(page["offers"]) for page in (first, second)] == [2, 2]


async def rank_all(connection: Connection) -> None:
    """Every airport has traffic."""
    await connection.execute("UPDATE airports SET traffic_rank = 1")


async def test_what_was_not_asked_for_costs_its_own_offers_only(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    fine, *strange = some_offers(3)
    there_and_back = replace(strange[0].itinerary, slices=strange[0].itinerary.slices * 2)
    api.search.offers = [
        fine,
        replace(strange[0], supplier="odd", itinerary=there_and_back),
        replace(strange[1], supplier="odd", price=factories.price(Money(100, "JPY"))),
    ]

    found = await ask(api)

    assert [offer["id"] for offer in found["offers"]] == [fine.id]
    assert "2 offers of supplier odd have other slices or currencies than asked for" in caplog.text


@pytest.mark.parametrize("amount", [-1, 10**12 + 1, 2**63, 2**64])
async def test_an_absurd_price_costs_its_own_offer_only(
    api: Api, caplog: pytest.LogCaptureFixture, amount: int
) -> None:
    fine, strange = some_offers(2)
    absurd = factories.price(Money(amount, "EUR"))
    api.search.offers = [fine, replace(strange, supplier="odd", price=absurd)]

    found = await ask(api)

    assert [offer["id"] for offer in found["offers"]] == [fine.id]
    assert "1 offers of supplier odd have" in caplog.text


@pytest.mark.parametrize("sort", ["price", "best", "duration", "departure", "arrival"])
async def test_pages_of_every_order_visit_every_result_once(api: Api, sort: str) -> None:
    hours = (5, 3, 9, 7, 1)
    api.search.offers = [
        replace(
            offer,
            itinerary=replace(
                offer.itinerary,
                slices=(
                    Slice(segments=(factories.segment(number, departs_at=START + timedelta(hours=hour)),)),
                ),
            ),
        )
        for number, (offer, hour) in enumerate(zip(some_offers(5), hours, strict=True), start=1)
    ]
    shown, after = list[str](), dict[str, str]()
    while True:
        page = await ask(api, limit="2", sort=sort, **after)
        shown += [offer["id"] for offer in page["offers"]]
        if page["next"] is None:
            break
        after = {"cursor": page["next"]}

    assert sorted(shown) == [f"of_{number}" for number in range(1, 6)]
    assert len(api.search.asked) == 1


NASTY = (
    *("", " ", ",", "-", "0", "-1", "1e9", "NaN", "null", "true", "any", "\u0662", "\U0001f6eb", "%00"),
    *("9" * 19, "9" * 400, "LH,", ",LH", "lh", "QQQ", "FRA-JFK:0001-01-01", "FRA-JFK:9999-12-31"),
    *("0001-01-01", "9999-12-31", "2026-12-02T00:00", "00:00-24:00", "23:59-00:00", "{}", "[]", "a=b&c"),
)


@pytest.mark.parametrize("name", sorted(schema(FlightSearch).fields))
async def test_whatever_a_parameter_says_is_answered_or_refused(api: Api, name: str) -> None:
    field = schema(FlightSearch).fields[name]

    for value in NASTY:
        told = await ask(api, **{field.data_key or name: value})

        assert api.status in {200, 422}, (name, value, told)
        assert api.status == 200 or all(error["field"] for error in told["errors"]), (name, value)


async def test_the_ends_of_time_are_out_of_range(api: Api) -> None:
    found = await errors(api, ("slice", "FRA-JFK:0001-01-01"), ("slice", "JFK-FRA:9999-12-31"))

    assert found == {("slice[0]", "past"), ("slice[1]", "too_far")}
