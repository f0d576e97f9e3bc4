"""The description says what is so: every route is in it, and real answers are as it says."""

import json
import re
from datetime import timedelta
from typing import Any

import jsonschema
import pytest

from bookingd.domain.booking.state import BookingState, PaymentState
from bookingd.messages.search import OfferChecked, OfferStatus
from handlers.fields import load
from handlers.flight_requests import FlightSearch
from handlers.operations import BODY_PROBLEMS, KEY_PROBLEMS
from handlers.requests import NewBooking
from handlers.routes import ROUTES
from tests import factories
from tests.handlers.conftest import Api
from tests.handlers.test_search import WAY, some_offers


@pytest.fixture
async def document(api: Api) -> Any:
    return await api.get("/openapi.json")


def test_every_route_of_the_application_is_described(document: Any, api: Api) -> None:
    served = {
        (route.method, route.resource.canonical)
        for route in api.client.app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }

    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}

    assert described == served
    assert len(served) == len(ROUTES)


def test_it_is_openapi_3_1_and_its_schemas_are_json_schemas(document: Any) -> None:
    assert document["openapi"] == "3.1.0"
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere(document: Any) -> None:
    there = document["components"]["schemas"]

    assert set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document))) <= set(there)


def test_what_validates_is_what_is_described(document: Any) -> None:
    search = document["paths"]["/v1/flights/offers"]["get"]
    described = {parameter["name"] for parameter in search["parameters"]}
    booking = document["components"]["schemas"]["NewBooking"]

    assert described == {field.data_key or name for name, field in FlightSearch().fields.items()}
    assert set(booking["properties"]) == set(NewBooking().fields)
    assert set(booking["required"]) == {"offer_id", "passengers", "contact"}


def test_every_operation_says_what_it_answers_and_which_problems_it_tells(document: Any) -> None:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            assert any(int(status) < 400 for status in operation["responses"] if status.isdigit()), path
            assert "default" in operation["responses"]


@pytest.mark.parametrize(
    ("method", "path", "ways"),
    [
        ("get", "/v1/gateways", {}),
        ("post", "/v1/bookings", {"session": [], "cookie": [], "api_key": ["book"]}),
        (
            "get",
            "/v1/bookings/{reference}",
            {"session": [], "cookie": [], "api_key": ["book"], "booking_token": []},
        ),
        ("get", "/v1/me", {"session": [], "cookie": []}),
        (
            "get",
            "/v1/admin/accounts",
            {"session": ["accounts.read"], "cookie": ["accounts.read"], "api_key": ["accounts.read"]},
        ),
        (
            "put",
            "/v1/admin/accounts/{account_id}/roles",
            {"session": ["roles.grant"], "cookie": ["roles.grant"]},
        ),
    ],
)
def test_it_says_who_is_let_in_by_what(
    document: Any, method: str, path: str, ways: dict[str, list[str]]
) -> None:
    described = document["paths"][path][method].get("security", [])

    assert {name: needed for way in described for name, needed in way.items()} == ways
    assert set(ways) <= set(document["components"]["securitySchemes"])


def test_whatever_takes_a_body_or_a_key_says_what_may_be_wrong_with_it() -> None:
    for route in ROUTES:
        operation = route.operation
        if operation.body is not None:
            assert set(BODY_PROBLEMS) <= set(operation.problems), route.path
        if {"idempotency_key", "optional_key"} & set(operation.headers):
            assert set(KEY_PROBLEMS) <= set(operation.problems), route.path


def test_what_counts_where_nothing_is_sent_could_be_sent(document: Any) -> None:
    schemas = [
        parameter["schema"]
        for methods in document["paths"].values()
        for operation in methods.values()
        for parameter in operation["parameters"]
    ]
    for schema in schemas:
        if schema.get("default") is not None:
            jsonschema.validate(schema["default"], schema)


async def test_real_answers_are_as_described(api: Api, document: Any) -> None:
    api.search.offers = some_offers(3)
    api.search.checked = OfferChecked(status=OfferStatus.AVAILABLE, offer=some_offers(1)[0])
    check(document, api, "GET", "/v1/flights/offers", await api.get("/v1/flights/offers", params=WAY))
    check(document, api, "GET", "/v1/offers/{id}", await api.get("/v1/offers/of_1"))
    check(document, api, "POST", "/v1/sessions", await api.post("/v1/sessions", {"kind": "guest"}))
    accepted = await api.book(Prefer="wait=1")
    check(document, api, "POST", "/v1/bookings", accepted)
    reference = accepted["reference"]
    payment = factories.payment(state=PaymentState.REQUIRES_ACTION)
    hold_until = api.clock.now() + timedelta(minutes=9)
    await api.change(
        reference, state=BookingState.AWAITING_PAYMENT, payments=(payment,), hold_until=hold_until
    )
    here = f"/v1/bookings/{reference}"
    for path in ("", "/events", "/messages"):
        check(document, api, "GET", f"/v1/bookings/{{reference}}{path}", await api.get(here + path))
    check(document, api, "GET", "/v1/bookings", await api.get("/v1/bookings"))
    check(document, api, "GET", "/v1/gateways", await api.get("/v1/gateways"))
    for wish, body in (
        ("payments", {"gateway": "fake", "payment_method": "pm_fake"}),
        ("cancellations", {}),
    ):
        path = f"/v1/bookings/{{reference}}/{wish}"
        answer = await api.post(f"{here}/{wish}", body, headers={"Idempotency-Key": wish})
        check(document, api, "POST", path, answer)
    check(document, api, "GET", "/healthz", await api.get("/healthz"))
    check(document, api, "GET", "/readyz", await api.get("/readyz"))


async def test_real_problems_are_as_described(api: Api, document: Any) -> None:
    check(document, api, "GET", "/v1/flights/offers", await api.get("/v1/flights/offers"))
    check(document, api, "GET", "/v1/bookings/{reference}", await api.get("/v1/bookings/ZZZZZZ"))
    check(document, api, "POST", "/v1/bookings", await api.nobody().post("/v1/bookings", {}))


async def test_the_page_leads_to_everything_and_nowhere_outside(api: Api, document: Any) -> None:
    page = await api.get("/docs")

    targets = set(re.findall(r'href="#([^"]+)"', page))
    ids = set(re.findall(r'id="([^"]+)"', page))
    assert targets <= ids
    assert not re.findall(r'(?:href|src)="(?!#|/)', page)
    for path in document["paths"]:
        assert path in page


async def test_the_example_can_be_followed_on_any_day(api: Api) -> None:
    page = await api.get("/docs")

    assert f"depart={api.clock.now() + timedelta(days=14):%Y-%m-%d}" in page
    order = page.split("&lt;&lt;'END'\n")[1].split("END")[0]
    assert load(NewBooking(), json.loads(order))["contact"]


async def test_names_within_sentences_are_set_as_code(api: Api) -> None:
    page = await api.get("/docs")

    assert "Send <code>proposed_total</code> as the booking shows it." in page
    assert "needs a session or an API key that may <code>book</code>" in page
    assert "After which it is good no longer. <code>90</code> unless sent." in page
    assert "In the script of its owner. For example <code>Ольга</code>." in page
    assert "`" not in page


def check(document: Any, api: Api, method: str, path: str, answer: Any) -> None:
    """The answer just given is one that the description allows."""
    responses = document["paths"][path][method.lower()]["responses"]
    response = responses.get(str(api.status), responses["default"])
    (content,) = response["content"].values()
    schema = {**content["schema"], "components": document["components"]}
    validator = jsonschema.Draft202012Validator(_closed(schema))
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(answer)]
    assert errors == [], path


def _closed(schema: Any) -> Any:
    """The same, refusing what is not described: additions must be described too."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(below) for name, below in schema.items()}
    if "properties" in closed and closed.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
