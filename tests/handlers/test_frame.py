"""What holds for every request: its id, its limits, its headers, and where it may come from."""

import asyncio
import logging
import re
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from bookingd.config import Settings
from bookingd.config.sections import Server
from bookingd.security.passwords import TooManyPasswords
from bookingd.storage.database import Database, DatabaseUnavailable
from handlers.errors import problem_of
from handlers.problems import KINDS
from handlers.routes import ROUTES
from tests.handlers.conftest import PUBLIC, Api, MakeApi

CORRELATION = "0123abcd-0000-7000-8000-00000000beef"
GUEST = {"kind": "guest"}


# Correlation


async def test_a_well_formed_correlation_id_is_taken_over(api: Api) -> None:
    problem = await api.get("/v1/offers/x", headers={"X-Correlation-Id": CORRELATION})

    assert api.headers["X-Correlation-Id"] == CORRELATION
    assert (problem["correlation_id"], problem["instance"]) == (CORRELATION, f"urn:uuid:{CORRELATION}")


async def test_the_trace_of_a_client_is_its_correlation_id(api: Api) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    order = api.order(await api.shown())
    await api.book(order, traceparent=trace)

    async with api.parts.database.connection() as connection:
        bundle = await connection.fetchval("SELECT convert_from(bundle, 'UTF8') FROM outbox")

    assert api.headers["X-Correlation-Id"] == "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"
    assert trace in bundle


@pytest.mark.parametrize("given", ["", "x", "../../etc", "0" * 200, CORRELATION + "\tx"])
async def test_anything_else_is_replaced(api: Api, given: str) -> None:
    await api.get("/healthz", headers={"X-Correlation-Id": given})

    assert re.fullmatch(r"[0-9a-f-]{36}", api.headers["X-Correlation-Id"])


async def test_messages_carry_who_asked_and_for_which_action(api: Api) -> None:
    await api.book(api.order(await api.shown()), **{"X-Correlation-Id": CORRELATION})

    async with api.parts.database.connection() as connection:
        bundle = await connection.fetchval("SELECT convert_from(bundle, 'UTF8') FROM outbox")
    assert CORRELATION in bundle
    assert api.principal in bundle


# Headers


async def test_every_answer_is_guarded(api: Api) -> None:
    for path in ("/v1/bookings", "/nowhere", "/docs", "/openapi.json", "/metrics"):
        await api.get(path)
        assert api.headers["X-Content-Type-Options"] == "nosniff"
        assert api.headers["Referrer-Policy"] == "no-referrer"
        assert api.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in api.headers["Content-Security-Policy"]
        assert api.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert api.headers["Server"] == "bookingd"
        assert "Strict-Transport-Security" not in api.headers


async def test_what_is_personal_is_stored_nowhere(api: Api) -> None:
    booking = await api.booked()

    await api.get("/v1/bookings")
    assert api.headers["Cache-Control"] == "no-store"

    await api.get(f"/v1/bookings/{booking.reference}")
    assert api.headers["Cache-Control"] == "no-store"


async def test_https_is_kept_once_it_was_used(make_api: MakeApi) -> None:
    api = await make_api(settings=Settings(public_url="https://book.example"))

    await api.get("/healthz")

    assert api.headers["Strict-Transport-Security"].startswith("max-age=63072000")


# Sessions and cookies


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(make_api: MakeApi) -> None:
    api = await make_api(settings=Settings(public_url="https://book.example"))

    await api.post("/v1/sessions", GUEST)

    cookie = api.headers["Set-Cookie"]
    assert cookie.startswith("__Host-bookingd=g.")
    for attribute in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie


async def test_a_browser_books_with_its_cookie(api: Api) -> None:
    nobody, order = api.nobody(), api.order(await api.shown())

    await nobody.book(order, Cookie=f"bookingd-session={api.token}", Origin=PUBLIC)

    assert nobody.status == 202


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"{PUBLIC}.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": PUBLIC},
    ],
)
async def test_another_sites_page_changes_nothing(api: Api, headers: dict[str, str]) -> None:
    """CSRF: the cookie comes along, the browser says where from."""
    nobody, order = api.nobody(), api.order(await api.shown())

    problem = await nobody.book(order, Cookie=f"bookingd-session={api.token}", **headers)

    assert (nobody.status, problem["type"]) == (403, "/problems/cross-site")
    assert await api.count("bookings") == 0


async def test_another_sites_page_cannot_open_a_session_over_ones_own(api: Api) -> None:
    await api.post("/v1/sessions", GUEST, headers={"Origin": "https://evil.example"})

    assert (api.status, "Set-Cookie" in api.headers) == (403, False)


@pytest.mark.parametrize("body", [{}, {"kind": "admin"}, {"kind": None}, {"kind": "guest", "name": "x"}])
async def test_there_is_one_kind_of_session(api: Api, body: dict[str, Any]) -> None:
    await api.post("/v1/sessions", body)

    assert api.status == 422


# Limits


async def slowly(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_request_ends_at_its_limit(make_api: MakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.application.ROUTES", _with("/healthz", slowly))
    server = Server(request_timeout_seconds=0.1)
    api = await make_api(settings=Settings(public_url=PUBLIC, server=server))

    problem = await api.get("/healthz")

    assert (api.status, problem["type"]) == (503, "/problems/busy")
    assert "Retry-After" in api.headers


async def test_the_limit_holds_whatever_a_client_wants_to_upgrade_to(
    make_api: MakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.application.ROUTES", _with("/healthz", slowly))
    server = Server(request_timeout_seconds=0.1)
    api = await make_api(settings=Settings(public_url=PUBLIC, server=server))

    await api.get("/healthz", headers={"Upgrade": "h2c"})

    assert api.status == 503


async def test_a_chunked_body_has_the_same_limit(api: Api) -> None:
    async def chunks() -> Any:
        for _ in range(100):
            yield b"x" * 10_000

    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    await api.ask("POST", "/v1/bookings", data=chunks(), headers=headers)

    assert api.status == 413


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_what_cannot_be_done_is_said_with_what_can(api: Api, method: str) -> None:
    problem = await api.ask(method, "/v1/bookings")

    assert (api.status, problem["type"]) == (405, "/problems/method-not-allowed")
    assert api.headers["Allow"] == "GET, HEAD, POST"


# Errors


async def broken(request: web.Request) -> web.Response:
    raise RuntimeError("the secret is 42")


async def test_an_unforeseen_error_tells_its_id_and_nothing_else(
    make_api: MakeApi, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("handlers.application.ROUTES", _with("/healthz", broken))
    api = await make_api()

    problem = await api.get("/healthz", headers={"X-Correlation-Id": CORRELATION})

    assert (api.status, problem["correlation_id"]) == (500, CORRELATION)
    assert "42" not in str(problem)
    assert "the secret is 42" in caplog.text


async def away(request: web.Request) -> web.Response:
    raise DatabaseUnavailable("postgresql://bookingd:password@db")


async def test_a_database_that_is_away_is_told_without_its_address(
    make_api: MakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P12."""
    monkeypatch.setattr("handlers.application.ROUTES", _with("/healthz", away))
    api = await make_api()

    problem = await api.get("/healthz")

    assert (api.status, problem["type"], "password" in str(problem)) == (503, "/problems/unavailable", False)
    assert api.headers["Retry-After"] == "2"


async def test_a_lost_database_is_a_503_from_the_first_request_on(api: Api, database: Database) -> None:
    await database._pool.close()

    await api.get("/v1/bookings")

    assert api.status == 503


async def test_every_sort_of_problem_has_a_page(api: Api) -> None:
    for kind in KINDS.values():
        page = await api.get(f"/problems/{kind.slug}")
        assert (api.status, kind.title in page) == (200, True)
    await api.get("/problems/none")
    assert api.status == 404


def test_a_problem_that_is_none_of_ours_is_still_one() -> None:
    assert problem_of(web.HTTPBadRequest(reason="x")).kind.status == 400


def test_more_passwords_than_can_be_looked_at_are_to_come_again() -> None:
    problem = problem_of(TooManyPasswords())

    assert (problem.kind.status, problem.headers) == (503, {"Retry-After": "2"})


# Operation


async def test_readiness_says_what_is_missing(make_api: MakeApi) -> None:
    api = await make_api(readiness=lambda: {"daemon": "draining", "database": None})

    answer = await api.get("/readyz")

    assert (api.status, answer["parts"]) == (503, {"daemon": "draining", "database": "ok"})
    await api.get("/healthz")
    assert api.status == 200


async def test_requests_are_counted_by_route_and_not_by_address(api: Api) -> None:
    for number in range(3):
        await api.get(f"/v1/bookings/ABCDE{number + 2}")
    await api.get("/nowhere/at/all")
    await api.ask("PROPFIND", "/nowhere")

    page = await api.get("/metrics")

    count = 'bookingd_http_request_seconds_count{method="GET",route="/v1/bookings/{reference}",status="404"}'
    assert f"{count} 3.0" in page
    assert 'method="other",route="unmatched"' in page
    assert "ABCDE" not in page
    assert "nowhere" not in page
    assert "bookingd_http_requests_in_flight 1.0" in page  # the one that asks


async def test_bytes_are_counted_both_ways(api: Api) -> None:
    def value(name: str) -> float:
        return api.parts.metrics.registry.get_sample_value(f"bookingd_http_{name}_bytes_total") or 0.0

    read, written = value("request"), value("response")
    answer = await api.client.post("/v1/sessions", data=b"x" * 1000)
    told = await answer.read()

    assert value("request") - read == 1000
    assert value("response") - written == len(told)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "told"),
    [
        ((), "203.0.113.9", "127.0.0.1"),
        (("127.0.0.1",), "203.0.113.9", "203.0.113.9"),
        (("127.0.0.0/8", "10.0.0.0/8"), "198.51.100.1, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        (("127.0.0.1",), "", "127.0.0.1"),
        (("127.0.0.1",), "203.0.113.9\x20x", "unknown"),
    ],
)
async def test_only_trusted_proxies_are_believed(
    make_api: MakeApi, caplog: pytest.LogCaptureFixture, proxies: tuple[str, ...], forwarded: str, told: str
) -> None:
    caplog.set_level(logging.INFO, logger="handlers")
    settings = Settings(public_url=PUBLIC, server=Server(trusted_proxies=proxies))
    api = await make_api(settings=settings)

    await api.get("/healthz?token=secret", headers={"X-Forwarded-For": forwarded})

    assert f"GET /healthz 200 0.0 ms {told}" in caplog.messages
    assert "secret" not in caplog.text


async def test_a_path_is_logged_as_it_was_sent(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Decoded it could hold the end of a line, and a second line of the sender's making."""
    caplog.set_level(logging.INFO, logger="handlers")

    await api.get(URL("/v1/bookings/x%0A2026-11-22%20ERROR%20forged%1b%5b31mRED", encoded=True))

    (line,) = [message for message in caplog.messages if message.startswith("GET")]
    assert line.startswith("GET /v1/bookings/x%0A2026-11-22%20ERROR%20forged%1b%5b31mRED 404 ")


async def test_tokens_are_in_no_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="handlers")
    accepted = await api.book()

    await api.nobody().get(accepted["links"]["self"], params={"link": accepted["booking_token"]})

    assert accepted["booking_token"] not in caplog.text
    assert str(api.token) not in caplog.text


def _with(path: str, handler: Any) -> Any:
    """The routes, with one of them handled otherwise."""
    return [replace(route, handler=handler) if route.path == path else route for route in ROUTES]
