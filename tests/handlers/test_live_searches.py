"""A search over the WebSocket: a page whenever a supplier has answered, and in the end what HTTP answers."""

import asyncio
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from handlers import live_searches, live_socket
from tests.handlers.conftest import Api
from tests.handlers.test_found import of_two, refuse
from tests.handlers.test_live import Socket, all_gone, connected
from tests.handlers.test_search import WAY, search, some_offers

FOLLOW = {"subscribe": "search", "kind": "flights", "query": WAY}


async def follow(socket: Socket, **changes: Any) -> Any:
    await socket.send_json(FOLLOW | changes)
    return await socket.receive_json()


async def test_pages_come_as_suppliers_answer_and_the_last_is_what_http_answers(api: Api) -> None:
    api.search.parts = of_two(2)
    async with connected(api) as socket:
        assert await follow(socket) == {"subscribed": "search"}

        api.search.step()
        first = await socket.receive_json()
        api.search.step()
        last = await socket.receive_json()

    assert (first["topic"], first["final"], first["answer"]["count"]) == ("search", False, 2)
    assert first["answer"]["suppliers"] == {"fast": "answered", "slow": "pending"}
    assert first["answer"]["facets"]["airlines"][0]["count"] == 2
    assert (last["final"], last["answer"]["complete"]) == (True, True)
    assert last["answer"] == await search(api)
    assert len(api.search.asked) == 1


@pytest.mark.parametrize(
    ("query", "in_http"),
    [
        ({"adults": 2, "sort": "duration", "limit": 2}, {"adults": 2, "sort": "duration", "limit": 2}),
        ({"airlines": "LH,BA", "refundable": True}, {"airlines": "LH,BA", "refundable": "true"}),
        ({"max_stops": 0, "max_price": 18_000}, {"max_stops": 0, "max_price": 18_000}),
    ],
)
async def test_filters_order_and_page_are_those_of_http(
    api: Api, query: dict[str, Any], in_http: dict[str, Any]
) -> None:
    api.search.offers = some_offers(5)
    blocking = await search(api, **in_http)
    assert api.status == 200, blocking

    async with connected(api) as socket:
        await follow(socket, query=WAY | query)
        told = await socket.receive_json()

    assert (told["final"], told["answer"]) == (True, blocking)


async def test_what_may_be_repeated_is_a_list(api: Api) -> None:
    legs = ["FRA-JFK:2026-12-02", "JFK-FRA:2026-12-09"]
    async with connected(api) as socket:
        await follow(socket, query={"slice": legs})
        told = await socket.receive_json()

    assert [leg["origin"]["code"] for leg in told["answer"]["slices"]] == ["FRA", "JFK"]


async def test_nobody_needs_to_be_known_for_it(api: Api) -> None:
    api.search.offers = some_offers(1)

    async with connected(api.nobody()) as socket:
        await follow(socket)

        assert (await socket.receive_json())["final"]


async def test_several_searches_go_side_by_side_by_their_names(api: Api) -> None:
    api.search.parts = of_two(1)
    async with connected(api) as socket:
        for name, adults in (("search:a", 1), ("search:b", 2)):
            await follow(socket, subscribe=name, query=WAY | {"adults": adults})
        told: list[Any] = []
        while sum(one["final"] for one in told) < 2:
            api.search.step()
            told.append(await socket.receive_json())

    assert {one["topic"] for one in told if one["final"]} == {"search:a", "search:b"}
    assert len(api.search.asked) == 2


async def test_who_looks_away_is_told_no_more(api: Api) -> None:
    api.search.parts = of_two(1)
    async with connected(api) as socket:
        await follow(socket)
        api.search.step()
        await socket.receive_json()

        await socket.send_json({"unsubscribe": "search"})
        assert await socket.receive_json() == {"unsubscribed": "search"}
        api.search.step()
        await search(api)

        with pytest.raises(TimeoutError):
            await socket.receive_json(timeout=0.1)


async def test_a_search_of_the_same_name_takes_the_place_of_the_earlier_one(api: Api) -> None:
    async with connected(api) as socket:
        api.search.may_answer.clear()
        await follow(socket)
        await api.search.was_asked.wait()
        api.search.offers = some_offers(1)
        await follow(socket, query=WAY | {"adults": 2})
        api.search.may_answer.set()
        assert (await socket.receive_json())["final"]

        with pytest.raises(TimeoutError):
            await socket.receive_json(timeout=0.1)


async def test_what_nobody_waits_for_any_more_is_left_and_what_others_wait_for_is_not(api: Api) -> None:
    api.search.may_answer.clear()
    async with connected(api) as socket:
        await follow(socket)
        await follow(socket, subscribe="search:shared", query=WAY | {"adults": 2})
        other = asyncio.create_task(search(api, adults="2"))
        while len(api.search.asked) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await follow(socket, query=WAY | {"adults": 3})
        await follow(socket, subscribe="search:shared", query=WAY | {"adults": 4})
        while len(api.search.asked) < 4:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

        assert api.search.left == api.search.asked[:1]
        api.search.may_answer.set()
        assert "count" in await other


async def test_when_one_is_over_there_is_room_for_the_next(api: Api) -> None:
    api.search.offers = some_offers(1)
    async with connected(api) as socket:
        for number in range(2 * live_searches.SEARCHES):
            await follow(socket, subscribe=f"search:{number}")
            assert (await socket.receive_json())["final"]


async def test_what_has_proved_unsellable_is_not_told(api: Api) -> None:
    first, *_ = api.search.offers = some_offers(3)
    await search(api)
    refuse(api, first)

    async with connected(api) as socket:
        await follow(socket)
        told = await socket.receive_json()

    assert told["answer"]["count"] == 2
    assert told["answer"] == await search(api)


@pytest.mark.parametrize(
    ("message", "field", "code"),
    [
        ({"query": WAY | {"origin": "QQQ"}}, "query.origin", "unknown_place"),
        ({"query": WAY | {"adults": None}}, "query.adults", "type"),
        ({"query": WAY | {"adults": {"a": 1}}}, "query.adults", "type"),
        ({"query": WAY | {"adults": "two"}}, "query.adults", "type"),
        ({"query": {}}, "query.origin", "required"),
        ({"query": WAY | {"cursor": "!"}}, "query.cursor", "foreign_cursor"),
        ({"query": []}, "query", "message"),
        ({"kind": "ships"}, "kind", "choice"),
        ({"kind": 7}, "kind", "message"),
        ({"subscribe": "search:"}, "subscribe", "topic"),
        ({"subscribe": "search:" + "x" * 33}, "subscribe", "topic"),
        ({"after": 0}, "after", "message"),
    ],
)
async def test_what_is_wrong_is_told_by_its_field(
    api: Api, message: dict[str, Any], field: str, code: str
) -> None:
    async with connected(api) as socket:
        problem = await follow(socket, **message)

    assert (field, code) in {(error["field"], error["code"]) for error in problem["error"]["errors"]}
    assert api.search.asked == []


async def test_a_search_that_cannot_be_answered_says_so_by_its_name(api: Api) -> None:
    api.search.fails = True
    async with connected(api) as socket:
        await follow(socket, subscribe="search:a")
        problem = await socket.receive_json()
        assert (problem["topic"], problem["error"]["status"]) == ("search:a", 503)

        api.search.fails = False
        api.search.offers = some_offers(1)
        await follow(socket, subscribe="search:a")
        assert (await socket.receive_json())["final"]


async def test_a_socket_follows_no_more_than_so_many(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_searches, "SEARCHES", 1)
    api.search.parts = of_two(1)
    async with connected(api) as socket:
        await follow(socket, subscribe="search:a")
        problem = await follow(socket, subscribe="search:b")

    assert problem["error"]["errors"][0]["code"] == "too_many"


async def test_who_hangs_up_leaves_nothing_behind(api: Api) -> None:
    api.search.parts = of_two(1)
    async with connected(api) as socket:
        await follow(socket)
        await api.search.was_asked.wait()
    await all_gone(api)

    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("live search")]


async def test_who_reads_too_slowly_is_let_go(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What searches tell goes the same way as all else."""
    monkeypatch.setattr(live_socket, "SLOW", 0.2)
    caplog.set_level("INFO")
    api.search.offers = some_offers(200)
    async with connected(api) as socket:
        connection = socket._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.pause_reading()
        async with asyncio.timeout(60):
            while api.parts.metrics.registry.get_sample_value("bookingd_live_connections"):
                with suppress(aiohttp.ClientError):
                    await socket.send_json(FOLLOW | {"query": WAY | {"limit": 50}})
                await asyncio.sleep(0.1)

    assert "reads too slowly" in caplog.text
